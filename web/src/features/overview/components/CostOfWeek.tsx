/** A week of cost, day by day, as bars and as a table. */
import type { UsageRow } from '@patchbay/client/usage';
import { useTranslations } from 'use-intl';
import { StackedBars } from '../../../ui/Bars.tsx';
import { dateIn } from '../api/figures.ts';
import { useFigures } from '../use-figures.ts';
import classes from './Overview.module.css';

const days = 7;
const dayMs = 86_400_000;

export function CostOfWeek({ days: sums, zone, nowMs }: { days: readonly UsageRow[]; zone: string; nowMs: number }) {
  const t = useTranslations('overview');
  const { money, moneyColumn, day } = useFigures();
  const groups = Array.from({ length: days }, (_, index) => {
    const key = dateIn(zone, new Date(nowMs - (days - 1 - index) * dayMs));
    return { key, label: day(key), values: [Number(sums.find((sum) => sum.key === key)?.costUsd ?? 0)] };
  });
  const total = groups.reduce((all, { values }) => all + (values[0] ?? 0), 0);
  const unpriced = sums.reduce((all, sum) => all + sum.unpriced, 0);
  return (
    <div className={classes['panel']}>
      <StackedBars
        title={t('week')}
        summary={unpriced > 0 ? t('weekUnpriced', { total: money(total), count: unpriced }) : t('weekSummary', { total: money(total) })}
        series={[t('cost')]}
        groups={groups}
        format={moneyColumn(groups.flatMap(({ values }) => values))}
        labelTitle={t('day')}
        showTable={t('asTable')}
        hideTable={t('asChart')}
      />
    </div>
  );
}
