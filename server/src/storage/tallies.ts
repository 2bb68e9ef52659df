/** Counts beside the roll-ups: how long answers took and why they failed. Written in the transaction of the sums that they stand beside. */
import { addTally, writeTally, type Tally } from '../domain/tally.ts';
import type { Driver, InsertMany, Statement } from './driver.ts';
import { listSize, placeholders } from './rollup-lists.ts';

/** What a batch adds to one bucket of one dimension. */
export interface TallyPart {
  bucket: number;
  dimensionId: number;
  /** Attempts that the counts stand for. */
  counted: number;
  tally: Tally;
}

export type TallyTable = 'usage_quarter_tallies' | 'usage_day_tallies';
export type TotalTable = 'usage_quarter_totals' | 'usage_day_totals';

interface TallyRow {
  bucket: number;
  dimension_id: number;
  counted: number;
  tally: string;
}

const columns = ['bucket', 'dimension_id', 'shard', 'counted', 'tally'];

/** Pairs of one statement. */
const pairsMax = 1_024;

async function knownTallies(
  driver: Pick<Driver, 'rows'>,
  table: TallyTable,
  shard: number,
  parts: readonly TallyPart[],
): Promise<Map<string, TallyRow>> {
  const known = new Map<string, TallyRow>();
  for (let from = 0; from < parts.length; from += pairsMax) {
    const some = parts.slice(from, from + pairsMax);
    const size = listSize(some.length);
    const params: unknown[] = [shard];
    const pairs: string[] = [];
    for (let index = 0; index < size; index++) {
      const { bucket, dimensionId } = some[Math.min(index, some.length - 1)]!;
      pairs.push(`(CAST($${params.push(bucket)} AS BIGINT), CAST($${params.push(dimensionId)} AS BIGINT))`);
    }
    const rows = await driver.rows<TallyRow>({
      sql: `WITH k (bucket, dimension_id) AS (VALUES ${pairs.join(', ')})
        SELECT t.bucket, t.dimension_id, t.counted, t.tally FROM k CROSS JOIN ${table} t
        WHERE t.bucket = k.bucket AND t.dimension_id = k.dimension_id AND t.shard = $1`,
      params,
    });
    for (const row of rows) known.set(`${row.bucket}/${row.dimension_id}`, row);
  }
  return known;
}

/**
 * The step that adds counts to one table, or null where there is nothing to add. What is there is read first and written whole: only an
 * instance's own feeder writes its shard, and the guard of its books fails where anybody else did.
 */
export async function tallyStep(
  driver: Pick<Driver, 'rows'>,
  table: TallyTable,
  shard: number,
  parts: readonly TallyPart[],
): Promise<InsertMany | null> {
  const some = parts.filter(({ counted, tally }) => counted > 0 || tally.size > 0);
  if (some.length === 0) return null;
  const known = await knownTallies(driver, table, shard, some);
  const sorted = some.toSorted((a, b) => a.bucket - b.bucket || a.dimensionId - b.dimensionId);
  return {
    insertInto: table,
    columns,
    rows: sorted.map(({ bucket, dimensionId, counted, tally }) => {
      const before = known.get(`${bucket}/${dimensionId}`);
      if (before === undefined) return [bucket, dimensionId, shard, counted, writeTally(tally)];
      const all: Tally = new Map(tally);
      addTally(all, before.tally);
      return [bucket, dimensionId, shard, before.counted + counted, writeTally(all)];
    }),
    onConflict: '(bucket, dimension_id, shard) DO UPDATE SET counted = excluded.counted, tally = excluded.tally',
  };
}

/** What a batch adds to one bucket, whoever asked whom. */
export interface TotalPart {
  bucket: number;
  requests: number;
  attempts: number;
  refusals: number;
  tally: Tally;
}

type TotalRow = Omit<TallyRow, 'dimension_id'> & Pick<TotalPart, 'requests' | 'attempts' | 'refusals'>;

const totalColumns = ['bucket', 'shard', 'requests', 'attempts', 'refusals', 'counted', 'tally'];
const totalsReplaced = `(bucket, shard) DO UPDATE SET ${totalColumns
  .slice(2)
  .map((name) => `${name} = excluded.${name}`)
  .join(', ')}`;

/**
 * The step that adds counts to the rows of everybody together, or null where there is nothing to add; written as `tallyStep` writes. The
 * attempts stand beside the counts, so that a bucket tells by itself whether all of it was counted.
 */
export async function totalStep(
  driver: Pick<Driver, 'rows'>,
  table: TotalTable,
  shard: number,
  parts: readonly TotalPart[],
): Promise<InsertMany | null> {
  const some = parts
    .filter(({ requests, attempts, tally }) => requests > 0 || attempts > 0 || tally.size > 0)
    .toSorted((a, b) => a.bucket - b.bucket);
  if (some.length === 0) return null;
  const known = new Map<number, TotalRow>();
  for (let from = 0; from < some.length; from += pairsMax) {
    const buckets = some.slice(from, from + pairsMax).map(({ bucket }) => bucket);
    const size = listSize(buckets.length);
    const rows = await driver.rows<TotalRow>({
      sql: `SELECT bucket, requests, attempts, refusals, counted, tally FROM ${table} WHERE shard = $1 AND bucket IN (${placeholders(size, 1)})`,
      params: [shard, ...buckets, ...Array<unknown>(size - buckets.length).fill(buckets.at(-1))],
    });
    for (const row of rows) known.set(row.bucket, row);
  }
  return {
    insertInto: table,
    columns: totalColumns,
    rows: some.map(({ bucket, requests, attempts, refusals, tally }) => {
      const before = known.get(bucket) ?? { requests: 0, attempts: 0, refusals: 0, counted: 0, tally: '' };
      const all: Tally = new Map(tally);
      addTally(all, before.tally);
      const sums = [before.requests + requests, before.attempts + attempts, before.refusals + refusals, before.counted + attempts];
      return [bucket, shard, ...sums, writeTally(all)];
    }),
    onConflict: totalsReplaced,
  };
}

/** Makes the rows of everybody together anew for one bucket, from the sums and the counts that are there. */
export const totalAgain = (isDay: boolean, bucket: number): Statement => {
  const [sums, tallies, totals] = isDay
    ? ['usage_days', 'usage_day_tallies', 'usage_day_totals']
    : ['usage_quarters', 'usage_quarter_tallies', 'usage_quarter_totals'];
  return {
    sql: `INSERT INTO ${totals} (${totalColumns.join(', ')})
      SELECT u.bucket, u.shard, sum(u.requests), sum(u.attempts), sum(u.refusals), COALESCE(sum(t.counted), 0), COALESCE(string_agg(t.tally, ''), '')
      FROM ${sums} u LEFT JOIN ${tallies} t ON t.bucket = u.bucket AND t.dimension_id = u.dimension_id AND t.shard = u.shard
      WHERE u.bucket = $1 GROUP BY u.bucket, u.shard
      ON CONFLICT ${totalsReplaced}`,
    params: [bucket],
  };
};
