/** Counts old rows again, bucket by bucket, for sums that are older than their counts (0020_usage_tallies). */
import { dayMs, quarterMs } from '../domain/rollup.ts';
import { codesOf, writeTally, type Tally } from '../domain/tally.ts';
import type { EntryState, Purpose } from '../domain/ledger.ts';
import type { Database } from './database.ts';
import type { InsertMany } from './driver.ts';
import { totalAgain } from './tallies.ts';

/** Rows that are read at once, and counts that are written at once: small enough that nobody waits for them. */
const rowsAtOnce = 2_000;
const countsAtOnce = 500;
/** No request lasts longer: what a closed bucket has is all that it will have. */
const closedAfterMs = 3_600_000;

export interface UntalliedBucket {
  bucket: number;
  isDay: boolean;
}

/** The newest bucket that waits and is closed; null where none is. */
export async function nextUntallied({ driver }: Database, nowMs: number): Promise<UntalliedBucket | null> {
  const [row] = await driver.rows<{ bucket: number; is_day: boolean }>({
    sql: `SELECT bucket, is_day FROM usage_untallied WHERE (is_day AND bucket < $1) OR (NOT is_day AND bucket < $2) ORDER BY bucket DESC LIMIT 1`,
    params: [nowMs - closedAfterMs - dayMs, nowMs - closedAfterMs - quarterMs],
  });
  return row ? { bucket: row.bucket, isDay: row.is_day } : null;
}

interface EventRow {
  at: number;
  id: string;
  state: EntryState;
  reason: string | null;
  purpose: Purpose;
  is_stream: boolean;
  tokens_out: number;
  is_estimated: boolean;
  latency_ms: number | null;
  first_byte_ms: number | null;
  saved_nano_usd: number | null;
  dimension_id: number;
  shard: number;
}

const eventsSql = `SELECT e.at, CAST(e.id AS TEXT) AS id, e.state, e.reason, e.purpose, e.is_stream, e.tokens_out, e.is_estimated, e.latency_ms,
    e.first_byte_ms, e.saved_nano_usd, e.dimension_id, i.shard
  FROM usage_events e JOIN instances i ON i.id = e.instance_id
  WHERE e.at >= $1 AND e.at < $2 AND (e.at > $3 OR (e.at = $3 AND e.id > $4)) AND e.state <> 'intent' AND e.dimension_id IS NOT NULL
  ORDER BY e.at, e.id LIMIT ${rowsAtOnce}`;

interface Count {
  dimensionId: number;
  shard: number;
  counted: number;
  tally: Tally;
}

/** Longer than any bucket: a day of a thousand requests a second. */
const pagesMax = 50_000;
const firstId = '00000000-0000-0000-0000-000000000000';

async function countsOf({ driver }: Database, fromMs: number, toMs: number, isStopped: () => boolean): Promise<Map<string, Count> | null> {
  const counts = new Map<string, Count>();
  let after = { at: fromMs - 1, id: firstId };
  for (let page = 0; page < pagesMax; page++) {
    if (isStopped()) return null;
    const rows = await driver.rows<EventRow>({ sql: eventsSql, params: [fromMs, toMs, after.at, after.id] }, 'analytics');
    for (const row of rows) {
      const key = `${row.dimension_id}/${row.shard}`;
      let count = counts.get(key);
      if (!count) counts.set(key, (count = { dimensionId: row.dimension_id, shard: row.shard, counted: 0, tally: new Map() }));
      if (row.saved_nano_usd === null) count.counted += 1;
      const codes = codesOf({
        state: row.state,
        reason: row.reason,
        purpose: row.purpose,
        isStream: row.is_stream,
        usage: {
          tokensIn: 0,
          tokensOut: row.tokens_out,
          tokensCached: 0,
          tokensCacheWrite: 0,
          tokensReasoning: 0,
          isEstimated: row.is_estimated,
        },
        latencyMs: row.latency_ms,
        firstByteMs: row.first_byte_ms,
        savedNanoUsd: row.saved_nano_usd,
      });
      for (const code of codes) count.tally.set(code, (count.tally.get(code) ?? 0) + 1);
    }
    const last = rows.at(-1);
    if (!last || rows.length < rowsAtOnce) return counts;
    after = { at: last.at, id: last.id };
  }
  return counts;
}

/**
 * Counts one bucket again and takes it off the list. Where rows are missing (they were swept away) the sums stay without counts: figures
 * that are not known stay not known. False where it was stopped half-way; then nothing changed.
 */
export async function retally(database: Database, { bucket, isDay }: UntalliedBucket, isStopped: () => boolean): Promise<boolean> {
  const counts = await countsOf(database, bucket, bucket + (isDay ? dayMs : quarterMs), isStopped);
  if (counts === null) return false;
  const { driver } = database;
  const [sums, table] = isDay ? (['usage_days', 'usage_day_tallies'] as const) : (['usage_quarters', 'usage_quarter_tallies'] as const);
  const known = await driver.rows<{ dimension_id: number; shard: number; attempts: number }>({
    sql: `SELECT dimension_id, shard, attempts FROM ${sums} WHERE bucket = $1`,
    params: [bucket],
  });
  const attempts = new Map(known.map((row) => [`${row.dimension_id}/${row.shard}`, row.attempts]));
  const whole = [...counts].filter(([key, { counted }]) => counted > 0 && attempts.get(key) === counted).map(([, count]) => count);
  for (let from = 0; from < whole.length; from += countsAtOnce) {
    const step: InsertMany = {
      insertInto: table,
      columns: ['bucket', 'dimension_id', 'shard', 'counted', 'tally'],
      rows: whole
        .slice(from, from + countsAtOnce)
        .map(({ dimensionId, shard, counted, tally }) => [bucket, dimensionId, shard, counted, writeTally(tally)]),
      // What was counted since as it came is part of what is counted here.
      onConflict: `(bucket, dimension_id, shard) DO UPDATE SET counted = excluded.counted, tally = excluded.tally WHERE ${table}.counted < excluded.counted`,
    };
    await driver.write([step]);
  }
  await driver.write([
    totalAgain(isDay, bucket),
    { sql: 'DELETE FROM usage_untallied WHERE bucket = $1 AND is_day = $2', params: [bucket, isDay] },
  ]);
  return true;
}
