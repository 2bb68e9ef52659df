/** What a test found out as one sentence, with its time in the language of the page. */
import type { TestResult } from '@patchbay/contract/connections';
import { useFormatter, useTranslations } from 'use-intl';

export function useTestSentence(): (result: TestResult) => string {
  const t = useTranslations();
  const format = useFormatter();
  return ({ success, message, latencyMs }) =>
    success ? t('connections.resultOk', { ms: t('trace.ms', { ms: format.number(latencyMs ?? 0) }) }) : message;
}
