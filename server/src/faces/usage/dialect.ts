/** The books in the words of the API: decimal dollars, ISO times, rates. */
import { isoOf } from '../../lib/iso-time.ts';
import type { usageRow } from '@patchbay/contract/usage';
import type { UsageSeries, UsageTotals } from '@patchbay/contract/usage-report';
import type { z } from 'zod';
import type { NamedUsage } from '../../control/usage.ts';
import { timesView } from '../../control/usage-report.ts';
import type { Series, SeriesSpan, Totals } from '../../control/usage-series.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { UsageSum } from '../../storage/usage.ts';

const average = (sum: number, count: number): number | null => (count === 0 ? null : Math.round(sum / count));

export function fromUsage({ times, ...sum }: NamedUsage): z.input<typeof usageRow> {
  const { costNanoUsd, savedNanoUsd, latencyMsSum, firstByteMsSum, firstByteCount, lastUsedAtMs, ...counts } = sum;
  return {
    ...counts,
    costUsd: decimalUsdOf(costNanoUsd),
    savedUsd: decimalUsdOf(savedNanoUsd),
    averageLatencyMs: average(latencyMsSum, sum.attempts),
    averageFirstByteMs: average(firstByteMsSum, firstByteCount),
    errorRate: sum.attempts === 0 ? 0 : sum.failures / sum.attempts,
    lastUsedAt: lastUsedAtMs === 0 ? null : isoOf(lastUsedAtMs),
    ...(times ? { times: timesView(times) } : {}),
  };
}

const chartSums = (sum: UsageSum | null) => ({
  requests: sum?.requests ?? 0,
  attempts: sum?.attempts ?? 0,
  failures: sum?.failures ?? 0,
  unpriced: sum?.unpriced ?? 0,
  tokensIn: sum?.tokensIn ?? 0,
  tokensOut: sum?.tokensOut ?? 0,
  costUsd: decimalUsdOf(sum?.costNanoUsd ?? 0n),
});

const fromTotals = (totals: Totals): UsageTotals => ({
  ...chartSums(totals),
  partials: totals.partials,
  refusals: totals.refusals,
  unknowns: totals.unknowns,
  estimated: totals.estimated,
  tokensCached: totals.tokensCached,
  cacheHits: totals.cacheHits,
  savedUsd: decimalUsdOf(totals.savedNanoUsd),
  averageLatencyMs: average(totals.latencyMsSum, totals.attempts),
  averageFirstByteMs: average(totals.firstByteMsSum, totals.firstByteCount),
  errorRate: totals.attempts === 0 ? 0 : totals.failures / totals.attempts,
  times: totals.times && timesView(totals.times),
});

function fromSpan({ label, fromMs, toMs, sum, split, times }: SeriesSpan, nowMs: number): UsageSeries['spans'][number] {
  const view = times && timesView(times);
  return {
    label,
    from: isoOf(fromMs),
    to: isoOf(toMs),
    isRunning: toMs > nowMs,
    ...chartSums(sum),
    split: split.map(decimalUsdOf),
    times: view && { latencyMs: view.latencyMs, firstByteMs: view.firstByteMs },
  };
}

export const fromSeries = (series: Series & { asOfMs: number; nowMs: number }): UsageSeries => ({
  from: isoOf(series.range.fromMs),
  to: isoOf(series.range.toMs),
  timeZone: series.zone,
  bucket: series.bucket,
  totals: fromTotals(series.totals),
  before: series.before && fromTotals(series.before),
  violations: series.violations,
  keys: series.keys,
  spans: series.spans.map((span) => fromSpan(span, series.nowMs)),
  asOf: isoOf(series.asOfMs),
});
