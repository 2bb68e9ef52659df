/** Sums and counts of spans made up of days, six hours and quarter-hours: those of the rows, whatever was added and taken away. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { dayMs, quarterMs, sixHoursMs } from '../../src/domain/rollup.ts';
import { daysIn } from '../../src/domain/usage-range.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { columns, rowOf, type LedgerRow } from '../../src/storage/ledger-rows.ts';
import { tallySpans } from '../../src/storage/usage-tallies.ts';
import { usageBy, usageSpans } from '../../src/storage/usage.ts';
import { onBothEngines } from './engines.ts';
import { castOf, ids, randomRecords, seedConnections, startMs, type Cast } from './ledger-records.ts';

const zones = ['Asia/Jakarta', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Auckland', 'UTC'];
const all = { fromMs: Math.floor(startMs / dayMs) * dayMs - 3 * dayMs, toMs: Math.floor(startMs / dayMs) * dayMs + 9 * dayMs };
const anyone = { visibility: 'all' } as const;

onBothEngines('spans', (bench) => {
  let database: Database;
  let cast: Cast;
  let rows: LedgerRow[];

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    cast = castOf(await seedConnections(database.driver, 3));
    for (const seed of [41, 42]) {
      const { books } = await openBooks(database, ids.uuid(), 1_000 + seed);
      const records = randomRecords(seed, 400, cast);
      for (let from = 0; from < records.length; from += 150)
        await applyRecords(
          database,
          books,
          records.slice(from, from + 150).map((record, index) => ({ seq: from + index + 1, record })),
          2_000 + from,
        );
      await markUnknown(database, books, records.length, startMs, 900_000);
    }
    rows = (await database.driver.rows({ sql: `SELECT ${columns.join(', ')} FROM usage_events WHERE state <> 'intent'`, params: [] })).map(
      rowOf,
    );
  });

  const inside = ({ fromMs, toMs }: { fromMs: number; toMs: number }, of = rows): LedgerRow[] =>
    of.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const figuresOf = (of: readonly LedgerRow[]): unknown[] => [
    of.filter(({ savedNanoUsd }) => savedNanoUsd === null).length,
    of.filter(({ isLast }) => isLast).length,
    of.reduce((sum, { usage }) => sum + usage.tokensIn, 0),
    of.reduce((sum, { costNanoUsd }) => sum + BigInt(costNanoUsd ?? 0), 0n),
    of.reduce((last, { atMs }) => Math.max(last, atMs), 0),
  ];

  test.each(zones)('days of %s have the sums and the last use of their rows, for everybody and for one person', async (zone) => {
    const days = daysIn(all, zone);
    expect(inside(all).length).toBeGreaterThan(1_000);
    for (const [scope, of] of [
      [anyone, rows],
      [{ ...anyone, userIds: [cast.users[0]!] }, rows.filter(({ userId }) => userId === cast.users[0])],
    ] as const) {
      const found = await usageSpans(database, scope, days);
      const used = days.flatMap((day, index) => (inside(day, of).length > 0 ? [index] : []));
      expect(found.map(({ index }) => index)).toEqual(used);
      for (const { index, sum } of found)
        expect([sum.attempts, sum.requests, sum.tokensIn, sum.costNanoUsd, sum.lastUsedAtMs]).toEqual(figuresOf(inside(days[index]!, of)));
    }
  });

  test('a range that begins and ends anywhere has the groups of its rows, with their last use', async () => {
    const range = { fromMs: all.fromMs + 3 * dayMs + 5 * quarterMs, toMs: all.toMs - sixHoursMs - 3 * quarterMs };
    const found = await usageBy(database, { ...anyone, range, groupBy: 'model', zone: 'UTC' });
    const models = new Set(inside(range).map(({ model }) => model));
    expect(new Set(found.map(({ key }) => key))).toEqual(models);
    for (const sum of found)
      expect([sum.attempts, sum.requests, sum.tokensIn, sum.costNanoUsd, sum.lastUsedAtMs]).toEqual(
        figuresOf(inside(range).filter(({ model }) => model === sum.key)),
      );
  });

  test('the hours of twelve days are asked in several statements and are the same as one by one', async () => {
    const hours = Array.from({ length: 288 }, (_, index) => ({
      fromMs: all.fromMs + index * 3_600_000,
      toMs: all.fromMs + (index + 1) * 3_600_000,
    }));
    const found = new Map((await usageSpans(database, anyone, hours)).map(({ index, sum }) => [index, sum]));
    for (const [index, hour] of hours.entries()) {
      const sum = found.get(index);
      expect([sum?.requests ?? 0, sum?.lastUsedAtMs ?? 0]).toEqual([
        inside(hour).filter(({ isLast }) => isLast).length,
        figuresOf(inside(hour))[4],
      ]);
    }
  });

  test('an upgrade fills the six hours from the quarter-hours that are there', async () => {
    const { driver } = database;
    const read = (): Promise<unknown[]> =>
      driver.rows({ sql: 'SELECT * FROM usage_six_hours ORDER BY bucket, dimension_id, shard', params: [] });
    const before = await read();
    expect(before.length).toBeGreaterThan(100);
    const migration = readFileSync(new URL('../../src/storage/migrations/0028_six_hours.sql', import.meta.url), 'utf8');
    await driver.script(`DELETE FROM usage_six_hours; ${migration.slice(migration.indexOf('INSERT INTO'))}`);
    expect(await read()).toEqual(before);
  });

  test('of a day whose counts are missing nothing is taken away: its quarter-hours are counted one by one', async () => {
    const { driver } = database;
    const days = daysIn(all, 'America/New_York');
    const before = await tallySpans(database, anyone, days);
    expect([...before.values()].reduce((sum, { counted }) => sum + counted, 0)).toBe(figuresOf(inside(all))[0]);
    const busiest = Math.max(...rows.map(({ atMs }) => Math.floor(atMs / dayMs) * dayMs));
    await driver.write([
      { sql: 'DELETE FROM usage_day_tallies WHERE bucket = $1', params: [busiest] },
      { sql: "UPDATE usage_day_totals SET counted = 0, tally = '' WHERE bucket = $1", params: [busiest] },
    ]);
    const after = await tallySpans(database, anyone, days);
    for (const [index, { counted, tally }] of after) {
      const known = before.get(index)!;
      expect(counted).toBeLessThanOrEqual(known.counted);
      for (const [code, count] of tally) expect([count > 0, count <= known.tally.get(code)!]).toEqual([true, true]);
    }
    // No whole day of UTC lies in a day of New York, so that the quarter-hours say it all.
    const countedIn = (sums: typeof before): Map<number, number> => new Map([...sums].map(([index, { counted }]) => [index, counted]));
    expect(countedIn(after)).toEqual(countedIn(before));
  });
});
