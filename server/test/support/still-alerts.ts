/** Alerts that stay as a test wrote them: another instance looks after the rules, and says nothing. */
import { releaseLease } from '../../src/storage/leases.ts';
import type { House } from './house.ts';

/** Longer leases than anybody takes are not believed: this one is as long as they may be, and prolonged. */
const heldMs = 60_000;
const prolongedMs = 10_000;
const somebodyElse = 'another instance';

/** From now on the house opens and ends no alert by itself. Returns what has it look after them again. */
export async function keepAlertsStill({ database, deps }: Pick<House, 'database' | 'deps'>): Promise<() => Promise<void>> {
  const hold = (): Promise<unknown> =>
    database.driver.run(
      {
        sql: `INSERT INTO leases (name, owner, expires_at) VALUES ('alerts', $1, $2)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at`,
        params: [somebodyElse, deps.clock.nowMs() + heldMs],
      },
      'write',
    );
  await hold();
  // A house that has closed its database needs no more of it.
  const timer = setInterval(() => void hold().catch(() => undefined), prolongedMs).unref();
  // A look that began before has its end; the next one sees that it is not the house's turn.
  await deps.alertWatch.look();
  return () => {
    clearInterval(timer);
    return releaseLease(database, 'alerts', somebodyElse);
  };
}
