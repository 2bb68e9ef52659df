/** The one retry rule as a table: what follows each fault, for whom it is worth another try, and that two answers are never mixed. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/domain/errors.ts';
import {
  attemptsMax,
  attemptsPerTargetMax,
  backoffBaseMs,
  backoffMaxMs,
  planNextAttempt,
  retryAfterHonouredMaxMs,
  ruleOf,
  targetsMax,
  type FailedAttempt,
} from '../../src/domain/retry.ts';

const failed = (part: Partial<FailedAttempt> = {}): FailedAttempt => ({
  fault: 'server_error',
  contentSent: false,
  retryAfterMs: null,
  isReuseRace: false,
  attempts: 1,
  attemptsAtTarget: 1,
  racesForgiven: 0,
  hasOtherTarget: false,
  budgetAllows: true,
  remainingMs: 60_000,
  draw: 0.5,
  ...part,
});

const everyFault = Object.keys(ruleOf) as Fault[];

/** Fault, asked again alone, passed on to another target. Written out beside the code's own table, from the fault matrix. */
const matrix: readonly (readonly [Fault, 'same' | 'stop', 'same' | 'other' | 'stop'])[] = [
  ['unreachable', 'stop', 'other'],
  ['dns', 'stop', 'other'],
  ['tls', 'stop', 'other'],
  ['connect_timeout', 'stop', 'other'],
  ['headers_timeout', 'stop', 'other'],
  ['stalled', 'stop', 'other'],
  ['total_timeout', 'stop', 'other'],
  ['connection_lost', 'same', 'same'],
  ['protocol', 'stop', 'other'],
  ['redirect', 'stop', 'other'],
  ['blocked', 'stop', 'other'],
  ['rate_limited', 'same', 'other'],
  ['quota_exhausted', 'stop', 'other'],
  ['overloaded', 'same', 'same'],
  ['server_error', 'same', 'same'],
  ['auth', 'stop', 'other'],
  ['model_not_found', 'stop', 'other'],
  ['endpoint_not_found', 'stop', 'other'],
  ['context_length', 'stop', 'stop'],
  ['bad_request', 'stop', 'stop'],
  ['conflict', 'same', 'same'],
  ['request_timeout', 'same', 'same'],
  ['invalid_response', 'same', 'same'],
  ['too_large', 'stop', 'other'],
  ['secret_unreadable', 'stop', 'other'],
  ['policy_blocked', 'stop', 'stop'],
  ['caller_gone', 'stop', 'stop'],
];

describe('what follows a first failure', () => {
  test('the table has every fault once', () => {
    expect(matrix.map(([fault]) => fault).toSorted()).toEqual(everyFault.toSorted());
  });

  test.each(matrix)('%s alone: %s', (fault, alone) => {
    expect(planNextAttempt(failed({ fault })).kind).toBe(alone);
  });

  test.each(matrix)('%s with another target: %s then %s', (fault, _alone, beside) => {
    expect(planNextAttempt(failed({ fault, hasOtherTarget: true })).kind).toBe(beside);
  });

  test.each(matrix)('%s after its second try at the same target is passed on or ends', (fault, _alone, beside) => {
    const next = planNextAttempt(failed({ fault, hasOtherTarget: true, attempts: 2, attemptsAtTarget: attemptsPerTargetMax }));
    expect(next.kind).toBe(beside === 'stop' ? 'stop' : 'other');
  });
});

/** What comes next in every other respect, once a fault has come with this. */
const nextWith = (part: Partial<FailedAttempt>, fault: Fault) =>
  [false, true].flatMap((isReuseRace) =>
    [false, true].map((hasOtherTarget) => planNextAttempt(failed({ fault, ...part, hasOtherTarget, isReuseRace, retryAfterMs: 0 })).kind),
  );
const stops = ['stop', 'stop', 'stop', 'stop'];

describe('once the caller has seen content', () => {
  test.each(everyFault)('%s ends the request, whoever else could be asked', (fault) => {
    expect(nextWith({ contentSent: true }, fault)).toEqual(stops);
  });
});

describe('while the house ends', () => {
  test.each(everyFault)('%s ends the request, whoever else could be asked', (fault) => {
    expect(nextWith({ isEnding: true }, fault)).toEqual(stops);
  });
});

describe('bounds', () => {
  test('nothing follows the last attempt, whatever the fault', () => {
    for (const fault of everyFault)
      expect(planNextAttempt(failed({ fault, attempts: attemptsMax, hasOtherTarget: true })).kind).toBe('stop');
  });

  test('nothing follows when the time of the request is used up', () => {
    for (const fault of everyFault)
      for (const remainingMs of [0, -1])
        expect(planNextAttempt(failed({ fault, remainingMs, hasOtherTarget: true, draw: 0 })).kind).toBe('stop');
  });

  test('a wait that would outlast the request is not begun', () => {
    expect(planNextAttempt(failed({ fault: 'rate_limited', retryAfterMs: 5_000, remainingMs: 4_999 })).kind).toBe('stop');
    expect(planNextAttempt(failed({ fault: 'rate_limited', retryAfterMs: 5_000, remainingMs: 5_001 }))).toEqual({
      kind: 'same',
      waitMs: 5_000,
      isFree: false,
    });
  });

  test('a target without retry budget is not asked again, but another one is: fallback is never charged', () => {
    expect(planNextAttempt(failed({ budgetAllows: false })).kind).toBe('stop');
    expect(planNextAttempt(failed({ budgetAllows: false, hasOtherTarget: true })).kind).toBe('other');
  });

  test('however attempts fail, a request makes at most four of them, and one more for a lost race', () => {
    for (const fault of everyFault) expect(triesUntilStop(fault, false), fault).toBeLessThanOrEqual(attemptsMax);
    for (const fault of everyFault) expect(triesUntilStop(fault, true), fault).toBeLessThanOrEqual(attemptsMax + 1);
  });
});

/** Plays a request whose every attempt fails in the same way. */
function triesUntilStop(fault: Fault, isReuseRace: boolean): number {
  let target = 0;
  const state = failed({ fault, isReuseRace });
  for (let tries = 1; tries <= 100; tries++) {
    const next = planNextAttempt({ ...state, hasOtherTarget: target + 1 < targetsMax });
    if (next.kind === 'stop') return tries;
    if (next.kind === 'other') {
      target++;
      state.attempts++;
      state.attemptsAtTarget = 1;
    } else if (next.isFree) state.racesForgiven++;
    else {
      state.attempts++;
      state.attemptsAtTarget++;
    }
  }
  throw new Error(`${fault} never stops`);
}

describe('a reused socket that died before a byte of the answer (B2)', () => {
  test('is forgiven once, at once, and for free', () => {
    expect(planNextAttempt(failed({ fault: 'connection_lost', isReuseRace: true, budgetAllows: false }))).toEqual({
      kind: 'same',
      waitMs: 0,
      isFree: true,
    });
  });

  test('is forgiven also where the attempts are used up: the provider never saw this one', () => {
    expect(planNextAttempt(failed({ isReuseRace: true, attempts: attemptsMax })).kind).toBe('same');
  });

  test('is an ordinary lost connection the second time', () => {
    expect(planNextAttempt(failed({ fault: 'connection_lost', isReuseRace: true, racesForgiven: 1 }))).toMatchObject({
      kind: 'same',
      isFree: false,
    });
    expect(planNextAttempt(failed({ fault: 'connection_lost', isReuseRace: true, racesForgiven: 1, attemptsAtTarget: 2 })).kind).toBe(
      'stop',
    );
  });
});

describe('how long to wait', () => {
  const waitOf = (part: Partial<FailedAttempt>): number | null => {
    const next = planNextAttempt(failed(part));
    return next.kind === 'same' ? next.waitMs : null;
  };

  test('without word of the provider: full jitter below the base', () => {
    expect(waitOf({ draw: 0 })).toBe(0);
    expect(waitOf({ draw: 0.5 })).toBe(backoffBaseMs / 2);
    expect(waitOf({ draw: 0.999_999 })).toBeLessThan(backoffBaseMs);
  });

  test('the wait that the provider names is kept exactly, up to what is honoured', () => {
    for (const retryAfterMs of [0, 150, 1_000, retryAfterHonouredMaxMs])
      expect(waitOf({ fault: 'rate_limited', retryAfterMs })).toBe(retryAfterMs);
  });

  test('a provider that asks for more is not waited for', () => {
    expect(planNextAttempt(failed({ fault: 'rate_limited', retryAfterMs: retryAfterHonouredMaxMs + 1 })).kind).toBe('stop');
    expect(planNextAttempt(failed({ fault: 'overloaded', retryAfterMs: 3_600_000, hasOtherTarget: true })).kind).toBe('other');
  });

  test('the ceiling doubles with each try at the target and has an end of its own', () => {
    for (let tries = 1; tries < 40; tries++) {
      const wait = waitOf({ attemptsAtTarget: tries, draw: 0.999_999_999 });
      if (tries >= attemptsPerTargetMax) expect(wait).toBeNull();
      else expect(wait).toBeLessThanOrEqual(backoffMaxMs);
    }
  });
});

describe('what counts against a target', () => {
  test('faults of the caller, of our limits and of credentials never do', () => {
    const innocent: Fault[] = [
      'caller_gone',
      'policy_blocked',
      'bad_request',
      'context_length',
      'auth',
      'model_not_found',
      'rate_limited',
      'quota_exhausted',
      'secret_unreadable',
      'blocked',
      'endpoint_not_found',
      'conflict',
    ];
    expect(everyFault.filter((fault) => !ruleOf[fault].counts).toSorted()).toEqual(innocent.toSorted());
  });
});
