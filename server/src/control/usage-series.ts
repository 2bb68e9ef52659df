/** Usage over time, as charts show it: sums of each bucket, the cost of the dearest groups, percentiles, and the period before. */
import type { Actor } from '../domain/owner.ts';
import { quarterMs } from '../domain/rollup.ts';
import { spansIn, type UsageBucket, type UsageSpan } from '../domain/usage-spans.ts';
import type { UsageRange } from '../domain/usage-range.ts';
import type { UsageDimension } from '../storage/usage-parts.ts';
import { tallySpans } from '../storage/usage-tallies.ts';
import { chartMeasures, usageBy, usageSpans, usedRange, type UsageScope, type UsageSum } from '../storage/usage.ts';
import { countFound } from '../storage/violation-counts.ts';
import type { ViolationCounts } from '../storage/violations.ts';
import type { UsageCache } from './usage-cache.ts';
import { namesFor } from './usage-names.ts';
import { readRange, scopeOf, timesOf, type ScopeAsked, type Times, type UsageDeps } from './usage.ts';

export interface SeriesDeps extends UsageDeps {
  usageCache: UsageCache;
  /** The same for what policies have just found. */
  found?: { flush(): Promise<void> };
}

export interface SeriesAsked extends ScopeAsked {
  bucket: UsageBucket;
  split?: UsageDimension;
  times: boolean;
}

/** Groups that have a series of their own; there is one more colour, for all others. */
const splitMax = 5;

export interface Totals extends UsageSum {
  times: Times | null;
}

export interface SeriesSpan extends UsageSpan {
  sum: UsageSum | null;
  /** Nano-dollars of each key in their order, and of all others together. */
  split: bigint[];
  times: Times | null;
}

export interface Series {
  range: UsageRange;
  zone: string;
  bucket: UsageBucket;
  totals: Totals;
  before: Totals | null;
  violations: ViolationCounts;
  keys: { key: string | null; name: string | null }[];
  spans: SeriesSpan[];
}

const noSum: UsageSum = {
  key: null,
  attempts: 0,
  requests: 0,
  failures: 0,
  partials: 0,
  refusals: 0,
  unknowns: 0,
  estimated: 0,
  unpriced: 0,
  tokensIn: 0,
  tokensOut: 0,
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensReasoning: 0,
  costNanoUsd: 0n,
  latencyMsSum: 0,
  firstByteMsSum: 0,
  firstByteCount: 0,
  cacheHits: 0,
  savedNanoUsd: 0n,
  lastUsedAtMs: 0,
};

/** Everything of a range in one sum, with percentiles. */
export async function totalsOf(deps: Pick<UsageDeps, 'database'>, scope: UsageScope, hasTimes = true): Promise<Totals> {
  const [found] = await usageSpans(deps.database, scope, [scope.range]);
  const sum = found?.sum ?? noSum;
  if (!hasTimes) return { ...sum, times: null };
  const { counted, tally } = (await tallySpans(deps.database, scope, [scope.range])).get(0) ?? { counted: 0, tally: new Map() };
  return { ...sum, times: timesOf(tally, counted, sum.attempts) };
}

/** What policies found there; their rows know no use case, no purpose and no lists of models. */
export async function foundIn(deps: SeriesDeps, scope: UsageScope): Promise<ViolationCounts> {
  await deps.found?.flush();
  return countFound(deps.database, scope);
}

async function spansOf(
  deps: SeriesDeps,
  scope: UsageScope,
  spans: readonly UsageSpan[],
  asked: SeriesAsked,
  keys: readonly (string | null)[],
) {
  const sums = await usageSpans(deps.database, scope, spans, { measures: chartMeasures });
  const split = asked.split
    ? await usageSpans(deps.database, scope, spans, { measures: ['cost_nano_usd'], split: { groupBy: asked.split, keys } })
    : [];
  const tallies = asked.times ? await tallySpans(deps.database, scope, spans) : null;
  const sumAt = new Map(sums.map(({ index, sum }) => [index, sum]));
  const costAt = new Map(split.map(({ index, sum }) => [`${index}/${keys.indexOf(sum.key)}`, sum.costNanoUsd]));
  return spans.map((span, index): SeriesSpan => {
    const sum = sumAt.get(index) ?? null;
    const costs = keys.map((_, place) => costAt.get(`${index}/${place}`) ?? 0n);
    const rest = costs.reduce((left, cost) => left - cost, sum?.costNanoUsd ?? 0n);
    const { counted, tally } = tallies?.get(index) ?? { counted: 0, tally: new Map() };
    return { ...span, sum, split: asked.split ? [...costs, rest] : [], times: tallies && timesOf(tally, counted, sum?.attempts ?? 0) };
  });
}

async function makeSeries(deps: SeriesDeps, scope: UsageScope, zone: string, asked: SeriesAsked, nowMs: number): Promise<Series> {
  const { fromMs, toMs } = scope.range;
  // A range that is still running is held against as much time as has passed of it.
  const endMs = Math.min(toMs, Math.ceil((nowMs + 1) / quarterMs) * quarterMs);
  const beforeMs = fromMs - Math.max(quarterMs, endMs - fromMs);
  // Of "all" only the part that has any use is drawn.
  const drawn = asked.period === 'all' ? await usedRange(deps.database, scope.range) : scope.range;
  const spans = drawn ? readRange(() => spansIn(drawn, zone, asked.bucket)) : [];
  const groups = asked.split ? (await usageBy(deps.database, { ...scope, zone, groupBy: asked.split })).slice(0, splitMax) : [];
  const keys = groups.map(({ key }) => key);
  const nameOf = asked.split ? await namesFor(deps, asked.split, keys) : () => null;
  return {
    range: drawn ?? scope.range,
    zone,
    bucket: asked.bucket,
    totals: await totalsOf(deps, scope),
    before: beforeMs < 0 ? null : await totalsOf(deps, { ...scope, range: { fromMs: beforeMs, toMs: fromMs } }),
    violations: await foundIn(deps, scope),
    keys: keys.map((key) => ({ key, name: nameOf(key) })),
    spans: await spansOf(deps, scope, spans, asked, keys),
  };
}

/** Throws VALIDATION_ERROR with the field that cannot be read, also where the buckets would be too many. */
export async function seriesOf(deps: SeriesDeps, actor: Actor, asked: SeriesAsked): Promise<Series & { asOfMs: number; nowMs: number }> {
  const nowMs = deps.clock.nowMs();
  const { scope, zone } = scopeOf(actor, asked, nowMs);
  await deps.books.catchUp();
  const key = JSON.stringify(['series', scope, zone, asked.bucket, asked.split, asked.times, asked.period === 'all']);
  const { value, asOfMs } = await deps.usageCache.get(key, () => makeSeries(deps, scope, zone, asked, nowMs));
  return { ...value, asOfMs, nowMs };
}
