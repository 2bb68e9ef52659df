/** Proves how guesses are counted: per account, per network, within a window, and without growing. */
import { describe, expect, test } from 'vitest';
import { createSignInLimit, networkOf, type Guess, type OtherDoors } from '../../src/control/people/sign-in-limit.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';

function limitAt() {
  const time = { ms: 1_000_000 };
  return { time, limit: createSignInLimit({ ...systemClock, monotonicMs: () => time.ms }) };
}

function refusalOf(work: () => unknown): Refusal | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe('for one account', () => {
  test('the sixth guess within a minute is refused and says how long to wait', () => {
    const { time, limit } = limitAt();
    for (let n = 0; n < 5; n += 1) {
      limit.begin('a', `10.0.0.${n}`);
      time.ms += 1_000;
    }
    const refusal = refusalOf(() => limit.begin('a', '10.0.1.1'));
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', status: 429, retryAfterS: 55, values: { seconds: 55 } });
    expect(refusalOf(() => limit.begin('b', '10.0.1.1'))).toBeNull();
  });

  test('the window slides: one more for each guess that is a minute old, not five at once', () => {
    const { time, limit } = limitAt();
    for (let n = 0; n < 5; n += 1) {
      limit.begin('a', `10.0.0.${n}`);
      time.ms += 10_000;
    }
    time.ms += 10_001;
    expect(refusalOf(() => limit.begin('a', '10.0.1.1'))).toBeNull();
    expect(refusalOf(() => limit.begin('a', '10.0.1.1'))).not.toBeNull();
  });

  test('a refused guess does not lengthen the wait', () => {
    const { time, limit } = limitAt();
    for (let n = 0; n < 5; n += 1) limit.begin('a', `10.0.0.${n}`);
    for (let n = 0; n < 100; n += 1) expect(refusalOf(() => limit.begin('a', '10.0.1.1'))).not.toBeNull();
    time.ms += 60_001;
    expect(refusalOf(() => limit.begin('a', '10.0.1.1'))).toBeNull();
  });

  test('a right password gives its place back, and only its own', () => {
    const { limit } = limitAt();
    for (let n = 0; n < 4; n += 1) limit.begin('a', '10.0.0.1');
    for (let n = 0; n < 50; n += 1) limit.begin('a', '10.0.0.1')();
    limit.begin('a', '10.0.0.1');
    expect(refusalOf(() => limit.begin('a', '10.0.0.1'))).not.toBeNull();
  });
});

describe('for one network', () => {
  test('the twenty-first guess is refused, whichever accounts were meant', () => {
    const { limit } = limitAt();
    for (let n = 0; n < 20; n += 1) limit.begin(`account ${n}`, '192.0.2.1');
    expect(refusalOf(() => limit.begin('another', '192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
    expect(refusalOf(() => limit.begin('another', '192.0.2.2'))).toBeNull();
  });

  test('an account cannot be mistaken for an address', () => {
    const { limit } = limitAt();
    for (let n = 0; n < 5; n += 1) limit.begin('192.0.2.1', '10.0.0.1');
    expect(refusalOf(() => limit.begin('x', '192.0.2.1'))).toBeNull();
  });

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:DB8:1:2::1', '2001:0db8:0001:0002:0000:0000:0000:0009', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:c000:201', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['', 'nonsense', true],
  ])('%s and %s are one network: %s', (first, second, isOne) => {
    expect(networkOf(first) === networkOf(second)).toBe(isOne);
  });
});

test('a flood of accounts forgets the oldest rather than filling the memory', () => {
  const { limit } = limitAt();
  for (let n = 0; n < 5; n += 1) limit.begin('a', '10.0.0.1');
  for (let n = 0; n < 20_000; n += 1) limit.begin(`flood ${n}`, `2001:db8:${(n >> 8).toString(16)}:${(n & 255).toString(16)}::1`);
  expect(refusalOf(() => limit.begin('a', '10.0.0.2'))).toBeNull();
});

describe('several doors', () => {
  /** Two doors of one house; each hears what the other is told. */
  function doors() {
    const time = { ms: 0 };
    const clock = { ...systemClock, monotonicMs: () => time.ms };
    const hearers: ((guess: Guess) => void)[] = [];
    const door = (at: number): OtherDoors => ({
      tell: (guess) => hearers.forEach((hear, other) => other !== at && hear(guess)),
      onTold: (run) => void (hearers[at] = run),
    });
    return { time, limits: [createSignInLimit(clock, door(0)), createSignInLimit(clock, door(1))] as const };
  }

  test('take no more guesses for an account than one, by turns or not', () => {
    const { limits, time } = doors();
    for (let guess = 0; guess < 5; guess++) limits[guess % 2]!.begin('ann', '203.0.113.7');
    for (const limit of limits) expect(() => limit.begin('ann', '198.51.100.9')).toThrow(Refusal);
    for (const limit of limits) limit.begin('bob', '198.51.100.9');
    time.ms = 60_000;
    for (const limit of limits) limit.begin('ann', '203.0.113.7');
  });

  test('take no more from one network than one', () => {
    const { limits } = doors();
    for (let guess = 0; guess < 20; guess++) limits[guess % 2]!.begin(`person ${guess}`, '2001:db8::1');
    for (const limit of limits) expect(() => limit.begin('ann', '2001:db8::2')).toThrow(Refusal);
  });

  test('do not count what was right, wherever it was said', () => {
    const { limits } = doors();
    for (let guess = 0; guess < 12; guess++) limits[guess % 2]!.begin('ann', '203.0.113.7')();
    for (let guess = 0; guess < 5; guess++) limits[0].begin('ann', '203.0.113.7');
    for (const limit of limits) expect(() => limit.begin('ann', '203.0.113.7')).toThrow(Refusal);
  });

  test('know nothing of a right guess that has been forgotten here', () => {
    const { limits, time } = doors();
    const right = limits[0].begin('ann', '203.0.113.7');
    time.ms = 61_000;
    right();
    for (let guess = 0; guess < 5; guess++) limits[1].begin('ann', '203.0.113.7');
    expect(() => limits[1].begin('ann', '203.0.113.7')).toThrow(Refusal);
  });
});
