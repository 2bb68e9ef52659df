/** What time it is where the database runs. */
import type { Clock } from '../lib/clock.ts';
import type { Driver } from './driver.ts';

/** Epoch milliseconds; null for the embedded database, whose clock is this process's. */
export async function databaseNowMs(driver: Driver): Promise<number | null> {
  if (driver.engine === 'sqlite') return null;
  const sql = 'SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms';
  const [row] = await driver.rows<{ now_ms: number }>({ sql, params: [] });
  return row?.now_ms ?? null;
}

/** The time of another machine, epoch milliseconds; null where there is none. */
export type OtherClock = () => Promise<number | null>;

/** A clock that is never ahead of another one, for what may be taken for old only where both say that it is. */
export async function neverAheadOf(clock: Clock, other: OtherClock | undefined): Promise<Clock> {
  const atMs = (await other?.()) ?? null;
  if (atMs === null) return clock;
  const askedMs = clock.monotonicMs();
  return { ...clock, nowMs: () => Math.min(clock.nowMs(), Math.floor(atMs + clock.monotonicMs() - askedMs)) };
}
