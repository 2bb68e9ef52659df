/** The second step of the set-up: a first connection, by way of the demo provider, or later. */
import { Button } from '@mantine/core';
import { useLocale, useTranslations } from 'use-intl';
import { useAddDemo } from '../../../lib/add-demo.ts';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';

import classes from './ConnectionStep.module.css';

interface ConnectionStepProps {
  isDemoOffered: boolean;
  /** The address that the server's environment names, if any. */
  environmentUrl: string | null;
  onAdded: (tookMs: number) => void;
  onLater: () => void;
}

export function ConnectionStep({ isDemoOffered, environmentUrl, onAdded, onLater }: ConnectionStepProps) {
  const t = useTranslations('setup');
  const language = useLocale();
  const demo = useAddDemo();
  return (
    <div className={classes['choices']}>
      {environmentUrl !== null && (
        <Notice tone="info" title={t('environmentTitle')}>
          <p>{t('environmentText', { baseUrl: environmentUrl })}</p>
        </Notice>
      )}
      {demo.isError && <Notice tone="bad">{errorText(demo.error, language)}</Notice>}
      {isDemoOffered && (
        <section className={classes['choice']} aria-labelledby="setup-demo">
          <div>
            <h3 id="setup-demo">{t('demoTitle')}</h3>
            <p>{t('demoText')}</p>
          </div>
          <Button
            data-once
            loading={demo.isPending}
            loaderProps={{ 'aria-label': t('demoAdding') }}
            onClick={() => demo.mutate(t('demoName'), { onSuccess: ({ tookMs }) => onAdded(tookMs) })}
          >
            {t('demoAdd')}
          </Button>
        </section>
      )}
      <section className={classes['choice']} aria-labelledby="setup-later">
        <div>
          <h3 id="setup-later">{t('laterTitle')}</h3>
          <p>{t('laterText')}</p>
        </div>
        <Button variant="default" onClick={onLater}>
          {t('later')}
        </Button>
      </section>
    </div>
  );
}
