/** Names of what the books tell of, by ids: of what is deleted too, because the books outlive it (C-32). */
import type { Database } from './database.ts';

/** Ids that one question may name. */
const namesAtOnce = 500;

async function namesFrom(
  { db }: Database,
  table: 'ai_configurations' | 'workspaces',
  ids: readonly string[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (let from = 0; from < ids.length; from += namesAtOnce) {
    const some = ids.slice(from, from + namesAtOnce);
    const rows = await db.selectFrom(table).select(['id', 'name']).where('id', 'in', some).execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  return names;
}

export const namesOfConnections = (database: Database, ids: readonly string[]): Promise<Map<string, string>> =>
  namesFrom(database, 'ai_configurations', ids);

export const namesOfWorkspaces = (database: Database, ids: readonly string[]): Promise<Map<string, string>> =>
  namesFrom(database, 'workspaces', ids);

/** Of one person's own connections. */
export async function connectionIdsOfUser({ db }: Database, userId: string): Promise<string[]> {
  const rows = await db.selectFrom('ai_configurations').select('id').where('scope', '=', 'user').where('owner_id', '=', userId).execute();
  return rows.map(({ id }) => id);
}
