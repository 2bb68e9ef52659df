/** Months of a connection in a few dozen letters: stretches of time, what each was like, and the share of it that was well. Pure. */
import { dayMs } from './rollup.ts';

export type StatusRange = '24h' | '7d' | '30d' | '90d';
export type StretchState = 'up' | 'slow' | 'down' | 'none';

const halfHourMs = 1_800_000;

export interface Stretches {
  /** Length of the sums that it is made of. */
  spanMs: 1_800_000 | 86_400_000;
  bucketMs: number;
  fromMs: number;
  /** End of the stretch that is running. */
  toMs: number;
}

const shapes: Record<StatusRange, { spanMs: Stretches['spanMs']; bucketMs: number; count: number }> = {
  '24h': { spanMs: halfHourMs, bucketMs: halfHourMs, count: 48 },
  '7d': { spanMs: halfHourMs, bucketMs: 6 * halfHourMs, count: 56 },
  '30d': { spanMs: dayMs, bucketMs: dayMs, count: 30 },
  '90d': { spanMs: dayMs, bucketMs: dayMs, count: 90 },
};

/** Whole stretches up to and with the running one. */
export function stretchesOf(range: StatusRange, nowMs: number): Stretches {
  const { spanMs, bucketMs, count } = shapes[range];
  const toMs = Math.floor(nowMs / bucketMs) * bucketMs + bucketMs;
  return { spanMs, bucketMs, fromMs: toMs - count * bucketMs, toMs };
}

export interface Sum {
  atMs: number;
  checks: number;
  failures: number;
  slow: number;
  latencyMsSum: number;
}

export interface Illness {
  fromMs: number;
  /** Null while it lasts. */
  untilMs: number | null;
}

export interface Stretch {
  atMs: number;
  state: StretchState;
  checks: number;
  failures: number;
  slow: number;
  averageMs: number | null;
}

/** From here on a stretch was no longer well: one check in twenty failed. */
const slowFrom = 0.05;
const half = 0.5;

/**
 * What each stretch was like, and which share of the time that anything is known of was well. A stretch is known of where it was checked,
 * or where an illness reaches into it; before the connection was made it is not.
 */
export function stripOf(
  stretches: Stretches,
  known: { sums: readonly Sum[]; illnesses: readonly Illness[]; bornMs: number; nowMs: number },
): { buckets: Stretch[]; uptime: number | null } {
  const { bucketMs, fromMs, toMs } = stretches;
  const count = Math.round((toMs - fromMs) / bucketMs);
  const buckets = Array.from({ length: count }, (_, index) => ({
    atMs: fromMs + index * bucketMs,
    checks: 0,
    failures: 0,
    slow: 0,
    latencyMsSum: 0,
  }));
  for (const sum of known.sums) {
    const bucket = buckets[Math.floor((sum.atMs - fromMs) / bucketMs)];
    if (!bucket) continue;
    bucket.checks += sum.checks;
    bucket.failures += sum.failures;
    bucket.slow += sum.slow;
    bucket.latencyMsSum += sum.latencyMsSum;
  }
  let observedMs = 0;
  let illMs = 0;
  const states = buckets.map((bucket) => {
    const startMs = Math.max(bucket.atMs, Math.min(known.bornMs, bucket.atMs + bucketMs));
    const lengthMs = Math.max(0, Math.min(bucket.atMs + bucketMs, known.nowMs) - startMs);
    const badMs = known.illnesses.reduce((all, illness) => all + overlapMs(illness, startMs, startMs + lengthMs), 0);
    if (bucket.checks > 0 || badMs > 0) {
      observedMs += lengthMs;
      illMs += Math.min(badMs, lengthMs);
    }
    return stateOf(bucket, lengthMs === 0 ? 0 : badMs / lengthMs);
  });
  return {
    buckets: buckets.map(({ atMs, checks, failures, slow, latencyMsSum }, index) => ({
      atMs,
      state: states[index] ?? 'none',
      checks,
      failures,
      slow,
      averageMs: checks > failures ? Math.round(latencyMsSum / (checks - failures)) : null,
    })),
    uptime: observedMs === 0 ? null : 1 - illMs / observedMs,
  };
}

function stateOf({ checks, failures, slow }: Sum, illShare: number): StretchState {
  if (checks === 0 && illShare === 0) return 'none';
  const failed = checks === 0 ? 0 : failures / checks;
  if (illShare >= half || failed >= half) return 'down';
  return illShare > 0 || failed >= slowFrom || (checks > 0 && slow / checks >= half) ? 'slow' : 'up';
}

function overlapMs({ fromMs, untilMs }: Illness, startMs: number, endMs: number): number {
  return Math.max(0, Math.min(untilMs ?? Infinity, endMs) - Math.max(fromMs, startMs));
}

const letters: Record<StretchState, string> = { up: 'u', slow: 's', down: 'd', none: '-' };
export const lettersOf = (buckets: readonly Pick<Stretch, 'state'>[]): string => buckets.map(({ state }) => letters[state]).join('');
