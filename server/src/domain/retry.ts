/** What follows a failed attempt. The single retry rule of the product, pure: time and chance are handed in. */
import type { Fault } from './errors.ts';

/** Tries per request, over all targets. */
export const attemptsMax = 4;
/** Tries at the same target. */
export const attemptsPerTargetMax = 2;
/** Different targets per request. */
export const targetsMax = 3;
export const backoffBaseMs = 250;
export const backoffMaxMs = 8_000;
/** A provider that asks for a longer wait than this is left for the next one. */
export const retryAfterHonouredMaxMs = 10_000;

interface Rule {
  /** May the same target be asked again? */
  same: boolean;
  /** May another target be asked? */
  other: boolean;
  /** Does it count against the target's health? */
  counts: boolean;
}

const again: Rule = { same: true, other: true, counts: true };
const elsewhere: Rule = { same: false, other: true, counts: true };
const final: Rule = { same: false, other: false, counts: false };

/** The fault matrix as one table (groups A to E). A provider that may be working on a request is not asked twice. */
export const ruleOf: Record<Fault, Rule> = {
  unreachable: elsewhere,
  dns: elsewhere,
  tls: elsewhere,
  connect_timeout: elsewhere,
  headers_timeout: elsewhere,
  stalled: elsewhere,
  total_timeout: elsewhere,
  connection_lost: again,
  protocol: elsewhere,
  redirect: elsewhere,
  blocked: { same: false, other: true, counts: false },
  rate_limited: { same: true, other: true, counts: false },
  quota_exhausted: { same: false, other: true, counts: false },
  overloaded: again,
  server_error: again,
  auth: { same: false, other: true, counts: false },
  model_not_found: { same: false, other: true, counts: false },
  endpoint_not_found: { same: false, other: true, counts: false },
  context_length: final,
  bad_request: final,
  conflict: { same: true, other: true, counts: false },
  request_timeout: again,
  invalid_response: again,
  too_large: elsewhere,
  secret_unreadable: { same: false, other: true, counts: false },
  policy_blocked: final,
  caller_gone: final,
};

export interface FailedAttempt {
  fault: Fault;
  /** Content bytes that the caller has already seen. */
  contentSent: boolean;
  retryAfterMs: number | null;
  isReuseRace: boolean;
  /** Attempts made so far, this one included. */
  attempts: number;
  attemptsAtTarget: number;
  /** Times this request was already repeated for free because of a reused socket. */
  racesForgiven: number;
  hasOtherTarget: boolean;
  /** Is one of them known to hold longer prompts than this one? */
  hasLargerTarget?: boolean;
  /** Does the target's retry budget allow one more? */
  budgetAllows: boolean;
  /** The house ends: there would be no books to keep another try in. */
  isEnding?: boolean;
  /** What is left of the request's total time. */
  remainingMs: number;
  /** Uniform in [0, 1), for the jitter. */
  draw: number;
}

export type NextStep = { kind: 'same'; waitMs: number; isFree: boolean } | { kind: 'other' } | { kind: 'stop' };

/** Decides after each failure. Nothing is repeated once the caller has seen content: two answers are never mixed. */
export function planNextAttempt(failed: FailedAttempt): NextStep {
  if (failed.contentSent || failed.isEnding === true) return { kind: 'stop' };
  if (failed.isReuseRace && failed.racesForgiven === 0) return { kind: 'same', waitMs: 0, isFree: true };
  if (failed.attempts >= attemptsMax || failed.remainingMs <= 0) return { kind: 'stop' };
  // Too long for this one is not too long for every one.
  if (failed.fault === 'context_length' && failed.hasLargerTarget === true) return { kind: 'other' };
  const rule = ruleOf[failed.fault];
  const waitMs = waitBefore(failed);
  const maySame =
    rule.same && failed.attemptsAtTarget < attemptsPerTargetMax && failed.budgetAllows && waitMs !== null && waitMs < failed.remainingMs;
  // A provider that asks for patience is left for one that does not; alone, it is waited for.
  if (rule.other && failed.hasOtherTarget && (!maySame || failed.fault === 'rate_limited')) return { kind: 'other' };
  return maySame ? { kind: 'same', waitMs, isFree: false } : { kind: 'stop' };
}

/** Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"); a wait that the provider names is obeyed. */
function waitBefore(failed: FailedAttempt): number | null {
  if (failed.retryAfterMs !== null) return failed.retryAfterMs <= retryAfterHonouredMaxMs ? failed.retryAfterMs : null;
  const ceilingMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** (failed.attemptsAtTarget - 1));
  return Math.floor(failed.draw * ceilingMs);
}
