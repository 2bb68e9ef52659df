/** The journal applied in the database's own thread: the same tables as by the statements of the main thread, whatever goes wrong. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { recordsIn } from '../../src/domain/ledger-line.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import { openBooks, rereadBooks, type Books } from '../../src/storage/instances.ts';
import { applyJournal, applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { columns, rowOf, valuesOf, type LedgerRow } from '../../src/storage/ledger-rows.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { freshPlace, openAt, quiet } from './engines.ts';
import {
  castOf,
  expectExactBooks,
  ids,
  intentOf,
  randomRecords,
  refusedOf,
  seedConnections,
  seeded,
  settlementOf,
  startMs,
  writeLine,
} from './ledger-records.ts';

const openOne = async (connections: string[]): Promise<Database> => {
  const driver = await openAt(await freshPlace('sqlite'));
  await migrate(driver, { clock: systemClock, log: quiet });
  await seedConnections(driver, connections.length, connections);
  return createDatabase(driver);
};
/** The same database without the way into its thread. */
const fromOutside = (database: Database): Database => createDatabase({ ...database.driver, applyLedger: null });

const linesOf = (records: readonly LedgerRecord[], from = 1): string =>
  records.map((record, index) => writeLine(from + index, record)).join('');
const portions = function* (records: readonly LedgerRecord[], seed: number): Generator<string> {
  const below = seeded(seed);
  for (let from = 0; from < records.length;) {
    const portion = records.slice(from, from + 1 + below(900));
    yield linesOf(portion, from + 1);
    from += portion.length;
  }
};

const keyOf: Record<string, string> = {
  usage_events: 'at, id',
  usage_quarters: 'bucket, dimension_id, shard',
  usage_six_hours: 'bucket, dimension_id, shard',
  usage_days: 'bucket, dimension_id, shard',
  usage_dimensions: 'id',
  // Its id is made by the database.
  provider_usage_days: 'configuration_id, period_start',
  instances: 'id',
};
/** Every value of the books with its storage class, in SQLite's own words. */
async function contentsOf(driver: Driver): Promise<Record<string, unknown[]>> {
  const contents: Record<string, unknown[]> = {};
  for (const [table, key] of Object.entries(keyOf)) {
    const described = await driver.rows<{ name: string }>({ sql: `SELECT name FROM pragma_table_info('${table}')`, params: [] });
    const names = described.map(({ name }) => name).filter((name) => table !== 'provider_usage_days' || name !== 'id');
    const quoted = names.map((name) => `typeof(${name}) || quote(${name})`).join(" || ',' || ");
    contents[table] = await driver.rows({ sql: `SELECT ${quoted} AS line FROM ${table} ORDER BY ${key}`, params: [] });
  }
  return contents;
}

describe('two ways, one ledger', () => {
  const connections = Array.from({ length: 4 }, () => ids.uuid());
  const instanceId = ids.uuid();
  const records = randomRecords(7_001, 3_300, castOf([...connections, ids.uuid()]));
  let inside: Database;
  let outside: Database;
  let books: Books;

  beforeAll(async () => {
    [inside, outside] = [await openOne(connections), fromOutside(await openOne(connections))];
    ({ books } = await openBooks(inside, instanceId, 5));
    const other = (await openBooks(outside, instanceId, 5)).books;
    for (const lines of portions(records, 1)) await applyJournal(inside, books, lines, 1_000);
    for (const lines of portions(records, 2)) await applyJournal(outside, other, lines, 1_000);
    return async () => {
      await inside.driver.close();
      await outside.driver.close();
    };
  });

  test('10,000 records applied in the thread and from outside, in different portions, give byte-equal tables', async () => {
    expect(records.length).toBeGreaterThan(10_000);
    expect(books.appliedSeq).toBe(records.length);
    const [left, right] = [await contentsOf(inside.driver), await contentsOf(outside.driver)];
    for (const table of Object.keys(keyOf)) {
      expect(left[table]!.length, table).toBeGreaterThan(0);
      expect(left[table], table).toEqual(right[table]);
    }
    expect(left['usage_events']).toHaveLength(new Set(records.map(({ id }) => id)).size);
    await expectExactBooks(inside.driver);
  });

  test('every row that is closed names its dimension, and no open one does', async () => {
    const [row] = await inside.driver.rows<{ closed: number; named: number; open: number }>({
      sql: `SELECT sum(e.state <> 'intent') AS closed, sum(d.id IS NOT NULL) AS named, sum(e.state = 'intent') AS open FROM usage_events e
        LEFT JOIN usage_dimensions d ON d.id = e.dimension_id AND d.model = e.model AND d.connection_id IS e.connection_id
          AND d.access_key_id IS e.access_key_id AND d.user_id IS e.user_id AND d.workspace_id IS e.workspace_id AND e.state <> 'intent'`,
      params: [],
    });
    expect(row!.named).toBe(row!.closed);
    expect(row!.open).toBeGreaterThan(0);
  });

  test('the same records under other numbers, and as another instance, change nothing', async () => {
    const { instances: _before, ...before } = await contentsOf(inside.driver);
    const repeated = await applyJournal(inside, books, linesOf(records.slice(0, 900), books.appliedSeq + 1), 1_001);
    expect(repeated).toMatchObject({ repeated: 900, orphans: 0, unfit: 0 });
    const { books: copy } = await openBooks(inside, ids.uuid(), 6);
    expect(await applyJournal(inside, copy, linesOf(records.slice(300, 500)), 1_001)).toMatchObject({ orphans: 0, repeated: 200 });
    // New ones among old ones.
    const added = intentOf({ atMs: startMs + 9 });
    const mixed = [...records.slice(0, 10), added, settlementOf(added)];
    expect(await applyJournal(inside, copy, linesOf(mixed, copy.appliedSeq + 1), 1_002)).toMatchObject({ repeated: 10 });
    const { instances: _after, ...after } = await contentsOf(inside.driver);
    expect(after['usage_events']!.length).toBe(before['usage_events']!.length + 1);
    expect(after['provider_usage_days']).toEqual(before['provider_usage_days']);
    await expectExactBooks(inside.driver);
  });
});

describe('one batch', () => {
  const open = async (): Promise<{ database: Database; books: Books }> => {
    const database = await openOne([]);
    onTestFinished(() => database.driver.close());
    return { database, books: (await openBooks(database, ids.uuid(), 1)).books };
  };
  const countOf = async ({ driver }: Database): Promise<number> =>
    (await driver.rows<{ n: number }>({ sql: 'SELECT count(*) AS n FROM usage_events', params: [] }))[0]!.n;

  test('a writer whose books are behind changes nothing, and goes on after reading them again', async () => {
    const { database, books } = await open();
    const behind: Books = { ...books, dimensionIds: new Map() };
    const records = [intentOf(), intentOf(), refusedOf()];
    await applyJournal(database, books, linesOf(records.slice(0, 2)), 2);
    await expect(applyJournal(database, behind, linesOf(records), 3)).rejects.toBeInstanceOf(StaleWrite);
    expect([behind.appliedSeq, await countOf(database)]).toEqual([0, 2]);
    await rereadBooks(database, behind);
    await applyJournal(database, behind, linesOf(records), 4);
    expect([behind.appliedSeq, await countOf(database)]).toEqual([3, 3]);
    await expectExactBooks(database.driver);
  });

  test('what other statements wrote in between is seen: dimensions that were forgotten get their rows again', async () => {
    const { database, books } = await open();
    const settle = async (from: number): Promise<void> => {
      const intent = intentOf();
      await applyJournal(database, books, linesOf([intent, settlementOf(intent)], from), from + 10);
    };
    await settle(1);
    // Closing what a dead run left is done from outside and moves the books on.
    const left = intentOf({ model: 'left-open' });
    await applyJournal(database, books, linesOf([left], 3), 20);
    expect(await markUnknown(database, books, 3, startMs, 21)).toBe(1);
    await settle(4);
    await applyRecords(database, books, [{ seq: 6, record: refusedOf({ model: 'from-outside' }) }], 40);
    await settle(7);
    expect(books.appliedSeq).toBe(8);
    expect(await countOf(database)).toBe(5);
    await expectExactBooks(database.driver);
  });

  test('facts are kept with their batch, or neither is', async () => {
    const { database, books } = await open();
    const fact = { id: ids.uuid(), atMs: 5, actor: null, action: 'journal.gap', subjectType: 'instance', subjectId: null, subjectName: null, owner: null, outcome: 'failed', errorCode: null, changes: null, origin: null } as const; // prettier-ignore
    await applyJournal(database, books, linesOf([intentOf()]), 2, [fact]);
    await expect(applyJournal(database, books, linesOf([intentOf()], 2), 3, [fact])).rejects.toThrow('audit_entries');
    expect([books.appliedSeq, await countOf(database)]).toEqual([1, 1]);
    const facts = await database.driver.rows({ sql: "SELECT id FROM audit_entries WHERE action = 'journal.gap'", params: [] });
    expect(facts).toEqual([{ id: fact.id }]);
  });

  test('a value that no column could hold, a settlement without its intent and a record without an id stop nothing', async () => {
    const { database, books } = await open();
    const odd = intentOf({
      modelAsked: `a\0b\ud800${'x'.repeat(5_000)}`,
      model: 'm'.repeat(400),
      accessKeyId: 'none',
      reservedNanoUsd: -1,
    });
    const records = [
      odd,
      intentOf({ id: 'no-uuid' }),
      settlementOf(intentOf(), { costNanoUsd: 77 }),
      settlementOf(odd, { latencyMs: 1.5 }),
    ];
    expect(await applyJournal(database, books, linesOf(records), 2)).toEqual({ repeated: 0, orphans: 1, unfit: 1 });
    expect(books.appliedSeq).toBe(4);
    expect(await countOf(database)).toBe(2);
    await expectExactBooks(database.driver);
  });

  test('one id at several times is several rows, whichever of them the books have', async () => {
    const { database, books } = await open();
    const at = (offsetMs: number): { id: string; atMs: number } => ({ id: first.id, atMs: startMs + offsetMs });
    const first = intentOf();
    const records = [first, settlementOf(at(0)), refusedOf(at(1)), settlementOf(at(2)), settlementOf(at(1)), intentOf(at(3)), intentOf(at(3))]; // prettier-ignore
    expect(await applyJournal(database, books, linesOf(records), 2)).toEqual({ repeated: 2, orphans: 1, unfit: 0 });
    // The intent of another time beside it does not hide that the books have the row which is settled.
    const later = [intentOf(at(4)), settlementOf(at(3)), settlementOf(at(3)), settlementOf(at(4))];
    expect(await applyJournal(database, books, linesOf(later, 8), 3)).toEqual({ repeated: 1, orphans: 0, unfit: 0 });
    const rows = await database.driver.rows({ sql: 'SELECT at, state, reason, seq FROM usage_events ORDER BY at', params: [] });
    expect(rows).toEqual([
      { at: startMs, state: 'settled', reason: null, seq: 1 },
      { at: startMs + 1, state: 'refused', reason: 'model_not_found', seq: 3 },
      { at: startMs + 2, state: 'settled', reason: 'intent_lost', seq: 4 },
      { at: startMs + 3, state: 'settled', reason: null, seq: 6 },
      { at: startMs + 4, state: 'settled', reason: null, seq: 8 },
    ]);
    await expectExactBooks(database.driver);
  });

  test('lines that are in the books are left out, and no lines are no batch', async () => {
    const { database, books } = await open();
    const records = [refusedOf(), refusedOf(), refusedOf()];
    await applyJournal(database, books, linesOf(records.slice(0, 2)), 2);
    expect(await applyJournal(database, books, linesOf(records), 3)).toEqual({ repeated: 0, orphans: 0, unfit: 0 });
    await applyJournal(database, books, '', 4);
    await applyJournal(database, books, linesOf(records), 5);
    expect([books.appliedSeq, books.seenAtMs, await countOf(database)]).toEqual([3, 3, 3]);
    await applyJournal(database, books, linesOf([refusedOf()], 4), 6);
    expect(books.appliedSeq).toBe(4);
  });

  test('columns of which a batch says nothing hold what they hold when it says so', async () => {
    const { database, books } = await open();
    const [plain, full] = [refusedOf(), refusedOf({ clientRequestId: 'c', connectionId: ids.uuid(), isStream: true })];
    await applyJournal(database, books, linesOf([plain]), 2);
    const kept = await database.driver.rows({ sql: `SELECT ${columns.join(', ')} FROM usage_events`, params: [] });
    await applyJournal(database, books, linesOf([full, refusedOf()], 2), 3);
    const again = await database.driver.rows({ sql: `SELECT ${columns.join(', ')} FROM usage_events WHERE id = $1`, params: [plain.id] });
    expect(again).toEqual(kept);
    const third = await database.driver.rows({ sql: 'SELECT * FROM usage_events WHERE seq = 3', params: [] });
    const same = Object.keys(kept[0]!).filter((name) => !['id', 'request_id', 'seq'].includes(name));
    for (const name of same) expect(third[0]![name], name).toEqual(kept[0]![name]);
    const [row] = await database.driver.rows({ sql: 'SELECT * FROM usage_events WHERE id = $1', params: [full.id] });
    expect(row).toMatchObject({ client_request_id: 'c', is_stream: true, tokens_cached: 0, cost_nano_usd: null });
  });
});

test('lines and records are one another, whatever is in them', () => {
  const records = [refusedOf({ modelAsked: 'ünï "q"\n\\ \u2028 \ud800 🦊', clientRequestId: '\0' }), intentOf()];
  expect(recordsIn(linesOf(records, 41))).toEqual(records.map((record, index) => ({ seq: 41 + index, record })));
  expect(recordsIn('')).toEqual([]);
});

test('every column has its own value of a row, and gives it back', () => {
  const usage: Record<string, unknown> = {};
  const asked = new Set<string>();
  // A row that answers to every name with the name itself.
  const named = (of: Record<string, unknown>, before: string): unknown =>
    new Proxy(of, { get: (_, name) => (name === 'usage' ? named(usage, 'usage.') : (asked.add(before + String(name)), before + String(name))) }); // prettier-ignore
  const values = valuesOf(named({}, '') as LedgerRow);
  expect([values.length, new Set(values).size, asked.size]).toEqual([columns.length, columns.length, columns.length]);
  const read = rowOf(Object.fromEntries(columns.map((name, index) => [name, values[index]])));
  const { usage: tokens, ...rest } = read;
  for (const [name, value] of Object.entries(rest)) expect(value).toBe(name);
  for (const [name, value] of Object.entries(tokens)) expect(value).toBe(`usage.${name}`);
  expect(Object.keys(rest).length + Object.keys(tokens).length).toBe(columns.length);
});
