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

/**
 * Set aside for entries that were settled without a price, as those of a tier of service that has none: they count with the whole of it.
 * Looked for only where a key has such entries at all, and by the index of its dimensions.
 */
const unpricedSql =
  'SELECT CAST(COALESCE(SUM(e.reserved_nano_usd), 0) AS BIGINT) FROM usage_dimensions k JOIN usage_events e ON e.dimension_id = k.id ' +
  "WHERE k.access_key_id = $1 AND e.is_last AND e.cost_nano_usd IS NULL AND e.state IN ('settled', 'partial') AND EXISTS " +
  '(SELECT 1 FROM usage_days d WHERE d.dimension_id = k.id AND d.unpriced > 0)';

/** What each of these keys has spent by the books, and what is still set aside for open and unpriced entries, in nano-dollars. */
export async function spentOfKeys({ driver }: Database, accessKeyIds: readonly string[]): Promise<Map<string, number>> {
  const spent = new Map<string, number>();
  for (const id of accessKeyIds) {
    // One statement, one moment: an entry that is settled between two would be counted by neither.
    const [row] = await driver.rows<{ settled: number; open: number; unpriced: number }>({
      sql:
        'SELECT (SELECT CAST(COALESCE(SUM(d.cost_nano_usd), 0) AS BIGINT) FROM usage_days d JOIN usage_dimensions k ON k.id = d.dimension_id ' +
        'WHERE k.access_key_id = $1) AS settled, (SELECT CAST(COALESCE(SUM(reserved_nano_usd), 0) AS BIGINT) FROM usage_events ' +
        `WHERE access_key_id = $1 AND state IN ('intent', 'unknown')) AS open, (${unpricedSql}) AS unpriced`,
      params: [id],
    });
    spent.set(id, (row?.settled ?? 0) + (row?.open ?? 0) + (row?.unpriced ?? 0));
  }
  return spent;
}

/** What each of these keys has spent by the books alone, in nano-dollars; keys that never spent are left out. */
export async function settledOf({ driver }: Database, accessKeyIds: readonly string[]): Promise<Map<string, number>> {
  if (accessKeyIds.length === 0) return new Map();
  const places = accessKeyIds.map((_, index) => `$${index + 1}`).join(', ');
  const rows = await driver.rows<{ id: string; settled: number }>({
    sql:
      'SELECT CAST(k.access_key_id AS TEXT) AS id, CAST(SUM(d.cost_nano_usd) AS BIGINT) AS settled FROM usage_days d ' +
      `JOIN usage_dimensions k ON k.id = d.dimension_id WHERE k.access_key_id IN (${places}) GROUP BY k.access_key_id`,
    params: accessKeyIds,
  });
  return new Map(rows.map(({ id, settled }) => [id, settled]));
}

/** What every key has spent by the books, in nano-dollars, without what is set aside; keys that never spent are left out. */
export async function settledOfKeys({ driver }: Database): Promise<Map<string, number>> {
  const rows = await driver.rows<{ id: string; settled: number }>({
    sql:
      'SELECT CAST(k.access_key_id AS TEXT) AS id, CAST(SUM(d.cost_nano_usd) AS BIGINT) AS settled FROM usage_days d ' +
      'JOIN usage_dimensions k ON k.id = d.dimension_id WHERE k.access_key_id IS NOT NULL GROUP BY k.access_key_id',
    params: [],
  });
  return new Map(rows.map(({ id, settled }) => [id, settled]));
}
