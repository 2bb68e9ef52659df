/** What the list says before there is anything in it: what a connection is, and the shortest way to a first one. */
import { Button } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useLocale, useTranslations } from 'use-intl';
import { useAddDemo } from '../../../lib/add-demo.ts';
import { errorText } from '../../../lib/error-text.ts';
import classes from '../../../ui/Blank.module.css';
import { Notice } from '../../../ui/Notice.tsx';
import { AddConnectionLink } from './AddConnectionLink.tsx';
import styles from './ConfigurationEmpty.module.css';

export function ConfigurationEmpty({ isDemoOffered }: { isDemoOffered: boolean }) {
  const t = useTranslations();
  const language = useLocale();
  const demo = useAddDemo();
  return (
    <div className={classes['blank']}>
      <IconPlugConnected className={classes['icon']} size={28} stroke={1.5} aria-hidden="true" />
      <h2 className={classes['title']}>{t('connections.emptyTitle')}</h2>
      <p className={classes['text']}>{t('connections.empty')}</p>
      {demo.isError && <Notice tone="bad">{errorText(demo.error, language)}</Notice>}
      <div className={styles['ways']}>
        <AddConnectionLink />
        {isDemoOffered && (
          <Button variant="default" data-once loading={demo.isPending} onClick={() => demo.mutate(t('setup.demoName'))}>
            {t('connections.emptyAction')}
          </Button>
        )}
      </div>
    </div>
  );
}
