/** Budgets: what is spent and set aside together never exceeds one, whatever the books, the clock and the order of things do. */
import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import type { Hold } from '../../src/gateway/limits-money.ts';
import type { Meter } from '../../src/gateway/limits-share.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { seeded } from '../vault/parts.ts';
import { benchOf, keyWith, limitOn, refusalOf, rejectionOf, type Bench, type BenchOptions } from './limits-bench.ts';

const budgeted = (budgetNanoUsd: number): AccessKey => keyWith({ budgetNanoUsd });
const codeOf = (run: () => unknown): string | null => refusalOf(run)?.code ?? null;
const dayMs = 86_400_000;

async function known(key: AccessKey, options: BenchOptions = {}): Promise<Bench> {
  const bench = benchOf(options);
  await bench.know(key);
  return bench;
}

describe('one budget', () => {
  test('1,000 reservations at the same moment never overrun the budget by a nano-dollar', async () => {
    const key = budgeted(1_000_000);
    const bench = await known(key);
    const reserved = Array.from({ length: 1_000 }, () => codeOf(() => bench.reserve(key, 30_001)) === null).filter(Boolean).length;
    expect(reserved).toBe(Math.floor(1_000_000 / 30_001));
  });

  test('what was reserved and not spent can be spent by others', async () => {
    const key = budgeted(100);
    const bench = await known(key);
    const hold = bench.reserve(key, 100);
    expect(refusalOf(() => bench.reserve(key, 1))).toMatchObject({
      status: 402,
      code: 'budget_exceeded',
      message: 'The budget of 0.0000001 US dollars of this access key is used up.',
      limit: { name: 'access-key.money.total', id: null, subject: { kind: 'access-key', id: key.id }, value: '0.0000001' },
    });
    bench.settle(key, hold, 40);
    bench.reserve(key, 60);
    expect(codeOf(() => bench.reserve(key, 1))).toBe('budget_exceeded');
  });

  test('the last nano-dollar may be reserved, one more may not', async () => {
    const key = budgeted(10);
    const bench = await known(key);
    expect(codeOf(() => bench.reserve(key, 11))).toBe('budget_exceeded');
    expect(codeOf(() => bench.reserve(key, 10))).toBeNull();
  });

  test('a budget that is raised can be used at once', async () => {
    const key = budgeted(10);
    const bench = await known(key);
    bench.reserve(key, 10);
    expect(codeOf(() => bench.reserve({ ...key, budgetNanoUsd: 20 }, 10))).toBeNull();
  });

  test('in 20,000 random steps, spent and reserved together never exceed the budget', async () => {
    const draw = seeded(3);
    const key = budgeted(10_000_000);
    const bench = await known(key);
    const open: Hold[] = [];
    let spent = 0;
    let refused = 0;
    for (let step = 0; step < 20_000; step++) {
      const amount = Math.floor(draw() * 50_000);
      if (draw() < 0.55) {
        if (codeOf(() => open.push(bench.reserve(key, amount))) !== null) refused++;
      } else if (open.length > 0) {
        const hold = open.splice(Math.floor(draw() * open.length), 1)[0]!;
        const cost = Math.floor(draw() * (hold.nanoUsd + 1) * 0.1);
        bench.settle(key, hold, cost);
        spent += cost;
      }
      expect(spent + open.reduce((sum, one) => sum + one.nanoUsd, 0)).toBeLessThanOrEqual(10_000_000);
    }
    expect(spent).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(100);
  });

  test('a key without a budget reserves nothing and is never refused', () => {
    const bench = benchOf();
    const key = keyWith({});
    expect(codeOf(() => bench.reserve(key, Number.MAX_SAFE_INTEGER))).toBeNull();
    expect(bench.limits.isUnspent()).toBe(true);
  });
});

describe('the books', () => {
  test('what they say was spent counts before the first request is served, which waits for them', async () => {
    const key = budgeted(100);
    const bench = benchOf({ booked: () => ({ spentNanoUsd: 95, appliedSeq: 7 }) });
    const waiting = bench.limits.reserve([bench.table.ofKey(key)!], 5, 0);
    expect(waiting).toBeInstanceOf(Promise);
    bench.settle(key, await waiting, 0);
    expect(codeOf(() => bench.reserve(key, 6))).toBe('budget_exceeded');
    expect(codeOf(() => bench.reserve(key, 5))).toBeNull();
  });

  test('a hundred requests that wait for the same books are counted one after the other', async () => {
    const key = budgeted(100);
    let read = 0;
    const bench = benchOf({
      booked: async () => {
        read++;
        await new Promise((resolve) => setImmediate(resolve));
        return { spentNanoUsd: 40, appliedSeq: 0 };
      },
    });
    const limits = bench.table.ofKey(key)!;
    const refusals = await Promise.all(
      Array.from({ length: 100 }, () => rejectionOf(() => bench.limits.reserve([limits], 7, bench.now.ms))),
    );
    expect(refusals.filter((refusal) => refusal === null)).toHaveLength(8);
    expect(refusals.filter((refusal) => refusal?.code === 'budget_exceeded')).toHaveLength(92);
    expect(read).toBe(1);
  });

  test('what is settled while they are read counts exactly once, whether they have it already or not', async () => {
    const key = budgeted(1_000);
    let answer: (booked: { spentNanoUsd: number; appliedSeq: number }) => void = () => undefined;
    const bench = benchOf({ booked: () => new Promise((resolve) => (answer = resolve)) });
    const waiting = bench.know(key);
    // Begun before there was a budget, so nothing was set aside for them; the first is in the books by then, the others are not.
    bench.settle(key, null, 10, 5);
    bench.settle(key, null, 20, 6);
    bench.settle(key, null, 30, Infinity);
    answer({ spentNanoUsd: 100, appliedSeq: 5 });
    await waiting;
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', bench.now.ms)).toBe(150);
    expect(codeOf(() => bench.reserve(key, 851))).toBe('budget_exceeded');
    expect(codeOf(() => bench.reserve(key, 850))).toBeNull();
  });

  test('a settlement of a request that began before the budget counts', async () => {
    const key = keyWith({});
    const bench = benchOf();
    const rich = { ...key, budgetNanoUsd: 100 };
    await bench.know(rich);
    bench.settle(key, null, 90);
    expect(codeOf(() => bench.reserve(rich, 11))).toBe('budget_exceeded');
    expect(codeOf(() => bench.reserve(rich, 10))).toBeNull();
  });

  test('503 where they cannot be read, and not a nano-dollar is served; the next request asks again', async () => {
    const key = budgeted(100);
    let isAway = true;
    const bench = benchOf({
      booked: () => {
        if (isAway) throw new Error('away');
        return { spentNanoUsd: 0, appliedSeq: 0 };
      },
    });
    const limits = bench.table.ofKey(key)!;
    expect(await rejectionOf(() => bench.limits.reserve([limits], 1, 0))).toMatchObject({
      status: 503,
      code: 'limits_unavailable',
      shouldRetry: true,
    });
    isAway = false;
    expect(await rejectionOf(() => bench.limits.reserve([limits], 1, 0))).toBeNull();
  });

  test('503 where they do not answer in time', async () => {
    const key = budgeted(100);
    const bench = benchOf({
      booked: () => new Promise(() => undefined),
      // The longest wait is over at once.
      clock: { after: (_delayMs, run) => systemClock.after(0, run) },
    });
    expect((await rejectionOf(() => bench.limits.reserve([bench.table.ofKey(key)!], 1, 0)))?.code).toBe('limits_unavailable');
  });

  test('what no journal took counts beside them for as long as the process lives: when they are read anew, forgotten, or asked first', async () => {
    const [key, late] = [keyWith({ budgetNanoUsd: 1_000 }), keyWith({ budgetNanoUsd: 1_000 })];
    const bench = benchOf({ booked: () => ({ spentNanoUsd: 100, appliedSeq: 9 }) });
    const usedBy = ({ id }: AccessKey): unknown => bench.limits.usedOf({ kind: 'access-key', id }, 'money', 'total', bench.now.ms);
    // Before anybody asked for its account, and before a day and a month had one.
    bench.settle(late, null, 7);
    await bench.know(key);
    bench.settle(key, bench.reserve(key, 50), 50);
    bench.settle(key, bench.reserve(key, 30), 20, 10);
    expect(usedBy(key)).toBe(170);
    bench.limits.reread();
    await bench.know(key);
    expect(usedBy(key)).toBe(150);
    bench.now.ms += 10 * 60_000;
    bench.limits.sweep();
    expect([bench.limits.size(), usedBy(key)]).toEqual([0, undefined]);
    await bench.know(key);
    await bench.know(late);
    expect([usedBy(key), usedBy(late)]).toEqual([150, 107]);
    expect(codeOf(() => bench.reserve(key, 851))).toBe('budget_exceeded');
    expect(codeOf(() => bench.reserve(key, 850))).toBeNull();
    bench.now.ms += 2 * dayMs;
    const day = limitOn({ kind: 'access-key', id: key.id }, { kind: 'money', period: 'day', value: 500 });
    bench.set(day);
    await bench.know(key);
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'day', bench.now.ms)).toBe(100);
  });

  test('books that were changed are read again, and what is under way stays set aside', async () => {
    const key = budgeted(1_000);
    let spentNanoUsd = 100;
    const bench = await known(key, { booked: () => ({ spentNanoUsd, appliedSeq: 3 }) });
    const hold = bench.reserve(key, 50);
    spentNanoUsd = 400;
    bench.limits.reread();
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0)).toBeUndefined();
    bench.settle(key, hold, 20, 4);
    await bench.know(key);
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0)).toBe(420);
  });
});

describe('days and months', () => {
  const at = (text: string): number => Date.parse(text);
  const subject = (key: AccessKey) => ({ kind: 'access-key' as const, id: key.id });

  test('a new day begins with nothing spent, and the month goes on', async () => {
    const key = keyWith({});
    const bench = benchOf();
    bench.set(limitOn(subject(key), { kind: 'money', period: 'day', value: 100 }));
    bench.set(limitOn(subject(key), { kind: 'money', period: 'month', value: 150 }));
    bench.now.ms = at('2026-11-20T23:59:59.999Z');
    await bench.know(key);
    bench.settle(key, bench.reserve(key, 100), 100);
    expect(refusalOf(() => bench.reserve(key, 1))?.limit?.name).toBe('access-key.money.day');
    bench.now.ms += 1;
    await bench.know(key);
    bench.reserve(key, 50);
    const refusal = refusalOf(() => bench.reserve(key, 1));
    expect(refusal?.limit?.name).toBe('access-key.money.month');
    expect(refusal?.message).toBe('The budget of 0.00000015 US dollars a month of this access key is used up.');
  });

  test('an attempt that outlasts midnight is paid by the day that it began in', async () => {
    const key = keyWith({});
    const bench = benchOf();
    bench.set(limitOn(subject(key), { kind: 'money', period: 'day', value: 100 }));
    bench.now.ms = at('2026-11-20T23:59:00Z');
    await bench.know(key);
    const began = bench.now.ms;
    const hold = bench.reserve(key, 80);
    bench.now.ms = at('2026-11-21T00:01:00Z');
    await bench.know(key);
    bench.limits.settle(hold, [subject(key)], began, 80, Infinity);
    expect(bench.limits.usedOf(subject(key), 'money', 'day', began)).toBe(80);
    expect(bench.limits.usedOf(subject(key), 'money', 'day', bench.now.ms)).toBe(0);
    expect(codeOf(() => bench.reserve(key, 100))).toBeNull();
  });

  test("a day is the zone's: it begins where the zone's calendar begins it", async () => {
    const key = keyWith({});
    const asked: Meter[] = [];
    const bench = benchOf({
      timeZone: 'Asia/Jakarta',
      booked: (meter) => {
        asked.push(meter);
        return { spentNanoUsd: 0, appliedSeq: 0 };
      },
    });
    bench.set(limitOn(subject(key), { kind: 'money', period: 'day', value: 100 }));
    bench.set(limitOn(subject(key), { kind: 'money', period: 'month', value: 100 }));
    bench.now.ms = at('2026-11-30T17:30:00Z');
    await bench.know(key);
    expect(asked.map(({ period, fromMs }) => [period, new Date(fromMs).toISOString()])).toEqual([
      ['day', '2026-11-30T17:00:00.000Z'],
      ['month', '2026-11-30T17:00:00.000Z'],
    ]);
  });

  test('another zone means other days, which are read from the books', async () => {
    const key = keyWith({});
    const bench = benchOf({ booked: ({ fromMs }) => ({ spentNanoUsd: fromMs % dayMs === 0 ? 90 : 10, appliedSeq: 0 }) });
    bench.set(limitOn(subject(key), { kind: 'money', period: 'day', value: 100 }));
    bench.now.ms = at('2026-11-20T12:00:00Z');
    await bench.know(key);
    expect(codeOf(() => bench.reserve(key, 11))).toBe('budget_exceeded');
    bench.table.timeZone = 'Asia/Jakarta';
    await bench.know(key);
    expect(codeOf(() => bench.reserve(key, 90))).toBeNull();
  });

  test('over a random year with a virtual clock no day and no month ever spends more than it may', async () => {
    const draw = seeded(29);
    const key = keyWith({});
    const bench = benchOf({ timeZone: 'Europe/Berlin' });
    bench.set(limitOn(subject(key), { kind: 'money', period: 'day', value: 1_000 }));
    bench.set(limitOn(subject(key), { kind: 'money', period: 'month', value: 12_000 }));
    bench.now.ms = at('2026-01-01T00:00:00Z');
    const spent = { day: new Map<string, number>(), month: new Map<string, number>() };
    let refused = 0;
    for (let step = 0; step < 4_000; step++) {
      bench.now.ms += Math.floor(draw() * 4 * 3_600_000);
      const date = Temporal.Instant.fromEpochMilliseconds(bench.now.ms).toZonedDateTimeISO('Europe/Berlin').toPlainDate();
      await bench.know(key).catch(() => undefined);
      const nanoUsd = Math.floor(draw() * 400);
      if (codeOf(() => bench.settle(key, bench.reserve(key, nanoUsd), nanoUsd)) !== null) {
        refused++;
        continue;
      }
      spent.day.set(date.toString(), (spent.day.get(date.toString()) ?? 0) + nanoUsd);
      spent.month.set(date.toPlainYearMonth().toString(), (spent.month.get(date.toPlainYearMonth().toString()) ?? 0) + nanoUsd);
    }
    expect(Math.max(...spent.day.values())).toBeLessThanOrEqual(1_000);
    expect(Math.max(...spent.month.values())).toBeLessThanOrEqual(12_000);
    expect(spent.month.size).toBeGreaterThan(8);
    expect(refused).toBeGreaterThan(100);
  });
});

describe('many budgets', () => {
  const subjects = [
    { kind: 'access-key', id: 'a' },
    { kind: 'user', id: 'b' },
    { kind: 'workspace', id: 'c' },
    { kind: 'connection', id: 'd' },
    { kind: 'group', id: 'e' },
  ] as const;

  test('all five subjects are reserved together or not at all: the one that is empty leaves the others as they were', async () => {
    const bench = benchOf();
    for (const [index, subject] of subjects.entries()) bench.set(limitOn(subject, { kind: 'money', value: 100 * (5 - index) }));
    const all = subjects.map(({ kind, id }) => bench.table.of(kind, id)!);
    bench.limits.settle(await bench.limits.reserve(all, 0, 0), [], 0, 0, Infinity);
    const hold = bench.limits.reserve(all, 100, 0) as Hold;
    expect(hold.accounts).toHaveLength(5);
    expect(refusalOf(() => bench.limits.reserve(all, 1, 0))?.limit?.name).toBe('group.money.total');
    for (const { kind, id } of subjects) expect(bench.limits.usedOf({ kind, id }, 'money', 'total', 0)).toBe(100);
    bench.limits.settle(hold, [...subjects], 0, 30, Infinity);
    for (const { kind, id } of subjects) expect(bench.limits.usedOf({ kind, id }, 'money', 'total', 0)).toBe(30);
  });

  test('a shadow budget counts, says so, and refuses nobody', async () => {
    const bench = benchOf();
    const key = keyWith({});
    const shadow = bench.set(limitOn({ kind: 'access-key', id: key.id }, { kind: 'money', value: 100, isShadow: true, softPercent: 50 }));
    await bench.know(key);
    for (let count = 0; count < 5; count++) bench.settle(key, bench.reserve(key, 40), 40);
    expect(bench.limits.usedOf(shadow.subject, 'money', 'total', 0)).toBe(200);
    expect(bench.said.map(({ event, used }) => [event, used])).toEqual([
      ['soft', 80],
      ['shadow', 120],
      ['shadow', 160],
      ['shadow', 200],
    ]);
  });

  test('a refusal is told', async () => {
    const key = budgeted(10);
    const bench = await known(key);
    expect(codeOf(() => bench.reserve(key, 11))).toBe('budget_exceeded');
    expect(bench.said).toMatchObject([{ event: 'refused', limit: { kind: 'money' } }]);
  });
});

describe('memory', () => {
  test('a budget that nobody used for ten minutes is forgotten and read again; one with money set aside stays', async () => {
    const [idle, busy] = [budgeted(100), budgeted(100)];
    const bench = benchOf({ booked: () => ({ spentNanoUsd: 60, appliedSeq: 0 }) });
    await bench.know(idle);
    await bench.know(busy);
    const hold = bench.reserve(busy, 10);
    expect(bench.limits.size()).toBe(2);
    bench.now.ms += 10 * 60_000 - 1;
    bench.limits.sweep();
    expect(bench.limits.size()).toBe(2);
    bench.now.ms += 1;
    bench.limits.sweep();
    expect(bench.limits.size()).toBe(1);
    bench.settle(busy, hold, 10);
    bench.limits.sweep();
    expect(bench.limits.size()).toBe(0);
    await bench.know(idle);
    expect(codeOf(() => bench.reserve(idle, 41))).toBe('budget_exceeded');
  });
});
