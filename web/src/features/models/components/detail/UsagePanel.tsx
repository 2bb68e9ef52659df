/** The usage of one connection by day, as bars and as a table. */
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { StackedBars } from '../../../../ui/Bars.tsx';
import { Failure } from '../../../../ui/Failure.tsx';
import { useUsageStats } from '../../api/usage-stats.ts';
import classes from './Detail.module.css';
import { Skeleton } from './Skeleton.tsx';
import { lastDays, useFigures } from './use-figures.ts';

const periods = { '7d': 7, '30d': 30, '90d': 90 } as const;
type Period = keyof typeof periods;
const measures = ['requestCount', 'tokenCount', 'costUSD'] as const;
type Measure = (typeof measures)[number];

export function UsagePanel({ id, organization }: { id: string; organization: string }) {
  const t = useTranslations('detail');
  const figures = useFigures();
  const [period, setPeriod] = useState<Period>('30d');
  const [measure, setMeasure] = useState<Measure>('requestCount');
  const usage = useUsageStats(id, period);
  const names: Record<Measure, string> = { requestCount: t('requests'), tokenCount: t('tokens'), costUSD: t('cost') };
  const format = measure === 'costUSD' ? figures.usd : figures.count;
  return (
    <section className={classes['panel']} aria-label={t('usage')}>
      <div className={classes['tools']}>
        <SegmentedControl
          size="xs"
          aria-label={t('period')}
          value={period}
          onChange={(value) => setPeriod(value as Period)}
          data={Object.entries(periods).map(([value, days]) => ({ value, label: t('days', { n: days }) }))}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('measure')}
          value={measure}
          onChange={(value) => setMeasure(value)}
          data={measures.map((value) => ({ value, label: names[value] }))}
        />
      </div>
      {usage.isError && !usage.data && <Failure error={usage.error} organization={organization} onRetry={() => void usage.refetch()} />}
      {usage.isPending && <Skeleton rows={5} />}
      {usage.data?.requestCount === 0 && <p className={classes['text']}>{t('noUsage')}</p>}
      {usage.data !== undefined && usage.data.requestCount > 0 && (
        <>
          <p className={classes['text']}>
            {t(usage.data.costUSD === 0 && usage.data.unpricedCount > 0 ? 'usageUnpriced' : 'usageText', {
              n: usage.data.requestCount,
              tokens: figures.count(usage.data.tokenCount),
              cost: figures.usd(usage.data.costUSD),
              days: periods[period],
            })}
          </p>
          <Chart
            period={period}
            name={names[measure]}
            format={format}
            valueOf={new Map(usage.data.series.map((day) => [day.date, day[measure]]))}
          />
        </>
      )}
      {!usage.isPending && <p className={classes['note']}>{t('zone', { zone: new Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>}
    </section>
  );
}

interface ChartProps {
  period: Period;
  name: string;
  format: (value: number) => string;
  valueOf: ReadonlyMap<string, number>;
}

function Chart({ period, name, format, valueOf }: ChartProps) {
  const t = useTranslations('detail');
  const figures = useFigures();
  const groups = lastDays(periods[period]).map((date) => ({ key: date, label: figures.day(date), values: [valueOf.get(date) ?? 0] }));
  const highest = groups.reduce((best, group) => ((group.values[0] ?? 0) > (best.values[0] ?? 0) ? group : best), groups[0]!);
  return (
    <StackedBars
      title={t('perDay', { name })}
      summary={t('barSummary', { name, days: periods[period], day: highest.label, value: format(highest.values[0] ?? 0) })}
      series={[name]}
      groups={groups}
      format={format}
      labelTitle={t('day')}
      showTable={t('showTable')}
      hideTable={t('hideTable')}
    />
  );
}
