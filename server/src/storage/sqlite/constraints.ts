/** Names the index behind a unique violation as PostgreSQL would: SQLite's message gives columns, sometimes an index. */
import type { DatabaseSync } from 'node:sqlite';

/** Names a list of columns as PostgreSQL does where the constraint was written inside CREATE TABLE. */
const inlineName = (table: string, columns: readonly string[], origin: string): string =>
  origin === 'pk' ? `${table}_pkey` : `${table}_${columns.join('_')}_key`;

/**
 * @param message `UNIQUE constraint failed: t.a, t.b`, or `... failed: index 't_lower_name'` for an expression index.
 * @returns `t_a_b_key` and `t_pkey` for constraints of CREATE TABLE, else the index's own name
 */
export function uniqueConstraintName(database: DatabaseSync, message: string): string {
  const [, failed = message] = /^UNIQUE constraint failed: (.*)$/.exec(message) ?? [];
  const [, index] = /^index '(.*)'$/.exec(failed) ?? [];
  if (index !== undefined) return index;
  const places = failed.split(', ').map((place) => place.split('.'));
  const table = places[0]?.[0] ?? failed;
  const columns = places.map((place) => place[1] ?? '');
  // The connection returns rows as arrays.
  const indexes = database.prepare('SELECT name, origin FROM pragma_index_list(?) WHERE "unique" = 1').all(table);
  for (const [name, origin] of indexes as unknown as [string, string][]) {
    const of = database.prepare('SELECT name FROM pragma_index_info(?) ORDER BY seqno').all(name) as unknown as [string | null][];
    if (of.length !== columns.length || !of.every(([column], place) => column === columns[place])) continue;
    return origin === 'c' ? name : inlineName(table, columns, origin);
  }
  // An INTEGER PRIMARY KEY is the table itself and has no index of its own.
  return inlineName(table, columns, 'pk');
}
