/** Old usage is counted in the background: by one instance at a time, until none is left, through failures, and not a moment after the stop. */
import { expect, test } from 'vitest';
import { countOldUsage } from '../../src/jobs/count-old-usage.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { holdLease } from '../../src/storage/leases.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { openDriver } from '../../src/storage/open.ts';
import { tallySpans } from '../../src/storage/usage-tallies.ts';
import { keptLog, quiet } from '../storage/engines.ts';
import { castOf, ids, randomRecords, startMs } from '../storage/ledger-records.ts';
import { freshDir } from '../support/throwaway.ts';

const all = { fromMs: startMs - 10 * 86_400_000, toMs: startMs + 10 * 86_400_000 };

/** A database as an upgrade finds it: sums without counts, and a list of them. */
async function oldDatabase(): Promise<{ database: Database; expected: number }> {
  const driver = await openDriver({ databaseUrl: null, dataDir: freshDir('patchbay-old-usage-'), clock: systemClock, log: quiet });
  await migrate(driver, { clock: systemClock, log: quiet });
  const database = createDatabase(driver);
  const { books } = await openBooks(database, ids.uuid(), 1_000);
  const records = randomRecords(3, 60, castOf([ids.uuid()]));
  await applyRecords(database, books, records.map((record, index) => ({ seq: index + 1, record })), 2_000); // prettier-ignore
  const expected = await counted(database);
  await driver.write([
    { sql: 'DELETE FROM usage_quarter_tallies', params: [] },
    { sql: 'DELETE FROM usage_day_tallies', params: [] },
    { sql: "UPDATE usage_quarter_totals SET counted = 0, tally = ''", params: [] },
    { sql: "UPDATE usage_day_totals SET counted = 0, tally = ''", params: [] },
    {
      sql: 'INSERT INTO usage_untallied (bucket, dimension_id, shard, is_day) SELECT bucket, dimension_id, shard, TRUE FROM usage_days WHERE attempts > 0',
      params: [],
    },
  ]);
  return { database, expected };
}

const counted = async (database: Database): Promise<number> =>
  (await tallySpans(database, { visibility: 'all' }, [all])).get(0)?.counted ?? 0;
const left = async ({ driver }: Database): Promise<number> =>
  (await driver.rows<{ n: number }>({ sql: 'SELECT count(*) AS n FROM usage_untallied', params: [] }))[0]!.n;

test('everything is counted again while the house serves, and nothing is left on the list', async () => {
  const { database, expected } = await oldDatabase();
  expect([await counted(database), (await left(database)) > 0, expected > 50]).toEqual([0, true, true]);
  const job = countOldUsage({ database, clock: systemClock, ids, log: quiet });
  await expect.poll(() => left(database)).toBe(0);
  expect(await counted(database)).toBe(expected);
  await job.close();
  await database.driver.close();
});

test('whoever does not hold the lease counts nothing, and a closed job begins nothing', async () => {
  const { database } = await oldDatabase();
  const before = await left(database);
  expect(await holdLease(database, 'count-old-usage', 'another instance', systemClock.nowMs(), 600_000)).toBe(true);
  const waiting = countOldUsage({ database, clock: systemClock, ids, log: quiet });
  // It has looked once it asked for the lease; a second look comes half a minute later.
  await expect.poll(async () => (await database.driver.rows({ sql: "SELECT 1 AS n FROM leases WHERE name = 'count-old-usage'", params: [] })).length).toBe(1); // prettier-ignore
  await waiting.close();
  expect(await left(database)).toBe(before);
  await database.driver.close();
});

test('a database that fails is waited out with a line in the log, and the stop comes at once', async () => {
  const { database } = await oldDatabase();
  const { log, lines } = keptLog();
  await database.driver.close();
  const job = countOldUsage({ database, clock: systemClock, ids, log });
  await expect.poll(() => lines.length).toBe(1);
  expect(lines[0]!['msg']).toBe('old usage could not be counted; tried again later');
  await job.close();
});
