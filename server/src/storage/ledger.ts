/** Brings records of a journal into the books: each one once, rows and roll-ups in one transaction. */
import type { AuditEntry } from '../domain/audit.ts';
import type { LedgerRecord } from '../domain/ledger.ts';
import { measuresOf, noMeasures } from '../domain/rollup.ts';
import { auditStep } from './changes.ts';
import type { Database } from './database.ts';
import type { Driver, Statement } from './driver.ts';
import { guardStep, type Books } from './instances.ts';
import { columns, intentRow, isFit, orphanRow, refusedRow, rowKey, rowOf, rowsStep, settledRow, type LedgerRow } from './ledger-rows.ts';
import { placeholders, rollupSteps, type Contribution } from './rollups.ts';

export interface JournalRecord {
  seq: number;
  record: LedgerRecord;
}

export interface Applied {
  /** Records that changed nothing because the books had them already. */
  repeated: number;
  /** Settlements whose intent is lost; they are in the books under nobody's name. */
  orphans: number;
  /** Records that no row can be made of. */
  unfit: number;
}

const unknownsAtOnce = 500;
/** Two million rows; each round closes some, so that more are a fault. */
const roundsMax = 4_000;
/** No request lasts longer; bounds the search for requests that a crash left between two attempts. */
const requestMsMax = 3_600_000;

/** The rows that the books have for these records. */
async function knownRows(driver: Driver, records: readonly JournalRecord[]): Promise<Map<string, LedgerRow>> {
  const times = [...new Set(records.map(({ record }) => Math.max(0, Math.trunc(record.atMs))))];
  const ids = [...new Set(records.map(({ record }) => record.id))];
  if (ids.length === 0) return new Map();
  // The cast keeps SQLite from probing its index with every pair of a time and an id; by time alone it finds a row or two.
  const sql = `SELECT ${columns.join(', ')} FROM usage_events
    WHERE at IN (${placeholders(times.length)}) AND CAST(id AS TEXT) IN (${placeholders(ids.length, times.length)})`;
  const rows = await driver.rows({ sql, params: [...times, ...ids] });
  return new Map(rows.map(rowOf).map((row) => [rowKey(row), row]));
}

/** What the row of this record becomes; null where the books need no change. */
function nextRow(books: Books, { seq, record }: JournalRecord, current: LedgerRow | undefined, applied: Applied): LedgerRow | null {
  if (record.kind === 'settle' && current?.state === 'intent') return settledRow(current, record);
  if (current) {
    applied.repeated += 1;
    return null;
  }
  if (record.kind === 'intent') return intentRow(books.instanceId, seq, record);
  if (record.kind === 'refused') return refusedRow(books.instanceId, seq, record);
  applied.orphans += 1;
  return orphanRow(books.instanceId, seq, record);
}

function contributionOf(row: LedgerRow): Contribution | null {
  const measures = measuresOf(row);
  if (!measures) return null;
  const providerCalls = row.purpose === 'completion' && row.state !== 'refused' ? 1 : 0;
  return { atMs: row.atMs, dimension: row, measures, providerCalls };
}

/** Writes rows that changed, what they add to the roll-ups, and the instance's new position: all of it or nothing. */
async function writeRows(
  database: Database,
  books: Books,
  rows: readonly LedgerRow[],
  appliedSeq: number,
  nowMs: number,
  facts: readonly AuditEntry[] = [],
): Promise<void> {
  const { driver } = database;
  const contributions = rows.map(contributionOf).filter((contribution) => contribution !== null);
  const { steps, committed } = await rollupSteps(driver, books, contributions);
  const inserts = rows.length > 0 ? [rowsStep(rows)] : [];
  await driver.write([guardStep(books, appliedSeq, nowMs), ...inserts, ...steps, ...facts.map((fact) => auditStep(database, fact))]);
  books.appliedSeq = appliedSeq;
  books.seenAtMs = nowMs;
  committed();
}

/**
 * Applies records of this instance's journal, in order of their numbers, in one transaction. Those at or below `appliedSeq` are left
 * out, and a row that is closed stays as it is, so that applying anything twice changes nothing (P1). `facts` are kept with them.
 * Throws the storage errors; then nothing was written, or (StorageUnavailable) nobody knows: read the books again.
 */
export async function applyRecords(
  database: Database,
  books: Books,
  records: readonly JournalRecord[],
  nowMs: number,
  facts: readonly AuditEntry[] = [],
): Promise<Applied> {
  const applied: Applied = { repeated: 0, orphans: 0, unfit: 0 };
  const fresh = records.filter(({ seq }) => seq > books.appliedSeq);
  const last = fresh.at(-1);
  if (!last) return applied;
  const fit = fresh.filter(({ record }) => isFit(record));
  applied.unfit = fresh.length - fit.length;
  const known = await knownRows(database.driver, fit);
  const changed = new Map<string, LedgerRow>();
  for (const one of fit) {
    const key = rowKey(one.record);
    const row = nextRow(books, one, changed.get(key) ?? known.get(key), applied);
    if (row) changed.set(key, row);
  }
  await writeRows(database, books, [...changed.values()], last.seq, nowMs, facts);
  return applied;
}

/** Open intents up to `seqMax` become `unknown`: their run is over, so that nothing will settle them. The reservation stays on the row. */
async function closeOpenIntents(
  database: Database,
  books: Books,
  seqMax: number,
  nowMs: number,
): Promise<{ count: number; earliestMs: number }> {
  let count = 0;
  let earliestMs = nowMs;
  for (let round = 0; round < roundsMax; round++) {
    const found = await database.driver.rows({
      sql: `SELECT ${columns.join(', ')} FROM usage_events WHERE instance_id = $1 AND state = 'intent' AND seq <= $2 ORDER BY at, id LIMIT ${unknownsAtOnce}`,
      params: [books.instanceId, seqMax],
    });
    if (found.length === 0) return { count, earliestMs };
    const rows = found.map(rowOf).map((row): LedgerRow => ({ ...row, state: 'unknown', reason: 'interrupted' }));
    await writeRows(database, books, rows, books.appliedSeq, nowMs);
    count += rows.length;
    for (const row of rows) earliestMs = Math.min(earliestMs, row.atMs);
  }
  return { count, earliestMs };
}

/** Requests that a crash left without a last attempt get one, so that the list of requests has every request. */
async function closeRequests(database: Database, books: Books, seqMax: number, fromMs: number, nowMs: number): Promise<void> {
  const { driver } = database;
  for (let round = 0; round < roundsMax; round++) {
    const open = await driver.rows(
      {
        sql: `SELECT ${columns.map((name) => `e.${name}`).join(', ')} FROM usage_events e JOIN (
            SELECT request_id, max(attempt_no) AS attempt_no FROM usage_events WHERE at >= $1 AND instance_id = $2 AND seq <= $3
            GROUP BY request_id HAVING max(CASE WHEN is_last THEN 1 ELSE 0 END) = 0 ORDER BY request_id LIMIT ${unknownsAtOnce}
          ) r ON r.request_id = e.request_id AND r.attempt_no = e.attempt_no
          WHERE e.at >= $1 AND e.instance_id = $2 ORDER BY e.at, e.id`,
        params: [fromMs, books.instanceId, seqMax],
      },
      'analytics',
    );
    // Two rows with one number are one request: it is counted once.
    const rows = [...new Map(open.map(rowOf).map((row) => [row.requestId, row])).values()];
    if (rows.length === 0) return;
    const contributions = rows.map((row): Contribution => ({
      atMs: row.atMs,
      dimension: row,
      measures: { ...noMeasures(), requests: 1 },
      providerCalls: 0,
    }));
    const { steps, committed } = await rollupSteps(driver, books, contributions);
    const marks = rows.map((row): Statement => {
      const sql = 'UPDATE usage_events SET is_last = TRUE WHERE at = $1 AND id = $2 AND NOT is_last';
      return { sql, params: [row.atMs, row.id], expectRows: 1, label: 'last' };
    });
    await driver.write([guardStep(books, books.appliedSeq, nowMs), ...marks, ...steps]);
    books.seenAtMs = nowMs;
    committed();
  }
}

/**
 * Closes what an earlier run of this instance left open: every intent with a number up to `seqMax` becomes `unknown`, visible and
 * counted once, and every request has a last row. Call it when everything up to `seqMax` is applied. Returns how many became unknown.
 * `lastSeenMs` is when that run was last seen in the books.
 */
export async function markUnknown(database: Database, books: Books, seqMax: number, lastSeenMs: number, nowMs: number): Promise<number> {
  const { count, earliestMs } = await closeOpenIntents(database, books, seqMax, nowMs);
  await closeRequests(database, books, seqMax, Math.max(0, Math.min(earliestMs, lastSeenMs) - requestMsMax), nowMs);
  return count;
}
