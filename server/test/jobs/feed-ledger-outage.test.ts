/** The feeder by a clock that the test owns: how it asks a database that is away, how it stops without one, and that it says it is alive. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { feedLedger, type Feeder } from '../../src/jobs/feed-ledger.ts';
import { openJournal, type Journal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { freshPlace, keptLog, openAt, quiet } from '../storage/engines.ts';
import { expectExactBooks, ids, intentOf, settlementOf } from '../storage/ledger-records.ts';
import { freshDir } from '../support/throwaway.ts';
import { handClock, settled, type HandClock } from '../support/hand-clock.ts';

const patient = { interval: 5 };
const backSaid = 'ledger: the database takes records again';
const awaySaid = 'ledger: the database did not take the records';

/** Each test is an instance of its own. */
let real: Driver;
beforeAll(async () => {
  real = await openAt(await freshPlace('sqlite'));
  await migrate(real, { clock: systemClock, log: quiet });
});
afterAll(() => real.close());
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Shaky {
  driver: Driver;
  /** Questions that it was asked while it was away. */
  refused(): number;
  go(): void;
  comeBack(): void;
}

/** The database, there or away as the test says. */
function shaky(): Shaky {
  let isAway = false;
  let refused = 0;
  const perhaps = <T>(work: () => Promise<T>): Promise<T> => {
    if (!isAway) return work();
    refused += 1;
    return Promise.reject(new StorageUnavailable('away'));
  };
  const driver: Driver = {
    ...real,
    rows: (...asked: Parameters<Driver['rows']>) => perhaps(() => real.rows(...asked)) as never,
    run: (...asked) => perhaps(() => real.run(...asked)),
    write: (...asked) => perhaps(() => real.write(...asked)),
    applyLedger: real.applyLedger && ((batch) => perhaps(() => real.applyLedger!(batch))),
  };
  return { driver, refused: () => refused, go: () => void (isAway = true), comeBack: () => void (isAway = false) };
}

interface Run {
  clock: HandClock;
  journal: Journal;
  feeder: Feeder;
  lines: Record<string, unknown>[];
  said(msg: string): number;
}

function startRun({ driver }: Shaky, dir = freshDir('patchbay-outage-')): Run {
  const clock = handClock();
  const { log, lines } = keptLog();
  const { journal, recovered } = openJournal({ dir, clock: systemClock, ids, onError: (error) => expect.unreachable(error.message) });
  const feeder = feedLedger({ database: createDatabase(driver), journal, recovered, clock, ids, log });
  closing.push(async () => {
    // Whoever has stopped already stops no second time, and waits for nothing.
    await Promise.all([feeder.close(0), settled().then(() => clock.move(1))]);
    await journal.close();
  });
  return { clock, journal, feeder, lines, said: (msg) => lines.filter((line) => line['msg'] === msg).length };
}

function appendSettled({ journal }: Run, count: number): void {
  for (let at = 0; at < count; at++) {
    const intent = intentOf();
    journal.append(intent);
    journal.append(settlementOf(intent));
  }
}
const eventsOf = async ({ journal }: Run): Promise<number> => {
  const sql = "SELECT count(*) AS n FROM usage_events WHERE state = 'settled' AND instance_id = $1";
  return (await real.rows<{ n: number }>({ sql, params: [journal.instanceId] }))[0]!.n;
};

describe('a database that is away', () => {
  test('is asked less and less often, up to every five seconds, with one line in the log, and one when it is back', async () => {
    const database = shaky();
    database.go();
    const run = startRun(database);
    const askedAtMs: number[] = [];
    for (let atMs = 0; atMs <= 20_000; atMs += 250) {
      const before = database.refused();
      if (atMs > 0) run.clock.move(250);
      await settled();
      if (database.refused() > before || (atMs === 0 && before > 0)) askedAtMs.push(atMs);
    }
    expect(askedAtMs).toEqual([0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750]);
    expect([run.said(awaySaid), run.said(backSaid), run.feeder.isCaughtUp()]).toEqual([1, 0, false]);
    appendSettled(run, 3);
    database.comeBack();
    run.clock.move(5_000);
    await expect.poll(() => run.feeder.lagRecords(), patient).toBe(0);
    await run.feeder.feed();
    expect([run.said(awaySaid), run.said(backSaid), run.feeder.isCaughtUp(), await eventsOf(run)]).toEqual([1, 1, true, 3]);
  });

  test('that goes a second time is asked soon again: the long pauses of the first time are over', async () => {
    const database = shaky();
    database.go();
    const run = startRun(database);
    for (let step = 0; step < 60; step++) {
      run.clock.move(250);
      await settled();
    }
    database.comeBack();
    run.clock.move(5_000);
    await expect.poll(() => run.said(backSaid), patient).toBe(1);
    database.go();
    appendSettled(run, 1);
    await run.feeder.feed();
    await run.feeder.feed();
    const before = database.refused();
    expect([before > 0, run.said(awaySaid)]).toEqual([true, 2]);
    run.clock.move(500);
    await settled();
    expect(database.refused()).toBeGreaterThan(before);
  });

  test('holds up a stop no longer than it is given; what remains is named, and the next run brings it in', async () => {
    const database = shaky();
    const dir = freshDir('patchbay-outage-');
    const first = startRun(database, dir);
    await first.feeder.feed();
    database.go();
    appendSettled(first, 4);
    const fromMs = first.clock.monotonicMs();
    const ended = { atMs: -1 };
    void first.feeder.close(2_000).then(() => (ended.atMs = first.clock.monotonicMs()));
    for (let step = 0; step < 100 && ended.atMs < 0; step++) {
      first.clock.move(50);
      await settled();
    }
    expect([ended.atMs - fromMs >= 2_000, ended.atMs - fromMs <= 2_100]).toEqual([true, true]);
    expect(first.lines.at(-1)).toMatchObject({ records: 8, msg: 'ledger: records stay in the journal until the next start' });
    await first.journal.close();

    const second = startRun(database, dir);
    await second.feeder.feed();
    // It has not seen the books yet, and knows from the journal what is owed to them.
    expect([second.feeder.lagRecords() >= 8, second.feeder.fedUpTo(), second.feeder.isCaughtUp()]).toEqual([true, -1, false]);
    database.comeBack();
    await second.feeder.feed();
    expect([second.feeder.lagRecords(), second.feeder.isCaughtUp(), await eventsOf(second)]).toEqual([0, true, 4]);
    await expectExactBooks(real);
  });
});

test('an idle instance says twice a minute that it is alive, and not at each look; a stopped one says nothing more', async () => {
  const database = shaky();
  const run = startRun(database);
  await run.feeder.feed();
  const seenAtMs = async (): Promise<number> =>
    (await real.rows<{ at: number }>({ sql: 'SELECT seen_at AS at FROM instances WHERE id = $1', params: [run.journal.instanceId] }))[0]!
      .at;
  const beganMs = await seenAtMs();
  // One call may join a look that began at an earlier moment; the second one cannot.
  const feedAnew = async (): Promise<void> => {
    await run.feeder.feed();
    await run.feeder.feed();
  };
  run.clock.move(29_750);
  await feedAnew();
  expect(await seenAtMs()).toBe(beganMs);
  run.clock.move(500);
  await feedAnew();
  expect(await seenAtMs()).toBe(beganMs + 30_250);
  await run.feeder.close();
  run.clock.move(120_000);
  await settled();
  expect([await seenAtMs(), run.said('ledger: records stay in the journal until the next start')]).toEqual([beganMs + 30_250, 0]);
});
