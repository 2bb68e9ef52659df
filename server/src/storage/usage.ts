/** Sums of usage, read from roll-ups alone: whole UTC days from the days, what is left at the edges from the quarter-hours. */
import { dayMs, measureNames, quarterMs, type MeasureName } from '../domain/rollup.ts';
import { daysIn, type UsageRange } from '../domain/usage-range.ts';
import type { Database } from './database.ts';
import type { Row } from './driver.ts';
import {
  dimensionCondition,
  findsNothing,
  keyColumn,
  oneOfKeys,
  partsOf,
  within,
  type Part,
  type UsageDimension,
  type UsageFilter,
} from './usage-parts.ts';
import { Parameters, type Visibility } from './visibility.ts';

export type GroupBy = UsageDimension | 'day';

export interface UsageScope extends UsageFilter {
  range: UsageRange;
  visibility: Visibility;
}

export interface UsageQuestion extends UsageScope {
  groupBy: GroupBy;
  /** IANA name of the zone whose days are meant; for `day`. */
  zone: string;
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
/** Parts of one statement; SQLite takes 500. */
const partsAtOnce = 200;

const taken = ['bucket', 'dimension_id', ...measureNames, 'last_used_at'].join(', ');
const columnsOf = (measures: readonly MeasureName[] = measureNames): string =>
  `${measures.map((name) => `CAST(sum(u.${name}) AS TEXT) AS ${name}`).join(', ')}, max(u.last_used_at) AS last_used_at`;

type Sums = Record<MeasureName, bigint> & { lastUsedAtMs: number };

const sumsOf = (row: Row, measures: readonly MeasureName[] = measureNames): Sums => ({
  ...(Object.fromEntries(measureNames.map((name) => [name, measures.includes(name) ? BigInt(row[name] as string) : 0n])) as Record<
    MeasureName,
    bigint
  >),
  lastUsedAtMs: Number(row['last_used_at']),
});

function addSums(total: Sums, more: Sums): void {
  for (const name of measureNames) total[name] += more[name];
  total.lastUsedAtMs = Math.max(total.lastUsedAtMs, more.lastUsedAtMs);
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

/** The part of a range that has any use at all; null where there is none. */
export async function usedRange({ driver }: Database, range: UsageRange): Promise<UsageRange | null> {
  const ends = ['usage_quarters', 'usage_days'].flatMap((table) => [
    `(SELECT min(bucket) FROM ${table}) AS first_of_${table}`,
    `(SELECT max(bucket) FROM ${table}) AS last_of_${table}`,
  ]);
  // A look at four ends of two indexes: with the quick questions, so that a database that is away is known within seconds.
  const [row] = await driver.rows<Record<string, number | null>>({ sql: `SELECT ${ends.join(', ')}`, params: [] });
  const firsts = [row?.['first_of_usage_quarters'], row?.['first_of_usage_days']].filter((value) => typeof value === 'number');
  const lasts = [
    ...(typeof row?.['last_of_usage_quarters'] === 'number' ? [row['last_of_usage_quarters'] + quarterMs] : []),
    ...(typeof row?.['last_of_usage_days'] === 'number' ? [row['last_of_usage_days'] + dayMs] : []),
  ];
  const used = { fromMs: Math.max(range.fromMs, Math.min(...firsts)), toMs: Math.min(range.toMs, Math.max(...lasts)) };
  return firsts.length > 0 && used.toMs > used.fromMs ? used : null;
}

/** What charts show: fewer columns are read several times as fast as all. */
export const chartMeasures = ['attempts', 'requests', 'failures', 'unpriced', 'tokens_in', 'tokens_out', 'cost_nano_usd'] as const;

/** One series for each of these groups. */
export interface Split {
  groupBy: UsageDimension;
  keys: readonly (string | null)[];
}

export interface SpanOptions {
  split?: Split;
  /** All of them without it; those that are not read are 0. */
  measures?: readonly MeasureName[];
}

export interface SpanSum {
  /** Which of the spans. */
  index: number;
  /** Its `key` is that of the group, null where there is no split. */
  sum: UsageSum;
}

function partSql(index: number, part: Part, scope: UsageScope, { split, measures }: SpanOptions, parameters: Parameters): string {
  const where = [within(part.range, 'u', parameters), ...dimensionCondition(scope, scope.visibility, 'u', parameters)];
  const key = split ? keyColumn(split.groupBy) : 'CAST(NULL AS TEXT)';
  if (split) where.push(oneOfKeys(split.groupBy, split.keys, 'u', parameters));
  const join = split ? ' JOIN usage_dimensions d ON d.id = u.dimension_id' : '';
  const group = split ? ` GROUP BY ${key}` : '';
  return `SELECT ${index} AS span, ${key} AS k, ${columnsOf(measures)} FROM usage_${part.table} u${join} WHERE ${where.join(' AND ')}${group}`;
}

/**
 * Usage of each of the spans, in their order; those without use have no row. With a split one row for each of its groups that was used
 * there, and nothing of the others. The spans lie on quarter-hours.
 */
export async function usageSpans(
  { driver }: Database,
  scope: Omit<UsageScope, 'range'>,
  spans: readonly UsageRange[],
  options: SpanOptions = {},
): Promise<SpanSum[]> {
  if (findsNothing(scope) || options.split?.keys.length === 0) return [];
  const parts = spans.flatMap((range, index) => partsOf(range).map((part) => ({ index, part })));
  const found = new Map<string, { index: number; key: string | null; sums: Sums }>();
  for (let from = 0; from < parts.length; from += partsAtOnce) {
    const parameters = new Parameters();
    const some = parts.slice(from, from + partsAtOnce);
    const sql = some
      .map(({ index, part }) => partSql(index, part, { ...scope, range: part.range }, options, parameters))
      .join(' UNION ALL ');
    for (const row of await driver.rows({ sql, params: parameters.values }, 'analytics')) {
      if (row['last_used_at'] === null) continue;
      const index = Number(row['span']);
      const key = row['k'] as string | null;
      const place = `${index}/${key === null ? '' : `=${key}`}`;
      const known = found.get(place);
      if (known) addSums(known.sums, sumsOf(row, options.measures));
      else found.set(place, { index, key, sums: sumsOf(row, options.measures) });
    }
  }
  return [...found.values()].toSorted((a, b) => a.index - b.index).map(({ index, key, sums }) => ({ index, sum: answerOf(key, sums) }));
}

async function usageByDay(database: Database, question: UsageQuestion): Promise<UsageSum[]> {
  const used = await usedRange(database, question.range);
  if (!used) return [];
  const days = daysIn(used, question.zone);
  const spans = await usageSpans(database, question, days);
  return spans.map(({ index, sum }) => ({ ...sum, key: days[index]!.date }));
}

/**
 * Usage in a range by one dimension, the dearest group first, or by day, the oldest first; groups without use have no row.
 * At most 10,000 groups.
 */
export async function usageBy(database: Database, question: UsageQuestion): Promise<UsageSum[]> {
  if (findsNothing(question)) return [];
  if (question.groupBy === 'day') return usageByDay(database, question);
  const parameters = new Parameters();
  const parts = partsOf(question.range).map(({ table, range }) => {
    const where = [within(range, 'u', parameters), ...dimensionCondition(question, question.visibility, 'u', parameters)];
    return `SELECT ${taken} FROM usage_${table} u WHERE ${where.join(' AND ')}`;
  });
  const key = keyColumn(question.groupBy);
  const rows = await database.driver.rows(
    {
      sql: `SELECT ${key} AS k, ${columnsOf()} FROM (${parts.join(' UNION ALL ')}) u JOIN usage_dimensions d ON d.id = u.dimension_id
        GROUP BY ${key} ORDER BY sum(u.cost_nano_usd) DESC, ${key} LIMIT ${groupsMax}`,
      params: parameters.values,
    },
    'analytics',
  );
  return rows.map((row) => answerOf(row['k'] as string | null, sumsOf(row)));
}
