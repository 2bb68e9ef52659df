/** Why a request failed, was refused or ended, in words: the books keep short codes, and people are not to learn them. */
import { useTranslations } from 'use-intl';

/** Words for the `reason` of a row, a few that may stand alone or in quotes within a sentence; a code that has none is shown as it is. */
export function useReasonText(): (code: string) => string {
  const t = useTranslations('reason');
  return (code) => (t.has(`of.${code as 'other'}`) ? t(`of.${code as 'other'}`) : code);
}

/** Words for why an answer ended, as models say it; what only one provider says is shown as it is. */
export function useFinishText(): (code: string) => string {
  const t = useTranslations('reason');
  return (code) => (t.has(`finish.${code as 'stop'}`) ? t(`finish.${code as 'stop'}`) : code);
}
