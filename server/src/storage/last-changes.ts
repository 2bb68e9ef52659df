/** Who changed a thing last, as the audit log knows it. */
import type { Database } from './database.ts';

export interface LastChange {
  atMs: number;
  actor: { id: string; name: string } | null;
}

/**
 * The newest change of a thing above a revision; undefined where its revision was raised as a side effect of something else,
 * such as another connection becoming the default.
 */
export async function lastChangeAbove(
  { db }: Database,
  subject: { type: string; id: string },
  revision: number,
): Promise<LastChange | undefined> {
  const row = await db
    .selectFrom('audit_entries')
    .select(['at', 'actor_id', 'actor_name'])
    .where('subject_type', '=', subject.type)
    .where('subject_id', '=', subject.id)
    .where('revision', '>', revision)
    .where('outcome', '=', 'success')
    .where('changes', 'is not', null)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { atMs: row.at, actor: row.actor_id === null ? null : { id: row.actor_id, name: row.actor_name } };
}
