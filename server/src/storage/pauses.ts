/** Who switched a connection off, and when, as the audit log knows it. */
import type { Database } from './database.ts';

export interface Pause {
  atMs: number;
  by: string | null;
}

/** Entries that are looked through; a pause that lies further back is not known any more. */
const entriesMax = 2_000;

/** The newest change of each connection that made it inactive. */
export async function pausesOf({ db }: Database, connectionIds: readonly string[]): Promise<Map<string, Pause>> {
  const pauses = new Map<string, Pause>();
  if (connectionIds.length === 0) return pauses;
  const rows = await db
    .selectFrom('audit_entries')
    .select(['at', 'subject_id', 'actor_name', 'actor_id', 'changes'])
    .where('subject_type', '=', 'connection')
    .where('subject_id', 'in', connectionIds)
    .where('outcome', '=', 'success')
    .where('changes', 'is not', null)
    .orderBy('at', 'desc')
    .limit(entriesMax)
    .execute();
  for (const row of rows) {
    if (row.subject_id === null || row.changes === null || pauses.has(row.subject_id)) continue;
    const { isActive } = JSON.parse(row.changes) as { isActive?: { after?: unknown } };
    if (isActive?.after === false) pauses.set(row.subject_id, { atMs: row.at, by: row.actor_id === null ? null : row.actor_name });
  }
  return pauses;
}
