/** What one ledger row adds to the roll-ups, and to which bucket: stated once, so that roll-ups equal the sums of the rows. */
import type { EntryState, Purpose, TokenUsage } from './ledger.ts';

export const quarterMs = 900_000;
export const sixHoursMs = 21_600_000;
export const dayMs = 86_400_000;

export const quarterOf = (atMs: number): number => Math.floor(atMs / quarterMs) * quarterMs;
/** Start of the quarter of a UTC day. */
export const sixHoursOf = (atMs: number): number => Math.floor(atMs / sixHoursMs) * sixHoursMs;
/** Start of the UTC day. */
export const dayOf = (atMs: number): number => Math.floor(atMs / dayMs) * dayMs;

/** By what usage can be grouped and filtered. */
export interface Dimension {
  connectionId: string | null;
  provider: string;
  model: string;
  accessKeyId: string | null;
  userId: string | null;
  workspaceId: string | null;
  repositoryId: string | null;
  useCaseId: string | null;
  purpose: Purpose;
}

/** The columns of a roll-up, by their names in the tables. */
export const measureNames = [
  'attempts',
  'requests',
  'failures',
  'partials',
  'refusals',
  'unknowns',
  'estimated',
  'unpriced',
  'tokens_in',
  'tokens_out',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'cost_nano_usd',
  'latency_ms_sum',
  'first_byte_ms_sum',
  'first_byte_count',
  'cache_hits',
  'saved_nano_usd',
] as const;

export type MeasureName = (typeof measureNames)[number];

/** Sums of the measures, and the latest time of use, which is no sum. */
export type Measures = Record<MeasureName, number> & { last_used_at: number };

export const noMeasures = (): Measures => ({
  attempts: 0,
  requests: 0,
  failures: 0,
  partials: 0,
  refusals: 0,
  unknowns: 0,
  estimated: 0,
  unpriced: 0,
  tokens_in: 0,
  tokens_out: 0,
  tokens_cached: 0,
  tokens_cache_write: 0,
  tokens_reasoning: 0,
  cost_nano_usd: 0,
  latency_ms_sum: 0,
  first_byte_ms_sum: 0,
  first_byte_count: 0,
  cache_hits: 0,
  saved_nano_usd: 0,
  last_used_at: 0,
});

/** What of a row the roll-ups look at. */
export interface Countable {
  atMs: number;
  state: EntryState;
  reason: string | null;
  isLast: boolean;
  usage: TokenUsage;
  costNanoUsd: number | null;
  latencyMs: number | null;
  firstByteMs: number | null;
  /** What an answer from the cache saved; null for every other row. */
  savedNanoUsd: number | null;
}

const one = (isSo: boolean): number => (isSo ? 1 : 0);

/**
 * What a row adds; null for an open intent, which counts when it ends. A request counts once, by its last row. An unknown row has no
 * cost here: its reservation stays on the row, where budgets see it. A hit of the cache is a request without an attempt. `unpriced` counts what went out and has no price: never a silent zero.
 */
export function measuresOf(row: Countable): Measures | null {
  if (row.state === 'intent') return null;
  const isHit = row.savedNanoUsd !== null;
  const wasSent = row.state === 'settled' || row.state === 'partial';
  return {
    attempts: one(!isHit),
    requests: one(row.isLast),
    failures: one(row.state === 'settled' && row.reason !== null),
    partials: one(row.state === 'partial'),
    refusals: one(row.state === 'refused'),
    unknowns: one(row.state === 'unknown'),
    estimated: one(row.usage.isEstimated),
    unpriced: one(wasSent && row.costNanoUsd === null),
    tokens_in: row.usage.tokensIn,
    tokens_out: row.usage.tokensOut,
    tokens_cached: row.usage.tokensCached,
    tokens_cache_write: row.usage.tokensCacheWrite,
    tokens_reasoning: row.usage.tokensReasoning,
    cost_nano_usd: row.costNanoUsd ?? 0,
    // How fast the cache is says nothing about a provider.
    latency_ms_sum: isHit ? 0 : (row.latencyMs ?? 0),
    first_byte_ms_sum: row.firstByteMs ?? 0,
    first_byte_count: one(row.firstByteMs !== null),
    cache_hits: one(isHit),
    saved_nano_usd: row.savedNanoUsd ?? 0,
    last_used_at: row.atMs,
  };
}

/** Adds `more` to `sum`, in place. Each name by itself: a loop over the names costs five times as much, for every row of the books. */
export function addMeasures(sum: Measures, more: Measures): void {
  sum.attempts += more.attempts;
  sum.requests += more.requests;
  sum.failures += more.failures;
  sum.partials += more.partials;
  sum.refusals += more.refusals;
  sum.unknowns += more.unknowns;
  sum.estimated += more.estimated;
  sum.unpriced += more.unpriced;
  sum.tokens_in += more.tokens_in;
  sum.tokens_out += more.tokens_out;
  sum.tokens_cached += more.tokens_cached;
  sum.tokens_cache_write += more.tokens_cache_write;
  sum.tokens_reasoning += more.tokens_reasoning;
  sum.cost_nano_usd += more.cost_nano_usd;
  sum.latency_ms_sum += more.latency_ms_sum;
  sum.first_byte_ms_sum += more.first_byte_ms_sum;
  sum.first_byte_count += more.first_byte_count;
  sum.cache_hits += more.cache_hits;
  sum.saved_nano_usd += more.saved_nano_usd;
  if (more.last_used_at > sum.last_used_at) sum.last_used_at = more.last_used_at;
}
