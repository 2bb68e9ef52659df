/** What a stretch of traffic tells of one connection, or of one of its models: a few counters, added to as attempts end. */
import type { Fault } from './errors.ts';
import type { IllState, TrafficFinding } from './health.ts';

/** Times to the first byte that are kept of a stretch; the rest say the same. */
const firstBytesMax = 32;

export interface Tally extends TrafficFinding {
  firstByteMs: number[];
}

export const newTally = (): Tally => ({
  atMs: 0,
  successes: 0,
  failures: 0,
  tail: 0,
  tailFromMs: 0,
  lastSuccessAtMs: null,
  lastFailureAtMs: null,
  lastFault: null,
  lastStatus: null,
  firstByteMs: [],
});

export function tallySuccess(tally: Tally, atMs: number, firstByteMs: number | null): void {
  tally.atMs = atMs;
  tally.successes++;
  tally.tail = 0;
  tally.lastSuccessAtMs = atMs;
  if (firstByteMs !== null && tally.firstByteMs.length < firstBytesMax) tally.firstByteMs.push(firstByteMs);
}

/** Only a failure that is the target's own is one: what callers do wrong is not counted here at all. */
export function tallyFailure(tally: Tally, atMs: number, fault: Fault, status: number | null, kind: IllState | null): void {
  if (kind === null) return;
  tally.atMs = atMs;
  tally.failures++;
  if (tally.tail === 0) tally.tailFromMs = atMs;
  tally.tail++;
  tally.lastFailureAtMs = atMs;
  tally.lastFault = fault;
  tally.lastStatus = status;
}

/** What could not be written yet, before what came since. */
export function joined(earlier: Tally, later: Tally): Tally {
  const hasSuccess = later.successes > 0;
  return {
    atMs: Math.max(earlier.atMs, later.atMs),
    successes: earlier.successes + later.successes,
    failures: earlier.failures + later.failures,
    tail: hasSuccess ? later.tail : earlier.tail + later.tail,
    tailFromMs: hasSuccess || earlier.tail === 0 ? later.tailFromMs : earlier.tailFromMs,
    lastSuccessAtMs: later.lastSuccessAtMs ?? earlier.lastSuccessAtMs,
    lastFailureAtMs: later.lastFailureAtMs ?? earlier.lastFailureAtMs,
    lastFault: later.lastFault ?? earlier.lastFault,
    lastStatus: later.lastFault === null ? earlier.lastStatus : later.lastStatus,
    firstByteMs: [...earlier.firstByteMs, ...later.firstByteMs].slice(0, firstBytesMax),
  };
}
