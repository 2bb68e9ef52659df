/** Brings records of a journal into the books: each one once, rows and roll-ups in one transaction. */
import type { AuditEntry } from '../domain/audit.ts';
import type { Numbered } from '../domain/ledger-line.ts';
import { noMeasures } from '../domain/rollup.ts';
import { withEntries } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { guardStep, type Books } from './instances.ts';
import { applyLines, applyNumbered, writeRows, type Applied } from './ledger-apply.ts';
import { columns, rowOf, type LedgerRow } from './ledger-rows.ts';
import { settledSteps } from './ledger-steps.ts';
import { rollupSteps, type Contribution } from './rollups.ts';

/** In the words of the partial index: SQLite uses it only where it finds them. */
const isOpenSql = "state IN ('intent', 'unknown')";
const unknownsAtOnce = 500;
/** Two million rows; each round closes some, so that more are a fault. */
const roundsMax = 4_000;
/** No request lasts longer; bounds the search for requests that a crash left between two attempts. */
const requestMsMax = 3_600_000;

/**
 * Applies records of this instance's journal, in order of their numbers, a thousand closed rows in one transaction. Those at or below
 * `appliedSeq` are left out, and a row that is closed stays as it is, so that applying anything twice changes nothing (P1). `facts` are
 * kept with the first of them. Throws the storage errors; then the books say how far they are: read them again.
 */
export const applyRecords = (
  database: Database,
  books: Books,
  records: readonly Numbered[],
  nowMs: number,
  facts: readonly AuditEntry[] = [],
): Promise<Applied> => withEntries(database, facts, (steps) => applyNumbered(database.driver, books, records, nowMs, steps), true);

/**
 * As `applyRecords`, for whole lines of the journal. Where the database is in this process, its own thread reads and applies them, and
 * nothing of it is done here per record.
 */
export async function applyJournal(
  database: Database,
  books: Books,
  lines: string,
  nowMs: number,
  facts: readonly AuditEntry[] = [],
): Promise<Applied> {
  return withEntries(database, facts, (extra) => applyWith(database.driver, books, lines, nowMs, extra), true);
}

async function applyWith(
  driver: Database['driver'],
  books: Books,
  lines: string,
  nowMs: number,
  extra: readonly Statement[],
): Promise<Applied> {
  if (!driver.applyLedger) return applyLines(driver, books, lines, nowMs, extra);
  const { instanceId, shard, seenAtMs } = books;
  const { appliedSeq, ...applied } = await driver.applyLedger({
    instanceId,
    shard,
    appliedSeq: books.appliedSeq,
    seenAtMs,
    nowMs,
    lines,
    extra,
  });
  if (appliedSeq > books.appliedSeq) books.seenAtMs = nowMs;
  books.appliedSeq = appliedSeq;
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
      sql: `SELECT ${columns.join(', ')} FROM usage_events WHERE instance_id = $1 AND state = 'intent' AND ${isOpenSql} AND seq <= $2 ORDER BY at, id LIMIT ${unknownsAtOnce}`,
      params: [books.instanceId, seqMax],
    });
    if (found.length === 0) return { count, earliestMs };
    const rows = found.map(rowOf).map((row): LedgerRow => ({ ...row, state: 'unknown', reason: 'interrupted' }));
    await writeRows(database.driver, books, () => settledSteps(rows, database.driver.engine), rows, books.appliedSeq, nowMs);
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
        // Materialized, so that both engines read the rows of the time and not a whole index in the order of the groups.
        sql: `WITH recent AS MATERIALIZED (
            SELECT request_id, attempt_no, is_last FROM usage_events WHERE at >= $1 AND instance_id = $2 AND seq <= $3
          ) SELECT ${columns.map((name) => `e.${name}`).join(', ')} FROM usage_events e JOIN (
            SELECT request_id, max(attempt_no) AS attempt_no FROM recent
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
      codes: [],
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
