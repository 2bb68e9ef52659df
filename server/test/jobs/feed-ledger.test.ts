/** The feeder: nothing is lost while the database is away, nothing is doubled when nobody knows whether it took a write. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { feedLedger, gapsIn, type Feeder } from '../../src/jobs/feed-ledger.ts';
import { openJournal, type Journal, type Recovered } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';
import { createDatabase } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { openDriver } from '../../src/storage/open.ts';
import { keptLog, onBothEngines, quiet } from '../storage/engines.ts';
import { needs, startPostgres } from '../support/postgres.ts';
import {
  castOf,
  expectExactBooks,
  ids,
  intentOf,
  randomRecords,
  seedConnections,
  seeded,
  settlementOf,
} from '../storage/ledger-records.ts';

const folders: string[] = [];
const closing: (() => Promise<unknown>)[] = [];
const freshDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-feeder-'));
  folders.push(dir);
  return join(dir, 'journal');
};
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Run {
  journal: Journal;
  recovered: Recovered;
  feeder: Feeder;
  stop(): Promise<void>;
}

/** One run of a process: its journal and its feeder. */
function startRun(dir: string, driver: Driver, log: Log = quiet): Run {
  const { journal, recovered } = openJournal({
    dir,
    clock: systemClock,
    ids,
    segmentBytesMax: 20_000,
    onError: (error) => expect.unreachable(error.message),
  });
  const feeder = feedLedger({ database: createDatabase(driver), journal, recovered, clock: systemClock, ids, log });
  const stop = async (): Promise<void> => {
    await feeder.close();
    await journal.close();
  };
  closing.push(stop);
  return { journal, recovered, feeder, stop };
}

const countOf = async (driver: Driver, where = 'TRUE'): Promise<number> => {
  const [row] = await driver.rows<{ n: number }>({ sql: `SELECT count(*) AS n FROM usage_events WHERE ${where}`, params: [] });
  return row!.n;
};
const gapFacts = (driver: Driver): Promise<{ subject_id: string; changes: string }[]> =>
  driver.rows({ sql: "SELECT subject_id, changes FROM audit_entries WHERE action = 'journal.gap' ORDER BY at, id", params: [] });

const emptied = async (feeder: Feeder): Promise<void> => {
  await expect.poll(() => feeder.lagRecords()).toBe(0);
};

onBothEngines('feeder', (bench) => {
  const fresh = async (): Promise<Driver> => bench.open({ isMigrated: true });

  test('records reach the database by themselves, soon, and the journal lets go of them', async () => {
    const driver = await fresh();
    const dir = freshDir();
    const run = startRun(dir, driver);
    const records = randomRecords(1, 200, castOf(await seedConnections(driver, 2)));
    for (const record of records) run.journal.append(record);
    run.journal.flush();
    await expect.poll(() => run.feeder.lagRecords()).toBe(0);
    expect(await countOf(driver)).toBe(new Set(records.map(({ id }) => id)).size);
    expect(readdirSync(dir).filter((name) => name.endsWith('.log'))).toHaveLength(1);
    expect(run.journal.unfedBytes()).toBe(0);
    await expectExactBooks(driver);
  });

  test('closing brings everything into the books', async () => {
    const driver = await fresh();
    const run = startRun(freshDir(), driver);
    const intents = Array.from({ length: 1_200 }, () => intentOf());
    for (const intent of intents) run.journal.append(intent);
    for (const intent of intents) run.journal.append(settlementOf(intent));
    await run.stop();
    expect(run.feeder.lagRecords()).toBe(0);
    expect(await countOf(driver, "state = 'settled'")).toBe(1_200);
    await expectExactBooks(driver);
  });

  test('whoever asks for a feed has everything in the books that was written before, also while an earlier run is under way', async () => {
    const driver = await fresh();
    const run = startRun(freshDir(), driver);
    const intents = Array.from({ length: 40 }, () => intentOf());
    const asked: Promise<void>[] = [];
    for (const [index, intent] of intents.entries()) {
      run.journal.append(intent);
      run.journal.append(settlementOf(intent));
      const feeding = run.feeder.feed().then(async () => {
        expect(run.feeder.fedUpTo()).toBeGreaterThanOrEqual(2 * (index + 1));
      });
      asked.push(feeding);
      // Some ask in the same moment, others while a transaction is under way.
      if (index % 3 === 0) await new Promise(setImmediate);
    }
    await Promise.all(asked);
    expect(await countOf(driver, "state = 'settled'")).toBe(40);
    await expectExactBooks(driver);
  });

  test('says up to which number everything is in the books, and never more than there is', async () => {
    const driver = await fresh();
    const run = startRun(freshDir(), driver);
    await run.feeder.feed();
    for (let round = 0; round < 5; round++) {
      const intent = intentOf();
      run.journal.append(intent);
      const seq = run.journal.append(settlementOf(intent));
      expect(run.feeder.fedUpTo()).toBeLessThan(seq);
      // One call may join a feeding that began before the record was written; the second one cannot.
      await run.feeder.feed();
      await run.feeder.feed();
      expect(run.feeder.fedUpTo()).toBe(seq);
      expect(await countOf(driver, `seq <= ${seq} AND state = 'settled'`)).toBe(round + 1);
    }
    await run.stop();
  });

  test('what the last run left is fed first, its open attempts become unknown, and those of this run stay open', async () => {
    const driver = await fresh();
    const dir = freshDir();
    const { journal } = openJournal({ dir, clock: systemClock, ids, onError: (error) => expect.unreachable(error.message) });
    const [settled, open, own] = [intentOf(), intentOf(), intentOf()];
    for (const record of [settled, open, settlementOf(settled)]) journal.append(record);
    await journal.close();
    // An instance that was never in the books has nothing to close but what its journal says.
    const first = startRun(dir, driver);
    await emptied(first.feeder);
    await first.stop();
    const second = startRun(dir, driver);
    second.journal.append(own);
    await emptied(second.feeder);
    await expect.poll(() => second.feeder.isCaughtUp()).toBe(true);
    const states = await driver.rows<{ id: string; state: string }>({ sql: 'SELECT id, state FROM usage_events', params: [] });
    expect(new Map(states.map(({ id, state }) => [id, state]))).toEqual(new Map([[settled.id, 'settled'], [open.id, 'unknown'], [own.id, 'intent']])); // prettier-ignore
    await expectExactBooks(driver);
  });

  test('a write that fails, before or after it was kept, is neither lost nor doubled', async () => {
    const driver = await fresh();
    const below = seeded(5);
    let failures = 0;
    const perhaps = async <T>(work: () => Promise<T>): Promise<T> => {
      const fate = below(4);
      if (fate === 0) failures += 1;
      if (fate === 0 && below(2) === 0) throw new StorageUnavailable('gone before the write');
      const result = await work();
      if (fate === 0) throw new StorageUnavailable('gone before the answer');
      return result;
    };
    const unsure: Driver = {
      ...driver,
      engine: driver.engine,
      write: (steps) => perhaps(() => driver.write(steps)),
      applyLedger: driver.applyLedger && ((batch) => perhaps(() => driver.applyLedger!(batch))),
      rows: (statement, lane) => driver.rows(statement, lane),
      run: (statement, lane) => driver.run(statement, lane),
    };
    const run = startRun(freshDir(), unsure);
    const records = randomRecords(2, 2_000, castOf(await seedConnections(driver, 3)));
    for (const [index, record] of records.entries()) {
      run.journal.append(record);
      if (index % 60 === 0) await run.feeder.feed();
    }
    run.journal.flush();
    for (let round = 0; round < 60 && run.feeder.lagRecords() > 0; round++) await run.feeder.feed();
    expect(run.feeder.lagRecords()).toBe(0);
    expect(failures).toBeGreaterThan(3);
    expect(await countOf(driver)).toBe(new Set(records.map(({ id }) => id)).size);
    expect(await countOf(driver, "state IN ('settled', 'partial')")).toBe(
      records.filter(({ kind }) => kind === 'settle' || kind === 'hit').length,
    );
    await expectExactBooks(driver);
  });

  test('a gap in the sequence is kept as a fact and said in the log, and everything around it is fed', async () => {
    const driver = await fresh();
    const dir = freshDir();
    const left = openJournal({ dir, clock: systemClock, ids, onError: (error) => expect.unreachable(error.message) });
    for (let count = 0; count < 6; count++) left.journal.append(intentOf());
    await left.journal.close();
    const path = join(
      dir,
      readdirSync(dir).find((name) => name.endsWith('.log'))!,
    );
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[2] = lines[2]!.replace('["i",', '["I",');
    lines.splice(4, 1);
    writeFileSync(path, lines.join('\n'));
    const kept = keptLog();
    const run = startRun(dir, driver, kept.log);
    await emptied(run.feeder);
    expect(await countOf(driver)).toBe(4);
    expect((await gapFacts(driver)).map(({ changes }) => JSON.parse(changes) as unknown)).toEqual([
      { sequence: { before: 2, after: 4 } },
      { sequence: { before: 4, after: 6 } },
    ]);
    const said = kept.lines.filter(({ msg }) => msg === 'ledger: journal gap');
    expect(said).toMatchObject([{ missing: 1 }, { missing: 1 }]);
    expect(kept.lines.some(({ msg, damagedLines }) => msg === 'ledger: damaged lines in the journal' && damagedLines === 1)).toBe(true);
    await expectExactBooks(driver);
  });

  test('a journal that is older than the books goes on as another instance: its new records are not taken for old ones', async () => {
    const driver = await fresh();
    const dir = freshDir();
    const first = startRun(dir, driver);
    const old = Array.from({ length: 5 }, () => intentOf());
    for (const intent of old) first.journal.append(intent);
    await emptied(first.feeder);
    const copy = freshDir();
    cpSync(dir, copy, { recursive: true });
    for (const intent of old) first.journal.append(settlementOf(intent));
    for (let count = 0; count < 5; count++) first.journal.append(intentOf());
    await emptied(first.feeder);
    const before = first.journal.instanceId;
    await first.stop();
    const second = startRun(copy, driver);
    const fresh1 = intentOf();
    second.journal.append(fresh1);
    second.journal.append(settlementOf(fresh1));
    await emptied(second.feeder);
    expect(second.journal.instanceId).not.toBe(before);
    expect(await countOf(driver)).toBe(11);
    expect(await countOf(driver, "state = 'settled'")).toBe(6);
    expect(await countOf(driver, "state = 'unknown'")).toBe(5);
    await expectExactBooks(driver);
    await second.stop();
    expect(startRun(copy, driver).recovered.instanceId).toBe(second.journal.instanceId);
  });

  test('there is never more than one run at a time', async () => {
    const driver = await fresh();
    let writing = 0;
    let most = 0;
    const counted = async <T>(work: () => Promise<T>): Promise<T> => {
      writing += 1;
      most = Math.max(most, writing);
      const result = await work();
      writing -= 1;
      return result;
    };
    const watched: Driver = {
      ...driver,
      engine: driver.engine,
      write: (steps) => counted(() => driver.write(steps)),
      applyLedger: driver.applyLedger && ((batch) => counted(() => driver.applyLedger!(batch))),
      rows: (statement, lane) => driver.rows(statement, lane),
      run: (statement, lane) => driver.run(statement, lane),
    };
    const run = startRun(freshDir(), watched);
    for (let count = 0; count < 2_000; count++) run.journal.append(intentOf());
    run.journal.flush();
    await Promise.all(Array.from({ length: 10 }, () => run.feeder.feed()));
    await emptied(run.feeder);
    expect(most).toBe(1);
  });
});

needs('postgres')('a database that goes away (postgres)', () => {
  test('killed, away and back: everything that was promised meanwhile is in the books', async () => {
    const server = await startPostgres();
    closing.push(() => server.stop());
    const kept = keptLog();
    const driver = await openDriver({ databaseUrl: server.url, dataDir: freshDir(), clock: systemClock, log: quiet });
    closing.push(() => driver.close());
    await migrate(driver, { clock: systemClock, log: quiet });
    const cast = castOf(await seedConnections(driver, 2));
    const run = startRun(freshDir(), driver, kept.log);
    const records = randomRecords(3, 1_500, cast);
    const third = Math.floor(records.length / 3);
    for (const record of records.slice(0, third)) run.journal.append(record);
    run.journal.flush();
    await server.kill();
    for (const record of records.slice(third)) run.journal.append(record);
    run.journal.flush();
    await run.feeder.feed();
    expect(run.feeder.lagRecords()).toBeGreaterThan(0);
    expect(run.journal.isFailing()).toBe(false);
    await server.restart();
    await emptied(run.feeder);
    expect(await countOf(driver)).toBe(new Set(records.map(({ id }) => id)).size);
    await expectExactBooks(driver);
    expect(kept.lines.some(({ msg }) => msg === 'ledger: the database takes records again')).toBe(true);
  });
});

test('gaps are found before, between and never within the sequence', () => {
  const spans = (...list: [number, number][]): { firstSeq: number; lastSeq: number }[] =>
    list.map(([firstSeq, lastSeq]) => ({ firstSeq, lastSeq }));
  expect(gapsIn(0, spans([1, 3]))).toEqual([]);
  expect(gapsIn(4, spans([3, 5], [6, 9]))).toEqual([]);
  expect(gapsIn(4, spans([7, 8], [10, 10]))).toEqual([{ after: 4, before: 7 }, { after: 8, before: 10 }]); // prettier-ignore
  expect(gapsIn(9, [])).toEqual([]);
});
