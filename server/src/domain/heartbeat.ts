/** What a stretch of time was like for a connection, in one word, and the percentiles of its answers. */

export type Heartbeat = 'ok' | 'degraded' | 'down' | 'none';

/** From here on a stretch is no longer well: one failure in twenty. */
const degradedFrom = 0.05;
/** From here on more failed than not. */
const downFrom = 0.5;

/** By the share of attempts that failed; `none` where nothing was asked. */
export function heartbeatOf(attempts: number, failures: number): Heartbeat {
  if (attempts <= 0) return 'none';
  const share = failures / attempts;
  if (share >= downFrom) return 'down';
  return share >= degradedFrom ? 'degraded' : 'ok';
}

/** The nearest-rank percentile, 0 < `share` <= 1, of values in any order; null of none. */
export function percentileOf(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
