/** What alert rules look at, read from the books, the health of connections and the events of limits: bounded questions, on the analytics lane. */
import type { LimitPeriod, LimitSubject, LimitSubjectKind } from '../domain/limit.ts';
import type { Owner } from '../domain/owner.ts';
import type { Database } from './database.ts';
import { Parameters } from './visibility.ts';

/** Whose traffic, and of which connection alone. */
export interface MeasureScope {
  owner: Owner;
  connectionId: string | null;
}

/** Newest attempts that a rate or a percentile is made of: beyond that more of them say nothing else. */
const attemptsMax = 20_000;
const pastAttemptsMax = 100_000;
const rowsMax = 20_000;
/** What is the caller's own doing says nothing about a connection. */
const callersFaults = "('bad_request', 'context_length', 'too_large', 'policy_blocked', 'caller_gone', 'conflict')";
const failed = `state = 'settled' AND reason IS NOT NULL AND reason NOT IN ${callersFaults}`;
const purposes = "('completion', 'chat')";

function conditions({ owner, connectionId }: MeasureScope, parameters: Parameters): string {
  const by = { organization: null, workspace: 'workspace_id', user: 'user_id' }[owner.scope];
  return [
    ...(by === null ? [] : [`${by} = ${parameters.add(owner.id)}`]),
    ...(connectionId === null ? [] : [`connection_id = ${parameters.add(connectionId)}`]),
  ]
    .map((condition) => ` AND ${condition}`)
    .join('');
}

const newestAttempts = (scope: MeasureScope, fromMs: number, parameters: Parameters, max: number): string =>
  `SELECT at, connection_id, state, reason, latency_ms FROM usage_events
    WHERE at >= ${parameters.add(fromMs)} AND state IN ('settled', 'partial') AND attempt_no > 0 AND connection_id IS NOT NULL
      AND purpose IN ${purposes}${conditions(scope, parameters)} ORDER BY at DESC LIMIT ${max}`;

export interface ErrorShare {
  connectionId: string;
  attempts: number;
  failures: number;
}

/** Attempts and failures of each connection since a moment. */
export async function errorShares({ driver }: Database, scope: MeasureScope, fromMs: number): Promise<ErrorShare[]> {
  const parameters = new Parameters();
  const sql = `SELECT connection_id AS "connectionId", count(*) AS attempts, sum(CASE WHEN ${failed} THEN 1 ELSE 0 END) AS failures
    FROM (${newestAttempts(scope, fromMs, parameters, attemptsMax)}) e GROUP BY connection_id`;
  return driver.rows<ErrorShare>({ sql, params: parameters.values }, 'analytics');
}

export interface LatencyOf {
  connectionId: string;
  attempts: number;
  p95Ms: number;
}

/** The time that one in twenty good answers of each connection exceeded. */
export async function slowest({ driver }: Database, scope: MeasureScope, fromMs: number): Promise<LatencyOf[]> {
  const parameters = new Parameters();
  const sql = `SELECT connection_id AS "connectionId", n AS attempts, latency_ms AS "p95Ms" FROM (
      SELECT connection_id, latency_ms, row_number() OVER (PARTITION BY connection_id ORDER BY latency_ms) AS place,
        count(*) OVER (PARTITION BY connection_id) AS n
      FROM (${newestAttempts(scope, fromMs, parameters, attemptsMax)}) e WHERE reason IS NULL AND latency_ms IS NOT NULL
    ) ranked WHERE place = (n * 95 + 99) / 100`;
  return driver.rows<LatencyOf>({ sql, params: parameters.values }, 'analytics');
}

/** As `errorShares` and `slowest`, for each stretch of `stepMs` of the past. */
export async function pastTraffic(
  { driver }: Database,
  scope: MeasureScope,
  fromMs: number,
  stepMs: number,
): Promise<(ErrorShare & { bucket: number; p95Ms: number | null })[]> {
  const parameters = new Parameters();
  const bucket = `at / ${Math.trunc(stepMs)} * ${Math.trunc(stepMs)}`;
  const sql = `SELECT bucket, connection_id AS "connectionId", count(*) AS attempts, sum(failed) AS failures,
      max(CASE WHEN good = 1 AND place = (n * 95 + 99) / 100 THEN latency_ms ELSE NULL END) AS "p95Ms"
    FROM (
      SELECT bucket, connection_id, failed, good, latency_ms, count(*) OVER (PARTITION BY bucket, connection_id, good) AS n,
        row_number() OVER (PARTITION BY bucket, connection_id, good ORDER BY latency_ms) AS place
      FROM (
        SELECT ${bucket} AS bucket, connection_id, CASE WHEN ${failed} THEN 1 ELSE 0 END AS failed,
          CASE WHEN reason IS NULL AND latency_ms IS NOT NULL THEN 1 ELSE 0 END AS good, latency_ms
        FROM (${newestAttempts(scope, fromMs, parameters, pastAttemptsMax)}) e
      ) marked
    ) ranked GROUP BY bucket, connection_id ORDER BY bucket LIMIT ${rowsMax}`;
  return driver.rows({ sql, params: parameters.values }, 'analytics');
}

export interface SpendOf {
  bucket: number;
  costNanoUsd: number;
  unknowns: number;
}

/** Cost and unknown entries by quarter-hour, the oldest first; quarter-hours without any are missing. */
export async function spendByQuarter({ driver }: Database, scope: MeasureScope, fromMs: number): Promise<SpendOf[]> {
  const parameters = new Parameters();
  const from = parameters.add(fromMs);
  const sql = `SELECT u.bucket AS bucket, sum(u.cost_nano_usd) AS "costNanoUsd", sum(u.unknowns) AS unknowns
    FROM usage_quarters u JOIN usage_dimensions d ON d.id = u.dimension_id
    WHERE u.bucket >= ${from}${conditions(scope, parameters).replaceAll(' AND ', ' AND d.')}
    GROUP BY u.bucket ORDER BY u.bucket LIMIT ${rowsMax}`;
  return driver.rows<SpendOf>({ sql, params: parameters.values }, 'analytics');
}

export interface IllConnection {
  connectionId: string;
  state: string;
  sinceMs: number;
}

/** Connections that are not expected to answer, as health has it. */
export function illConnections({ driver }: Database): Promise<IllConnection[]> {
  return driver.rows<IllConnection>(
    {
      sql: `SELECT connection_id AS "connectionId", state, since AS "sinceMs" FROM connection_health
        WHERE model = '' AND state IN ('failing', 'quota', 'auth') LIMIT ${rowsMax}`,
      params: [],
    },
    'analytics',
  );
}

export interface Illness {
  connectionId: string;
  fromMs: number;
  /** Null while it lasts. */
  untilMs: number | null;
}

/** From when until when connections were ill. */
export function illnessesSince({ driver }: Database, fromMs: number): Promise<Illness[]> {
  return driver.rows<Illness>(
    {
      sql: `SELECT connection_id AS "connectionId", from_at AS "fromMs", until_at AS "untilMs" FROM health_incidents
        WHERE model = '' AND (until_at IS NULL OR until_at >= $1) ORDER BY from_at LIMIT ${rowsMax}`,
      params: [fromMs],
    },
    'analytics',
  );
}

export interface BudgetEvent {
  atMs: number;
  subject: LimitSubject;
  period: LimitPeriod;
  event: 'soft' | 'shadow' | 'refused';
  used: number;
  value: number;
}

/** When budgets were neared or used up, the newest first. */
export async function budgetEvents({ driver }: Database, fromMs: number): Promise<BudgetEvent[]> {
  const rows = await driver.rows<Omit<BudgetEvent, 'subject'> & { kind: LimitSubjectKind; subjectId: string }>(
    {
      sql: `SELECT at AS "atMs", subject_kind AS kind, subject_id AS "subjectId", period, event, used, value FROM limit_events
        WHERE kind = 'money' AND at >= $1 ORDER BY at DESC LIMIT ${rowsMax}`,
      params: [fromMs],
    },
    'analytics',
  );
  return rows.map(({ kind, subjectId, ...row }) => ({ ...row, subject: { kind, id: subjectId } }));
}

export interface PolicyFinds {
  policyId: string;
  policyName: string;
  bucket: number;
  finds: number;
}

/** What policies found that do more than log, by policy and stretch of `stepMs`. */
export function policyFinds({ driver }: Database, { owner }: MeasureScope, fromMs: number, stepMs: number): Promise<PolicyFinds[]> {
  const parameters = new Parameters();
  const from = parameters.add(fromMs);
  const bucket = `at / ${Math.trunc(stepMs)} * ${Math.trunc(stepMs)}`;
  return driver.rows<PolicyFinds>(
    {
      sql: `SELECT policy_id AS "policyId", max(policy_name) AS "policyName", ${bucket} AS bucket, count(*) AS finds FROM policy_violations
        WHERE at >= ${from} AND action > 0${conditions({ owner, connectionId: null }, parameters)}
        GROUP BY policy_id, ${bucket} ORDER BY ${bucket} LIMIT ${rowsMax}`,
      params: parameters.values,
    },
    'analytics',
  );
}
