/** The report of a period: totals, and the same figures by configuration, provider, model and day. */
import type { UsageReport, UsageReportRow, UsageTimes } from '@patchbay/contract/usage-report';
import { decimalUsdOf } from '../domain/money.ts';
import type { Actor } from '../domain/owner.ts';
import { isoOf } from '../lib/iso-time.ts';
import type { UsageFilter } from '../storage/usage-parts.ts';
import { usageBy, type GroupBy, type UsageScope, type UsageSum } from '../storage/usage.ts';
import { namesFor } from './usage-names.ts';
import { foundIn, totalsOf, type SeriesDeps } from './usage-series.ts';
import { scopeOf, type ScopeAsked, type Times } from './usage.ts';

const nanoPerUsd = 1_000_000_000;
const average = (sum: number, count: number): number | null => (count === 0 ? null : Math.round(sum / count));

/** One group in S2's words. */
export function reportRowOf(sum: UsageSum, name: string | null): UsageReportRow {
  return {
    key: sum.key,
    name,
    requestCount: sum.requests,
    attemptCount: sum.attempts,
    tokenCount: sum.tokensIn + sum.tokensOut,
    tokensIn: sum.tokensIn,
    tokensOut: sum.tokensOut,
    costUSD: Number(sum.costNanoUsd) / nanoPerUsd,
    cost: decimalUsdOf(sum.costNanoUsd),
    saved: decimalUsdOf(sum.savedNanoUsd),
    unpricedCount: sum.unpriced,
    estimatedCount: sum.estimated,
    unknownCount: sum.unknowns,
    failureCount: sum.failures,
    cacheHitCount: sum.cacheHits,
    averageLatency: average(sum.latencyMsSum, sum.attempts),
    errorRate: sum.attempts === 0 ? 0 : sum.failures / sum.attempts,
    lastUsed: sum.lastUsedAtMs === 0 ? null : isoOf(sum.lastUsedAtMs),
  };
}

const rounded = (found: Times['latency']): UsageTimes['latencyMs'] =>
  found && { count: found.count, p50: Math.round(found.p50), p95: Math.round(found.p95), p99: Math.round(found.p99) };

/** From tokens in a thousand seconds. */
const perSecond = (value: number): number => Math.round(value / 100) / 10;

/** Whole milliseconds, and tokens a second with one decimal. */
export const timesView = ({ latency, firstByte, speed, failures, untimed }: Times): UsageTimes => ({
  latencyMs: rounded(latency),
  firstByteMs: rounded(firstByte),
  tokensPerSecond: speed && { count: speed.count, p50: perSecond(speed.p50), p95: perSecond(speed.p95), p99: perSecond(speed.p99) },
  failures,
  untimed,
});

/**
 * A report of what the caller may see, narrowed as they ask. Whatever was deleted since is in it, under the name that it had (C-32).
 * @param only more that it is narrowed to
 */
export async function generateUsageReport(deps: SeriesDeps, actor: Actor, asked: ScopeAsked, only: UsageFilter = {}): Promise<UsageReport> {
  const nowMs = deps.clock.nowMs();
  const { scope: askedScope, zone } = scopeOf(actor, asked, nowMs);
  const scope: UsageScope = { ...askedScope, ...only };
  await deps.books.catchUp();
  const key = JSON.stringify(['report', scope, zone]);
  const { value, asOfMs } = await deps.usageCache.get(key, () => makeReport(deps, scope, zone));
  return { ...value, generatedAt: isoOf(asOfMs) };
}

async function makeReport(deps: SeriesDeps, scope: UsageScope, zone: string): Promise<Omit<UsageReport, 'generatedAt'>> {
  const rowsOf = async (groupBy: GroupBy): Promise<UsageReportRow[]> => {
    const sums = await usageBy(deps.database, { ...scope, zone, groupBy });
    const nameOf = await namesFor(
      deps,
      groupBy,
      sums.map(({ key }) => key),
    );
    return sums.map((sum) => reportRowOf(sum, nameOf(sum.key)));
  };
  const { times, ...total } = await totalsOf(deps, scope);
  return {
    period: { from: isoOf(scope.range.fromMs), to: isoOf(scope.range.toMs), timeZone: zone },
    totals: reportRowOf(total, null),
    times: timesView(times ?? { latency: null, firstByte: null, speed: null, failures: [], untimed: total.attempts }),
    violations: await foundIn(deps, scope),
    byConfiguration: await rowsOf('connection'),
    byProvider: await rowsOf('provider'),
    byModel: await rowsOf('model'),
    byDay: await rowsOf('day'),
  };
}
