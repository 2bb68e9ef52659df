/** What recent traffic says of a connection: it reorders and bounds repetitions, and it never blocks the last one that is left. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/domain/errors.ts';
import { ruleOf } from '../../src/domain/retry.ts';
import { createHealth, restStepMs, type Health } from '../../src/gateway/health.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { heapInUse } from '../support/garbage.ts';

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
  const before = heapInUse();
  for (let count = 0; count < 1_000_000; count++) health.failed(`c${count}`, 'server_error', null);
  expect(heapInUse() - before).toBeLessThan(32 * 1024 * 1024);
});

describe('what other instances are told', () => {
  function telling() {
    const now = { ms: 5_000_000 };
    const clock: Clock = { ...systemClock, monotonicMs: () => now.ms };
    const told: unknown[] = [];
    const turned: unknown[] = [];
    const health = createHealth(clock, {
      onTurned: (...turn) => void turned.push(turn),
      onRest: (id, left) => void told.push([id, left.openMs, left.cooledMs]),
      onReturn: (id) => void told.push(id),
    });
    return { now, told, turned, health };
  }

  test('a rest when it begins, and its end; nothing of a single failure or of an answer that is nothing new', () => {
    const { health, told } = telling();
    failTimes(health, 4);
    health.succeeded('b', 'm', { firstByteMs: 1, totalMs: 2, tokensOut: 3 });
    expect(told).toEqual([]);
    failTimes(health, 1);
    health.succeeded('a');
    health.succeeded('a');
    expect(told).toEqual([['a', 10_000, 0], 'a']);
  });

  test('a limit that is met again and again, once for each step that it grows by', () => {
    const { health, told, now } = telling();
    for (let count = 0; count < 100; count++) {
      health.failed('a', 'rate_limited', 60_000);
      now.ms += restStepMs / 10;
    }
    expect(told).toHaveLength(10);
    expect(told.at(-1)).toEqual(['a', 0, 60_000]);
  });

  test('nothing of a rest that is over before it can be told', () => {
    const { health, told } = telling();
    health.failed('a', 'rate_limited', 0);
    expect(told).toEqual([]);
  });

  test('nothing that was heard of them: two would tell each other for ever; the pages here are told', () => {
    const { health, told, turned } = telling();
    health.heardOfRest('a', { openMs: 5_000, cooledMs: 0 });
    health.heardOfRest('a', { openMs: 6_000, cooledMs: 0 });
    expect([health.rank('a'), health.rests()]).toEqual([1, [{ connectionId: 'a', left: { openMs: 6_000, cooledMs: 0 } }]]);
    health.heardOfReturn('a');
    health.heardOfReturn('a');
    health.heardOfReturn('nobody');
    expect([health.rank('a'), health.rests()]).toEqual([0, []]);
    expect([told, turned]).toEqual([
      [],
      [
        ['a', true],
        ['a', false],
      ],
    ]);
  });

  test('the return of what was heard to rest: whoever has an answer first tells all', () => {
    const { health, told } = telling();
    health.heardOfRest('a', { openMs: 5_000, cooledMs: 0 });
    health.succeeded('a');
    expect(told).toEqual(['a']);
  });
});
