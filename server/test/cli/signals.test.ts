/** How a running house ends: once per wish, in a hurry after a fault, and never without an exit code. */
import { describe, expect, test } from 'vitest';
import { createEnding, type Ending } from '../../src/cli/signals.ts';
import type { Clock } from '../../src/lib/clock.ts';

interface Scene {
  ending: Ending;
  closes: { isHurried: boolean }[];
  reports: string[];
  /** Lets the close that runs come to its end, or fail. */
  finish: (error?: Error) => void;
  /** Moves the clock and runs what is due. */
  pass: (ms: number) => void;
  /** The exit code, or undefined while there is none. */
  code: () => Promise<number | undefined>;
}

function scene(): Scene {
  let nowMs = 0;
  const due: { atMs: number; run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      due.push({ atMs: nowMs + delayMs, run });
      return { cancel: () => undefined };
    },
    every: () => ({ cancel: () => undefined }),
  };
  const closing = Promise.withResolvers<void>();
  const closes: { isHurried: boolean }[] = [];
  const reports: string[] = [];
  const close = (options: { isHurried: boolean }): Promise<void> => {
    closes.push(options);
    return closing.promise;
  };
  const ending = createEnding(clock, close, (text) => void reports.push(text));
  return {
    ending,
    closes,
    reports,
    finish: (error) => (error ? closing.reject(error) : closing.resolve()),
    pass(ms) {
      nowMs += ms;
      for (const { atMs, run } of due.splice(0)) if (atMs <= nowMs) run();
    },
    code: () => Promise.race([ending.done, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]),
  };
}

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s drains and ends with exit code 0', async (name) => {
    const { ending, closes, finish, code } = scene();
    ending.signal(name);
    expect(closes).toEqual([{ isHurried: false }]);
    expect(await code()).toBeUndefined();
    finish();
    expect(await code()).toBe(0);
  });

  test('that comes again within two seconds is the same one', async () => {
    const { ending, closes, pass, finish, code } = scene();
    ending.signal('SIGTERM');
    pass(1_999);
    ending.signal('SIGTERM');
    ending.signal('SIGINT');
    expect(closes).toHaveLength(1);
    expect(await code()).toBeUndefined();
    finish();
    expect(await code()).toBe(0);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s that comes again later leaves at once, and says so with its exit code', async (name, exitCode) => {
    const { ending, closes, pass, code } = scene();
    ending.signal('SIGTERM');
    pass(2_000);
    ending.signal(name);
    expect(await code()).toBe(exitCode);
    expect(closes).toHaveLength(1);
  });

  test('whose drain fails ends with exit code 1', async () => {
    const { ending, reports, finish, code } = scene();
    ending.signal('SIGTERM');
    finish(new Error('disk full'));
    expect(await code()).toBe(1);
    expect(reports).toEqual(['SIGTERM: draining', 'the house did not close cleanly']);
  });
});

describe('a fault', () => {
  test('closes in a hurry and ends with exit code 1', async () => {
    const { ending, closes, finish, code } = scene();
    ending.fault(new Error('bug'));
    expect(closes).toEqual([{ isHurried: true }]);
    finish();
    expect(await code()).toBe(1);
  });

  test('in a house that does not close ends after ten seconds all the same', async () => {
    const { ending, pass, code } = scene();
    ending.fault(new Error('bug'));
    pass(9_999);
    expect(await code()).toBeUndefined();
    ending.fault(new Error('bug'));
    pass(10_000);
    expect(await code()).toBe(1);
  });

  test('during a drain does not close a second time', async () => {
    const { ending, closes, reports, finish, code } = scene();
    ending.signal('SIGTERM');
    ending.fault(new Error('bug'));
    expect(closes).toEqual([{ isHurried: false }]);
    finish();
    expect(await code()).toBe(0);
    expect(reports).toContain('a fault that nobody caught');
  });
});
