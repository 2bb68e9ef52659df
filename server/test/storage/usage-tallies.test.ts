/** Percentiles and classes of failures from the counts: equal to those of the rows, added by any filter and span, and honest about what they do not know. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { addTally, codesOf, failuresOf, percentilesOf, tallyErrorMax, type Tally } from '../../src/domain/tally.ts';
import { quarterMs } from '../../src/domain/rollup.ts';
import { daysIn } from '../../src/domain/usage-range.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { columns, rowOf, type LedgerRow } from '../../src/storage/ledger-rows.ts';
import { nextUntallied, retally } from '../../src/storage/retally.ts';
import { talliesBy, tallySpans } from '../../src/storage/usage-tallies.ts';
import { usageBy, usageSpans, usedRange } from '../../src/storage/usage.ts';
import { onBothEngines } from './engines.ts';
import {
  castOf,
  expectTotals,
  ids,
  intentOf,
  randomRecords,
  seedConnections,
  seeded,
  settlementOf,
  startMs,
  type Cast,
} from './ledger-records.ts';

const tallyOf = (rows: readonly LedgerRow[]): Tally => {
  const tally: Tally = new Map();
  for (const row of rows) for (const code of codesOf(row)) tally.set(code, (tally.get(code) ?? 0) + 1);
  return tally;
};
const plain = (tally: Tally | undefined): [number, number][] => [...(tally ?? new Map<number, number>())].toSorted(([a], [b]) => a - b);
const all = { fromMs: startMs - 10 * 86_400_000, toMs: startMs + 10 * 86_400_000 };

onBothEngines('counts beside the sums', (bench) => {
  let database: Database;
  let cast: Cast;
  let books: Books;
  let rows: LedgerRow[];

  const readRows = async (): Promise<LedgerRow[]> =>
    (await database.driver.rows({ sql: `SELECT ${columns.join(', ')} FROM usage_events WHERE state <> 'intent'`, params: [] })).map(rowOf);

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    cast = castOf(await seedConnections(database.driver, 3));
    for (const [shard, seed] of [31, 32].entries()) {
      ({ books } = await openBooks(database, ids.uuid(), 1_000 + shard));
      const records = randomRecords(seed, 400, cast);
      // In many batches, so that each count is read, added to and written again.
      for (let from = 0; from < records.length; from += 150)
        await applyRecords(
          database,
          books,
          records.slice(from, from + 150).map((record, index) => ({ seq: from + index + 1, record })),
          2_000 + from,
        );
      await markUnknown(database, books, records.length, startMs, 900_000);
    }
    rows = await readRows();
  });

  test('of everything, of each group and of each day of a zone are those of the rows', async () => {
    expect(rows.length).toBeGreaterThan(1_000);
    const [whole] = (await tallySpans(database, { visibility: 'all' }, [all])).values();
    expect(plain(whole!.tally)).toEqual(plain(tallyOf(rows)));
    expect(whole!.counted).toBe(rows.filter(({ savedNanoUsd }) => savedNanoUsd === null).length);
    for (const [groupBy, of] of [['model', 'model'], ['connection', 'connectionId'], ['key', 'accessKeyId']] as const) {
      const found = await talliesBy(database, { range: all, visibility: 'all' }, groupBy);
      const keys = new Set(rows.map((row) => row[of]));
      expect(new Set(found.keys())).toEqual(keys);
      for (const key of keys) expect(plain(found.get(key)!.tally)).toEqual(plain(tallyOf(rows.filter((row) => row[of] === key))));
    } // prettier-ignore
    const days = daysIn(all, 'Asia/Kathmandu');
    const byDay = await tallySpans(database, { visibility: 'all' }, days);
    for (const [index, { fromMs, toMs }] of days.entries())
      expect(plain(byDay.get(index)?.tally)).toEqual(plain(tallyOf(rows.filter(({ atMs }) => atMs >= fromMs && atMs < toMs))));
  });

  test('a filter and what one may see narrow them as they narrow the sums', async () => {
    const [one, two] = cast.connections as [string, string];
    const own = { userId: cast.users[0]!, workspaceIds: [] };
    for (const [filter, visibility, keep] of [
      [{ connectionIds: [one, two], models: ['o3'] }, 'all', (row: LedgerRow) => row.connectionId !== cast.connections[2] && row.model === 'o3'],
      [{ accessKeyIds: [null] }, 'all', (row: LedgerRow) => row.accessKeyId === null],
      [{ accessKeyIds: [null, cast.keys[0]!] }, own, (row: LedgerRow) => (row.accessKeyId === null || row.accessKeyId === cast.keys[0]) && row.userId === cast.users[0]],
      [{ anyOf: { connectionIds: [one], accessKeyIds: [cast.keys[0]!], repositoryIds: [] } }, 'all', (row: LedgerRow) => row.connectionId === one || row.accessKeyId === cast.keys[0]],
    ] as const) {
      const kept = rows.filter((row) => keep(row) && (!('connectionIds' in filter) || row.connectionId !== null));
      const [found] = (await tallySpans(database, { ...filter, visibility }, [all])).values();
      expect(plain(found?.tally)).toEqual(plain(tallyOf(kept)));
      const [sum] = await usageSpans(database, { ...filter, visibility }, [all]);
      expect(sum!.sum.requests).toBe(kept.filter(({ isLast }) => isLast).length);
    } // prettier-ignore
    expect((await tallySpans(database, { visibility: 'all', models: [] }, [all])).size).toBe(0);
    expect(await usageSpans(database, { visibility: 'all', models: [] }, [all])).toEqual([]);
  });

  test('percentiles of 40 random ranges are within their bound of the rows between their ends', async () => {
    const below = seeded(4);
    for (let round = 0; round < 40; round++) {
      const fromMs = Math.floor(startMs / quarterMs) * quarterMs + below(250) * quarterMs;
      const range = { fromMs, toMs: fromMs + (1 + below(200)) * quarterMs };
      const times = rows
        .filter(
          (row) =>
            row.atMs >= range.fromMs &&
            row.atMs < range.toMs &&
            (row.state === 'settled' || row.state === 'partial') &&
            row.savedNanoUsd === null,
        )
        .map(({ latencyMs }) => latencyMs!)
        .toSorted((a, b) => a - b);
      const found = percentilesOf((await tallySpans(database, { visibility: 'all' }, [range])).get(0)?.tally ?? new Map(), 'latency');
      if (times.length === 0) expect(found).toBeNull();
      else {
        expect(found!.count).toBe(times.length);
        const exact = times[Math.ceil(0.95 * times.length) - 1]!;
        expect(Math.abs(found!.p95 - exact)).toBeLessThanOrEqual(exact * tallyErrorMax + 1e-6);
      }
    }
  });

  test('failures are counted by class', async () => {
    const [whole] = (await tallySpans(database, { visibility: 'all' }, [all])).values();
    const failed = rows.filter(({ state, reason }) => state === 'settled' && reason !== null);
    const expected = ['rate_limited', 'server_error', 'stalled'].map((name) => [
      name,
      failed.filter(({ reason }) => reason === name).length,
    ]);
    expect(new Map(failuresOf(whole!.tally).map(({ name, count }) => [name, count]))).toEqual(new Map(expected as [string, number][]));
  });

  test('spans and their parts by the dearest groups are those of the rows, to the nano-dollar', async () => {
    const days = daysIn(all, 'America/St_Johns');
    const keys = ['gpt-4o', 'o3'];
    const cost = (some: readonly LedgerRow[]): string => String(some.reduce((sum, row) => sum + BigInt(row.costNanoUsd ?? 0), 0n));
    const inDay = (index: number): LedgerRow[] => rows.filter(({ atMs }) => atMs >= days[index]!.fromMs && atMs < days[index]!.toMs);
    const found = await usageSpans(database, { visibility: 'all' }, days, {
      measures: ['cost_nano_usd'],
      split: { groupBy: 'model', keys },
    });
    expect(found.length).toBeGreaterThan(6);
    for (const { index, sum } of found) {
      expect(keys).toContain(sum.key);
      expect(String(sum.costNanoUsd)).toBe(cost(inDay(index).filter(({ model }) => model === sum.key)));
      expect(sum.requests, 'what was not asked for is not read').toBe(0);
    }
    const nobody = await usageSpans(database, { visibility: 'all' }, days, { split: { groupBy: 'key', keys: [null] } });
    for (const { index, sum } of nobody)
      expect(sum.requests).toBe(inDay(index).filter((row) => row.accessKeyId === null && row.isLast).length);
    const used = await usedRange(database, { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
    expect(used!.fromMs).toBeLessThanOrEqual(Math.min(...rows.map(({ atMs }) => atMs)));
    expect(used!.toMs).toBeGreaterThan(Math.max(...rows.map(({ atMs }) => atMs)));
    expect(await usedRange(database, { fromMs: 0, toMs: 1 })).toBeNull();
  });

  test('an upgrade makes the counts of everybody together from those that are there', async () => {
    const { driver } = database;
    const before = await expectTotals(driver);
    expect(before.filter((line) => line.startsWith('day')).length).toBeGreaterThan(4);
    expect(before.length).toBeGreaterThan(100);
    const partOf = (name: string, from: string): string => {
      const migration = readFileSync(new URL(`../../src/storage/migrations/${name}.sql`, import.meta.url), 'utf8');
      return migration.slice(migration.indexOf(from));
    };
    const made = `${partOf('0031_usage_totals', 'INSERT INTO')} ${partOf('0041_refused_totals', 'UPDATE')}`;
    await driver.script(`DELETE FROM usage_quarter_totals; DELETE FROM usage_day_totals; ${made}`);
    expect(await expectTotals(driver)).toEqual(before);
    // What comes after an upgrade is added to texts that were only joined.
    const late = intentOf({ atMs: startMs + 120_000, connectionId: cast.connections[0]!, model: 'o3', userId: cast.users[0]! });
    const seq = books.appliedSeq;
    await applyRecords(database, books, [{ seq: seq + 1, record: late }, { seq: seq + 2, record: settlementOf(late) }], 940_000); // prettier-ignore
    expect(await expectTotals(driver)).not.toEqual(before);
    rows = await readRows();
  });

  test('what is older than its counts is told as not known, is counted again in the background, and never twice', async () => {
    const { driver } = database;
    const before = await tallySpans(database, { visibility: 'all' }, [all]);
    // As an upgrade finds it: sums without counts, and a list of them.
    await driver.write([
      { sql: 'DELETE FROM usage_quarter_tallies', params: [] },
      { sql: 'DELETE FROM usage_day_tallies', params: [] },
      { sql: "UPDATE usage_quarter_totals SET counted = 0, tally = ''", params: [] },
      { sql: "UPDATE usage_day_totals SET counted = 0, tally = ''", params: [] },
      { sql: 'INSERT INTO usage_untallied (bucket, dimension_id, shard, is_day) SELECT bucket, dimension_id, shard, FALSE FROM usage_quarters WHERE attempts > 0', params: [] },
      { sql: 'INSERT INTO usage_untallied (bucket, dimension_id, shard, is_day) SELECT bucket, dimension_id, shard, TRUE FROM usage_days WHERE attempts > 0', params: [] },
    ]); // prettier-ignore
    const [none] = (await tallySpans(database, { visibility: 'all' }, [all])).values();
    expect([none!.counted, none!.tally.size]).toEqual([0, 0]);
    expect(await nextUntallied(database, startMs - 20 * 86_400_000), 'what is not over waits').toBeNull();
    // Requests go on meanwhile, into a bucket that waits too.
    const late = intentOf({ atMs: startMs + 60_000, connectionId: cast.connections[0]!, model: 'o3', userId: cast.users[0]! });
    const seq = books.appliedSeq;
    await applyRecords(database, books, [{ seq: seq + 1, record: late }, { seq: seq + 2, record: settlementOf(late, { latencyMs: 777 }) }], 950_000); // prettier-ignore
    const nowMs = startMs + 400 * 86_400_000;
    const stopped = await nextUntallied(database, nowMs);
    expect(await retally(database, stopped!, () => true), 'stopped half-way it changes nothing').toBe(false);
    expect(await nextUntallied(database, nowMs)).toEqual(stopped);
    let rounds = 0;
    for (let next = stopped; next !== null && rounds < 2_000; next = await nextUntallied(database, nowMs), rounds++)
      expect(await retally(database, next, () => false)).toBe(true);
    expect(rounds).toBeGreaterThan(50);
    rows = await readRows();
    for (const span of [all, { fromMs: all.fromMs, toMs: all.toMs - quarterMs }]) {
      const [whole] = (await tallySpans(database, { visibility: 'all' }, [span])).values();
      expect(plain(whole!.tally)).toEqual(plain(tallyOf(rows)));
      const [sum] = await usageBy(database, { range: span, groupBy: 'purpose', zone: 'UTC', visibility: 'all' });
      expect(whole!.counted).toBe(sum!.attempts);
    }
    expect(before.get(0)!.counted + 1).toBe(rows.filter(({ savedNanoUsd }) => savedNanoUsd === null).length);
    const byQuarters = await driver.rows<{ tally: string }>({ sql: 'SELECT tally FROM usage_quarter_tallies', params: [] });
    const added: Tally = new Map();
    for (const { tally } of byQuarters) addTally(added, tally);
    expect(plain(added)).toEqual(plain(tallyOf(rows)));
    await expectTotals(driver);
    // Some hundred buckets, one after the other.
  });

  test('sums whose rows were swept away stay without counts', async () => {
    const { driver } = database;
    const bucket = Math.floor((startMs + 300 * 86_400_000) / quarterMs) * quarterMs;
    const lost = intentOf({ atMs: bucket + 5, model: 'swept' });
    const kept = intentOf({ atMs: bucket + 6, model: 'kept' });
    const seq = books.appliedSeq;
    await applyRecords(database, books, [lost, settlementOf(lost), kept, settlementOf(kept)].map((record, index) => ({ seq: seq + index + 1, record })), 960_000); // prettier-ignore
    await driver.write([
      { sql: 'DELETE FROM usage_events WHERE id = $1', params: [lost.id] },
      { sql: 'DELETE FROM usage_quarter_tallies WHERE bucket = $1', params: [bucket] },
      { sql: 'INSERT INTO usage_untallied (bucket, dimension_id, shard, is_day) SELECT bucket, dimension_id, shard, FALSE FROM usage_quarters WHERE bucket = $1', params: [bucket] },
    ]); // prettier-ignore
    await retally(database, { bucket, isDay: false }, () => false);
    const found = await talliesBy(database, { range: { fromMs: bucket, toMs: bucket + quarterMs }, visibility: 'all' }, 'model');
    expect([...found.keys()]).toEqual(['kept']);
    expect(found.get('kept')!.counted).toBe(1);
  });
});
