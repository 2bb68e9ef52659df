/** The short memory of the dashboard's figures: many who ask are one question, and nothing that has changed is answered from it. */
import { expect, test } from 'vitest';
import { createUsageCache, type UsageCache } from '../../src/control/usage-cache.ts';
import type { Clock } from '../../src/lib/clock.ts';

const startMs = Date.UTC(2026, 10, 21, 9);
const keptMs = 10_000;

interface Scene {
  cache: UsageCache;
  move: (byMs: number) => void;
  /** The books have moved on. */
  bookSomething: () => void;
  /** Asks for a key; the answer is how often anything had been made when it was. */
  ask: (key: string) => Promise<{ value: number; asOfMs: number }>;
  readonly made: number;
}

function scene(): Scene {
  let nowMs = startMs;
  let version = 0;
  let made = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => ({ cancel: () => undefined }),
    every: () => ({ cancel: () => undefined }),
  };
  const cache = createUsageCache(clock, () => String(version));
  return {
    cache,
    move: (byMs) => void (nowMs += byMs),
    bookSomething: () => void (version += 1),
    ask: (key) => cache.get(key, () => Promise.resolve((made += 1))),
    get made() {
      return made;
    },
  };
}

test('a figure is good for less than ten seconds, and says of which moment it is', async () => {
  const { ask, move } = scene();
  expect(await ask('report')).toEqual({ value: 1, asOfMs: startMs });
  move(keptMs - 1);
  expect(await ask('report')).toEqual({ value: 1, asOfMs: startMs });
  move(1);
  expect(await ask('report')).toEqual({ value: 2, asOfMs: startMs + keptMs });
});

test('being asked for does not make a figure live longer', async () => {
  const { ask, move } = scene();
  const values: number[] = [];
  for (let times = 0; times < 5; times++) {
    values.push((await ask('report')).value);
    move(4_000);
  }
  // At 0, 4 and 8 seconds the first one, at 12 and 16 the next.
  expect(values).toEqual([1, 1, 1, 2, 2]);
});

test('each question has an answer of its own', async () => {
  const { ask } = scene();
  expect([(await ask('a')).value, (await ask('b')).value, (await ask('a')).value, (await ask('b')).value]).toEqual([1, 2, 1, 2]);
});

test('books that moved on make every figure old at once', async () => {
  const { ask, bookSomething } = scene();
  await ask('a');
  await ask('b');
  bookSomething();
  expect([(await ask('a')).value, (await ask('b')).value]).toEqual([3, 4]);
  // And what was made since is kept again.
  expect([(await ask('a')).value, (await ask('b')).value]).toEqual([3, 4]);
});

test('ten who ask at the same moment are one question, also while it is still being answered', async () => {
  const { cache } = scene();
  let made = 0;
  let answer: (value: string) => void = () => undefined;
  const slow = (): Promise<string> => {
    made += 1;
    return new Promise((resolve) => (answer = resolve));
  };
  const asked = Array.from({ length: 10 }, () => cache.get('series', slow));
  expect(made).toBe(1);
  answer('the series');
  expect(new Set((await Promise.all(asked)).map(({ value }) => value))).toEqual(new Set(['the series']));
  expect(made).toBe(1);
});

test('a figure that began before the books moved on is not handed to who asks after', async () => {
  const { cache, bookSomething } = scene();
  let answerOld: (value: string) => void = () => undefined;
  const old = cache.get('report', () => new Promise<string>((resolve) => (answerOld = resolve)));
  bookSomething();
  const fresh = cache.get('report', () => Promise.resolve('new'));
  answerOld('old');
  expect([(await old).value, (await fresh).value]).toEqual(['old', 'new']);
  expect((await cache.get('report', () => Promise.resolve('newer'))).value).toBe('new');
});

test('a failure is told to whoever waited for it, and never again', async () => {
  const { cache } = scene();
  const failing = (): Promise<number> => Promise.reject(new Error('the database is away'));
  const both = await Promise.allSettled([cache.get('report', failing), cache.get('report', failing)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await cache.get('report', () => Promise.resolve(7))).value).toBe(7);
});

test('a failure that comes late does not forget the figure that was made since', async () => {
  const { cache, bookSomething } = scene();
  let fail: (reason: Error) => void = () => undefined;
  const old = cache.get('report', () => new Promise<number>((_, reject) => (fail = reject)));
  bookSomething();
  expect((await cache.get('report', () => Promise.resolve(1))).value).toBe(1);
  fail(new Error('the database is away'));
  await expect(old).rejects.toThrow('the database is away');
  expect((await cache.get('report', () => Promise.resolve(2))).value).toBe(1);
});

test('two hundred figures are remembered, and the one that was made first goes first', async () => {
  const one = scene();
  for (let number = 0; number < 200; number++) await one.ask(`${number}`);
  for (let number = 0; number < 200; number++) await one.ask(`${number}`);
  expect(one.made).toBe(200);
  await one.ask('one more');
  await one.ask('1');
  await one.ask('199');
  expect(one.made).toBe(201);
  await one.ask('0');
  expect(one.made).toBe(202);
});
