/** Checks one connection at once, and says what came of it beside the button. */
import { Button } from '@mantine/core';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useCheckNow } from '../api/status.ts';
import classes from './status.module.css';
import { useStatusWords } from './use-words.ts';

export function CheckNow({ id, name }: { id: string; name: string }) {
  const t = useTranslations('status');
  const { ms } = useStatusWords();
  const language = useLocale();
  const check = useCheckNow();
  const said = (): string => {
    if (check.isError) return errorText(check.error, language);
    if (!check.data) return '';
    const { outcome, latencyMs, reasonText } = check.data.check;
    if (outcome === 'ok') return t('checked', { name, ms: ms(latencyMs) });
    return t(outcome === 'failed' ? 'checkedBad' : 'checkedSkipped', { name, reason: reasonText ?? '' });
  };
  return (
    <span className={classes['check']}>
      <Button
        size="compact-xs"
        variant="default"
        loading={check.isPending}
        loaderProps={{ 'aria-label': t('checking') }}
        aria-label={t('checkNamed', { name })}
        onClick={() => check.mutate(id)}
      >
        {t('check')}
      </Button>
      <output className={classes['said']}>{said()}</output>
    </span>
  );
}
