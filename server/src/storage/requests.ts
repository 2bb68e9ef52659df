/** The list of requests, newest first: one row per request with its attempts beneath it, a page in one query. */
import type { EntryState } from '../domain/ledger.ts';
import type { Database } from './database.ts';
import { columns, rowOf, type LedgerRow } from './ledger-rows.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

export const requestsPageMax = 500;
const attemptsMax = 200;
/** Parts of one statement; SQLite takes 500. */
const dimensionsMax = 200;

/** Where a page begins: after this row, in descending order of (at, id). */
export interface RequestCursor {
  atMs: number;
  id: string;
}

export interface RequestsQuestion {
  visibility: Visibility;
  /** Null for the first page. */
  cursor: RequestCursor | null;
  limit: number;
  fromMs?: number;
  /** Exclusive. */
  toMs?: number;
  connectionId?: string;
  accessKeyId?: string;
  userId?: string;
  workspaceId?: string;
  model?: string;
  status?: number;
  state?: EntryState;
}

export interface ListedRequest {
  /** The attempt that stands for the request: what the client was answered with. */
  last: LedgerRow;
  /** Attempts at providers; 0 for a refused request. */
  attempts: number;
  /** Sums over all attempts. */
  tokensIn: number;
  tokensOut: number;
  /** Null where no attempt has a price. */
  costNanoUsd: number | null;
  /** When the first attempt began. */
  startedAtMs: number;
}

export interface RequestsPage {
  rows: ListedRequest[];
  nextCursor: RequestCursor | null;
}

const cursorText = /^(\d{1,15})\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

export const writeCursor = (cursor: RequestCursor): string => `${cursor.atMs}.${cursor.id}`;

/** Null for a text that is no cursor. */
export function readCursor(text: string): RequestCursor | null {
  const match = cursorText.exec(text);
  return match ? { atMs: Number(match[1]), id: match[2]! } : null;
}

const equal = (column: string, value: string | number | undefined, parameters: Parameters): string[] =>
  value === undefined ? [] : [`${column} = ${parameters.add(value)}`];

/** What a dimension says of a row: who asked whom. The columns have the same names in both tables. */
const dimensionConditions = (question: RequestsQuestion, alias: string, parameters: Parameters): string[] => [
  visibleCondition(question.visibility, alias, parameters),
  ...equal(`${alias}.connection_id`, question.connectionId, parameters),
  ...equal(`${alias}.access_key_id`, question.accessKeyId, parameters),
  ...equal(`${alias}.user_id`, question.userId, parameters),
  ...equal(`${alias}.workspace_id`, question.workspaceId, parameters),
  ...equal(`${alias}.model`, question.model, parameters),
];

/** What only the row itself says. */
function rowConditions(question: RequestsQuestion, parameters: Parameters): string[] {
  const { cursor, fromMs, toMs } = question;
  return [
    'e.is_last',
    ...(cursor ? [`e.at <= ${parameters.add(cursor.atMs)}`, `(e.at, e.id) < (${parameters.add(cursor.atMs)}, ${parameters.add(cursor.id)})`] : []),
    ...(fromMs === undefined ? [] : [`e.at >= ${parameters.add(fromMs)}`]),
    ...(toMs === undefined ? [] : [`e.at < ${parameters.add(toMs)}`]),
    ...equal('e.status', question.status, parameters),
    ...equal('e.state', question.state, parameters),
  ]; // prettier-ignore
}

/** The dimensions of a filtered list; null where there is no filter, or where it takes so many that rows are found soon without them. */
async function dimensionsOf({ driver }: Database, question: RequestsQuestion): Promise<number[] | null> {
  const { visibility, connectionId, accessKeyId, userId, workspaceId, model } = question;
  const isFiltered = visibility !== 'all' || [connectionId, accessKeyId, userId, workspaceId, model].some((value) => value !== undefined);
  if (!isFiltered) return null;
  const parameters = new Parameters();
  const conditions = dimensionConditions(question, 'd', parameters).join(' AND ');
  const sql = `SELECT d.id FROM usage_dimensions d WHERE ${conditions} ORDER BY d.id LIMIT ${dimensionsMax + 1}`;
  const found = await driver.rows<{ id: number }>({ sql, params: parameters.values });
  return found.length > dimensionsMax ? null : found.map(({ id }) => id);
}

const newestFirst = (alias: string): string => `ORDER BY ${alias}.at DESC, ${alias}.id DESC`;

/**
 * The page's rows. Without dimensions by the table's own key, newest first, leaving out what is not asked for; with them from each one's
 * own end of its index, so that a filter that takes one row in a million reads no more than one that takes every row.
 */
function pageSql(question: RequestsQuestion, dimensions: readonly number[] | null, rowsMax: number, parameters: Parameters): string {
  const conditions = rowConditions(question, parameters).join(' AND ');
  const taken = columns.map((name) => `e.${name}`).join(', ');
  if (!dimensions) {
    const more = dimensionConditions(question, 'e', parameters).join(' AND ');
    return `SELECT ${taken} FROM usage_events e WHERE ${conditions} AND ${more} ${newestFirst('e')} LIMIT ${rowsMax}`;
  }
  const parts = dimensions.map(
    (id, index) =>
      `SELECT * FROM (SELECT e.at, e.id FROM usage_events e WHERE e.dimension_id = ${parameters.add(id)} AND ${conditions} ${newestFirst('e')} LIMIT ${rowsMax}) AS part${index}`,
  );
  return `SELECT ${taken} FROM (SELECT found.at, found.id FROM (${parts.join(' UNION ALL ')}) AS found ${newestFirst('found')} LIMIT ${rowsMax}) AS newest
    JOIN usage_events e ON e.at = newest.at AND e.id = newest.id`;
}

/** One page; `nextCursor` is null at the end. Rows that came meanwhile are on the pages before, so that nothing is seen twice. */
export async function listRequests(database: Database, question: RequestsQuestion): Promise<RequestsPage> {
  const limit = Math.max(1, Math.min(question.limit, requestsPageMax));
  const dimensions = await dimensionsOf(database, question);
  if (dimensions?.length === 0) return { rows: [], nextCursor: null };
  const parameters = new Parameters();
  const sql = `WITH page AS (${pageSql(question, dimensions, limit + 1, parameters)}), sums AS (
      SELECT request_id AS sum_request_id, CAST(sum(CASE WHEN attempt_no > 0 THEN 1 ELSE 0 END) AS BIGINT) AS attempt_count,
        CAST(sum(tokens_in) AS BIGINT) AS sum_tokens_in, CAST(sum(tokens_out) AS BIGINT) AS sum_tokens_out,
        CAST(sum(cost_nano_usd) AS BIGINT) AS sum_cost, min(at) AS started_at
      FROM usage_events WHERE request_id IN (SELECT request_id FROM page) GROUP BY request_id
    )
    SELECT * FROM page JOIN sums ON sum_request_id = request_id ORDER BY at DESC, id DESC`;
  const found = await database.driver.rows({ sql, params: parameters.values });
  const rows = found.slice(0, limit).map((row): ListedRequest => ({
    last: rowOf(row),
    attempts: Number(row['attempt_count']),
    tokensIn: Number(row['sum_tokens_in']),
    tokensOut: Number(row['sum_tokens_out']),
    costNanoUsd: row['sum_cost'] === null ? null : Number(row['sum_cost']),
    startedAtMs: Number(row['started_at']),
  }));
  const end = found.length > limit ? rows.at(-1)?.last : undefined;
  return { rows, nextCursor: end ? { atMs: end.atMs, id: end.id } : null };
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
