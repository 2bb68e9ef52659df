/** What connections were used for, summed by day from the roll-ups; never from the rows of single attempts. */
import { dayMs } from '../domain/rollup.ts';
import type { Database } from './database.ts';

/** Ids that one question may name. */
export const usageIdsMax = 5000;
/** Ranges up to this are read by the quarter-hour, longer ones by the day. */
const quarterRangeMs = 2 * dayMs;

export interface UsageOfDay {
  connectionId: string;
  /** Start of the UTC day, epoch ms. */
  dayMs: number;
  attempts: number;
  requests: number;
  failures: number;
  tokensIn: number;
  tokensOut: number;
  costNanoUsd: number;
  latencyMsSum: number;
  lastUsedAtMs: number;
}

/**
 * Completions of the connections by UTC day, oldest first. A short range is exact to the quarter-hour; a longer one counts
 * the whole of its first and last day.
 */
export async function usageByDay({ driver }: Database, ids: readonly string[], range: { fromMs: number; toMs: number }): Promise<UsageOfDay[]> {
  if (ids.length === 0) return [];
  const isShort = range.toMs - range.fromMs <= quarterRangeMs;
  const fromMs = isShort ? range.fromMs - (range.fromMs % 900_000) : range.fromMs - (range.fromMs % dayMs);
  const table = isShort ? 'usage_quarters' : 'usage_days';
  const named = ids.slice(0, usageIdsMax);
  const rows = await driver.rows<Record<string, number | string>>(
    {
      sql: `SELECT d.connection_id AS connection_id, u.bucket / ${dayMs} AS day,
        CAST(SUM(u.attempts) AS BIGINT) AS attempts, CAST(SUM(u.requests) AS BIGINT) AS requests, CAST(SUM(u.failures) AS BIGINT) AS failures,
        CAST(SUM(u.tokens_in) AS BIGINT) AS tokens_in, CAST(SUM(u.tokens_out) AS BIGINT) AS tokens_out,
        CAST(SUM(u.cost_nano_usd) AS BIGINT) AS cost, CAST(SUM(u.latency_ms_sum) AS BIGINT) AS latency, MAX(u.last_used_at) AS last_used_at
        FROM ${table} u JOIN usage_dimensions d ON d.id = u.dimension_id
        WHERE u.bucket >= $1 AND u.bucket < $2 AND d.purpose = 'completion' AND d.connection_id IN (${named.map((_, at) => `$${at + 3}`).join(', ')})
        GROUP BY d.connection_id, u.bucket / ${dayMs} ORDER BY day`,
      params: [fromMs, range.toMs, ...named],
    },
    'analytics',
  );
  return rows.map((row) => ({
    connectionId: String(row['connection_id']),
    dayMs: Number(row['day']) * dayMs,
    attempts: Number(row['attempts']),
    requests: Number(row['requests']),
    failures: Number(row['failures']),
    tokensIn: Number(row['tokens_in']),
    tokensOut: Number(row['tokens_out']),
    costNanoUsd: Number(row['cost']),
    latencyMsSum: Number(row['latency']),
    lastUsedAtMs: Number(row['last_used_at']),
  }));
}
