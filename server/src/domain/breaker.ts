/** When a target goes to the end of the line, and when it comes back. It is only ever reordered: alone, it is asked all the same. */
import type { Fault } from './errors.ts';
import { retryAfterShownMaxMs } from './retry-after.ts';
import { ruleOf } from './retry.ts';

/** Failures in a row after which a target goes to the end of the line (Envoy's outlier detection: 5). */
export const failuresToOpen = 5;
export const openBaseMs = 10_000;
export const openMaxMs = 60_000;
/** A provider that limits without saying for how long is given this rest. */
export const cooldownMs = 2_000;
export const quotaCooldownMs = 300_000;

export interface Breaker {
  /** In a row. */
  failures: number;
  /** How often it opened since the last success. */
  opened: number;
  /** It failed too often. */
  openUntilMs: number;
  /** It asked for patience, or its quota is used up. */
  cooledUntilMs: number;
}

export const newBreaker = (): Breaker => ({ failures: 0, opened: 0, openUntilMs: 0, cooledUntilMs: 0 });

export const isOpen = (breaker: Breaker, nowMs: number): boolean => breaker.openUntilMs > nowMs;
export const isResting = (breaker: Breaker, nowMs: number): boolean => breaker.openUntilMs > nowMs || breaker.cooledUntilMs > nowMs;

/** One success is enough: what answers is asked. TRUE where it had gone to the end of the line. */
export function noteSuccess(breaker: Breaker): boolean {
  const wasAway = breaker.openUntilMs > 0 || breaker.cooledUntilMs > 0;
  breaker.failures = 0;
  breaker.opened = 0;
  breaker.openUntilMs = 0;
  breaker.cooledUntilMs = 0;
  return wasAway;
}

/** When its rest is over; 0 or the past where it has none. */
export const restUntilMs = ({ openUntilMs, cooledUntilMs }: Breaker): number => Math.max(openUntilMs, cooledUntilMs);

/** How long a target still rests, as another instance of the installation is told: durations, since clocks differ. */
export interface RestLeft {
  openMs: number;
  cooledMs: number;
}

export const restLeft = ({ openUntilMs, cooledUntilMs }: Breaker, nowMs: number): RestLeft => ({
  openMs: Math.max(0, Math.ceil(openUntilMs - nowMs)),
  cooledMs: Math.max(0, Math.ceil(cooledUntilMs - nowMs)),
});

/** Takes over what another instance found: it rests here too, never shorter than it already would. TRUE where it did not rest before. */
export function noteHeard(breaker: Breaker, { openMs, cooledMs }: RestLeft, nowMs: number): boolean {
  const wasResting = isResting(breaker, nowMs);
  if (openMs > 0) {
    breaker.openUntilMs = Math.max(breaker.openUntilMs, nowMs + Math.min(openMs, openMaxMs));
    breaker.opened = Math.max(breaker.opened, 1);
    // As after failures of its own: one more, once the rest is over, and it rests again.
    breaker.failures = Math.max(breaker.failures, failuresToOpen - 1);
  }
  if (cooledMs > 0) breaker.cooledUntilMs = Math.max(breaker.cooledUntilMs, nowMs + Math.min(cooledMs, retryAfterShownMaxMs));
  return !wasResting && isResting(breaker, nowMs);
}

/** TRUE where this failure sends it to the end of the line. What is the caller's fault never counts. */
export function noteFailure(breaker: Breaker, fault: Fault, retryAfterMs: number | null, nowMs: number): boolean {
  if (fault === 'rate_limited') breaker.cooledUntilMs = nowMs + (retryAfterMs ?? cooldownMs);
  else if (fault === 'quota_exhausted') breaker.cooledUntilMs = nowMs + quotaCooldownMs;
  if (!ruleOf[fault].counts || ++breaker.failures < failuresToOpen) return false;
  // Requests that were under way when it fell tell the same once more: only a failure after the rest makes the next one longer.
  if (!isOpen(breaker, nowMs)) breaker.opened++;
  breaker.openUntilMs = Math.max(breaker.openUntilMs, nowMs + Math.min(openMaxMs, openBaseMs * 2 ** (breaker.opened - 1)));
  // One more failure after the rest opens it again: the next request is the probe.
  breaker.failures = failuresToOpen - 1;
  return true;
}
