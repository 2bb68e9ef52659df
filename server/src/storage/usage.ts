/** Sums of usage, read from roll-ups alone: whole UTC days from the days, what is left at the edges from the quarter-hours. */
import type { Purpose } from '../domain/ledger.ts';
import { dayMs, measureNames, type MeasureName } from '../domain/rollup.ts';
import { daysIn, splitByUtcDays, type UsageRange } from '../domain/usage-range.ts';
import type { Database } from './database.ts';
import type { Row } from './driver.ts';
import { Parameters, visibleCondition, type Visibility } from './visibility.ts';

export type GroupBy = 'connection' | 'provider' | 'model' | 'key' | 'user' | 'workspace' | 'repository' | 'use-case' | 'purpose' | 'day';

export interface UsageQuestion {
  range: UsageRange;
  groupBy: GroupBy;
  /** IANA name of the zone whose days are meant; for `day`. */
  zone: string;
  visibility: Visibility;
  /** Only these; all without it. */
  connectionIds?: readonly string[];
  accessKeyId?: string;
  model?: string;
  purposes?: readonly Purpose[];
}

/** The sums of one group, exact. */
export interface UsageSum {
  /** Id or name of the group, the date for `day`; null for what belongs to none. */
  key: string | null;
  attempts: number;
  requests: number;
  failures: number;
  partials: number;
  refusals: number;
  unknowns: number;
  /** Attempts whose tokens are an estimate. */
  estimated: number;
  /** Attempts that went out and have no price: the cost is that of the others. */
  unpriced: number;
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
  tokensCacheWrite: number;
  tokensReasoning: number;
  /** A bigint: nine million dollars are more than a number holds exactly. */
  costNanoUsd: bigint;
  latencyMsSum: number;
  firstByteMsSum: number;
  firstByteCount: number;
  /** Requests that were answered from the cache, and what these answers cost when they were made. */
  cacheHits: number;
  savedNanoUsd: bigint;
  lastUsedAtMs: number;
}

const groupsMax = 10_000;
/** Ids that one question may name. */
const idsMax = 5_000;

const columnOf: Record<GroupBy, string> = {
  connection: 'CAST(d.connection_id AS TEXT)',
  provider: 'd.provider',
  model: 'd.model',
  key: 'CAST(d.access_key_id AS TEXT)',
  user: 'CAST(d.user_id AS TEXT)',
  workspace: 'CAST(d.workspace_id AS TEXT)',
  repository: 'CAST(d.repository_id AS TEXT)',
  'use-case': 'CAST(d.use_case_id AS TEXT)',
  purpose: 'd.purpose',
  day: 'u.bucket',
};

const taken = ['bucket', 'dimension_id', ...measureNames, 'last_used_at'].join(', ');

/** The buckets of the range. A day of another zone is no sum of UTC days, so its buckets are the quarter-hours. */
function bucketsOf({ range, groupBy, zone }: UsageQuestion, parameters: Parameters): string {
  const within = (part: UsageRange): string => `(bucket >= ${parameters.add(part.fromMs)} AND bucket < ${parameters.add(part.toMs)})`;
  if (groupBy === 'day' && zone !== 'UTC') return `SELECT ${taken} FROM usage_quarters WHERE ${within(range)}`;
  const { before, days, after } = splitByUtcDays(range);
  return `SELECT ${taken} FROM usage_days WHERE ${within(days)}
    UNION ALL SELECT ${taken} FROM usage_quarters WHERE ${within(before)}
    UNION ALL SELECT ${taken} FROM usage_quarters WHERE ${within(after)}`;
}

function conditionsOf(question: UsageQuestion, parameters: Parameters): string[] {
  const list = (values: readonly string[]): string => values.map((value) => parameters.add(value)).join(', ');
  const { connectionIds, accessKeyId, model, purposes } = question;
  return [
    visibleCondition(question.visibility, 'd', parameters),
    ...(connectionIds ? [`d.connection_id IN (${list(connectionIds.slice(0, idsMax))})`] : []),
    ...(accessKeyId === undefined ? [] : [`d.access_key_id = ${parameters.add(accessKeyId)}`]),
    ...(model === undefined ? [] : [`d.model = ${parameters.add(model)}`]),
    ...(purposes ? [`d.purpose IN (${list(purposes)})`] : []),
  ];
}

type Sums = Record<MeasureName, bigint> & { lastUsedAtMs: number };

const sumsOf = (row: Row): Sums => ({
  ...(Object.fromEntries(measureNames.map((name) => [name, BigInt(row[name] as string)])) as Record<MeasureName, bigint>),
  lastUsedAtMs: Number(row['last_used_at']),
});

/** Rows of buckets, oldest first, added up by the days of the zone. */
function byDay(rows: readonly { bucket: number; sums: Sums }[], zone: string): [string, Sums][] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return [];
  const added: [string, Sums][] = [];
  let index = 0;
  for (const day of daysIn({ fromMs: first.bucket, toMs: last.bucket + 1 }, zone)) {
    let total: Sums | null = null;
    // In the first and the last day the end is cut to the rows; nothing lies beyond it.
    for (; index < rows.length && rows[index]!.bucket < day.toMs; index++) {
      const { sums } = rows[index]!;
      if (!total) total = { ...sums };
      else {
        for (const name of measureNames) total[name] += sums[name];
        total.lastUsedAtMs = Math.max(total.lastUsedAtMs, sums.lastUsedAtMs);
      }
    }
    if (total) added.push([day.date, total]);
  }
  return added;
}

const answerOf = (key: string | null, sums: Sums): UsageSum => ({
  key,
  attempts: Number(sums.attempts),
  requests: Number(sums.requests),
  failures: Number(sums.failures),
  partials: Number(sums.partials),
  refusals: Number(sums.refusals),
  unknowns: Number(sums.unknowns),
  estimated: Number(sums.estimated),
  unpriced: Number(sums.unpriced),
  tokensIn: Number(sums.tokens_in),
  tokensOut: Number(sums.tokens_out),
  tokensCached: Number(sums.tokens_cached),
  tokensCacheWrite: Number(sums.tokens_cache_write),
  tokensReasoning: Number(sums.tokens_reasoning),
  costNanoUsd: sums.cost_nano_usd,
  latencyMsSum: Number(sums.latency_ms_sum),
  firstByteMsSum: Number(sums.first_byte_ms_sum),
  firstByteCount: Number(sums.first_byte_count),
  cacheHits: Number(sums.cache_hits),
  savedNanoUsd: sums.saved_nano_usd,
  lastUsedAtMs: sums.lastUsedAtMs,
});

/**
 * Usage in a range by one dimension, the dearest group first, or by day, the oldest first; groups without use have no row.
 * At most 10,000 groups.
 */
export async function usageBy({ driver }: Database, question: UsageQuestion): Promise<UsageSum[]> {
  if (question.connectionIds?.length === 0) return [];
  const parameters = new Parameters();
  const buckets = bucketsOf(question, parameters);
  const conditions = conditionsOf(question, parameters).join(' AND ');
  const isByDay = question.groupBy === 'day';
  // A day by quarter-hours: UTC days are summed to days already, other zones' buckets are added up below.
  const key = isByDay && question.zone === 'UTC' ? `u.bucket / ${dayMs} * ${dayMs}` : columnOf[question.groupBy];
  const rows = await driver.rows(
    {
      sql: `SELECT ${key} AS k, ${measureNames.map((name) => `CAST(sum(u.${name}) AS TEXT) AS ${name}`).join(', ')}, max(u.last_used_at) AS last_used_at
        FROM (${buckets}) u JOIN usage_dimensions d ON d.id = u.dimension_id WHERE ${conditions}
        GROUP BY ${key} ORDER BY ${isByDay ? key : `sum(u.cost_nano_usd) DESC, ${key}`}${isByDay ? '' : ` LIMIT ${groupsMax}`}`,
      params: parameters.values,
    },
    'analytics',
  );
  if (!isByDay) return rows.map((row) => answerOf(row['k'] as string | null, sumsOf(row)));
  const sums = rows.map((row) => ({ bucket: Number(row['k']), sums: sumsOf(row) }));
  return byDay(sums, question.zone).map(([date, total]) => answerOf(date, total));
}
