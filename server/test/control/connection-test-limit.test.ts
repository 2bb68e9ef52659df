/** The limit of live calls per person: never more than ten a minute or three at once, whatever their outcome. */
import { describe, expect, test } from 'vitest';
import { testsAtOnceMax, testsPerMinuteMax, withinTestLimit } from '../../src/control/connection-test-limit.ts';
import type { SnapshotKeeper } from '../../src/control/deps.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';

/** A house of its own for the limit: it is remembered by the keeper. */
function fresh(): { deps: { keeper: SnapshotKeeper; clock: Clock }; pass: (ms: number) => void } {
  let nowMs = 1_000;
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
  return { deps: { keeper: { catchUp: async () => undefined } as unknown as SnapshotKeeper, clock }, pass: (ms) => void (nowMs += ms) };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'ran',
    (error: { code?: unknown }) => error.code ?? error,
  );

describe('within a minute', () => {
  test('ten run and the eleventh waits exactly until the first is a minute old', async () => {
    const { deps, pass } = fresh();
    for (let n = 0; n < testsPerMinuteMax; n++) {
      expect(await codeOf(withinTestLimit(deps, 'ann', async () => n))).toBe('ran');
      pass(1_000);
    }
    const refused = await withinTestLimit(deps, 'ann', async () => 'ran').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterS: 50, values: { seconds: 50 } });
    pass(49_999);
    expect(await codeOf(withinTestLimit(deps, 'ann', async () => 1))).toBe('RATE_LIMITED');
    pass(1);
    expect(await codeOf(withinTestLimit(deps, 'ann', async () => 1))).toBe('ran');
    expect(await codeOf(withinTestLimit(deps, 'ann', async () => 1))).toBe('RATE_LIMITED');
  });

  test('over ten minutes of asking without a pause no window of sixty seconds holds more than ten', async () => {
    const { deps, pass } = fresh();
    const ranAtMs: number[] = [];
    for (let second = 0; second < 600; second++) {
      await codeOf(withinTestLimit(deps, 'ann', async () => void ranAtMs.push(second)));
      pass(1_000);
    }
    for (const end of ranAtMs) expect(ranAtMs.filter((at) => at <= end && at > end - 60).length).toBeLessThanOrEqual(testsPerMinuteMax);
    expect(ranAtMs).toHaveLength(100);
  });

  test('a refused call counts for nothing, so that asking again and again prolongs no wait', async () => {
    const { deps, pass } = fresh();
    for (let n = 0; n < testsPerMinuteMax; n++) await withinTestLimit(deps, 'ann', async () => n);
    for (let n = 0; n < 50; n++) expect(await codeOf(withinTestLimit(deps, 'ann', async () => n))).toBe('RATE_LIMITED');
    pass(60_000);
    expect(await codeOf(withinTestLimit(deps, 'ann', async () => 1))).toBe('ran');
  });

  test("people do not take each other's places, and houses do not know each other", async () => {
    const [one, two] = [fresh(), fresh()];
    for (let n = 0; n < testsPerMinuteMax; n++) await withinTestLimit(one.deps, 'ann', async () => n);
    expect(await codeOf(withinTestLimit(one.deps, 'ann', async () => 1))).toBe('RATE_LIMITED');
    expect(await codeOf(withinTestLimit(one.deps, 'bob', async () => 1))).toBe('ran');
    expect(await codeOf(withinTestLimit(two.deps, 'ann', async () => 1))).toBe('ran');
  });
});

describe('at once', () => {
  test('three run, the fourth is refused for a second, and each end frees one place', async () => {
    const { deps } = fresh();
    const ends: (() => void)[] = [];
    const start = (): Promise<unknown> => codeOf(withinTestLimit(deps, 'ann', () => new Promise<void>((resolve) => ends.push(resolve))));
    const running = Array.from({ length: testsAtOnceMax }, start);
    expect(await withinTestLimit(deps, 'ann', async () => 1).catch((error: unknown) => error)).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterS: 1,
    });
    ends[0]!();
    expect(await running[0]).toBe('ran');
    running.push(start());
    expect(ends).toHaveLength(testsAtOnceMax + 1);
    expect(await codeOf(withinTestLimit(deps, 'ann', async () => 1))).toBe('RATE_LIMITED');
    ends.forEach((end) => end());
    expect(await Promise.all(running)).toEqual(running.map(() => 'ran'));
  });

  test('a call that throws, at once or later, frees its place and its error goes on as it is', async () => {
    const { deps } = fresh();
    const fault = new Error('no answer');
    const failing = [
      async () => Promise.reject(fault),
      () => {
        throw fault;
      },
    ];
    for (let n = 0; n < testsPerMinuteMax; n++) await expect(withinTestLimit(deps, 'ann', failing[n % 2]!)).rejects.toBe(fault);
    expect(await withinTestLimit(deps, 'ann', async () => 1).catch((error: unknown) => error)).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterS: 60,
    });
  });

  test('an answer goes to whoever asked', async () => {
    const { deps } = fresh();
    expect(await Promise.all([1, 2, 3].map((n) => withinTestLimit(deps, 'ann', async () => n)))).toEqual([1, 2, 3]);
  });
});
