/** The way of one request through its attempts: when each began, and why there was another one. Pure. */
import type { EntryState } from './ledger.ts';

/** What of an attempt the trail is told from, in the order of their numbers. */
export interface TrailEntry {
  attemptNo: number;
  atMs: number;
  connectionId: string | null;
  model: string;
  state: EntryState;
  reason: string | null;
  latencyMs: number | null;
}

/**
 * Why an attempt was made: `first`; `retry` at the same place; `fallback` to another; `hedge` beside one that was late; `cache` for what no
 * provider was asked for; `refusal` for what never left.
 */
export type AttemptCause = 'first' | 'retry' | 'fallback' | 'hedge' | 'cache' | 'refusal';

export interface TrailStep {
  /** From the request's beginning to this attempt's. */
  offsetMs: number;
  cause: AttemptCause;
  /** Why the attempt before it did not do; null for a first one and for a hedge. */
  causeReason: string | null;
}

/** The time in a UUIDv7, epoch milliseconds (RFC 9562, 5.7); null for another kind of id. */
export function timeOfId(id: string): number | null {
  const digits = id.replaceAll('-', '');
  return /^[0-9a-f]{12}7[0-9a-f]{19}$/.test(digits) ? Number.parseInt(digits.slice(0, 12), 16) : null;
}

/** A request's id is made when it arrives, so its beginning is known where its first attempt waited; clocks may disagree by a little. */
const waitMsMax = 3_600_000;

export function startOf(requestId: string, firstAtMs: number): number {
  const arrivedMs = timeOfId(requestId);
  return arrivedMs !== null && arrivedMs <= firstAtMs && firstAtMs - arrivedMs <= waitMsMax ? arrivedMs : firstAtMs;
}

function causeOf(entry: TrailEntry, before: TrailEntry | undefined): Omit<TrailStep, 'offsetMs'> {
  if (entry.attemptNo === 0) return { cause: entry.state === 'refused' ? 'refusal' : 'cache', causeReason: null };
  if (before === undefined || before.attemptNo === 0) return { cause: 'first', causeReason: null };
  const endedMs = before.latencyMs === null ? null : before.atMs + before.latencyMs;
  // One that began before the other had ended was asked beside it; a retry waits for the end.
  if (endedMs !== null && entry.atMs < endedMs - 1) return { cause: 'hedge', causeReason: null };
  const isSamePlace = before.connectionId === entry.connectionId && before.model === entry.model;
  return { cause: isSamePlace ? 'retry' : 'fallback', causeReason: before.reason };
}

/** One step for each entry, in their order. */
export function trailOf(requestId: string, entries: readonly TrailEntry[]): TrailStep[] {
  const first = entries[0];
  if (!first) return [];
  const startMs = startOf(requestId, Math.min(...entries.map(({ atMs }) => atMs)));
  return entries.map((entry, index) => ({ offsetMs: Math.max(0, entry.atMs - startMs), ...causeOf(entry, entries[index - 1]) }));
}
