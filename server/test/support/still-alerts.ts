/** Alerts that stay as a test wrote them: another instance looks after the rules, and says nothing. */
import { expect } from 'vitest';
import { holdLease, releaseLease } from '../../src/storage/leases.ts';
import type { House } from './house.ts';

const longMs = 86_400_000;

/** From now on the house opens and ends no alert by itself. Returns what has it look after them again. */
export async function keepAlertsStill({ database, deps }: Pick<House, 'database' | 'deps'>): Promise<() => Promise<void>> {
  // What it held itself is taken away between two of its looks.
  await deps.alertWatch.look();
  await database.driver.run({ sql: `DELETE FROM leases WHERE name = 'alerts'`, params: [] }, 'write');
  expect(await holdLease(database, 'alerts', 'somebody else', deps.clock.nowMs(), longMs)).toBe(true);
  return () => releaseLease(database, 'alerts', 'somebody else');
}
