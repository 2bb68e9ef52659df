/** What checks found over time: the checks themselves for a while, their sums for months, and when connections were ill. */
import type { CheckOutcome, IllState } from '../domain/health.ts';
import { classOfMs, tookClasses } from '../domain/latency-classes.ts';
import { dayMs } from '../domain/rollup.ts';
import type { Database } from './database.ts';
import type { WriteStep } from './driver.ts';
import { text, textOrNull } from './fit.ts';
import type { CheckKind } from './schema-health.ts';
import { Parameters } from './visibility.ts';

export const halfHourMs = 1_800_000;
export type SpanMs = 1_800_000 | 86_400_000;
const faultCharsMax = 30;
/** Checks that one question names. */
const askedAtOnce = 500;
const modelCharsMax = 255;

export interface HealthCheckRow {
  id: string;
  atMs: number;
  connectionId: string;
  model: string;
  kind: CheckKind;
  outcome: CheckOutcome;
  /** Passed, but slow against the connection's own pace. */
  isSlow: boolean;
  fault: string | null;
  status: number | null;
  latencyMs: number;
  costNanoUsd: number;
  requestId: string | null;
}

const checkColumns = [
  'at', 'id', 'connection_id', 'model', 'kind', 'outcome', 'fault', 'status', 'latency_ms', 'cost_nano_usd', 'request_id',
] as const; // prettier-ignore
const tookColumns = tookClasses.map((_, index) => `took_${index}`);
const sumColumns = ['checks', 'failures', 'slow', 'latency_ms_sum', ...tookColumns];
const adding = sumColumns.map((column) => `${column} = health_strips.${column} + excluded.${column}`).join(', ');

/** Writes checks and adds them to their sums. What was skipped told nothing, and is in no sum. */
export function checkSteps(checks: readonly HealthCheckRow[]): WriteStep[] {
  if (checks.length === 0) return [];
  const rows = checks.map((check) => [
    check.atMs,
    check.id,
    check.connectionId,
    text(check.model, modelCharsMax),
    check.kind,
    check.outcome,
    textOrNull(check.fault, faultCharsMax),
    check.status,
    Math.round(check.latencyMs),
    check.costNanoUsd,
    check.requestId,
  ]);
  const sums = new Map<string, (string | number)[]>();
  for (const check of checks.filter(({ outcome }) => outcome !== 'skipped'))
    for (const spanMs of [halfHourMs, dayMs]) {
      const bucket = Math.floor(check.atMs / spanMs) * spanMs;
      const key = `${spanMs} ${bucket} ${check.connectionId}`;
      let sum = sums.get(key);
      if (!sum) sums.set(key, (sum = [spanMs, bucket, check.connectionId, ...sumColumns.map(() => 0)]));
      addTo(sum, check);
    }
  // In one order for everybody, so that two instances never wait for each other in a circle.
  const sorted = [...sums.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  const strips: WriteStep = {
    insertInto: 'health_strips',
    columns: ['span_ms', 'bucket', 'connection_id', ...sumColumns],
    rows: sorted,
    onConflict: `(span_ms, bucket, connection_id) DO UPDATE SET ${adding}`,
  };
  const insert: WriteStep = { insertInto: 'health_checks', columns: checkColumns, rows, onConflict: '(at, id) DO NOTHING' };
  return sorted.length > 0 ? [insert, strips] : [insert];
}

function addTo(sum: (string | number)[], check: HealthCheckRow): void {
  const add = (column: string, by: number): void => {
    const place = 3 + sumColumns.indexOf(column);
    sum[place] = Number(sum[place]) + by;
  };
  add('checks', 1);
  if (check.outcome === 'failed') return add('failures', 1);
  if (check.isSlow) add('slow', 1);
  add('latency_ms_sum', Math.round(check.latencyMs));
  add(`took_${classOfMs(check.latencyMs)}`, 1);
}

/** Which of these checks are written already. */
export async function keptChecks({ db }: Database, checks: readonly Pick<HealthCheckRow, 'id' | 'atMs'>[]): Promise<Set<string>> {
  const kept = new Set<string>();
  for (let from = 0; from < checks.length; from += askedAtOnce) {
    const some = checks.slice(from, from + askedAtOnce);
    const times = [...new Set(some.map(({ atMs }) => atMs))];
    const ids = some.map(({ id }) => id);
    const rows = await db.selectFrom('health_checks').select('id').where('at', 'in', times).where('id', 'in', ids).execute();
    for (const { id } of rows) kept.add(id);
  }
  return kept;
}

export interface StripBucket {
  connectionId: string;
  atMs: number;
  checks: number;
  failures: number;
  slow: number;
  latencyMsSum: number;
}

/** Most rows of one answer: 90 buckets of 2,000 connections. */
const bucketsMax = 180_000;

const ofConnection = (connectionId: string | null, parameters: Parameters): string =>
  connectionId === null ? '' : ` AND connection_id = ${parameters.add(connectionId)}`;

/** Sums by bucket, oldest first, of one connection or of all; buckets without a check are left out. */
export async function stripBuckets(
  { driver }: Database,
  question: { spanMs: SpanMs; fromMs: number; toMs: number; connectionId: string | null },
): Promise<StripBucket[]> {
  const parameters = new Parameters();
  const sql = `SELECT CAST(connection_id AS TEXT) AS connection_id, bucket, checks, failures, slow, latency_ms_sum FROM health_strips
    WHERE span_ms = ${parameters.add(question.spanMs)} AND bucket >= ${parameters.add(question.fromMs)} AND bucket < ${parameters.add(question.toMs)}
      ${ofConnection(question.connectionId, parameters)}
    ORDER BY bucket LIMIT ${bucketsMax}`;
  const rows = await driver.rows<Record<string, string | number>>({ sql, params: parameters.values }, 'analytics');
  return rows.map((row) => ({
    connectionId: String(row['connection_id']),
    atMs: Number(row['bucket']),
    checks: Number(row['checks']),
    failures: Number(row['failures']),
    slow: Number(row['slow']),
    latencyMsSum: Number(row['latency_ms_sum']),
  }));
}

/** Counts by class of time over a range, by connection. */
export async function tookOf(
  { driver }: Database,
  question: { spanMs: SpanMs; fromMs: number; toMs: number; connectionId: string | null },
): Promise<Map<string, number[]>> {
  const parameters = new Parameters();
  const sums = tookColumns.map((column) => `CAST(sum(${column}) AS BIGINT) AS ${column}`).join(', ');
  const sql = `SELECT CAST(connection_id AS TEXT) AS connection_id, ${sums} FROM health_strips
    WHERE span_ms = ${parameters.add(question.spanMs)} AND bucket >= ${parameters.add(question.fromMs)} AND bucket < ${parameters.add(question.toMs)}
      ${ofConnection(question.connectionId, parameters)}
    GROUP BY connection_id`;
  const rows = await driver.rows<Record<string, string | number>>({ sql, params: parameters.values }, 'analytics');
  return new Map(rows.map((row) => [String(row['connection_id']), tookColumns.map((column) => Number(row[column]))]));
}

export interface Incident {
  id: string;
  connectionId: string;
  model: string;
  state: IllState;
  fault: string | null;
  status: number | null;
  fromMs: number;
  /** Null while it lasts. */
  untilMs: number | null;
}

export const incidentsMax = 5_000;

/** Incidents that touch the range, the newest first. */
export async function incidentsIn(
  { db }: Database,
  question: { fromMs: number; toMs: number; connectionId: string | null; limit: number },
): Promise<Incident[]> {
  let query = db
    .selectFrom('health_incidents')
    .selectAll()
    .where('from_at', '<', question.toMs)
    .where((where) => where.or([where('until_at', 'is', null), where('until_at', '>', question.fromMs)]));
  if (question.connectionId !== null) query = query.where('connection_id', '=', question.connectionId);
  const rows = await query.orderBy('from_at', 'desc').orderBy('id', 'desc').limit(Math.min(question.limit, incidentsMax)).execute();
  return rows.map((row) => ({
    id: row.id,
    connectionId: row.connection_id,
    model: row.model,
    state: row.state,
    fault: row.fault,
    status: row.status,
    fromMs: row.from_at,
    untilMs: row.until_at,
  }));
}

/** The newest checks of a connection, newest first. */
export async function newestChecks(
  { db }: Database,
  question: { connectionId: string; limit: number },
): Promise<Omit<HealthCheckRow, 'isSlow'>[]> {
  const rows = await db
    .selectFrom('health_checks')
    .selectAll()
    .where('connection_id', '=', question.connectionId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(question.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    atMs: row.at,
    connectionId: row.connection_id,
    model: row.model,
    kind: row.kind,
    outcome: row.outcome,
    fault: row.fault,
    status: row.status,
    latencyMs: row.latency_ms,
    costNanoUsd: row.cost_nano_usd,
    requestId: row.request_id,
  }));
}

/** How long each thing is kept. Checks that failed stay for as long as retention says, which sweeps them by itself. */
export const keptMs = {
  passedChecks: 2 * dayMs,
  halfHours: 8 * dayMs,
  days: 400 * dayMs,
  incidents: 400 * dayMs,
  /** Models that no traffic has told of. */
  models: 30 * dayMs,
} as const;
const sweptAtOnce = 5_000;

/** One bounded batch of forgetting. Answers how many rows are gone; fewer than a batch means that nothing is left. */
export async function sweepHealth({ driver }: Database, nowMs: number): Promise<{ gone: number; isDone: boolean }> {
  const batches = [
    {
      sql: `DELETE FROM health_checks WHERE (at, id) IN (SELECT at, id FROM health_checks WHERE outcome = 'ok' AND at < $1 ORDER BY at LIMIT ${sweptAtOnce})`,
      params: [nowMs - keptMs.passedChecks],
    },
    ...[[halfHourMs, keptMs.halfHours] as const, [dayMs, keptMs.days] as const].map(([spanMs, forMs]) => ({
      sql: `DELETE FROM health_strips WHERE span_ms = $1 AND bucket IN (SELECT DISTINCT bucket FROM health_strips WHERE span_ms = $1 AND bucket < $2 ORDER BY bucket LIMIT 4)`,
      params: [spanMs, nowMs - forMs],
    })),
    {
      sql: `DELETE FROM health_incidents WHERE id IN (SELECT id FROM health_incidents WHERE until_at < $1 LIMIT ${sweptAtOnce})`,
      params: [nowMs - keptMs.incidents],
    },
    {
      sql: `DELETE FROM connection_health WHERE (model <> '' AND updated_at < $1)
        OR NOT EXISTS (SELECT 1 FROM ai_configurations c WHERE c.id = connection_health.connection_id AND c.deleted_at IS NULL)`,
      params: [nowMs - keptMs.models],
    },
    {
      sql: `UPDATE health_incidents SET until_at = $1 WHERE until_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM ai_configurations c WHERE c.id = health_incidents.connection_id AND c.deleted_at IS NULL)`,
      params: [nowMs],
    },
  ];
  let gone = 0;
  let isDone = true;
  for (const { sql, params } of batches) {
    const { touched } = await driver.run({ sql, params }, 'write');
    gone += touched;
    if (touched >= sweptAtOnce) isDone = false;
  }
  return { gone, isDone };
}
