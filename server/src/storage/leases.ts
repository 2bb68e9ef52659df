/** Leases by name: work that must run once has one owner at a time, on however many instances. */
import type { Database } from './database.ts';

/**
 * Takes or prolongs the lease for `forMs`; FALSE while somebody else holds it. Whoever holds one renews it well before its end:
 * instances' clocks may differ by a little. One that would last for longer than anybody takes it was taken by a clock that was wrong and has
 * been set back: nobody waits until it is that late.
 */
export async function holdLease({ driver }: Database, name: string, owner: string, nowMs: number, forMs: number): Promise<boolean> {
  const { touched } = await driver.run(
    {
      sql: `INSERT INTO leases (name, owner, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
        WHERE leases.owner = excluded.owner OR leases.expires_at <= $4 OR leases.expires_at > $5`,
      params: [name, owner, nowMs + forMs, nowMs, nowMs + 2 * forMs],
    },
    'write',
  );
  return touched === 1;
}

/** Lets the lease go at once, so that another instance need not wait for its end. */
export async function releaseLease({ driver }: Database, name: string, owner: string): Promise<void> {
  await driver.run({ sql: 'DELETE FROM leases WHERE name = $1 AND owner = $2', params: [name, owner] }, 'write');
}
