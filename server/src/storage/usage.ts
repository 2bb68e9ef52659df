/** Sums of usage, read from roll-ups alone: whole UTC days from the days, what is left at the edges from finer ones. */
import { dayMs, measureNames, quarterMs, type MeasureName } from '../domain/rollup.ts';
import { coverOf, type Part, type RollupStep } from '../domain/usage-pieces.ts';
import { daysIn, type UsageRange } from '../domain/usage-range.ts';
import type { Database } from './database.ts';
import type { Row } from './driver.ts';
import {
  askParts,
  dimensionCondition,
  findsNothing,
  keyColumn,
  oneOfKeys,
  sharedParts,
  sumTableOf,
  within,
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
/** Spans whose last use one statement looks for. */
const lastUsesAtOnce = 200;

const taken = ['bucket', 'dimension_id', ...measureNames, 'last_used_at'].join(', ');
const columnsOf = (measures: readonly MeasureName[]): string =>
  measures.map((name) => `CAST(COALESCE(sum(u.${name}), 0) AS TEXT) AS ${name}`).join(', ');

type Sums = Record<MeasureName, bigint> & { lastUsedAtMs: number };

const noSums = (): Sums => ({
  ...(Object.fromEntries(measureNames.map((name) => [name, 0n])) as Record<MeasureName, bigint>),
  lastUsedAtMs: 0,
});

function addRow(sums: Sums, row: Row, measures: readonly MeasureName[], sign: 1 | -1): void {
  for (const name of measures) {
    const value = BigInt(row[name] as string);
    sums[name] += sign === 1 ? value : -value;
  }
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
  /** Its `key` is that of the group, null where there is no split. The last use is read with all measures of whole spans alone, and else 0. */
  sum: UsageSum;
}

interface Found {
  index: number;
  key: string | null;
  sums: Sums;
}

/** The sums of one part, or of each group in it. */
function sumsSql(
  scope: Omit<UsageScope, 'range'>,
  { split, measures = measureNames }: SpanOptions,
  parameters: Parameters,
): (table: RollupStep, isWithin: (alias: string) => string) => string {
  return (table, isWithin) => {
    const where = [isWithin('u'), ...dimensionCondition(scope, scope.visibility, 'u', parameters)];
    const key = split ? keyColumn(split.groupBy) : 'CAST(NULL AS TEXT)';
    if (split) where.push(oneOfKeys(split.groupBy, split.keys, 'u', parameters));
    const join = split ? ' JOIN usage_dimensions d ON d.id = u.dimension_id' : '';
    const group = split ? ` GROUP BY ${key}` : '';
    return `SELECT ${key} AS k, ${columnsOf(measures)} FROM ${sumTableOf[table]} u${join} WHERE ${where.join(' AND ')}${group}`;
  };
}

/** When each of the spans was last used: a time cannot be taken away from sums, and lies in the last quarter-hour that has any use. */
async function readLastUses(
  { driver }: Database,
  scope: Omit<UsageScope, 'range'>,
  spans: readonly UsageRange[],
  found: readonly Found[],
): Promise<void> {
  for (let from = 0; from < found.length; from += lastUsesAtOnce) {
    const some = found.slice(from, from + lastUsesAtOnce);
    const parts = some.map(({ index }): Part => ({ table: 'quarters', range: spans[index]! }));
    const parameters = new Parameters();
    const sql = askParts(driver.engine, parts, parameters, (_, isWithin) => {
      const wanted = (alias: string): string[] => dimensionCondition(scope, scope.visibility, alias, parameters);
      const last = `SELECT max(v.bucket) FROM usage_quarters v WHERE ${[isWithin('v'), ...wanted('v')].join(' AND ')}`;
      return `SELECT max(u.last_used_at) AS last_used_at FROM usage_quarters u WHERE ${[`u.bucket = (${last})`, ...wanted('u')].join(' AND ')}`;
    });
    for (const row of await driver.rows({ sql, params: parameters.values }, 'analytics'))
      some[Number(row['part'])]!.sums.lastUsedAtMs = Number(row['last_used_at'] ?? 0);
  }
}

/**
 * Usage of each of the spans, in their order; those in which all that is asked for is zero have no row. With a split one row for each of
 * its groups that was used there, and nothing of the others.
 */
export async function usageSpans(
  database: Database,
  scope: Omit<UsageScope, 'range'>,
  spans: readonly UsageRange[],
  options: SpanOptions = {},
): Promise<SpanSum[]> {
  if (findsNothing(scope) || options.split?.keys.length === 0) return [];
  const measures = options.measures ?? measureNames;
  const sums = new Map<string, Found>();
  for (const parts of sharedParts(spans)) {
    const parameters = new Parameters();
    const asked = parts.map(({ part }) => part);
    const sql = askParts(database.driver.engine, asked, parameters, sumsSql(scope, options, parameters));
    for (const row of await database.driver.rows({ sql, params: parameters.values }, 'analytics')) {
      const key = row['k'] as string | null;
      for (const { index, sign } of parts[Number(row['part'])]!.uses) {
        const place = `${index}/${key === null ? '' : `=${key}`}`;
        const known = sums.get(place) ?? { index, key, sums: noSums() };
        addRow(known.sums, row, measures, sign);
        sums.set(place, known);
      }
    }
  }
  const found = [...sums.values()].filter((one) => measures.some((name) => one.sums[name] !== 0n));
  if (!options.measures && !options.split) await readLastUses(database, scope, spans, found);
  return found.toSorted((a, b) => a.index - b.index).map(({ index, key, sums: ofSpan }) => ({ index, sum: answerOf(key, ofSpan) }));
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
  const parts = coverOf(question.range).map(({ table, range }) => {
    const where = [within(range, 'u', parameters), ...dimensionCondition(question, question.visibility, 'u', parameters)];
    return `SELECT ${taken} FROM ${sumTableOf[table]} u WHERE ${where.join(' AND ')}`;
  });
  const key = keyColumn(question.groupBy);
  const rows = await database.driver.rows(
    {
      sql: `SELECT ${key} AS k, ${columnsOf(measureNames)}, max(u.last_used_at) AS last_used_at FROM (${parts.join(' UNION ALL ')}) u JOIN usage_dimensions d ON d.id = u.dimension_id
        GROUP BY ${key} ORDER BY sum(u.cost_nano_usd) DESC, ${key} LIMIT ${groupsMax}`,
      params: parameters.values,
    },
    'analytics',
  );
  return rows.map((row) => {
    const sums = { ...noSums(), lastUsedAtMs: Number(row['last_used_at']) };
    addRow(sums, row, measureNames, 1);
    return answerOf(row['k'] as string | null, sums);
  });
}
