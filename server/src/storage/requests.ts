/** The list of requests, newest first: one row per request with its attempts beneath it, a page in one query. */
import type { Database } from './database.ts';
import { columns, rowOf, type LedgerRow } from './ledger-rows.ts';
import { endOfLook, keysSql, sourceOf, type Look, type RequestCursor, type RequestFilter } from './request-filters.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

export const requestsPageMax = 500;
const attemptsMax = 200;
/** Rows that each look of a page reads where a filter must look at each of them, few at first: what is left is for the next page. */
const lookRows = [2_000, 8_000, 30_000, 60_000] as const;
const lowestId = '00000000-0000-0000-0000-000000000000';

export interface RequestsQuestion extends RequestFilter {
  /** Null for the first page. */
  cursor: RequestCursor | null;
  limit: number;
}

export interface ListedRequest {
  /** The attempt that stands for the request: what the client was answered with. */
  last: LedgerRow;
  /** Attempts at providers; 0 for a refused request. */
  attempts: number;
  /** Sums over all attempts. */
  tokensIn: number;
  tokensOut: number;
  /** Null where an attempt that went out has no known cost: a failed one that cost nothing must not make an answer without a price free. */
  costNanoUsd: number | null;
  /** When the first attempt began. */
  startedAtMs: number;
}

export interface RequestsPage {
  rows: ListedRequest[];
  nextCursor: RequestCursor | null;
  /** How far down this page looked, where it ended before it was full and there is more to look through; else null. */
  searchedToMs: number | null;
}

const cursorText = /^(\d{1,15})\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

export const writeCursor = (cursor: RequestCursor): string => `${cursor.atMs}.${cursor.id}`;

/** Null for a text that is no cursor. */
export function readCursor(text: string): RequestCursor | null {
  const match = cursorText.exec(text);
  return match ? { atMs: Number(match[1]), id: match[2]! } : null;
}

const taken = columns.map((name) => `e.${name}`).join(', ');

/** The rows of a selection of last attempts, each with the sums over its request, the newest first. */
async function readSummed({ driver }: Database, page: string, params: readonly unknown[]): Promise<ListedRequest[]> {
  const sql = `WITH page AS (${page}), sums AS (
      SELECT request_id AS sum_request_id, CAST(sum(CASE WHEN attempt_no > 0 THEN 1 ELSE 0 END) AS BIGINT) AS attempt_count,
        CAST(sum(tokens_in) AS BIGINT) AS sum_tokens_in, CAST(sum(tokens_out) AS BIGINT) AS sum_tokens_out,
        CASE WHEN sum(CASE WHEN cost_nano_usd IS NULL AND state NOT IN ('intent', 'refused') THEN 1 ELSE 0 END) = 0 THEN CAST(sum(cost_nano_usd) AS BIGINT) END AS sum_cost,
        min(at) AS started_at
      FROM usage_events WHERE request_id IN (SELECT request_id FROM page) GROUP BY request_id
    )
    SELECT * FROM page JOIN sums ON sum_request_id = request_id ORDER BY at DESC, id DESC`;
  const found = await driver.rows({ sql, params });
  return found.map((row) => ({
    last: rowOf(row),
    attempts: Number(row['attempt_count']),
    tokensIn: Number(row['sum_tokens_in']),
    tokensOut: Number(row['sum_tokens_out']),
    costNanoUsd: row['sum_cost'] === null ? null : Number(row['sum_cost']),
    startedAtMs: Number(row['started_at']),
  }));
}

/** The newest requests of a look. */
function readLook(database: Database, look: Look, rowsMax: number): Promise<ListedRequest[]> {
  const parameters = new Parameters();
  const keys = keysSql(database, look, rowsMax, parameters);
  const page = `SELECT ${taken} FROM (${keys}) AS newest JOIN usage_events e ON e.at = newest.at AND e.id = newest.id`;
  return readSummed(database, page, parameters.values);
}

/** One request as a list shows it; undefined while no attempt stands for it. Whether the caller may see it is asked elsewhere. */
export async function requestSummary(database: Database, requestId: string): Promise<ListedRequest | undefined> {
  const page = `SELECT ${taken} FROM usage_events e WHERE e.request_id = $1 AND e.is_last LIMIT 1`;
  return (await readSummed(database, page, [requestId]))[0];
}

/**
 * One page; `nextCursor` is null at the end. Rows that came meanwhile are on the pages before, so that nothing is seen twice. A filter
 * that no index knows reads a bounded number of rows: a page may then be short, and its cursor goes on where it stopped looking.
 */
export async function listRequests(
  database: Database,
  question: RequestsQuestion,
  looks: readonly number[] = lookRows,
): Promise<RequestsPage> {
  const limit = Math.max(1, Math.min(question.limit, requestsPageMax));
  const source = await sourceOf(database, question);
  if (source === null) return { rows: [], nextCursor: null, searchedToMs: null };
  const rows: ListedRequest[] = [];
  let { cursor } = question;
  for (const rowsMax of looks) {
    const downToMs = source.isSifted ? await endOfLook(database, { source, filter: question, cursor }, rowsMax) : null;
    const look: Look = { source, filter: question, cursor, downToMs };
    rows.push(...(await readLook(database, look, limit + 1 - rows.length)));
    if (rows.length > limit) {
      const end = rows[limit - 1]!.last;
      return { rows: rows.slice(0, limit), nextCursor: { atMs: end.atMs, id: end.id }, searchedToMs: null };
    }
    if (downToMs === null) return { rows, nextCursor: null, searchedToMs: null };
    cursor = { atMs: downToMs, id: lowestId };
  }
  return { rows, nextCursor: cursor, searchedToMs: cursor?.atMs ?? null };
}

/** Every attempt of a request in order, open ones too; empty where there is none that the caller may see. */
export async function attemptsOf({ driver }: Database, requestId: string, visibility: Visibility): Promise<LedgerRow[]> {
  const parameters = new Parameters();
  const id = parameters.add(requestId);
  const rows = await driver.rows({
    sql: `SELECT ${columns.map((name) => `e.${name}`).join(', ')} FROM usage_events e
      WHERE e.request_id = ${id} AND ${visibleCondition(visibility, 'e', parameters)} ORDER BY e.attempt_no, e.at LIMIT ${attemptsMax}`,
    params: parameters.values,
  });
  return rows.map(rowOf);
}
