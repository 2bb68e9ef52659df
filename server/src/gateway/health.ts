/** What recent traffic says of each connection, in memory: it only reorders candidates, and bounds how often one is asked again. */
import { LRUCache } from 'lru-cache';
import type { Fault } from '../domain/errors.ts';
import { ruleOf } from '../domain/retry.ts';
import type { Clock } from '../lib/clock.ts';

/** Failures in a row after which a connection goes to the end of the line (Envoy's outlier detection: 5). */
const failuresToOpen = 5;
const openBaseMs = 10_000;
const openMaxMs = 60_000;
/** A provider that limits without saying for how long is given this rest. */
const cooldownMs = 2_000;
const quotaCooldownMs = 300_000;
/** Retry budget per target: a fifth of its requests in the window, and ten (Finagle, Envoy). */
const budgetWindowMs = 10_000;
const budgetShare = 0.2;
const budgetFloor = 10;
const connectionsMax = 50_000;

interface Record {
  failures: number;
  opened: number;
  restUntilMs: number;
  windowStartMs: number;
  requests: number;
  retries: number;
}

export interface Health {
  /** 0 for one to ask first, 1 for one that rests; ones at rest are still asked when nobody else is left. */
  rank(connectionId: string): 0 | 1;
  succeeded(connectionId: string): void;
  failed(connectionId: string, fault: Fault, retryAfterMs: number | null): void;
  /** Counts a first attempt at this target in its retry budget. */
  asked(connectionId: string): void;
  /** TRUE when this target's budget allows one more repetition. */
  mayRetry(connectionId: string): boolean;
  /** Counts a repetition at this target. */
  retried(connectionId: string): void;
  /** Forgets what was learnt; for a connection that was changed. */
  forget(connectionId: string): void;
}

/** @param onTurned hears when a connection goes to the end of the line, and when it answers again */
export function createHealth(clock: Clock, onTurned: (connectionId: string, isResting: boolean) => void = () => undefined): Health {
  const records = new LRUCache<string, Record>({ max: connectionsMax });
  const recordOf = (id: string): Record => {
    let record = records.get(id);
    if (!record) {
      record = { failures: 0, opened: 0, restUntilMs: 0, windowStartMs: clock.monotonicMs(), requests: 0, retries: 0 };
      records.set(id, record);
    }
    return record;
  };
  const windowed = (id: string): Record => {
    const record = recordOf(id);
    const nowMs = clock.monotonicMs();
    if (nowMs - record.windowStartMs >= budgetWindowMs) {
      record.windowStartMs = nowMs;
      record.requests = 0;
      record.retries = 0;
    }
    return record;
  };
  return {
    rank: (id) => ((records.get(id)?.restUntilMs ?? 0) > clock.monotonicMs() ? 1 : 0),
    succeeded(id) {
      const record = records.get(id);
      if (!record) return;
      const wasResting = record.restUntilMs > 0;
      record.failures = 0;
      record.opened = 0;
      record.restUntilMs = 0;
      if (wasResting) onTurned(id, false);
    },
    failed(id, fault, retryAfterMs) {
      const record = recordOf(id);
      const nowMs = clock.monotonicMs();
      if (fault === 'rate_limited') record.restUntilMs = nowMs + (retryAfterMs ?? cooldownMs);
      else if (fault === 'quota_exhausted') record.restUntilMs = nowMs + quotaCooldownMs;
      if (!ruleOf[fault].counts || ++record.failures < failuresToOpen) return;
      record.restUntilMs = nowMs + Math.min(openMaxMs, openBaseMs * 2 ** record.opened);
      record.opened++;
      // One more failure after the rest opens it again: the next request is the probe.
      record.failures = failuresToOpen - 1;
      onTurned(id, true);
    },
    asked(id) {
      windowed(id).requests++;
    },
    mayRetry(id) {
      const record = windowed(id);
      return record.retries < record.requests * budgetShare + budgetFloor;
    },
    retried(id) {
      windowed(id).retries++;
    },
    forget: (id) => void records.delete(id),
  };
}
