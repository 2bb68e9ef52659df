/** When access keys were last used. A table of its own, so that a use is no change of configuration. */
import type { Database } from './database.ts';

/** Keys that do not exist any more are left out without a word; an older use, told late by another instance, changes nothing. */
export async function noteKeyUses({ driver }: Database, accessKeyIds: readonly string[], atMs: number): Promise<void> {
  await driver.write(
    accessKeyIds.toSorted().map((id) => ({
      sql:
        'INSERT INTO access_key_uses (access_key_id, last_used_at) SELECT id, CAST($2 AS BIGINT) FROM access_keys WHERE id = $1 ' +
        'ON CONFLICT (access_key_id) DO UPDATE SET last_used_at = excluded.last_used_at ' +
        'WHERE excluded.last_used_at > access_key_uses.last_used_at',
      params: [id, atMs],
    })),
  );
}

export interface SettledOfKey {
  nanoUsd: number;
  /** Attempts that went out and have no price: what was spent is that of the others. */
  unpriced: number;
}

/** What each of these keys has spent by the books alone; keys that were never used are left out. */
export async function settledOf({ driver }: Database, accessKeyIds: readonly string[]): Promise<Map<string, SettledOfKey>> {
  if (accessKeyIds.length === 0) return new Map();
  const places = accessKeyIds.map((_, index) => `$${index + 1}`).join(', ');
  const rows = await driver.rows<{ id: string; settled: number; unpriced: number }>({
    sql:
      'SELECT CAST(k.access_key_id AS TEXT) AS id, CAST(SUM(d.cost_nano_usd) AS BIGINT) AS settled, ' +
      'CAST(SUM(d.unpriced) AS BIGINT) AS unpriced FROM usage_days d ' +
      `JOIN usage_dimensions k ON k.id = d.dimension_id WHERE k.access_key_id IN (${places}) GROUP BY k.access_key_id`,
    params: accessKeyIds,
  });
  return new Map(rows.map(({ id, settled, unpriced }) => [id, { nanoUsd: settled, unpriced }]));
}
