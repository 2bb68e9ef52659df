/** Fills the books of a file with many requests by the code that a feeder's thread runs, in large batches and with the indexes of the rows made at the end. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Numbered } from '../../server/src/domain/ledger-line.ts';
import type { LedgerRecord } from '../../server/src/domain/ledger.ts';
import { dayOf } from '../../server/src/domain/rollup.ts';
import { toSqlitePlaceholders } from '../../server/src/storage/codec.ts';
import type { Row, Statement, WriteStep } from '../../server/src/storage/driver.ts';
import { StaleWrite } from '../../server/src/storage/errors.ts';
import type { Books } from '../../server/src/storage/instances.ts';
import { applyNumbered, type BooksDriver } from '../../server/src/storage/ledger-apply.ts';

/** A batch ends with a day, so that its sums are written once, unless the day is too busy to be held. */
const batchRecordsMax = 100_000;
const statementsMax = 200;

interface File {
  database: DatabaseSync;
  driver: BooksDriver;
  /** Whether the batch is the first of its day: of such a one nothing is counted yet, and nothing is looked for. */
  isDayNew: boolean;
}

const asksForCounts = /FROM (?:k CROSS JOIN )?usage_(?:quarter|day)_(?:tallies|totals)/;

/** The file for the code that applies records: nobody else is at it, and what a power cut would do to it does not matter. */
function openFile(path: string): File {
  const database = new DatabaseSync(path);
  for (const pragma of ['journal_mode=MEMORY', 'synchronous=OFF', 'cache_size=-262144', 'temp_store=MEMORY'])
    database.exec(`PRAGMA ${pragma}`);
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    let statement = prepared.get(sql);
    if (!statement) {
      if (prepared.size >= statementsMax) prepared.clear();
      prepared.set(sql, (statement = database.prepare(toSqlitePlaceholders(sql).sql)));
    }
    return statement;
  };
  const bound = (value: unknown): SQLInputValue => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue));
  const run = ({ sql, params }: Statement): Row[] => prepare(sql).all(...params.map(bound));
  const step = (one: WriteStep): Row[] => {
    if (!('insertInto' in one)) return run(one);
    const places = one.columns.map((_, index) => `$${index + 1}`).join(', ');
    const conflict = one.onConflict === undefined ? '' : ` ON CONFLICT ${one.onConflict}`;
    const statement = prepare(`INSERT INTO ${one.insertInto} (${one.columns.join(', ')}) VALUES (${places})${conflict}`);
    let touched = 0;
    for (const row of one.rows) touched += Number(statement.run(...row.map(bound)).changes);
    if (one.expectRows !== undefined && touched !== one.expectRows) throw new StaleWrite(one.label ?? null, 0);
    return [];
  };
  const driver: BooksDriver = {
    engine: 'sqlite',
    rows: async <R>(statement: Statement) => (file.isDayNew && asksForCounts.test(statement.sql) ? [] : run(statement)) as R[],
    async write(steps) {
      database.exec('BEGIN');
      const results = steps.map(step);
      database.exec('COMMIT');
      return results;
    },
  };
  const file: File = { database, driver, isDayNew: true };
  return file;
}

function* batchesOf(requests: Iterable<readonly LedgerRecord[]>): Generator<Numbered[], void, undefined> {
  let batch: Numbered[] = [];
  let seq = 0;
  for (const records of requests) {
    const last = batch.at(-1);
    if (last && (batch.length >= batchRecordsMax || dayOf(records[0]!.atMs) > dayOf(last.record.atMs))) {
      yield batch;
      batch = [];
    }
    for (const record of records) batch.push({ seq: ++seq, record });
  }
  if (batch.length > 0) yield batch;
}

/**
 * Writes requests, each with its records, the oldest first, into the books of a new instance: rows, sums and counts as a feeder would have
 * written them. The file must have the schema and be held by nobody (`copyBooks` brings it to PostgreSQL).
 */
export async function fillBooks(path: string, instanceId: string, requests: Iterable<readonly LedgerRecord[]>): Promise<void> {
  const file = openFile(path);
  const { database, driver } = file;
  try {
    const indexes = database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'usage_events' AND sql IS NOT NULL")
      .all();
    // Each row would go into nine more trees; sorted once at the end they cost a third.
    for (const { name } of indexes) database.exec(`DROP INDEX ${String(name)}`);
    const shard = 1 + Number(database.prepare('SELECT COALESCE(max(shard), 0) AS shard FROM instances').get()?.['shard']);
    const books: Books = { instanceId, shard, appliedSeq: 0, seenAtMs: 0, dimensionIds: new Map() };
    await driver.write([
      { sql: 'INSERT INTO instances (id, shard, started_at, seen_at, applied_seq) VALUES ($1, $2, 0, 0, 0)', params: [instanceId, shard] },
    ]);
    let day = -1;
    for (const batch of batchesOf(requests)) {
      // An attempt that began before midnight may be settled by a request of this batch; its counts lie in the day before.
      const days = new Set(batch.map(({ record }) => dayOf(record.atMs)));
      file.isDayNew = !days.has(day);
      day = Math.max(...days);
      await applyNumbered(driver, books, batch, batch.at(-1)!.record.atMs + 1, []);
    }
    for (const { sql } of indexes) database.exec(String(sql));
    database.exec('PRAGMA journal_mode=WAL');
  } finally {
    database.close();
  }
}
