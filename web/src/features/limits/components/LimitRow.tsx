/** One limit: what, how much of it is used, and what else is to be known of it. */
import type { LimitView } from '@patchbay/contract/limits';
import { Button } from '@mantine/core';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../lib/money.ts';
import { Status } from '../../../ui/Status.tsx';
import classes from './Limits.module.css';
import { choiceOf } from './limit-values.ts';

const full = 100;

export function LimitRow({ of, onEdit, onRemove }: { of: LimitView; onEdit: () => void; onRemove: () => void }) {
  const t = useTranslations('limits');
  const format = useFormatter();
  const text = (amount: number | string): string =>
    of.kind === 'money' ? moneyText(format, Number(amount)) : format.number(Number(amount));
  const share = Math.min(full, (Number(of.used) / Math.max(Number(of.value), 1e-9)) * full);
  const what = t(`of.${choiceOf(of)}`);
  const notes = [
    of.softPercent === null ? null : t('softAt', { percent: of.softPercent }),
    of.resetsAt === null ? null : t('resets', { at: format.dateTime(new Date(of.resetsAt), { dateStyle: 'medium', timeStyle: 'short' }) }),
    of.id === null ? t('onKey') : null,
    of.level === 'administrator' && !of.canManage ? t('byAdministrator') : null,
  ].filter((note) => note !== null);
  const common = { variant: 'subtle', size: 'compact-sm' } as const;
  return (
    <li className={classes['row']}>
      <span className={classes['what']}>
        {what}
        {of.isShadow && <Status tone="off" text={t('shadowTag')} />}
        {!of.isShadow && share >= full && <Status tone="warn" text={t('reached')} />}
      </span>
      <span className={classes['used']}>
        {t('usedOf', { used: text(of.used), value: text(of.value) })}
        <svg
          className={classes['bar']}
          viewBox="0 0 100 4"
          preserveAspectRatio="none"
          aria-hidden="true"
          data-full={share >= full || undefined}
        >
          <rect width={share} height="4" />
        </svg>
      </span>
      <span className={classes['note']}>{notes.join(' · ')}</span>
      {of.canManage && of.id !== null && (
        <span className={classes['deeds']}>
          <Button {...common} aria-label={t('editNamed', { name: what })} onClick={onEdit}>
            {t('edit')}
          </Button>
          <Button {...common} color="red" aria-label={t('removeNamed', { what })} onClick={onRemove}>
            {t('remove')}
          </Button>
        </span>
      )}
    </li>
  );
}
