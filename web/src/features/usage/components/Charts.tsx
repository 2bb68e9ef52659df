/** Cost by group, tokens, requests, failures and times: each chart has its own scale, and none has two. */
import type { UsageSeries } from '@patchbay/contract/usage-report';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { useReasonText } from '../../../lib/reason-text.ts';
import { StackedBars } from '../../../ui/Bars.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Lines } from '../../../ui/Lines.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { timesQuery } from '../api/usage.ts';
import { dash, type Figures } from '../use-figures.ts';
import type { Zoom } from '../../../ui/use-pull.ts';
import { zoomed, type View } from '../view.ts';
import { useGroupName } from './use-group-name.ts';
import classes from './Usage.module.css';

interface ChartsProps {
  view: View;
  series: UsageSeries;
  figures: Figures;
  organization: string;
  /** Another view of the same, of some of its bars. */
  onZoom: (view: View, way: 'pull' | 'press') => void;
}

export function Charts({ view, series, figures, organization, onZoom }: ChartsProps) {
  const t = useTranslations('usage');
  const nameOf = useGroupName();
  const { bucket, spans, totals } = series;
  const names = series.keys.map(({ key, name }) => nameOf(view.by, key, name));
  const bars = (valuesOf: (span: UsageSeries['spans'][number]) => number[]) =>
    spans.map((span) => ({ key: span.from, label: figures.label(bucket, span.from), values: valuesOf(span), isRunning: span.isRunning }));
  const hasOthers = spans.some(({ split }) => Number(split.at(-1) ?? 0) > 0);
  const words = {
    labelTitle: t(`bucket.${bucket}`),
    showTable: t('asTable'),
    hideTable: t('asChart'),
    running: t('running'),
    zoom: useZoomOf({ view, series, onZoom }),
  };
  const per = t(`per.${bucket}`);
  return (
    <div className={classes['charts']}>
      <p className={classes['quiet']} data-wide>
        {t('zoomHint')}
      </p>
      <section className={classes['panel']} data-wide>
        <StackedBars
          title={t('costPer', { per, by: t(`by.${view.by}`) })}
          summary={t('costSummary', { total: figures.money(Number(totals.costUsd)), count: spans.length })}
          // Two groups may have one name: each keeps its place.
          series={unique([...names, ...(hasOthers ? [t('others')] : [])])}
          groups={bars(({ split }) => (hasOthers ? split : split.slice(0, -1)).map(Number))}
          format={figures.moneyColumn(spans.flatMap(({ split }) => split.map(Number)))}
          {...words}
        />
      </section>
      <section className={classes['panel']}>
        <StackedBars
          title={t('tokensPer', { per })}
          summary={t('tokensSummary', { in: figures.count(totals.tokensIn), out: figures.count(totals.tokensOut) })}
          series={[t('tokensIn'), t('tokensOut')]}
          groups={bars(({ tokensIn, tokensOut }) => [tokensIn, tokensOut])}
          format={figures.compact}
          {...words}
        />
        <Times view={view} figures={figures} organization={organization} words={words} per={per} />
      </section>
      <section className={classes['panel']}>
        <StackedBars
          title={t('requestsPer', { per })}
          summary={t('requestsSummary', { count: totals.requests })}
          series={[t('requests')]}
          groups={bars(({ requests }) => [requests])}
          format={figures.compact}
          {...words}
        />
        <StackedBars
          title={t('errorsPer', { per })}
          summary={t('errorsSummary', { share: figures.share(totals.errorRate) })}
          series={[t('errorRate')]}
          groups={bars(({ attempts, failures }) => [attempts === 0 ? 0 : failures / attempts])}
          format={figures.share}
          {...words}
        />
      </section>
      <section className={classes['panel']} data-wide aria-labelledby="usage-failures">
        <h2 id="usage-failures" className={classes['title']}>
          {t('failures')}
        </h2>
        <FailureList series={series} figures={figures} />
      </section>
    </div>
  );
}

/** By bars of the series; undefined where there is but one, and nothing to choose. */
function useZoomOf({ view, series: { bucket, spans }, onZoom }: Pick<ChartsProps, 'view' | 'series' | 'onZoom'>): Zoom | undefined {
  const t = useTranslations('usage');
  if (spans.length < 2) return undefined;
  return {
    named: (label) => t('zoomTo', { label }),
    onRange(from, to, way) {
      // All of it is what is shown already.
      if (from > 0 || to < spans.length - 1) onZoom(zoomed(view, bucket, spans[from]!, spans[to]!), way);
    },
  };
}

function unique(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}

interface TimesProps extends Pick<ChartsProps, 'view' | 'figures' | 'organization'> {
  words: { labelTitle: string; showTable: string; hideTable: string; zoom?: Zoom };
  per: string;
}

function Times({ view, figures, organization, words, per }: TimesProps) {
  const t = useTranslations('usage');
  const times = useQuery(timesQuery(view));
  if (times.isError && !times.data) return <Failure error={times.error} organization={organization} onRetry={() => void times.refetch()} />;
  if (!times.data) return <Loading />;
  const { spans, bucket, totals } = times.data;
  return (
    <Lines
      title={t('timesPer', { per })}
      summary={t('timesSummary', { p50: figures.ms(totals.times?.latencyMs?.p50), p95: figures.ms(totals.times?.latencyMs?.p95) })}
      series={['p50', 'p95', 'p99', t('firstByteP95')]}
      points={spans.map(({ from, times: of }) => ({
        key: from,
        label: figures.label(bucket, from),
        values: [of?.latencyMs?.p50 ?? null, of?.latencyMs?.p95 ?? null, of?.latencyMs?.p99 ?? null, of?.firstByteMs?.p95 ?? null],
      }))}
      format={(value) => figures.ms(value)}
      toLog={t('toLog')}
      toLinear={t('toLinear')}
      empty={dash}
      {...words}
    />
  );
}

function FailureList({ series, figures }: Pick<ChartsProps, 'series' | 'figures'>) {
  const t = useTranslations('usage');
  const reasonText = useReasonText();
  const failures = series.totals.times?.failures ?? [];
  if (failures.length === 0) return <p className={classes['quiet']}>{t('noFailures')}</p>;
  return (
    <table className={classes['small']} aria-label={t('failures')}>
      <thead>
        <tr>
          <th scope="col">{t('class')}</th>
          <th scope="col">{t('attempts')}</th>
          <th scope="col">{t('ofAll')}</th>
        </tr>
      </thead>
      <tbody>
        {failures.map(({ name, count }) => (
          <tr key={name}>
            <th scope="row">
              {reasonText(name)} <code>{name}</code>
            </th>
            <td>{figures.count(count)}</td>
            <td>{figures.share(series.totals.attempts === 0 ? 0 : count / series.totals.attempts)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
