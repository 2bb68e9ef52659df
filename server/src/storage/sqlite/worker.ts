/** One worker thread with one SQLite connection. Every message is answered; a batch is one synchronous transaction. */
import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { toSqlitePlaceholders } from '../codec.ts';
import { StaleWrite } from '../errors.ts';
import { applyLines, type BooksDriver } from '../ledger-apply.ts';
import type { LedgerBatch, SqlValue } from '../driver.ts';
import type { Books } from '../instances.ts';
import { uniqueConstraintName } from './constraints.ts';
import { decodeRow, shapeOf, UnsafeColumn, type Shape } from './decode.ts';
import type { Reply, Request, Role, WireError, WireInsertMany, WireResult, WireStatement, WireStep, WorkerSettings } from './messages.ts';
import { rowsOf, wireStatement, wireStep } from './wire.ts';

/** SQLite sleeps this long at most for a lock, since nothing else runs in the thread meanwhile; the engine retries. */
const busyTimeoutMs = 20;
const statementsMax = 500;
/** Pages per step of a backup: all of them, so that the copy is one snapshot and never starts over. */
const backupPagesPerStep = 0x7fff_ffff;

class Damaged extends Error {}

interface Prepared {
  statement: StatementSync;
  shape: Shape;
  parameterCount: number;
}

function openDatabase(file: string, role: Role): DatabaseSync {
  const database = new DatabaseSync(file, {
    readOnly: role !== 'writer',
    enableForeignKeyConstraints: true,
    timeout: busyTimeoutMs,
    readBigInts: true,
    returnArrays: true,
    allowExtension: false,
    defensive: true,
  });
  const pragmas = ['trusted_schema=OFF', 'mmap_size=0', 'cache_size=-16384', 'temp_store=MEMORY'];
  if (role === 'writer') {
    // Of a new file; one that is there keeps its own. Half as many pages are half as many writes to the log and from there to the file.
    database.exec('PRAGMA page_size=8192');
    const [mode] = database.prepare('PRAGMA journal_mode=WAL').get() as unknown as [unknown];
    if (mode !== 'wal') throw new Error('the write-ahead log was not granted; the data directory must be on a local disk');
    // FULL: an acknowledged write survives a power cut. secure_delete: a deleted secret is overwritten, not only forgotten.
    pragmas.push('synchronous=FULL', 'secure_delete=ON', 'journal_size_limit=67108864');
  }
  for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`);
  return database;
}

const settings = workerData as WorkerSettings;
if (parentPort === null) throw new Error('this file runs as a worker thread of the storage engine');
const port = parentPort;
const prepared = new Map<string, Prepared>();
let database: DatabaseSync;

/** All integers are bound as integers: `node:sqlite` binds every number as REAL, which turns `$1 / 2` into a fraction. */
const bindable = (value: SqlValue): SQLInputValue => {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
};

function prepare(sql: string): Prepared {
  const known = prepared.get(sql);
  if (known !== undefined) return known;
  if (prepared.size >= statementsMax) {
    const [oldest = ''] = prepared.keys();
    prepared.delete(oldest);
  }
  const { sql: text, parameterCount } = toSqlitePlaceholders(sql);
  const statement = database.prepare(text);
  const entry = { statement, shape: shapeOf(statement), parameterCount };
  prepared.set(sql, entry);
  return entry;
}

/** Runs a statement that answers no rows once for each list of parameters, as they are; returns how many rows were touched. */
function executePlainly({ statement, parameterCount }: Prepared, rows: readonly (readonly SqlValue[])[]): number {
  let touched = 0;
  for (const params of rows) {
    if (params.length !== parameterCount) throw new TypeError(`${params.length} parameters for ${parameterCount} placeholders`);
    touched += Number(statement.run(...(params as SQLInputValue[])).changes);
  }
  return touched;
}

function execute({ statement, shape, parameterCount }: Prepared, params: readonly SqlValue[]): WireResult {
  // SQLite takes a missing parameter for NULL; PostgreSQL refuses it, and so do we.
  if (params.length !== parameterCount) throw new TypeError(`${params.length} parameters for ${parameterCount} placeholders`);
  const values = params.map(bindable);
  if (shape.columns.length === 0) return { columns: [], rows: [], touched: Number(statement.run(...values).changes) };
  const rows = statement.all(...values) as unknown as unknown[][];
  for (const row of rows) decodeRow(row, shape);
  return { columns: shape.columns, rows, touched: rows.length };
}

const run = (statement: WireStatement): WireResult => execute(prepare(statement.sql), statement.params);

function runMany({ runs, isPlain }: WireInsertMany): WireResult {
  const result = { columns: [] as readonly string[], rows: [] as (readonly unknown[])[], touched: 0 };
  for (const { sql, rows } of runs) {
    const entry = prepare(sql);
    if (isPlain) {
      result.touched += executePlainly(entry, rows);
      continue;
    }
    result.columns = entry.shape.columns;
    for (const params of rows) {
      const one = execute(entry, params);
      result.rows.push(...one.rows);
      result.touched += one.touched;
    }
  }
  return result;
}

function runStep(step: WireStep, index: number): WireResult {
  const result = 'runs' in step ? runMany(step) : run(step);
  if (step.expectRows !== undefined && result.touched !== step.expectRows) throw new StaleWrite(step.label ?? null, index);
  return result;
}

function inTransaction<T>(work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk or an I/O error may have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** The database for the code that applies the journal: in this thread, and without a moment between question and answer. */
const local: BooksDriver = {
  engine: 'sqlite',
  rows: async <R>(statement: Parameters<BooksDriver['rows']>[0]) => rowsOf<R>(run(wireStatement(statement))),
  write: async (steps) => inTransaction(() => steps.map((step, index) => runStep(wireStep(step), index))).map((result) => rowsOf(result)),
};
/** As the last batch left them: the ids of dimensions and the open rows that it learnt are still good where nobody wrote in between. */
let lastBooks: Books | null = null;

async function applyBatch(batch: LedgerBatch): Promise<WireResult> {
  const { instanceId, shard, appliedSeq, seenAtMs } = batch;
  const isSame = lastBooks?.instanceId === instanceId && lastBooks.appliedSeq === appliedSeq && lastBooks.seenAtMs === seenAtMs;
  const books: Books =
    isSame && lastBooks ? lastBooks : { instanceId, shard, appliedSeq, seenAtMs, dimensionIds: new Map(), open: new Map() };
  lastBooks = books;
  const applied = await applyLines(local, books, batch.lines, batch.nowMs, batch.extra);
  const columns = ['appliedSeq', 'repeated', 'orphans', 'unfit'];
  return { columns, rows: [[books.appliedSeq, applied.repeated, applied.orphans, applied.unfit]], touched: 1 };
}

function check(): void {
  const rows = database.prepare('PRAGMA quick_check(5)').all() as unknown as [unknown][];
  const findings = rows.map(([text]) => String(text)).filter((text) => text !== 'ok');
  if (findings.length > 0) throw new Damaged(findings.join('; ').slice(0, 500));
}

/** Its own connection, so that the copy neither waits for this lane nor holds it up: the steps run in libuv's threads. */
async function copyTo(path: string): Promise<void> {
  const source = new DatabaseSync(settings.file, { readOnly: true });
  try {
    await backup(source, path, { rate: backupPagesPerStep });
  } finally {
    source.close();
  }
}

async function answer(request: Request): Promise<readonly WireResult[]> {
  switch (request.op) {
    case 'run':
      return [run(request.statement)];
    case 'write':
      return inTransaction(() => request.steps.map(runStep));
    case 'ledger':
      return [await applyBatch(request.batch)];
    case 'script':
      prepared.clear();
      inTransaction(() => database.exec(request.sql));
      return [];
    case 'backup':
      await copyTo(request.path);
      return [];
    case 'check':
      check();
      return [];
    case 'scrub': {
      const [busy] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as unknown as [bigint];
      if (busy !== 0n) throw Object.assign(new Error('a reader holds the log'), { errcode: 5 });
      return [];
    }
    case 'close':
      prepared.clear();
      if (database.isOpen) database.close();
      return [];
  }
}

const uniqueCodes = new Set([1555, 2067, 2579]);

function wireErrorOf(error: unknown): WireError {
  if (error instanceof StaleWrite) return { kind: 'stale', label: error.label, step: error.step };
  if (error instanceof UnsafeColumn) return { kind: 'unsafe_integer', column: error.column };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Damaged) return { kind: 'damaged', message };
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number') return { kind: 'fault', message };
  return { kind: 'sqlite', code, message, constraint: uniqueCodes.has(code) ? uniqueConstraintName(database, message) : null };
}

const reply = (message: Reply): void => port.postMessage(message);

port.on('message', (request: Request) => {
  answer(request).then(
    (results) => {
      reply({ id: request.id, results });
      // Without its port the thread ends by itself.
      if (request.op === 'close') port.close();
    },
    (error: unknown) => reply({ id: request.id, error: wireErrorOf(error) }),
  );
});

try {
  database = openDatabase(settings.file, settings.role);
  if (settings.isCheckWanted) check();
  reply({ id: 'ready' });
} catch (error) {
  reply({ id: 'refused', error: wireErrorOf(error) });
  port.close();
}
