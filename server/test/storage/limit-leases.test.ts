/** Shares of limits on both engines: whoever asks, in whatever order, their sum is never above the limit. */
import { expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import {
  askLeases,
  leasedUseOf,
  lostShares,
  noteSpentOfOthers,
  sweepLeases,
  takeBack,
  type Holder,
  type LeaseAsk,
} from '../../src/storage/limit-leases.ts';
import { seeded } from '../vault/parts.ts';
import { onBothEngines } from './engines.ts';

const ids = createIds(systemClock);
const holderOf = (instanceId = ids.uuid()): Holder => ({ instanceId, runId: ids.uuid() });
const askOf = (part: Partial<LeaseAsk>): LeaseAsk => ({
  subject: { kind: 'user', id: ids.uuid() },
  kind: 'requests',
  period: 'minute',
  fromMs: 0,
  limit: 100,
  used: 0,
  wanted: 10,
  ...part,
});

async function expire(database: Database): Promise<void> {
  await database.driver.write([{ sql: 'UPDATE limit_leases SET expires_at = 1', params: [] }]);
}

onBothEngines('shares of limits', (bench) => {
  const open = async (): Promise<Database> => createDatabase(await bench.open({ isMigrated: true }));

  test('a share is what is wanted as long as there is as much, and then the rest', async () => {
    const database = await open();
    const ask = askOf({ wanted: 60 });
    const [a, b, c] = [holderOf(), holderOf(), holderOf()];
    expect(await askLeases(database, a, [ask])).toEqual([{ share: 60, othersShare: 0, othersUsed: 0 }]);
    expect(await askLeases(database, b, [{ ...ask, used: 5 }])).toEqual([{ share: 40, othersShare: 60, othersUsed: 0 }]);
    expect(await askLeases(database, c, [ask])).toEqual([{ share: 0, othersShare: 100, othersUsed: 5 }]);
    // What one returns another one gets.
    expect(await askLeases(database, a, [{ ...ask, used: 3, wanted: 20 }])).toMatchObject([{ share: 20 }]);
    expect(await askLeases(database, c, [ask])).toMatchObject([{ share: 40, othersUsed: 8 }]);
    expect(await leasedUseOf(database, ask, c)).toBe(8);
  });

  test('what is in use is kept, also where a limit was lowered below it', async () => {
    const database = await open();
    const ask = askOf({ wanted: 50, used: 50 });
    const [a, b] = [holderOf(), holderOf()];
    await askLeases(database, a, [ask]);
    expect(await askLeases(database, a, [{ ...ask, limit: 10, wanted: 60 }])).toMatchObject([{ share: 50 }]);
    expect(await askLeases(database, b, [{ ...ask, limit: 10, used: 0, wanted: 5 }])).toMatchObject([{ share: 0 }]);
    // Use that nobody limits is noted, for those who only look.
    expect(await askLeases(database, b, [{ ...ask, limit: null, used: 7, wanted: 7 }])).toMatchObject([{ share: 7, othersUsed: 50 }]);
  });

  test('a dead run’s share of a rate comes back when it is over, and not before', async () => {
    const database = await open();
    const ask = askOf({ wanted: 100 });
    const [dead, living] = [holderOf(), holderOf()];
    await askLeases(database, dead, [ask]);
    expect(await askLeases(database, living, [ask])).toMatchObject([{ share: 0 }]);
    await expire(database);
    expect(await askLeases(database, living, [ask])).toMatchObject([{ share: 100, othersShare: 0 }]);
  });

  test('a new run of an instance waits for the old one’s rates, and takes its requests under way over at once', async () => {
    const database = await open();
    const [rate, flight] = [askOf({ wanted: 100 }), askOf({ kind: 'concurrent', period: 'none', wanted: 100 })];
    const before = holderOf();
    const after = holderOf(before.instanceId);
    await askLeases(database, before, [rate, flight]);
    expect(await askLeases(database, after, [rate, flight])).toMatchObject([{ share: 0 }, { share: 100 }]);
  });

  test('money belongs to the instance, outlives its runs, and is not let go because time passes', async () => {
    const database = await open();
    const ask = askOf({ kind: 'money', period: 'total', limit: 1_000, wanted: 600 });
    const before = holderOf();
    const other = holderOf();
    await askLeases(database, before, [ask]);
    await sweepLeases(database, 0);
    expect(await askLeases(database, other, [{ ...ask, wanted: 900 }])).toMatchObject([{ share: 400 }]);
    // The next run knows from its books what was spent, and says so.
    const after = holderOf(before.instanceId);
    expect(await askLeases(database, after, [{ ...ask, used: 100, wanted: 150 }])).toMatchObject([{ share: 150, othersShare: 400 }]);
    expect(await askLeases(database, other, [{ ...ask, wanted: 900 }])).toMatchObject([{ share: 850 }]);
  });

  test('money of an instance that nobody heard of for long stays counted, whoever asks, and is never swept away', async () => {
    const database = await open();
    const ask = askOf({ kind: 'money', period: 'total', limit: 1_000, wanted: 1_000 });
    const [leasing, noted, living, late] = [holderOf(), holderOf(), holderOf(), holderOf()];
    await askLeases(database, leasing, [{ ...ask, used: 300, wanted: 400 }]);
    await noteSpentOfOthers(database, ask, [{ instanceId: noted.instanceId, nanoUsd: 500 }]);
    await expire(database);
    expect(await askLeases(database, living, [ask])).toEqual([{ share: 100, othersShare: 900, othersUsed: 800 }]);
    await expire(database);
    await sweepLeases(database, Date.now() + 1_000_000);
    expect(await askLeases(database, late, [ask])).toMatchObject([{ share: 0, othersShare: 1_000 }]);
    // Whoever asks is not lost, and the books have the last word of the others.
    const lost = await lostShares(database);
    expect(lost.map(({ instanceId }) => instanceId).toSorted()).toEqual(
      [leasing, noted, living].map(({ instanceId }) => instanceId).toSorted(),
    );
    for (const one of lost) await takeBack(database, one, one.instanceId === living.instanceId ? 0 : 350);
    expect(await askLeases(database, late, [ask])).toMatchObject([{ share: 300, othersShare: 700 }]);
  });

  test('what the books say of others is noted once, and never over what they say themselves', async () => {
    const database = await open();
    const ask = askOf({ kind: 'money', period: 'month', fromMs: 1_000, limit: 1_000, wanted: 1_000 });
    const [talking, silent, me] = [holderOf(), holderOf(), holderOf()];
    await askLeases(database, talking, [{ ...ask, used: 300, wanted: 300 }]);
    const others = [
      { instanceId: talking.instanceId, nanoUsd: 999 },
      { instanceId: silent.instanceId, nanoUsd: 200 },
      { instanceId: ids.uuid(), nanoUsd: 0 },
    ];
    await noteSpentOfOthers(database, ask, others);
    await noteSpentOfOthers(database, ask, others);
    await noteSpentOfOthers(database, ask, []);
    expect(await askLeases(database, me, [ask])).toMatchObject([{ share: 500, othersShare: 500 }]);
  });

  test('meters, kinds, periods and subjects do not share', async () => {
    const database = await open();
    const base = askOf({ kind: 'money', period: 'day', fromMs: 5, limit: 10, wanted: 10 });
    const asks = [
      base,
      { ...base, fromMs: 6 },
      { ...base, period: 'month' as const },
      { ...base, subject: { kind: 'workspace' as const, id: base.subject.id } },
    ];
    expect((await askLeases(database, holderOf(), asks)).map(({ share }) => share)).toEqual([10, 10, 10, 10]);
  });

  test('money and rates that are asked for together are answered each for itself, in the order of the asks', async () => {
    const database = await open();
    const kinds = [
      { kind: 'money', period: 'day' },
      {},
      { kind: 'concurrent', period: 'none' },
      { kind: 'money', period: 'total' },
    ] as const;
    const asks = kinds.map((part, at) => askOf({ ...part, used: at + 1, wanted: 10 * (at + 1) }));
    await askLeases(database, holderOf(), asks);
    expect(await askLeases(database, holderOf(), asks.toReversed())).toEqual([
      { share: 40, othersShare: 40, othersUsed: 4 },
      { share: 30, othersShare: 30, othersUsed: 3 },
      { share: 20, othersShare: 20, othersUsed: 2 },
      { share: 10, othersShare: 10, othersUsed: 1 },
    ]);
  });

  test('eight instances that ask at the same time for many meters get the limits and no more, and nobody waits in a circle', async () => {
    const database = await open();
    const draw = seeded(31);
    const meters = Array.from({ length: 6 }, () => askOf({ limit: 100 }));
    const holders = Array.from({ length: 8 }, () => holderOf());
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        holders.map((holder) => {
          const asks = meters.toSorted(() => draw() - 0.5).map((ask) => ({ ...ask, used: 0, wanted: Math.floor(draw() * 40) }));
          return askLeases(database, holder, asks);
        }),
      );
      const sums = await database.driver.rows<{ share: number }>({
        sql: 'SELECT CAST(SUM(share) AS BIGINT) AS share FROM limit_leases GROUP BY subject_id',
        params: [],
      });
      expect(sums).toHaveLength(6);
      for (const { share } of sums) expect(share).toBeLessThanOrEqual(100);
    }
  });

  test('what a lost instance leased is taken back but for what the books know it spent', async () => {
    const database = await open();
    const ask = askOf({ kind: 'money', period: 'total', limit: 1_000, wanted: 700 });
    const [lost, living] = [holderOf(), holderOf()];
    await askLeases(database, lost, [{ ...ask, used: 200 }]);
    expect(await lostShares(database)).toEqual([]);
    await database.driver.write([{ sql: 'UPDATE limit_leases SET expires_at = 1 WHERE holder = $1', params: [lost.instanceId] }]);
    const [found] = await lostShares(database);
    expect(found).toEqual({ subject: ask.subject, kind: 'money', period: 'total', fromMs: 0, instanceId: lost.instanceId });
    await takeBack(database, found!, 250);
    expect(await askLeases(database, living, [{ ...ask, wanted: 1_000 }])).toMatchObject([{ share: 750, othersShare: 250 }]);
    // Whoever comes back late finds its own use kept, and nothing else.
    expect(await askLeases(database, lost, [{ ...ask, used: 250, wanted: 700 }])).toMatchObject([{ share: 250 }]);
    await takeBack(database, found!, 0);
    expect(await lostShares(database)).toEqual([]);
  });

  test('what is over is swept away, with the meters that nobody holds', async () => {
    const database = await open();
    await askLeases(database, holderOf(), [
      askOf({}),
      askOf({ kind: 'money', period: 'day', fromMs: 1_000 }),
      askOf({ kind: 'money', period: 'total' }),
    ]);
    await expire(database);
    await sweepLeases(database, Date.now() + 1_000_000);
    const count = async (table: string): Promise<number> =>
      (await database.driver.rows<{ n: number }>({ sql: `SELECT COUNT(*) AS n FROM ${table}`, params: [] }))[0]!.n;
    expect([await count('limit_leases'), await count('limit_meters')]).toEqual([1, 1]);
  });
});
