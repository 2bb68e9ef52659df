/** What time it is where the database runs. */
import type { Driver } from './driver.ts';

/** Epoch milliseconds; null for the embedded database, whose clock is this process's. */
export async function databaseNowMs(driver: Driver): Promise<number | null> {
  if (driver.engine === 'sqlite') return null;
  const sql = 'SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms';
  const [row] = await driver.rows<{ now_ms: number }>({ sql, params: [] });
  return row?.now_ms ?? null;
}
