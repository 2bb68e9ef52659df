/** A part of the page that could not be loaded, or may not be seen: what happened, what to do, and the id to tell. */
import { Button } from '@mantine/core';
import { IconCloudOff, IconLock } from '@tabler/icons-react';
import { useLocale, useTranslations } from 'use-intl';
import { isForbidden, requestIdOf, sentenceOf } from '../lib/error-text.ts';
import { CopyText } from './CopyText.tsx';
import classes from './Blank.module.css';

export function Failure({ error, organization, onRetry }: { error: unknown; organization: string; onRetry: () => void }) {
  const t = useTranslations('failure');
  const language = useLocale();
  const requestId = requestIdOf(error);
  const isLocked = isForbidden(error);
  const Icon = isLocked ? IconLock : IconCloudOff;
  return (
    <div className={classes['blank']} role="alert">
      <Icon className={classes['icon']} size={28} stroke={1.5} aria-hidden="true" />
      <h2 className={classes['title']}>{isLocked ? t('forbiddenTitle') : t('title')}</h2>
      <p className={classes['text']}>{isLocked ? t('forbidden', { organization }) : sentenceOf(error, language)}</p>
      {!isLocked && (
        <Button size="sm" variant="default" onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
      {requestId !== null && <CopyText label={t('request')} text={requestId} />}
    </div>
  );
}
