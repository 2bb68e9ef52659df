/** What a limit is: its periods in every zone, its names and its words, and the table by which a request finds its own. */
import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import { limitName, limitSentence, periodsOf, softValueOf, spanOf, type Limit } from '../../src/domain/limit.ts';
import { LimitTable, ownLimitsOf, subjectLimitsOf } from '../../src/domain/limit-table.ts';
import { SlidingWindow, windowMs } from '../../src/domain/limit-window.ts';
import { seeded } from '../vault/parts.ts';
import { cpuMsOf } from '../support/cpu.ts';

const limitOf = (part: Partial<Limit>): Limit => ({
  id: 'l',
  subject: { kind: 'user', id: 'u' },
  kind: 'requests',
  period: 'minute',
  value: 10,
  softPercent: null,
  isShadow: false,
  ...part,
});
const at = (text: string): number => Date.parse(text);
const iso = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }): string[] =>
  [fromMs, untilMs].map((ms) => new Date(ms).toISOString());

describe('periods', () => {
  test.each([
    ['day', 'UTC', '2026-11-21T00:00:00Z', '2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z'],
    ['day', 'UTC', '2026-11-20T23:59:59.999Z', '2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z'],
    ['month', 'UTC', '2026-12-31T12:00:00Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['month', 'UTC', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
    ['day', 'Asia/Jakarta', '2026-11-20T17:00:00Z', '2026-11-20T17:00:00.000Z', '2026-11-21T17:00:00.000Z'],
    ['day', 'Asia/Kathmandu', '2026-11-20T18:20:00Z', '2026-11-20T18:15:00.000Z', '2026-11-21T18:15:00.000Z'],
    // The clocks of Berlin go forward on this day, and back on the other.
    ['day', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['day', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    // There is no midnight on this day in Beirut.
    ['day', 'Asia/Beirut', '2024-03-31T12:00:00Z', '2024-03-30T22:00:00.000Z', '2024-03-31T21:00:00.000Z'],
  ] as const)('the %s of %s that %s is in', (period, zone, moment, from, until) => {
    expect(iso(spanOf(period, zone, at(moment)))).toEqual([from, until]);
  });

  test('the whole of time has no end, and does not care for zones', () => {
    expect(spanOf('total', 'UTC', 5)).toEqual({ fromMs: 0, untilMs: Number.POSITIVE_INFINITY });
    expect(spanOf('total', 'Asia/Jakarta', 5)).toEqual(spanOf('total', 'UTC', at('2026-01-01T00:00:00Z')));
  });

  test('days follow each other without a gap and without an overlap, over years and zones', () => {
    for (const zone of ['UTC', 'Asia/Jakarta', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia']) {
      let ms = at('2026-01-01T12:00:00Z');
      for (let day = 0; day < 800; day++) {
        const span = spanOf('day', zone, ms);
        expect(span.fromMs).toBeLessThanOrEqual(ms);
        expect(span.untilMs).toBeGreaterThan(ms);
        expect(spanOf('day', zone, span.untilMs).fromMs).toBe(span.untilMs);
        expect(spanOf('day', zone, span.untilMs - 1)).toEqual(span);
        ms = span.untilMs;
      }
    }
  });

  test('a zone that there is not is an error, never another zone', () => {
    expect(() => spanOf('day', 'Mars/Olympus', 0)).toThrow(RangeError);
  });
});

describe('words', () => {
  test.each([
    [{}, 'user.requests.minute', 'The limit of 10 requests per minute of this user is reached.'],
    [
      { kind: 'tokens', subject: { kind: 'workspace', id: 'w' } },
      'workspace.tokens.minute',
      'The limit of 10 tokens per minute of this workspace is reached.',
    ],
    [
      { kind: 'concurrent', period: 'none', subject: { kind: 'connection', id: 'c' } },
      'connection.concurrent',
      'The limit of 10 requests at once of this connection is reached.',
    ],
    [
      { kind: 'money', period: 'day', value: 12_500_000_000, subject: { kind: 'group', id: 'g' } },
      'group.money.day',
      'The budget of 12.5 US dollars a day of this routing group is used up.',
    ],
    [
      { kind: 'money', period: 'month', value: 1 },
      'user.money.month',
      'The budget of 0.000000001 US dollars a month of this user is used up.',
    ],
    [
      { kind: 'money', period: 'total', value: 0, subject: { kind: 'access-key', id: 'k' } },
      'access-key.money.total',
      'The budget of 0 US dollars of this access key is used up.',
    ],
  ] as const)('%j', (part, name, sentence) => {
    const limit = limitOf(part);
    expect([limitName(limit), limitSentence(limit)]).toEqual([name, sentence]);
  });

  test('people are told at the part that was asked for, rounded up, and never where none was', () => {
    expect(softValueOf({ value: 10, softPercent: 80 })).toBe(8);
    expect(softValueOf({ value: 3, softPercent: 50 })).toBe(2);
    expect(softValueOf({ value: 10, softPercent: null })).toBeNull();
  });

  test('every kind has its periods', () => {
    expect(periodsOf).toEqual({ requests: ['minute'], tokens: ['minute'], concurrent: ['none'], money: ['day', 'month', 'total'] });
  });
});

describe('the table', () => {
  const key = (part: Partial<AccessKey>): AccessKey => ({ id: 'k', rpm: null, tpm: null, budgetNanoUsd: null, ...part }) as AccessKey;
  const put = (table: LimitTable, limit: Limit, isGone = false): void => table.put([{ id: limit.id!, limit, isGone }]);

  test('of several limits on one meter the tightest refuses; a shadow never does', () => {
    const limits = subjectLimitsOf({ kind: 'user', id: 'u' }, [
      limitOf({ id: 'a', value: 20 }),
      limitOf({ id: 'b', value: 10 }),
      limitOf({ id: 'c', value: 1, isShadow: true }),
      limitOf({ id: 'd', kind: 'money', period: 'month', isShadow: true }),
      limitOf({ id: 'e', kind: 'money', period: 'day' }),
    ]);
    expect(limits.requests?.hard?.id).toBe('b');
    expect(limits.requests?.all.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect([limits.tokens, limits.concurrent]).toEqual([null, null]);
    expect(limits.money.map(({ period, hard }) => [period, hard?.id])).toEqual([
      ['day', 'e'],
      ['month', undefined],
    ]);
  });

  test('a key has its own limits and those that are set on it', () => {
    const table = new LimitTable();
    expect(table.ofKey(key({}))).toBeUndefined();
    const own = key({ rpm: 5, tpm: 6, budgetNanoUsd: 7 });
    expect(ownLimitsOf(own).map(({ kind, value, id }) => [kind, value, id])).toEqual([
      ['requests', 5, null],
      ['tokens', 6, null],
      ['money', 7, null],
    ]);
    const alone = table.ofKey(own);
    expect(table.ofKey(own)).toBe(alone);
    put(table, limitOf({ subject: { kind: 'access-key', id: 'k' }, value: 3 }));
    expect(table.ofKey(own)?.requests?.hard?.value).toBe(3);
    expect(table.ofKey(key({}))?.requests?.hard?.value).toBe(3);
    expect(table.ofKey(key({ id: 'other' }))).toBeUndefined();
  });

  test('a change takes the place of what was there, and what is taken away is gone', () => {
    const table = new LimitTable();
    put(table, limitOf({ id: 'a', value: 1 }));
    put(table, limitOf({ id: 'b', kind: 'tokens' }));
    put(table, limitOf({ id: 'a', value: 2 }));
    expect([table.size, table.of('user', 'u')?.requests?.hard?.value]).toEqual([2, 2]);
    put(table, limitOf({ id: 'a' }), true);
    expect([table.size, table.of('user', 'u')?.requests]).toEqual([1, null]);
    put(table, limitOf({ id: 'b' }), true);
    put(table, limitOf({ id: 'never-was' }), true);
    expect([table.size, table.of('user', 'u')]).toEqual([0, undefined]);
    table.put([]);
  });

  test('ten thousand limits are put and looked up without looking at each other', async () => {
    const table = new LimitTable();
    let isFound: boolean[] = [];
    const tookMs = await cpuMsOf(() => {
      table.put(
        Array.from({ length: 10_000 }, (_, n) => ({
          id: `l${n}`,
          limit: limitOf({ id: `l${n}`, subject: { kind: 'user', id: `u${n}` } }),
          isGone: false,
        })),
      );
      isFound = Array.from({ length: 10_000 }, (_, n) => table.of('user', `u${n}`)?.requests?.hard?.id === `l${n}`);
    });
    expect(isFound).not.toContain(false);
    // Each looking at all others would take a hundred million steps.
    expect(tookMs).toBeLessThan(2_000);
  });
});

describe('the window', () => {
  test('lets go exactly a minute later, and knows when there is room again', () => {
    const window = new SlidingWindow();
    expect([window.waitForRequest(1, 0), window.waitForRequest(0, 0), window.resetMs(0)]).toEqual([0, windowMs, 0]);
    window.add(0, 5);
    window.add(10_000, 6);
    expect([window.requests, window.tokens]).toEqual([2, 11]);
    expect([window.waitForRequest(3, 20_000), window.waitForRequest(2, 20_000), window.waitForRequest(1, 20_000)]).toEqual([
      0, 40_000, 50_000,
    ]);
    expect([window.waitForTokens(12, 1, 20_000), window.waitForTokens(12, 2, 20_000), window.waitForTokens(12, 7, 20_000)]).toEqual([
      0, 40_000, 50_000,
    ]);
    // More than the window ever holds: until it is empty at the least.
    expect(window.waitForTokens(12, 13, 20_000)).toBe(50_000);
    expect(window.resetMs(20_000)).toBe(50_000);
    window.slide(windowMs - 1);
    expect(window.requests).toBe(2);
    window.slide(windowMs);
    expect([window.requests, window.tokens]).toEqual([1, 6]);
  });

  test('a correction counts while its entry is there, and leaves nothing behind after', () => {
    const window = new SlidingWindow();
    const entry = window.add(0, 100);
    window.correct(entry, 30, 1_000);
    expect(window.tokens).toBe(30);
    window.correct(entry, 70, windowMs);
    expect([window.requests, window.tokens]).toEqual([0, 0]);
  });

  describe('where more are in it than are kept one by one', () => {
    const dense = (requestsPerMs: number, forMs: number): { window: SlidingWindow; admittedMs: number[] } => {
      const window = new SlidingWindow();
      const admittedMs: number[] = [];
      for (let nowMs = 0; nowMs < forMs; nowMs++)
        for (let count = 0; count < requestsPerMs; count++) {
          window.add(nowMs, 3);
          admittedMs.push(nowMs);
        }
      return { window, admittedMs };
    };

    test('what is held does not grow with the rate', () => {
      const { window } = dense(8, windowMs);
      expect([window.requests, window.tokens]).toEqual([8 * windowMs, 24 * windowMs]);
      expect(window.size).toBeLessThan(9_300);
    });

    test('nothing leaves early, and nothing stays longer than a thousandth of the window', () => {
      const { window, admittedMs } = dense(4, 5_000);
      for (let nowMs = windowMs - 1; nowMs < windowMs + 5_200; nowMs += 17) {
        window.slide(nowMs);
        const within = (untilMs: number): number => admittedMs.filter((atMs) => nowMs - atMs < untilMs).length;
        expect(window.requests).toBeGreaterThanOrEqual(within(windowMs));
        expect(window.requests).toBeLessThanOrEqual(within(windowMs + windowMs / 1_000));
        expect(window.tokens).toBe(3 * window.requests);
      }
      expect([window.requests, window.tokens, window.resetMs(windowMs + 5_200)]).toEqual([0, 0, 0]);
    });

    test('the wait that is told is the moment at which there is room', () => {
      const { window } = dense(4, 4_000);
      for (const limit of [1, 700, 7_500, 9_000, 15_999, 16_000]) {
        const waitMs = window.waitForRequest(limit, 4_000);
        const later = dense(4, 4_000).window;
        later.slide(4_000 + waitMs - 1);
        expect(later.requests).toBeGreaterThanOrEqual(limit);
        later.slide(4_000 + waitMs);
        expect(later.requests).toBeLessThan(limit);
      }
      expect(window.waitForTokens(48_000, 3, 4_000)).toBe(windowMs - 4_000);
    });

    test('what is corrected or taken back is that of its own entry', () => {
      const { window } = dense(5, 2_000);
      const [first, second, third] = [window.add(2_000, 10), window.add(2_001, 20), window.add(2_002, 40)];
      expect([window.requests, window.tokens]).toEqual([10_003, 30_070]);
      window.correct(second, 5, 2_003);
      expect(window.tokens).toBe(30_055);
      window.remove(second, 2_004);
      window.remove(first, 2_005);
      expect([window.requests, window.tokens]).toEqual([10_001, 30_040]);
      window.remove(third, 2_006);
      expect([window.requests, window.tokens]).toEqual([10_000, 30_000]);
      window.correct(third, 1, windowMs + 3_000);
      window.remove(third, windowMs + 3_000);
      expect([window.requests, window.tokens]).toEqual([0, 0]);
    });
  });

  test('what is taken back at the end is not waited for', () => {
    const window = new SlidingWindow();
    window.add(0, 1);
    const [middle, last] = [window.add(10, 2), window.add(20, 3)];
    window.remove(middle, 30);
    expect(window.resetMs(30)).toBe(windowMs - 10);
    window.remove(last, 30);
    expect([window.size, window.resetMs(30)]).toEqual([1, windowMs - 30]);
  });

  test('in 50,000 random steps it is what a list would be that is counted anew each time', () => {
    const window = new SlidingWindow();
    const draw = seeded(41);
    let list: { atMs: number; tokens: number }[] = [];
    let nowMs = 0;
    for (let step = 0; step < 50_000; step++) {
      nowMs += Math.floor(draw() ** 4 * 800);
      list = list.filter(({ atMs }) => nowMs - atMs < windowMs);
      window.slide(nowMs);
      const tokens = Math.floor(draw() * 100);
      window.add(nowMs, tokens);
      list.push({ atMs: nowMs, tokens });
      if (step % 500 === 0) expect([window.requests, window.tokens]).toEqual([list.length, list.reduce((sum, one) => sum + one.tokens, 0)]);
    }
    expect(list.length).toBeGreaterThan(100);
  });
});
