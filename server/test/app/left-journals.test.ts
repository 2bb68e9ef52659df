/** Journals of workers that are no more: fed whole, then removed; what a running server holds, or the database does not take, stays. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { feedFormerWorkers, feedLeft, workersIn } from '../../src/app/left-journals.ts';
import { lockJournal } from '../../src/app/upkeep.ts';
import { instanceDirOf } from '../../src/app/worker.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { feedLedger } from '../../src/jobs/feed-ledger.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { keptLog, onBothEngines, quiet } from '../storage/engines.ts';
import { castOf, expectExactBooks, ids, intentOf, randomRecords, seedConnections } from '../storage/ledger-records.ts';
import { freshDir } from '../support/throwaway.ts';

const folders: string[] = [];
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});
function folder(): string {
  const dir = freshDir('left');
  folders.push(dir);
  return dir;
}

type Deps = Parameters<typeof feedLeft>[0];

/** What a worker wrote before it was killed: the books know the worker, and nothing of this. */
async function leave(deps: Deps, dir: string, records: readonly LedgerRecord[]): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const onError = (error: Error): void => expect.unreachable(error.message);
  const { journal, recovered } = openJournal({ dir: join(dir, 'journal'), clock: systemClock, ids, onError });
  const feeder = feedLedger({ ...deps, journal, recovered });
  await feeder.feed();
  await feeder.close();
  for (const record of records) journal.append(record);
  await journal.close();
}

const attempts = async (driver: Driver): Promise<Record<string, number>> => {
  const rows = await driver.rows<{ state: string; count: number }>(
    { sql: 'SELECT state, CAST(count(*) AS INTEGER) AS count FROM usage_events GROUP BY state', params: [] },
    'analytics',
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
};
const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, count) => all + count, 0);

const never = (): boolean => false;

test('the folders of workers are those with a number, in the order of the numbers', () => {
  const dir = folder();
  expect(workersIn(dir)).toEqual([]);
  for (const name of ['10', '2', '03', 'x', '-1', '0', '3.5']) mkdirSync(join(dir, 'workers', name), { recursive: true });
  expect(workersIn(dir)).toEqual([2, 10]);
  expect([1, 2].map((number) => instanceDirOf(dir, number))).toEqual([dir, join(dir, 'workers', '2')]);
});

onBothEngines('left journals', (bench) => {
  async function furnished() {
    const driver = await bench.open({ isMigrated: true });
    const cast = castOf(await seedConnections(driver, 3));
    const deps = { database: createDatabase(driver), clock: systemClock, ids, log: quiet };
    return { driver, cast, deps };
  }

  test('all that a former worker left is in the books, once, and what it had open is unknown', async () => {
    const { driver, cast, deps } = await furnished();
    const dir = folder();
    const open = [1, 2].map((attemptNo) => intentOf({ connectionId: cast.connections[0]!, attemptNo }));
    await leave(deps, instanceDirOf(dir, 2), [...randomRecords(7, 60, cast), ...open]);
    await leave(deps, instanceDirOf(dir, 3), randomRecords(8, 60, cast));
    const copy = folder();
    cpSync(join(dir, 'workers'), join(copy, 'workers'), { recursive: true });

    await feedFormerWorkers(deps, dir, 1).done;
    expect(readdirSync(join(dir, 'workers'))).toEqual([]);
    const counts = await attempts(driver);
    expect(sum(counts)).toBeGreaterThan(100);
    expect(counts['unknown']).toBeGreaterThanOrEqual(2);
    expect(counts['intent']).toBeUndefined();
    await expectExactBooks(driver);
    // A kill between the last of it and the removal of the folder: it comes again, and changes nothing.
    await feedFormerWorkers(deps, copy, 1).done;
    expect(await attempts(driver)).toEqual(counts);
    await expectExactBooks(driver);
  });

  test('workers of this run are left alone, and so is whatever is none', async () => {
    const { driver, cast, deps } = await furnished();
    const dir = folder();
    for (const number of [2, 3]) await leave(deps, instanceDirOf(dir, number), randomRecords(number, 20, cast));
    mkdirSync(join(dir, 'workers', 'notes'));
    writeFileSync(join(dir, 'workers', 'notes', 'mine.txt'), 'kept');
    await feedFormerWorkers(deps, dir, 3).done;
    expect(await attempts(driver)).toEqual({});
    await feedFormerWorkers(deps, dir, 2).done;
    expect(readdirSync(join(dir, 'workers')).toSorted()).toEqual(['2', 'notes']);
    expect(sum(await attempts(driver))).toBeGreaterThan(10);
  });

  test('a folder without a journal goes too', async () => {
    const { deps } = await furnished();
    const dir = folder();
    mkdirSync(instanceDirOf(dir, 4), { recursive: true });
    await feedFormerWorkers(deps, dir, 1).done;
    expect(existsSync(instanceDirOf(dir, 4))).toBe(false);
  });

  test('what cannot be read stays, is said, and keeps none of the others', async () => {
    const { deps, cast, driver } = await furnished();
    const dir = folder();
    mkdirSync(instanceDirOf(dir, 2), { recursive: true });
    mkdirSync(join(instanceDirOf(dir, 2), 'journal', 'instance'), { recursive: true });
    await leave(deps, instanceDirOf(dir, 3), randomRecords(4, 20, cast));
    const { log, lines } = keptLog();
    await feedFormerWorkers({ ...deps, log }, dir, 1).done;
    expect(readdirSync(join(dir, 'workers'))).toEqual(['2']);
    expect(sum(await attempts(driver))).toBeGreaterThan(10);
    expect(JSON.stringify(lines)).toContain('could not be brought into the books');
  });

  test('whoever is told to stop lets go, and leaves the rest for the next start', async () => {
    const { deps, cast } = await furnished();
    const dir = folder();
    await leave(deps, instanceDirOf(dir, 2), randomRecords(5, 20, cast));
    expect(['left', 'fed']).toContain(await feedLeft(deps, instanceDirOf(dir, 2), () => true));
    await leave(deps, instanceDirOf(dir, 3), randomRecords(6, 20, cast));
    const left = feedFormerWorkers(deps, dir, 1);
    await left.close();
    await left.done;
    await feedFormerWorkers(deps, dir, 1).done;
    expect(workersIn(dir)).toEqual([]);
  });

  test('a journal that a running server holds is its own', async () => {
    const { deps, cast, driver } = await furnished();
    // The embedded database is held as a whole, and nobody else comes this far.
    if (driver.engine === 'sqlite') return;
    const dir = folder();
    await leave(deps, instanceDirOf(dir, 2), randomRecords(9, 20, cast));
    const release = lockJournal(instanceDirOf(dir, 2));
    try {
      expect(await feedLeft(deps, instanceDirOf(dir, 2), never)).toBe('held');
      await feedFormerWorkers(deps, dir, 1).done;
      expect(workersIn(dir)).toEqual([2]);
      expect(await attempts(driver)).toEqual({});
    } finally {
      release();
    }
    expect(await feedLeft(deps, instanceDirOf(dir, 2), never)).toBe('fed');
    expect(sum(await attempts(driver))).toBeGreaterThan(10);
  });
});
