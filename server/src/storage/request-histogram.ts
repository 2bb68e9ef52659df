/** How many requests a filter means over a range, bar by bar: from the roll-ups where they know it, else by counting a bounded number of rows. */
import { dayMs, quarterMs } from '../domain/rollup.ts';
import type { Database } from './database.ts';
import {
  dimensionConditions,
  endOfLook,
  isTroubled,
  namesDimensions,
  rowsSql,
  sourceOf,
  troubledSql,
  type RequestFilter,
  type RequestSource,
} from './request-filters.ts';
import { Parameters } from './visibility.ts';

export interface HistogramQuestion extends RequestFilter {
  fromMs: number;
  toMs: number;
  /** Width of a bar; `fromMs` is the beginning of the first one. */
  barMs: number;
}

export interface HistogramBar {
  atMs: number;
  requests: number;
  /** Of those, the ones that were no plain success. */
  failed: number;
  /** Of those that failed, the ones that no provider received: a limit, a budget or a policy said no. */
  refused: number;
}

export interface Histogram {
  /** Bars without a request are left out. */
  bars: HistogramBar[];
  /** From here on the figures are whole; a busier range is counted from its newer end. */
  countedFromMs: number;
}

/** Rows that one histogram counts. */
const countedRowsMax = 100_000;

interface Counted {
  bar: number;
  requests: number;
  failed: number;
  refused: number;
}

const barSql = (column: string, from: string, bar: string): string => `(${column} - CAST(${from} AS BIGINT)) / CAST(${bar} AS BIGINT)`;

/** Whether sums per dimension say it: nothing is asked but who asked whom, in bars that roll-ups have. */
const isSummed = (question: HistogramQuestion, { kind, isSifted }: RequestSource): boolean =>
  question.barMs % quarterMs === 0 &&
  question.fromMs % quarterMs === 0 &&
  question.toMs % quarterMs === 0 &&
  (kind === 'dimensions' || kind === 'all') &&
  (!isSifted || (kind === 'all' && isNamedAlone(question)));

/** TRUE where the rows are looked at for their dimensions only. */
const isNamedAlone = (question: HistogramQuestion): boolean => {
  const { outcome, status, state, minLatencyMs, minCostNanoUsd, isChanged, hasViolations, routingGroupId, search } = question;
  return [outcome, status, state, minLatencyMs, minCostNanoUsd, isChanged, hasViolations, routingGroupId, search].every(
    (value) => value === undefined,
  );
};

async function summed({ driver }: Database, question: HistogramQuestion): Promise<Counted[]> {
  const { fromMs, toMs, barMs } = question;
  const parameters = new Parameters();
  const isByDay = barMs % dayMs === 0 && fromMs % dayMs === 0 && toMs % dayMs === 0;
  const [from, to, bar] = [fromMs, toMs, barMs].map((value) => parameters.add(value));
  const key = barSql('u.bucket', from!, bar!);
  // Whoever asked whom is one row per bucket; only who names somebody needs those of the combinations.
  const isNamed = namesDimensions(question);
  const table = isNamed ? (isByDay ? 'usage_days' : 'usage_quarters') : isByDay ? 'usage_day_totals' : 'usage_quarter_totals';
  const join = isNamed ? 'JOIN usage_dimensions d ON d.id = u.dimension_id' : '';
  const named = join === '' ? '' : `AND ${dimensionConditions(question, 'd', parameters).join(' AND ')}`;
  const rows = await driver.rows<{ bar: number; requests: number; refused: number }>(
    {
      sql: `SELECT ${key} AS bar, CAST(sum(u.requests) AS BIGINT) AS requests, CAST(sum(u.refusals) AS BIGINT) AS refused FROM ${table} u ${join}
        WHERE u.bucket >= ${from} AND u.bucket < ${to} ${named} GROUP BY ${key}`,
      params: parameters.values,
    },
    'analytics',
  );
  return rows.map((row) => ({ ...row, failed: 0 }));
}

/** Counts rows one by one, from the newest of the range down to the bound; refused ones apart where nobody else knows them. */
async function counted(
  database: Database,
  question: HistogramQuestion,
  rowsMax: number,
  isRefusedKnown = false,
): Promise<{ rows: Counted[]; fromMs: number }> {
  const source = await sourceOf(database, question);
  if (source === null) return { rows: [], fromMs: question.fromMs };
  const downToMs = await endOfLook(database, { source, filter: question, cursor: null }, rowsMax);
  const parameters = new Parameters();
  const [from, bar] = [question.fromMs, question.barMs].map((value) => parameters.add(value));
  // Where all are troubled the index says so, and no row is read: ten times as fast.
  const failed = isTroubled(question) ? '1' : `CASE WHEN ${troubledSql} THEN 1 ELSE 0 END`;
  const refused = isRefusedKnown ? '0' : "CASE WHEN e.state = 'refused' THEN 1 ELSE 0 END";
  const taken = `e.at AS at, e.id AS id, ${failed} AS failed, ${refused} AS refused`;
  const inner = rowsSql(database, { source, filter: question, cursor: null, downToMs }, taken, parameters);
  const key = barSql('counted.at', from!, bar!);
  const rows = await database.driver.rows<Counted>(
    {
      sql: `SELECT ${key} AS bar, count(*) AS requests, CAST(sum(counted.failed) AS BIGINT) AS failed,
        CAST(sum(counted.refused) AS BIGINT) AS refused FROM (${inner}) AS counted GROUP BY ${key}`,
      params: parameters.values,
    },
    'analytics',
  );
  return { rows, fromMs: downToMs ?? question.fromMs };
}

/** The question that sums answer beside this one: those that failed are refused ones for the most part, which sums know and their index does not. */
const wholeOf = ({ outcome, ...question }: HistogramQuestion): HistogramQuestion =>
  outcome === undefined || outcome === 'failed' ? question : { ...question, outcome };

/** Bars of a range, oldest first. */
export async function histogramOf(database: Database, question: HistogramQuestion, rowsMax = countedRowsMax): Promise<Histogram> {
  const whole = wholeOf(question);
  const source = await sourceOf(database, whole);
  if (source === null) return { bars: [], countedFromMs: question.fromMs };
  const bars = new Map<number, HistogramBar>();
  const add = (rows: readonly Counted[], isCounted: boolean): void => {
    for (const { bar: index, requests, failed, refused } of rows) {
      const atMs = question.fromMs + index * question.barMs;
      const bar = bars.get(index) ?? { atMs, requests: 0, failed: 0, refused: 0 };
      bars.set(index, bar);
      if (isCounted) bar.requests += requests;
      bar.failed += failed;
      bar.refused += refused;
    }
  };
  const isSums = isSummed(whole, source);
  const isFailedAlone = question.outcome === 'failed';
  if (isSums) add(await summed(database, whole), !isFailedAlone);
  const { rows, fromMs: countedFromMs } = await counted(database, isSums ? { ...question, outcome: 'failed' } : question, rowsMax, isSums);
  add(rows, !isSums || isFailedAlone);
  // Sums reach further back than rows that are counted or kept: what was refused there has failed as well.
  for (const bar of bars.values()) {
    bar.failed = Math.max(bar.failed, bar.refused);
    bar.requests = Math.max(bar.requests, bar.failed);
  }
  return { bars: [...bars.values()].filter(({ requests }) => requests > 0).toSorted((a, b) => a.atMs - b.atMs), countedFromMs };
}
