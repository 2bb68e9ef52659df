/** What a simulation came to: what people would notice, what each target would get, and both over time. */
import type { SimulationReportView } from '@patchbay/contract/routing-simulation';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyColumn, moneyText } from '../../../lib/money.ts';
import { StackedBars, seriesMax } from '../../../ui/Bars.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import classes from './routing.module.css';

type Target = SimulationReportView['targets'][number];

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

export function SimulationResult({ report }: { report: SimulationReportView }) {
  const t = useTranslations('simulator');
  const format = useFormatter();
  const percent = (share: number): string => format.number(share, { style: 'percent', maximumFractionDigits: 2 });
  const ms = (value: number | null): string => (value === null ? '–' : t('ms', { count: value }));
  const figures: [string, string][] = [
    [t('answered'), percent(report.answered / report.requests)],
    [t('amplification'), format.number(report.amplification, { minimumFractionDigits: 2, maximumFractionDigits: 2 })],
    [t('firstP50'), ms(report.firstByteMs.p50)],
    [t('firstP99'), ms(report.firstByteMs.p99)],
    [t('hedges'), percent(report.hedges / report.requests)],
    [t('cost'), moneyText(format, Number(report.costUsd))],
  ];
  const money = moneyColumn(
    format,
    report.targets.map(({ costUsd }) => Number(costUsd)),
  );
  const columns: Column<Target>[] = [
    { key: 'name', head: t('of.name'), render: ({ name }) => name },
    { key: 'chosen', head: t('chosen'), kind: 'number', render: ({ chosen }) => percent(chosen / report.requests) },
    { key: 'attempts', head: t('attempts'), kind: 'number', render: ({ attempts }) => format.number(attempts) },
    { key: 'answered', head: t('answeredCount'), kind: 'number', render: ({ answered }) => format.number(answered) },
    { key: 'failed', head: t('failed'), kind: 'number', render: ({ failed }) => format.number(failed) },
    { key: 'repeated', head: t('repeated'), kind: 'number', render: ({ repeated }) => format.number(repeated) },
    { key: 'hedged', head: t('hedged'), kind: 'number', render: ({ hedged }) => format.number(hedged) },
    { key: 'cost', head: t('cost'), kind: 'number', render: ({ costUsd }) => money(Number(costUsd)) },
  ];
  return (
    <div className={classes['results']}>
      <dl className={classes['figures']}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <DataTable label={t('perTarget')} columns={columns} rows={report.targets} keyOf={({ name }) => name} />
      <OverTime report={report} />
    </div>
  );
}

/** Attempts over time; there are colours for six, so what is beyond them is shown as one. */
function OverTime({ report }: { report: SimulationReportView }) {
  const t = useTranslations('simulator');
  const format = useFormatter();
  const isMany = report.targets.length > seriesMax;
  const shown = isMany ? seriesMax - 1 : report.targets.length;
  const names = report.targets.slice(0, shown).map(({ name }, at) => `${at + 1}. ${name}`);
  const valuesOf = (attempts: readonly number[]): number[] =>
    isMany ? [...attempts.slice(0, shown), sum(attempts.slice(shown))] : [...attempts];
  return (
    <StackedBars
      title={t('overTime')}
      summary={t('overTimeSummary', { attempts: report.attempts, requests: report.requests })}
      series={isMany ? [...names, t('others')] : names}
      groups={report.slices.map(({ fromMs, attempts }) => ({
        key: String(fromMs),
        label: t('atSecond', { second: Math.round(fromMs / 1_000) }),
        values: valuesOf(attempts),
      }))}
      format={(value) => format.number(value)}
      labelTitle={t('time')}
      showTable={t('showTable')}
      hideTable={t('hideTable')}
    />
  );
}
