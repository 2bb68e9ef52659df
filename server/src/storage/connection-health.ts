/** How a connection has been doing, as the books know it: sums by bucket, times of its newest answers, and its last failures. */
import type { Purpose } from '../domain/ledger.ts';
import type { Database } from './database.ts';
import { columns, rowOf, type LedgerRow } from './ledger-rows.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

/** Dimensions of one connection whose rows are sampled, the newest first. */
const dimensionsMax = 200;
/** Answers that percentiles are taken from. */
export const latenciesMax = 5000;
export const failuresMax = 50;

export interface HealthBucket {
  /** Start, epoch ms. */
  atMs: number;
  attempts: number;
  failures: number;
  latencyMsSum: number;
}

const purposesOf = (purposes: readonly Purpose[], parameters: Parameters): string =>
  purposes.map((purpose) => parameters.add(purpose)).join(', ');

/** Sums per quarter-hour, or per day of UTC, oldest first; buckets without use are left out. */
export async function healthBuckets(
  { driver }: Database,
  question: { connectionId: string; by: 'quarter' | 'day'; fromMs: number; toMs: number; purposes: readonly Purpose[] },
): Promise<HealthBucket[]> {
  const parameters = new Parameters();
  const table = question.by === 'quarter' ? 'usage_quarters' : 'usage_days';
  const sql = `SELECT u.bucket AS bucket, CAST(sum(u.attempts) AS BIGINT) AS attempts, CAST(sum(u.failures) AS BIGINT) AS failures,
      CAST(sum(u.latency_ms_sum) AS BIGINT) AS latency
    FROM ${table} u JOIN usage_dimensions d ON d.id = u.dimension_id
    WHERE u.bucket >= ${parameters.add(question.fromMs)} AND u.bucket < ${parameters.add(question.toMs)}
      AND d.connection_id = ${parameters.add(question.connectionId)} AND d.purpose IN (${purposesOf(question.purposes, parameters)})
    GROUP BY u.bucket ORDER BY u.bucket`;
  const rows = await driver.rows({ sql, params: parameters.values }, 'analytics');
  return rows.map((row) => ({
    atMs: Number(row['bucket']),
    attempts: Number(row['attempts']),
    failures: Number(row['failures']),
    latencyMsSum: Number(row['latency']),
  }));
}

/** The times of the newest successful answers, newest first. */
export async function newestLatencies(
  { driver }: Database,
  question: { connectionId: string; fromMs: number; purposes: readonly Purpose[] },
): Promise<{ atMs: number; latencyMs: number }[]> {
  const parameters = new Parameters();
  const sql = `SELECT e.at AS at, e.latency_ms AS latency_ms FROM usage_events e
    WHERE e.dimension_id IN (SELECT d.id FROM usage_dimensions d WHERE d.connection_id = ${parameters.add(question.connectionId)}
        AND d.purpose IN (${purposesOf(question.purposes, parameters)}) ORDER BY d.id DESC LIMIT ${dimensionsMax})
      AND e.is_last AND e.at >= ${parameters.add(question.fromMs)} AND e.state = 'settled' AND e.reason IS NULL AND e.latency_ms IS NOT NULL
    ORDER BY e.at DESC LIMIT ${latenciesMax}`;
  const rows = await driver.rows({ sql, params: parameters.values }, 'analytics');
  return rows.map((row) => ({ atMs: Number(row['at']), latencyMs: Number(row['latency_ms']) }));
}

/** The newest failed attempts that the caller may see, also those that another provider made good; newest first. A caller who hung up is none. */
export async function lastFailures(
  { driver }: Database,
  question: { connectionId: string; visibility: Visibility; limit: number },
): Promise<LedgerRow[]> {
  const parameters = new Parameters();
  const sql = `SELECT ${columns.map((name) => `e.${name}`).join(', ')} FROM usage_events e
    WHERE e.connection_id = ${parameters.add(question.connectionId)} AND e.reason IS NOT NULL AND e.state IN ('settled', 'partial') AND e.reason <> 'client_closed'
      AND ${visibleCondition(question.visibility, 'e', parameters)}
    ORDER BY e.at DESC, e.id DESC LIMIT ${Math.min(Math.max(1, question.limit), failuresMax)}`;
  return (await driver.rows({ sql, params: parameters.values })).map(rowOf);
}
