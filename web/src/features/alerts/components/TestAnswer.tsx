/** What came of a test, in the receiver's own words. */
import type { SentView } from '@patchbay/contract/alerts';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import classes from './alerts.module.css';

export function TestAnswer({ sent, error }: { sent: SentView | null; error: unknown }) {
  const t = useTranslations('alerts');
  const language = useLocale();
  const answer = sent === null || sent.answer === '' ? t('noAnswer') : sent.answer;
  const reason = sent === null ? '' : [sent.errorCode, sent.answer].filter(Boolean).join(': ');
  return (
    <output className={classes['answer']}>
      {error !== null && <Notice tone="bad">{errorText(error, language)}</Notice>}
      {error === null && sent !== null && (
        <Notice tone={sent.isSent ? 'info' : 'warn'}>{sent.isSent ? t('testSent', { answer }) : t('testFailed', { reason })}</Notice>
      )}
    </output>
  );
}
