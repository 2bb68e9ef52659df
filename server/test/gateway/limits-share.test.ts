/** Shares of limits: several instances on one database, each with limits of its own, never above in sum whatever becomes of one of them. */
import { describe, expect, test } from 'vitest';
import type { Limit, LimitSubject } from '../../src/domain/limit.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { isHeldLongEnough } from '../../src/gateway/limits-share.ts';
import type { Ticket } from '../../src/gateway/limits-rates.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { askLeases, lostShares, takeBack, type Holder } from '../../src/storage/limit-leases.ts';
import { onBothEngines } from '../storage/engines.ts';
import { until } from '../support/wait.ts';
import { seeded } from '../vault/parts.ts';
import { benchOf, limitOn, rejectionOf, type Bench } from './limits-bench.ts';

const ids = createIds(systemClock);

interface Instance extends Bench {
  holder: Holder;
  isAway: boolean;
  asks: number;
  spentNanoUsd: number;
  /** What a question waits for before it comes to the database; null where the way is open. */
  gate: Promise<void> | null;
}

function instanceOn(database: Database, instanceId = ids.uuid(), spentNanoUsd = 0): Instance {
  const holder = { instanceId, runId: ids.uuid() };
  const state: Pick<Instance, 'isAway' | 'asks' | 'spentNanoUsd' | 'gate'> = { isAway: false, asks: 0, spentNanoUsd, gate: null };
  const bench = benchOf({
    ask: async (asks) => {
      state.asks++;
      await state.gate;
      return state.isAway ? Promise.reject(new Error('away')) : askLeases(database, holder, asks);
    },
    booked: () => ({ spentNanoUsd: state.spentNanoUsd, appliedSeq: 0 }),
  });
  return Object.assign(state, bench, { holder });
}

const subject = (): LimitSubject => ({ kind: 'user', id: ids.uuid() });
const take = async (instance: Instance, of: LimitSubject): Promise<Ticket | null> => {
  try {
    return await instance.limits.take([instance.table.of(of.kind, of.id)!], 10);
  } catch {
    return null;
  }
};
const reserve = async (instance: Instance, of: LimitSubject, nanoUsd: number) =>
  instance.limits.reserve([instance.table.of(of.kind, of.id)!], nanoUsd, instance.now.ms);
/** Begins a renewal that comes to the database when the answer of this is called; `renewed` is its end. */
function heldRenewal(instance: Instance): { open: () => void; renewed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  instance.gate = promise;
  const before = instance.asks;
  const renewed = instance.limits.renew();
  expect(instance.asks).toBe(before + 1);
  instance.gate = null;
  return { open: resolve, renewed };
}
const setAll = (instances: readonly Instance[], limit: Limit): Limit => {
  for (const instance of instances) instance.set(limit);
  return limit;
};

onBothEngines('shares', (bench) => {
  const fleetOf = async (size: number): Promise<{ database: Database; all: Instance[] }> => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    return { database, all: Array.from({ length: size }, () => instanceOn(database)) };
  };

  test('three instances admit together what the limit allows, and not one more, however unevenly they are asked', async () => {
    const { all } = await fleetOf(3);
    const of = subject();
    setAll(all, limitOn(of, { value: 100 }));
    const tickets = await Promise.all(Array.from({ length: 600 }, (_, n) => take(all[n % 10 === 0 ? 1 : n % 7 === 0 ? 2 : 0]!, of)));
    const admitted = tickets.filter((ticket) => ticket !== null).length;
    expect(admitted).toBeLessThanOrEqual(100);
    expect(admitted).toBeGreaterThanOrEqual(80);
  });

  test('one alone gets all of it, and what it gives back another one gets', async () => {
    const { all } = await fleetOf(2);
    const [first, second] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { value: 50 }));
    for (let count = 0; count < 50; count++) expect(await take(first, of)).not.toBeNull();
    expect(await take(first, of)).toBeNull();
    expect(await take(second, of)).toBeNull();
    // A minute later nothing of it is in the window, and the next round of renewal gives it back.
    first.now.ms += 61_000;
    second.now.ms += 61_000;
    await first.limits.renew();
    for (let count = 0; count < 50; count++) expect(await take(second, of)).not.toBeNull();
    expect(await take(second, of)).toBeNull();
  });

  test('requests at once are shared too, and given back when they end', async () => {
    const { all } = await fleetOf(2);
    const [first, second] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { kind: 'concurrent', value: 10 }));
    const held: Ticket[] = [];
    for (let count = 0; count < 10; count++) held.push((await take(first, of))!);
    expect(held).not.toContain(null);
    expect(await take(second, of)).toBeNull();
    for (const ticket of held.splice(0, 6)) ticket.release();
    first.now.ms += 11_000;
    second.now.ms += 11_000;
    await first.limits.renew();
    let taken = 0;
    while (taken < 20 && (await take(second, of)) !== null) taken++;
    expect(taken).toBe(6);
  });

  test('while the database is away an instance lives on its share, and then says 503', async () => {
    const { all } = await fleetOf(1);
    const [one] = all as [Instance];
    const of = subject();
    one.set(limitOn(of, { value: 100 }));
    expect(await take(one, of)).not.toBeNull();
    one.isAway = true;
    // One for the first request, and a tenth of the limit in reserve.
    for (let count = 0; count < 10; count++) expect(await take(one, of)).not.toBeNull();
    const refused = await rejectionOf(() => one.limits.take([one.table.of('user', of.id)!], 0));
    expect(refused).toMatchObject({ status: 503, code: 'limits_unavailable' });
    // A share that is not renewed ends, whatever is left of it.
    one.isAway = false;
    one.now.ms += 61_000;
    expect(await take(one, of)).not.toBeNull();
    one.isAway = true;
    one.now.ms += 31_000;
    expect((await rejectionOf(() => one.limits.take([one.table.of('user', of.id)!], 0)))?.code).toBe('limits_unavailable');
    one.isAway = false;
    expect(await take(one, of)).not.toBeNull();
  });

  test('money: two instances never spend more than the budget, and the last of it can be spent by whoever asks for it', async () => {
    const { all } = await fleetOf(2);
    const of = subject();
    setAll(all, limitOn(of, { kind: 'money', period: 'total', value: 1_000_000 }));
    const draw = seeded(7);
    let spent = 0;
    const holds: { instance: Instance; hold: Awaited<ReturnType<typeof reserve>> }[] = [];
    for (let step = 0; step < 400; step++) {
      const instance = all[draw() < 0.7 ? 0 : 1]!;
      const nanoUsd = Math.floor(draw() * 20_000);
      const hold = await reserve(instance, of, nanoUsd).catch(() => null);
      if (hold) holds.push({ instance, hold });
      if (holds.length > 0 && draw() < 0.6) {
        const one = holds.shift()!;
        const cost = Math.floor(one.hold.nanoUsd * draw());
        one.instance.limits.settle(one.hold, [of], one.instance.now.ms, cost, Infinity);
        spent += cost;
      }
      expect(spent + holds.reduce((sum, { hold: { nanoUsd: aside } }) => sum + aside, 0)).toBeLessThanOrEqual(1_000_000);
      for (const one of all) one.now.ms += 500;
      if (step % 20 === 0) await all[step % 40 === 0 ? 0 : 1]!.limits.renew();
    }
    for (const { instance, hold } of holds) instance.limits.settle(hold, [of], instance.now.ms, hold.nanoUsd, Infinity);
    spent += holds.reduce((sum, { hold }) => sum + hold.nanoUsd, 0);
    expect(spent).toBeGreaterThan(500_000);
    // Both at rest give back what they hold in reserve.
    for (const one of all) one.now.ms += 11_000;
    for (const one of all) await one.limits.renew();
    const rest = 1_000_000 - spent;
    expect(await rejectionOf(() => reserve(all[1]!, of, rest + 1))).toMatchObject({ code: 'budget_exceeded' });
    await reserve(all[1]!, of, rest);
  });

  test('money of an instance that died stays its own until it comes back, and then only what it spent', async () => {
    const { database, all } = await fleetOf(2);
    const [dying, living] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { kind: 'money', period: 'total', value: 1_000 }));
    dying.limits.settle(await reserve(dying, of, 600), [of], dying.now.ms, 300, Infinity);
    // It had leased a reserve of a twentieth beside what it asked for.
    expect(await rejectionOf(() => reserve(living, of, 351))).toMatchObject({ code: 'budget_exceeded' });
    living.now.ms += 200;
    await reserve(living, of, 350);
    const back = instanceOn(database, dying.holder.instanceId, 300);
    back.set(limitOn(of, { kind: 'money', period: 'total', value: 1_000 }));
    await reserve(back, of, 10);
    living.now.ms += 200;
    // What it now says that it holds is what it spent, what it has under way, and a reserve.
    await reserve(living, of, 1_000 - 300 - 10 - 50 - 350);
  });

  test('what an instance spent counts for as long as the budget does, however long nobody heard of it', async () => {
    const { database, all } = await fleetOf(2);
    const [dead, living] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { kind: 'money', period: 'total', value: 1_000 }));
    dead.limits.settle(await reserve(dead, of, 900), [of], dead.now.ms, 900, Infinity);
    living.limits.settle(await reserve(living, of, 10), [of], living.now.ms, 10, Infinity);
    const refused = async (nanoUsd: number): Promise<void> => {
      living.now.ms += 200;
      expect(await rejectionOf(() => reserve(living, of, nanoUsd))).toMatchObject({ code: 'budget_exceeded' });
    };
    await refused(500);
    await database.driver.write([
      { sql: 'UPDATE limit_leases SET expires_at = 1 WHERE instance_id = $1', params: [dead.holder.instanceId] },
    ]);
    await refused(500);
    // Of the reserve that it had leased nothing is free before the books have said what it spent.
    await refused(41);
    const [lost] = await lostShares(database);
    expect(lost).toMatchObject({ subject: of, instanceId: dead.holder.instanceId });
    await takeBack(database, lost!, 900);
    await refused(91);
    living.now.ms += 200;
    await reserve(living, of, 90);
  });

  test('money: what does not fit in the share while it is renewed is asked for when that is over', async () => {
    const { all } = await fleetOf(1);
    const [one] = all as [Instance];
    const of = subject();
    one.set(limitOn(of, { kind: 'money', period: 'total', value: 1_000_000 }));
    one.limits.settle(await reserve(one, of, 20_000), [of], one.now.ms, 10_000, Infinity);
    const { open, renewed } = heldRenewal(one);
    const before = one.asks;
    const waiting = [300_000, 400_000, 290_000].map((nanoUsd) => reserve(one, of, nanoUsd));
    const over = rejectionOf(() => reserve(one, of, 990_001));
    open();
    expect((await Promise.all(waiting)).map(({ nanoUsd }) => nanoUsd)).toEqual([300_000, 400_000, 290_000]);
    // Nothing is left, and all of them together were one question.
    expect(await over).toMatchObject({ code: 'budget_exceeded' });
    expect(one.asks).toBe(before + 1);
    await renewed;
    expect(await rejectionOf(() => reserve(one, of, 1))).toMatchObject({ code: 'budget_exceeded' });
  });

  test.each([
    ['tokens', { kind: 'tokens', value: 10_000 }, 3_000],
    ['requests at once', { kind: 'concurrent', value: 100 }, 0],
  ] as const)('%s: so is what does not fit in the share of a rate', async (_name, part, tokens) => {
    const { all } = await fleetOf(1);
    const [one] = all as [Instance];
    const of = subject();
    one.set(limitOn(of, part));
    const ask = async (): Promise<Ticket> => one.limits.take([one.table.of('user', of.id)!], tokens);
    const first = await ask();
    // A larger share than one request and the reserve need, so that the next round gives some of it back.
    const more = await Promise.all([ask(), ask()]);
    for (const ticket of [first, ...more]) ticket.release();
    const { open, renewed } = heldRenewal(one);
    const held = Array.from({ length: part.kind === 'tokens' ? 3 : 50 }, ask);
    open();
    const ended = await Promise.allSettled(held);
    expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
    await renewed;
  });

  test('a renewal that gets no answer is no word of a limit: whoever waited for it is told 503', async () => {
    const { all } = await fleetOf(1);
    const [one] = all as [Instance];
    const of = subject();
    one.set(limitOn(of, { kind: 'money', period: 'total', value: 1_000_000 }));
    one.limits.settle(await reserve(one, of, 20_000), [of], one.now.ms, 10_000, Infinity);
    const { open, renewed } = heldRenewal(one);
    one.isAway = true;
    const before = one.asks;
    const refused = rejectionOf(() => reserve(one, of, 300_000));
    open();
    expect(await refused).toMatchObject({ status: 503, code: 'limits_unavailable' });
    expect(one.asks).toBe(before);
    await renewed;
  });

  test('closing while somebody waits for a renewal asks for nothing more', async () => {
    const { all } = await fleetOf(2);
    const [one, other] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { kind: 'money', period: 'total', value: 1_000 }));
    one.limits.settle(await reserve(one, of, 200), [of], one.now.ms, 100, Infinity);
    const { open } = heldRenewal(one);
    const refused = rejectionOf(() => reserve(one, of, 500));
    const closed = one.limits.close();
    open();
    await closed;
    expect(await refused).toMatchObject({ code: 'limits_unavailable' });
    await reserve(other, of, 900);
  });

  test('closing while somebody asks for more gives that back too', async () => {
    const { all } = await fleetOf(2);
    const [one, other] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { kind: 'money', period: 'total', value: 1_000 }));
    one.limits.settle(await reserve(one, of, 200), [of], one.now.ms, 100, Infinity);
    const { promise, resolve } = Promise.withResolvers<void>();
    one.gate = promise;
    const asked = one.asks;
    const refused = rejectionOf(() => reserve(one, of, 500));
    await until(() => one.asks > asked, 'the larger share is asked for');
    one.gate = null;
    const closed = one.limits.close();
    resolve();
    await closed;
    expect(await refused).toMatchObject({ code: 'limits_unavailable' });
    await reserve(other, of, 900);
  });

  test('the first request of an instance gets its share of every limit there can be', async () => {
    const { all } = await fleetOf(1);
    const [one] = all as [Instance];
    const subjects = (['access-key', 'user', 'workspace', 'connection', 'group'] as const).map((kind) => ({ kind, id: ids.uuid() }));
    for (const of of subjects) {
      for (const period of ['day', 'month', 'total'] as const) one.set(limitOn(of, { kind: 'money', period, value: 1_000_000 }));
      for (const kind of ['requests', 'tokens', 'concurrent'] as const) one.set(limitOn(of, { kind, value: 1_000 }));
    }
    const limits = subjects.map(({ kind, id }) => one.table.of(kind, id)!);
    expect((await one.limits.reserve(limits, 100, one.now.ms)).accounts).toHaveLength(15);
    (await one.limits.take(limits, 10)).release();
  });

  test('a limit that only counts sees what all instances use', async () => {
    const { all } = await fleetOf(2);
    const [first, second] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { value: 10, isShadow: true }));
    for (let count = 0; count < 8; count++) await take(first, of);
    await first.limits.renew();
    await take(second, of);
    await second.limits.renew();
    for (let count = 0; count < 3; count++) await take(second, of);
    expect(second.said.map(({ event, used }) => [event, used])).toEqual([
      ['shadow', 11],
      ['shadow', 12],
    ]);
  });

  test('closing gives everything back, and asks for nothing after', async () => {
    const { all } = await fleetOf(2);
    const [first, second] = all as [Instance, Instance];
    const of = subject();
    setAll(all, limitOn(of, { kind: 'money', period: 'day', value: 1_000 }));
    first.limits.settle(await reserve(first, of, 500), [of], first.now.ms, 100, Infinity);
    await first.limits.close();
    await reserve(second, of, 900);
    expect(await rejectionOf(() => reserve(first, of, 50))).toMatchObject({ code: 'limits_unavailable' });
  });

  test('many that wait are one question, and nobody asks again at once where there was nothing', async () => {
    const { all } = await fleetOf(1);
    const [one] = all as [Instance];
    const of = subject();
    one.set(limitOn(of, { value: 1_000 }));
    const got = await Promise.all(Array.from({ length: 500 }, () => take(one, of)));
    expect(got.every((ticket) => ticket !== null)).toBe(true);
    expect(one.asks).toBeLessThanOrEqual(3);
  });

  test('what nobody uses any more is given back and forgotten', async () => {
    const { all } = await fleetOf(2);
    const [first, second] = all as [Instance, Instance];
    const [rate, money] = [subject(), subject()];
    setAll(all, limitOn(rate, { value: 10 }));
    setAll(all, limitOn(money, { kind: 'money', value: 1_000 }));
    (await take(first, rate))!.release();
    first.limits.settle(await reserve(first, money, 900), [money], first.now.ms, 0, Infinity);
    first.now.ms += 11 * 60_000;
    first.limits.sweep();
    // It is held until the database knows that it is given back.
    expect(first.limits.size()).toBe(2);
    await first.limits.renew();
    first.limits.sweep();
    expect(first.limits.size()).toBe(0);
    await reserve(second, money, 1_000);
  });
});

describe('a dead instance', () => {
  test('is counted for as long as it could use its share, and for the minute after', () => {
    expect(isHeldLongEnough).toBe(true);
  });
});
