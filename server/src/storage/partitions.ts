/** Makes the monthly partitions of what grows with every request ahead of time on PostgreSQL; SQLite keeps one table of each. */
import type { Driver } from './driver.ts';
import { StorageFault } from './errors.ts';

const monthsAheadMax = 24;
/** Ten years of books. */
const monthsBackMax = 120;
const lockKey = 7_302_145;

/** Start of the UTC month that lies `offset` months from the one of `nowMs`, and its name, `202611`. */
function monthOf(nowMs: number, offset: number): { name: string; startMs: number } {
  const now = new Date(nowMs);
  const startMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1);
  return { name: new Date(startMs).toISOString().slice(0, 7).replace('-', ''), startMs };
}

/** The end of the month that a partition of a table holds, by its name; null for the default one and for what is no such name. */
export function endOfMonthName(table: string, name: string): number | null {
  const match = /_m(\d{4})(\d{2})$/.exec(name);
  return match && name.startsWith(`${table}_m`) ? Date.UTC(Number(match[1]), Number(match[2]), 1) : null;
}

/** Tables that are partitioned by the month of `at`. */
const partitioned = ['usage_events', 'policy_violations'] as const;

/**
 * Makes the partitions of this month and the next ones, where they are missing. A month that already has rows in the
 * default partition stays there: moving them would lock the ledger, and they are found either way.
 * @returns the names of the partitions that were made
 */
export async function ensurePartitions(driver: Driver, nowMs: number, monthsAhead = 2): Promise<string[]> {
  if (driver.engine === 'sqlite') return [];
  const made: string[] = [];
  for (const table of partitioned)
    for (let offset = 0; offset <= Math.min(monthsAhead, monthsAheadMax); offset++) {
      const partition = await ensurePartition(driver, table, nowMs, offset);
      if (partition !== null) made.push(partition);
    }
  return made;
}

/** Makes the partitions of all months between two moments, for rows that are brought from elsewhere. */
export async function ensurePartitionsOf(
  driver: Driver,
  table: (typeof partitioned)[number],
  firstMs: number,
  lastMs: number,
): Promise<void> {
  for (let offset = 0; offset < monthsBackMax && monthOf(firstMs, offset).startMs <= lastMs; offset++)
    await ensurePartition(driver, table, firstMs, offset);
}

/** The name of the partition where it was made; null where it was there, or its month lies in the default one. */
async function ensurePartition(driver: Driver, table: string, nowMs: number, offset: number): Promise<string | null> {
  const { name, startMs } = monthOf(nowMs, offset);
  const endMs = monthOf(nowMs, offset + 1).startMs;
  const partition = `${table}_m${name}`;
  const [found] = await driver.rows<{ is_there: boolean; is_in_use: boolean }>(
    {
      sql: `SELECT to_regclass($1) IS NOT NULL AS is_there,
        EXISTS (SELECT 1 FROM ${table}_default WHERE at >= $2 AND at < $3) AS is_in_use`,
      params: [partition, startMs, endMs],
    },
    'write',
  );
  if (found === undefined || found.is_there || found.is_in_use) return null;
  try {
    await driver.script(
      `SELECT pg_advisory_xact_lock(${lockKey});
       CREATE TABLE IF NOT EXISTS ${partition} PARTITION OF ${table} FOR VALUES FROM (${startMs}) TO (${endMs});`,
    );
    return partition;
  } catch (error) {
    // 23514: a row of this month came into the default partition between the question and the answer.
    if (error instanceof StorageFault && error.code === '23514') return null;
    throw error;
  }
}
