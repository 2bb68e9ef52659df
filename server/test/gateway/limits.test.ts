/** Rates and money per access key: never exceeded by one, and never refused where there was room. */
import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import { GatewayRefusal } from '../../src/gateway/errors.ts';
import { createLimits, type Limits } from '../../src/gateway/limits.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { seeded } from '../vault/parts.ts';

const minuteMs = 60_000;
let made = 0;
const keyWith = (part: Partial<AccessKey>): AccessKey => ({
  id: `key-${++made}`,
  userId: 'u',
  workspaceId: null,
  name: 'k',
  last4: 'abcd',
  models: null,
  rpm: null,
  tpm: null,
  budgetNanoUsd: null,
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: 1,
  ...part,
});

function manual(): { now: { ms: number }; limits: Limits } {
  const now = { ms: 1_000_000 };
  const clock: Clock = { ...systemClock, monotonicMs: () => now.ms, nowMs: () => now.ms };
  return { now, limits: createLimits(clock) };
}

function refusalOf(run: () => unknown): GatewayRefusal['error'] | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof GatewayRefusal) return error.error;
    throw error;
  }
}

const takes = (limits: Limits, key: AccessKey, tokens = 0): boolean => refusalOf(() => limits.take(key, tokens)) === null;
const countTaken = (limits: Limits, key: AccessKey, tries: number, tokens = 0): number =>
  Array.from({ length: tries }, () => takes(limits, key, tokens)).filter(Boolean).length;

describe('requests per minute', () => {
  test('1,000 at the same moment against a limit of 100 let exactly 100 pass', () => {
    const { limits } = manual();
    expect(countTaken(limits, keyWith({ rpm: 100 }), 1_000)).toBe(100);
  });

  test('the window slides by the millisecond: a place is free exactly a minute after it was taken', () => {
    const { limits, now } = manual();
    const key = keyWith({ rpm: 2 });
    takes(limits, key);
    now.ms += 30_000;
    takes(limits, key);
    now.ms += 29_999;
    expect(takes(limits, key)).toBe(false);
    now.ms += 1;
    expect(takes(limits, key)).toBe(true);
    expect(takes(limits, key)).toBe(false);
  });

  test('no window of a minute ever holds more than the limit, however requests come', () => {
    const { limits, now } = manual();
    const draw = seeded(5);
    const key = keyWith({ rpm: 20 });
    const admitted: number[] = [];
    for (let round = 0; round < 20_000; round++) {
      now.ms += Math.floor(draw() ** 3 * 4_000);
      if (takes(limits, key)) admitted.push(now.ms);
    }
    for (let at = 20; at < admitted.length; at++) expect(admitted[at]! - admitted[at - 20]!).toBeGreaterThanOrEqual(minuteMs);
    expect(admitted.length).toBeGreaterThan(500);
  });

  test('a refusal says when the next place is free, and is right', () => {
    const { limits, now } = manual();
    const key = keyWith({ rpm: 3 });
    countTaken(limits, key, 3);
    now.ms += 12_345;
    const refusal = refusalOf(() => limits.take(key, 0));
    expect(refusal).toMatchObject({ status: 429, code: 'rate_limit_exceeded', retryAfterS: 48, shouldRetry: true });
    now.ms += refusal!.retryAfterS! * 1_000;
    expect(takes(limits, key)).toBe(true);
  });

  test('refused requests take no place', () => {
    const { limits, now } = manual();
    const key = keyWith({ rpm: 1 });
    countTaken(limits, key, 500);
    now.ms += minuteMs;
    expect(takes(limits, key)).toBe(true);
  });

  test('keys do not share a window', () => {
    const { limits } = manual();
    const [one, two] = [keyWith({ rpm: 1 }), keyWith({ rpm: 1 })];
    expect([takes(limits, one), takes(limits, two), takes(limits, one)]).toEqual([true, true, false]);
  });

  test('a limit that is changed counts at once, with the requests that were there before', () => {
    const { limits } = manual();
    const key = keyWith({ rpm: 10 });
    countTaken(limits, key, 5);
    expect(takes(limits, { ...key, rpm: 5 })).toBe(false);
    expect(countTaken(limits, { ...key, rpm: 7 }, 10)).toBe(2);
  });

  test('a limit of nothing lets nothing pass', () => {
    const { limits } = manual();
    expect(refusalOf(() => limits.take(keyWith({ rpm: 0 }), 0))).toMatchObject({ code: 'rate_limit_exceeded', retryAfterS: 60 });
  });

  test('without a limit nothing is counted or kept', () => {
    const { limits } = manual();
    const key = keyWith({});
    expect(countTaken(limits, key, 5_000)).toBe(5_000);
    expect(limits.headroom(key)).toEqual({ requests: null, tokens: null });
  });
});

describe('tokens per minute', () => {
  test('estimates are reserved, so that many at once do not overrun the limit', () => {
    const { limits } = manual();
    expect(countTaken(limits, keyWith({ tpm: 1_000 }), 100, 90)).toBe(11);
  });

  test('what a request came to replaces its estimate, both ways', () => {
    const { limits } = manual();
    const key = keyWith({ tpm: 1_000 });
    const slot = limits.take(key, 900);
    expect(takes(limits, key, 200)).toBe(false);
    slot.correct(100);
    expect(limits.headroom(key).tokens).toBe(900);
    slot.correct(1_500);
    expect(limits.headroom(key).tokens).toBe(0);
    expect(takes(limits, key, 1)).toBe(false);
  });

  test('a correction that comes after the minute changes nothing any more', () => {
    const { limits, now } = manual();
    const key = keyWith({ tpm: 1_000 });
    const slot = limits.take(key, 900);
    now.ms += minuteMs;
    expect(limits.headroom(key).tokens).toBe(1_000);
    slot.correct(5_000);
    expect(limits.headroom(key).tokens).toBe(1_000);
    expect(takes(limits, key, 1_000)).toBe(true);
  });

  test('a refusal names the moment at which enough tokens are free', () => {
    const { limits, now } = manual();
    const key = keyWith({ tpm: 1_000 });
    limits.take(key, 400);
    now.ms += 10_000;
    limits.take(key, 500);
    now.ms += 10_000;
    expect(refusalOf(() => limits.take(key, 400))?.retryAfterS).toBe(40);
    expect(refusalOf(() => limits.take(key, 800))?.retryAfterS).toBe(50);
  });

  test('a request larger than the limit is refused also by an empty window, with a word on waiting', () => {
    const { limits } = manual();
    expect(refusalOf(() => limits.take(keyWith({ tpm: 10 }), 11))).toMatchObject({ code: 'rate_limit_exceeded', retryAfterS: 60 });
  });

  test('over many random requests the sum of the window is exact', () => {
    const { limits, now } = manual();
    const draw = seeded(11);
    const key = keyWith({ tpm: 50_000 });
    let taken: { atMs: number; tokens: number }[] = [];
    for (let round = 0; round < 5_000; round++) {
      now.ms += Math.floor(draw() * 300);
      taken = taken.filter((one) => now.ms - one.atMs < minuteMs);
      const estimate = Math.floor(draw() * 500);
      const used = taken.reduce((sum, one) => sum + one.tokens, 0);
      const fits = used + estimate <= 50_000;
      expect(
        refusalOf(() => {
          const entry = { atMs: now.ms, tokens: estimate };
          const slot = limits.take(key, estimate);
          taken.push(entry);
          if (draw() < 0.5) slot.correct((entry.tokens = Math.floor(draw() * 600)));
        }) === null,
      ).toBe(fits);
    }
  });
});

describe('budgets', () => {
  const budgeted = (budgetNanoUsd: number) => keyWith({ budgetNanoUsd });

  test('1,000 reservations at the same moment never overrun the budget by a nano-dollar', () => {
    const { limits } = manual();
    const key = budgeted(1_000_000);
    const reserved = Array.from({ length: 1_000 }, () => refusalOf(() => limits.reserve(key, 30_001)) === null).filter(Boolean).length;
    expect(reserved).toBe(Math.floor(1_000_000 / 30_001));
  });

  test('what was reserved and not spent can be spent by others', () => {
    const { limits } = manual();
    const key = budgeted(100);
    limits.reserve(key, 100);
    expect(refusalOf(() => limits.reserve(key, 1))).toMatchObject({ status: 402, code: 'budget_exceeded' });
    limits.settle(key, 100, 40);
    limits.reserve(key, 60);
    expect(refusalOf(() => limits.reserve(key, 1))?.code).toBe('budget_exceeded');
  });

  test('the last nano-dollar may be reserved, one more may not', () => {
    const { limits } = manual();
    const key = budgeted(10);
    expect(refusalOf(() => limits.reserve(key, 11))?.code).toBe('budget_exceeded');
    expect(refusalOf(() => limits.reserve(key, 10))).toBeNull();
  });

  test('what the books say was spent before the start counts', () => {
    const { limits } = manual();
    const key = budgeted(100);
    limits.restore(key.id, 95);
    expect(refusalOf(() => limits.reserve(key, 6))?.code).toBe('budget_exceeded');
    expect(refusalOf(() => limits.reserve(key, 5))).toBeNull();
  });

  test('a budget that is raised can be used at once', () => {
    const { limits } = manual();
    const key = budgeted(10);
    limits.reserve(key, 10);
    expect(refusalOf(() => limits.reserve({ ...key, budgetNanoUsd: 20 }, 10))).toBeNull();
  });

  test('in 20,000 random steps, spent and reserved together never exceed the budget', () => {
    const { limits } = manual();
    const draw = seeded(3);
    const key = budgeted(10_000_000);
    const open: number[] = [];
    let spent = 0;
    for (let step = 0; step < 20_000; step++) {
      const amount = Math.floor(draw() * 50_000);
      if (draw() < 0.55 && refusalOf(() => limits.reserve(key, amount)) === null) open.push(amount);
      else if (open.length > 0) {
        const reserved = open.splice(Math.floor(draw() * open.length), 1)[0]!;
        const cost = Math.floor(draw() * (reserved + 1) * 0.1);
        limits.settle(key, reserved, cost);
        spent += cost;
      }
      expect(spent + open.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(10_000_000);
    }
    expect(spent).toBeGreaterThan(0);
  });

  test('a key without a budget reserves nothing and is never refused', () => {
    const { limits } = manual();
    const key = keyWith({});
    expect(refusalOf(() => limits.reserve(key, Number.MAX_SAFE_INTEGER))).toBeNull();
  });

  test('a budget that is set later counts what was spent before it', () => {
    const { limits } = manual();
    const key = keyWith({});
    limits.settle(key, 0, 90);
    expect(refusalOf(() => limits.reserve({ ...key, budgetNanoUsd: 100 }, 11))?.code).toBe('budget_exceeded');
    expect(refusalOf(() => limits.reserve({ ...key, budgetNanoUsd: 100 }, 10))).toBeNull();
  });
});

describe('memory', () => {
  test('holds no window that is empty and no sum of a key that is gone', () => {
    const { limits, now } = manual();
    const keys = Array.from({ length: 500 }, () => keyWith({ rpm: 10, budgetNanoUsd: 100 }));
    for (const key of keys) {
      takes(limits, key);
      limits.settle(key, 0, 1);
    }
    expect(limits.size()).toBe(1_000);
    now.ms += minuteMs - 1;
    limits.sweep(() => true);
    expect(limits.size()).toBe(1_000);
    now.ms += 1;
    limits.sweep((id) => id === keys[0]!.id);
    expect(limits.size()).toBe(1);
  });

  test('a sweep takes no place back and no money: the limits hold as before it', () => {
    const { limits, now } = manual();
    const key = keyWith({ rpm: 2, budgetNanoUsd: 100 });
    takes(limits, key);
    now.ms += 30_000;
    takes(limits, key);
    limits.settle(key, 0, 90);
    limits.sweep(() => true);
    expect(takes(limits, key)).toBe(false);
    expect(refusalOf(() => limits.reserve(key, 11))?.code).toBe('budget_exceeded');
  });

  test('a reservation under way outlives its key, so that settling it leaves nothing behind', () => {
    const { limits } = manual();
    const key = keyWith({ budgetNanoUsd: 100 });
    limits.reserve(key, 40);
    limits.sweep(() => false);
    expect(limits.size()).toBe(1);
    limits.settle(key, 40, 10);
    limits.sweep(() => false);
    expect(limits.size()).toBe(0);
  });
});
