/** Counts beside the roll-ups: how long answers took and why they failed. Written in the transaction of the sums that they stand beside. */
import { addTally, writeTally, type Tally } from '../domain/tally.ts';
import type { Driver, InsertMany } from './driver.ts';
import { listSize } from './rollup-lists.ts';

/** What a batch adds to one bucket of one dimension. */
export interface TallyPart {
  bucket: number;
  dimensionId: number;
  /** Attempts that the counts stand for. */
  counted: number;
  tally: Tally;
}

export type TallyTable = 'usage_quarter_tallies' | 'usage_day_tallies';

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
