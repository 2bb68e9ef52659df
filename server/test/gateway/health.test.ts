/** What recent traffic says of a connection: it reorders and bounds repetitions, and it never blocks the last one that is left. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/domain/errors.ts';
import { ruleOf } from '../../src/domain/retry.ts';
import { createHealth, type Health } from '../../src/gateway/health.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';

function manual(): { now: { ms: number }; health: Health } {
  const now = { ms: 5_000_000 };
  const clock: Clock = { ...systemClock, monotonicMs: () => now.ms };
  return { now, health: createHealth(clock) };
}

const failTimes = (health: Health, times: number, fault: Fault = 'server_error', id = 'a'): void => {
  for (let count = 0; count < times; count++) health.failed(id, fault, null);
};

describe('a connection that fails', () => {
  test('goes to the end of the line after five failures in a row, not before (P6)', () => {
    const { health } = manual();
    failTimes(health, 4);
    expect(health.rank('a')).toBe(0);
    failTimes(health, 1);
    expect(health.rank('a')).toBe(1);
  });

  test('a success in between starts the count anew', () => {
    const { health } = manual();
    failTimes(health, 4);
    health.succeeded('a');
    failTimes(health, 4);
    expect(health.rank('a')).toBe(0);
  });

  test('is tried again after ten seconds, and one more failure sends it back for longer', () => {
    const { health, now } = manual();
    failTimes(health, 5);
    now.ms += 9_999;
    expect(health.rank('a')).toBe(1);
    now.ms += 1;
    expect(health.rank('a')).toBe(0);
    failTimes(health, 1);
    now.ms += 10_000;
    expect(health.rank('a')).toBe(1);
    now.ms += 10_000;
    expect(health.rank('a')).toBe(0);
  });

  test('never rests longer than a minute, however often it failed', () => {
    const { health, now } = manual();
    for (let round = 0; round < 50; round++) {
      failTimes(health, 5);
      now.ms += 60_000;
      expect(health.rank('a')).toBe(0);
    }
  });

  test('is well again after one success, at once and in full', () => {
    const { health, now } = manual();
    for (let round = 0; round < 6; round++) failTimes(health, 5);
    health.succeeded('a');
    expect(health.rank('a')).toBe(0);
    failTimes(health, 5);
    now.ms += 10_000;
    expect(health.rank('a')).toBe(0);
  });

  test('does not take others along', () => {
    const { health } = manual();
    failTimes(health, 20, 'server_error', 'a');
    expect(health.rank('b')).toBe(0);
  });

  test('is unknown again when its settings were changed', () => {
    const { health } = manual();
    failTimes(health, 9);
    health.forget('a');
    expect(health.rank('a')).toBe(0);
    failTimes(health, 4);
    expect(health.rank('a')).toBe(0);
  });
});

describe("faults that are not the connection's", () => {
  const innocent = (Object.keys(ruleOf) as Fault[]).filter(
    (fault) => !ruleOf[fault].counts && fault !== 'rate_limited' && fault !== 'quota_exhausted',
  );
  test.each(innocent)('%s never sends it away', (fault) => {
    const { health } = manual();
    failTimes(health, 100, fault);
    expect(health.rank('a')).toBe(0);
  });
});

describe('limits of the provider', () => {
  test('a limited connection rests for as long as it asked', () => {
    const { health, now } = manual();
    health.failed('a', 'rate_limited', 7_000);
    now.ms += 6_999;
    expect(health.rank('a')).toBe(1);
    now.ms += 1;
    expect(health.rank('a')).toBe(0);
  });

  test('or for two seconds where it did not say', () => {
    const { health, now } = manual();
    health.failed('a', 'rate_limited', null);
    expect(health.rank('a')).toBe(1);
    now.ms += 2_000;
    expect(health.rank('a')).toBe(0);
  });

  test('an exhausted quota rests for five minutes', () => {
    const { health, now } = manual();
    health.failed('a', 'quota_exhausted', null);
    now.ms += 299_999;
    expect(health.rank('a')).toBe(1);
    now.ms += 1;
    expect(health.rank('a')).toBe(0);
  });
});

describe('the retry budget of a target (P5)', () => {
  const retries = (health: Health, id: string, tries: number): number => {
    let allowed = 0;
    for (let count = 0; count < tries; count++) {
      if (!health.mayRetry(id)) continue;
      health.retried(id);
      allowed++;
    }
    return allowed;
  };

  test('is a fifth of the requests of the window, and never less than ten', () => {
    const { health } = manual();
    expect(retries(health, 'a', 100)).toBe(10);
    for (let count = 0; count < 200; count++) health.asked('b');
    expect(retries(health, 'b', 500)).toBe(40);
  });

  test('looking at it costs nothing', () => {
    const { health } = manual();
    for (let count = 0; count < 1_000; count++) expect(health.mayRetry('a')).toBe(true);
  });

  test('comes back with the next window', () => {
    const { health, now } = manual();
    retries(health, 'a', 100);
    now.ms += 9_999;
    expect(health.mayRetry('a')).toBe(false);
    now.ms += 1;
    expect(retries(health, 'a', 100)).toBe(10);
  });

  test('in a total outage, calls stay within 1.2 times the requests, and ten a window', () => {
    const { health, now } = manual();
    let calls = 0;
    for (let request = 0; request < 10_000; request++) {
      now.ms += 10;
      health.asked('a');
      calls++;
      if (!health.mayRetry('a')) continue;
      health.retried('a');
      calls++;
    }
    expect(calls).toBeLessThanOrEqual(10_000 * 1.2 + 10 * 11);
    expect(calls).toBeGreaterThan(10_000);
  });

  test("is each target's own", () => {
    const { health } = manual();
    retries(health, 'a', 100);
    expect(health.mayRetry('b')).toBe(true);
  });
});

test('a million connections leave a bounded memory of them', () => {
  const { health } = manual();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 1_000_000; count++) health.failed(`c${count}`, 'server_error', null);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(128 * 1024 * 1024);
});
