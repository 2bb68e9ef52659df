/** Rows that are open between two batches of the journal: the database's own thread keeps them, and believes the table where that says otherwise. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyJournal } from '../../src/storage/ledger.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { freshPlace, openAt, quiet } from './engines.ts';
import { expectExactBooks, ids, intentOf, refusedOf, settlementOf, writeLine } from './ledger-records.ts';

interface Bench {
  database: Database;
  books: Books;
  /** Applies records under the next numbers. */
  apply: (...records: LedgerRecord[]) => ReturnType<typeof applyJournal>;
  run: (sql: string) => Promise<unknown>;
  states: () => Promise<unknown[]>;
}

async function open(): Promise<Bench> {
  const driver = await openAt(await freshPlace('sqlite'));
  onTestFinished(() => driver.close());
  await migrate(driver, { clock: systemClock, log: quiet });
  const database = createDatabase(driver);
  const { books } = await openBooks(database, ids.uuid(), 1);
  return {
    database,
    books,
    apply(...records) {
      const lines = records.map((record, index) => writeLine(books.appliedSeq + 1 + index, record)).join('');
      return applyJournal(database, books, lines, books.appliedSeq + 10);
    },
    run: (sql) => driver.write([{ sql, params: [] }]),
    states: () => driver.rows({ sql: 'SELECT state, reason, seq FROM usage_events ORDER BY seq', params: [] }),
  };
}
const none = { repeated: 0, orphans: 0, unfit: 0 };

describe('open rows', () => {
  test('are settled by the batch after, and by one much later', async () => {
    const { apply, states, database } = await open();
    const [soon, late] = [intentOf(), intentOf()];
    expect(await apply(soon, late)).toEqual(none);
    expect(await apply(settlementOf(soon), refusedOf())).toEqual(none);
    expect(await apply(settlementOf(soon), settlementOf(late))).toEqual({ ...none, repeated: 1 });
    expect(await states()).toMatchObject([{ state: 'settled', seq: 1 }, { state: 'settled', seq: 2 }, { state: 'refused' }]);
    await expectExactBooks(database.driver);
  });

  test('that come a second time, or are settled under another time, are what they are without being kept', async () => {
    const { apply, states, database } = await open();
    const intent = intentOf();
    await apply(intent);
    expect(await apply(intent, settlementOf({ id: intent.id, atMs: intent.atMs + 1 }))).toEqual({ ...none, repeated: 1, orphans: 1 });
    expect(await apply(settlementOf({ id: intent.id, atMs: intent.atMs + 0.5 }), settlementOf(intent))).toEqual({ ...none, repeated: 1 });
    expect(await states()).toMatchObject([{ state: 'settled', reason: null }, { reason: 'intent_lost' }]);
    await expectExactBooks(database.driver);
  });

  test('that somebody closed are left as they are, and are not counted again', async () => {
    const { apply, states, run, database } = await open();
    const [closed, other] = [intentOf(), intentOf()];
    await apply(closed, other);
    await run("UPDATE usage_events SET state = 'refused', reason = 'elsewhere' WHERE seq = 1");
    expect(await apply(settlementOf(closed), settlementOf(other))).toEqual({ ...none, repeated: 1 });
    expect(await states()).toEqual([
      { state: 'refused', reason: 'elsewhere', seq: 1 },
      { state: 'settled', reason: null, seq: 2 },
    ]);
    const [sum] = await database.driver.rows({ sql: 'SELECT sum(attempts) AS n FROM usage_days', params: [] });
    expect(sum).toEqual({ n: 1 });
  });

  test('that somebody deleted are gone: their settlements are orphans', async () => {
    const { apply, states, run, database } = await open();
    const intent = intentOf();
    await apply(intent);
    await run('DELETE FROM usage_events');
    expect(await apply(settlementOf(intent))).toEqual({ ...none, orphans: 1 });
    expect(await states()).toEqual([{ state: 'settled', reason: 'intent_lost', seq: 2 }]);
    await expectExactBooks(database.driver);
  });

  test('are read again after a batch that failed with them', async () => {
    const { apply, run, states, database, books } = await open();
    const [first, second] = [intentOf(), intentOf()];
    await apply(first, second);
    await run("CREATE TRIGGER refuse BEFORE UPDATE ON usage_events BEGIN SELECT RAISE(ABORT, 'a key'); END");
    await expect(apply(settlementOf(first), settlementOf(second))).rejects.toThrow('nowhere');
    await run('DROP TRIGGER refuse');
    expect([books.appliedSeq, await states()]).toMatchObject([2, [{ state: 'intent' }, { state: 'intent' }]]);
    expect(await apply(settlementOf(first), settlementOf(second))).toEqual(none);
    expect(await states()).toMatchObject([{ state: 'settled' }, { state: 'settled' }]);
    await expectExactBooks(database.driver);
  });

  test('in their thousands are settled all the same, whether or not they are kept', async () => {
    const { apply, database } = await open();
    const intents = Array.from({ length: 10_001 }, () => intentOf());
    expect(await apply(...intents)).toEqual(none);
    for (const from of [0, 5_000]) {
      expect(await apply(...intents.slice(from, from + 400).map((intent) => settlementOf(intent)))).toEqual(none);
    }
    const [row] = await database.driver.rows({ sql: "SELECT count(*) AS n FROM usage_events WHERE state = 'settled'", params: [] });
    expect(row).toEqual({ n: 800 });
    await expectExactBooks(database.driver);
  });
});
