/** The end of the set-up: a first access key, shown once, and the command that asks the first question with it. */
import { Button } from '@mantine/core';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { basePath } from '../../../lib/page.ts';
import { CopyText } from '../../../ui/CopyText.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useCreateFirstKey } from '../api/create-first-key.ts';
import classes from './FirstKey.module.css';

/** What a terminal understands; nothing in it is translated. */
const commandFor = (key: string): string =>
  [
    `curl ${new URL('v1/chat/completions', new URL(basePath, location.origin)).href} \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"model": "demo-small", "messages": [{"role": "user", "content": "Hello"}]}'`,
  ].join('\n');

export function FirstKey() {
  const t = useTranslations('setup');
  const language = useLocale();
  const create = useCreateFirstKey();
  if (create.data === undefined)
    return (
      <section className={classes['key']} aria-labelledby="setup-key">
        <div>
          <h3 id="setup-key">{t('keyTitle')}</h3>
          <p>{t('keyText')}</p>
        </div>
        {create.isError && <Notice tone="bad">{errorText(create.error, language)}</Notice>}
        <div>
          <Button
            variant="default"
            data-once
            loading={create.isPending}
            loaderProps={{ 'aria-label': t('keyCreating') }}
            onClick={() => create.mutate(t('keyName'))}
          >
            {t('keyCreate')}
          </Button>
        </div>
      </section>
    );
  return (
    <section className={classes['key']} aria-labelledby="setup-key">
      <div>
        <h3 id="setup-key">{t('keyCreated')}</h3>
        <p>{t('keyOnce')}</p>
      </div>
      <CopyText label={t('keyLabel')} text={create.data} />
      <section aria-label={t('commandLabel')}>
        <pre className={classes['command']}>{commandFor(create.data)}</pre>
      </section>
    </section>
  );
}
