/** When a second target is asked because the first is late, and how often that may be: a small share of the requests, and of the money. */

/** Which of the first's own recent times it is late by. */
export const hedgeQuantile = 0.95;
/** Second requests as a share of all of a group's requests, at the most (Dean and Barroso, "The Tail at Scale", 2013). */
export const hedgeShareMax = 0.05;
/** Times that are remembered of a target, and how many are needed before one is called late. */
export const timesKept = 256;
const timesNeeded = 20;
/** The quantile is worked out anew after so many times: it does not move faster. */
const freshFor = 16;

/** Recent times to the first content, in a ring. */
export interface Times {
  ring: number[];
  next: number;
  /** As worked out last; null while too little is known. */
  lateAfterMs: number | null;
  sinceWorkedOut: number;
}

export const newTimes = (): Times => ({ ring: [], next: 0, lateAfterMs: null, sinceWorkedOut: 0 });

/** Notes one time; of a request that was given up, how long it had been waited for. */
export function noteTime(times: Times, ms: number): void {
  times.ring[times.next] = ms;
  times.next = (times.next + 1) % timesKept;
  times.sinceWorkedOut++;
  if (times.ring.length < timesNeeded || (times.lateAfterMs !== null && times.sinceWorkedOut < freshFor)) return;
  const sorted = times.ring.toSorted((a, b) => a - b);
  times.lateAfterMs = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * hedgeQuantile))]!;
  times.sinceWorkedOut = 0;
}

/** Requests of a group and how many of them asked a second target. */
export interface HedgeCount {
  requests: number;
  hedges: number;
}

/** Counts are halved here, so that a share is one of recent requests and stays below its bound in all of them. */
const countMax = 10_000;

export const newHedgeCount = (): HedgeCount => ({ requests: 0, hedges: 0 });

export function countForHedge(count: HedgeCount): void {
  count.requests++;
  if (count.requests < countMax) return;
  count.requests /= 2;
  count.hedges /= 2;
}

export interface HedgeQuestion {
  count: HedgeCount;
  /** The most that the second request can cost; null where nobody can tell. */
  costNanoUsdMax: number | null;
  /** The most that a second request of this group may cost. */
  capNanoUsd: number;
  /** The second target failed lately: it would be asked in vain. */
  isResting: boolean;
}

/** Whether a second target may be asked now; asked once the first is late. */
export const mayHedge = ({ count, costNanoUsdMax, capNanoUsd, isResting }: HedgeQuestion): boolean =>
  !isResting && costNanoUsdMax !== null && costNanoUsdMax <= capNanoUsd && count.hedges + 1 <= count.requests * hedgeShareMax;
