/** Every state that a configuration object had: written with the change that made it, read for its history. Never a secret. */
import type { AuditEntry } from '../domain/audit.ts';
import type { Owner } from '../domain/owner.ts';
import type { Database } from './database.ts';
import type { InsertMany } from './driver.ts';

export type ObjectState = Record<string, unknown>;

/** What a change leaves in the history of its object. */
export interface KeptState {
  /** What the object is from now on; null where it is gone. */
  after: ObjectState | null;
  /** What it was, for objects that were changed beside their history, or before there was one; under another id where that one's was followed. */
  before?: { revision: number; atMs: number; state: ObjectState; subjectId?: string };
}

export interface ObjectRevision {
  revision: number;
  atMs: number;
  actor: { id: string; name: string } | null;
  /** Null where the state was found and not made: nobody noted who did it. */
  action: string | null;
  name: string | null;
  owner: Owner | null;
  state: ObjectState | null;
}

/** Newest first; more than an object sees in years. */
export const revisionsMax = 200;
const foundAction = 'found';

const columns = [
  'subject_type',
  'subject_id',
  'revision',
  'at',
  'actor_id',
  'actor_name',
  'action',
  'subject_name',
  'scope',
  'owner_id',
  'state',
] as const;

/** Steps that go into the transaction of the change. `revision` is the one that the change has. */
export function revisionSteps(entry: AuditEntry, revision: number, kept: KeptState): InsertMany[] {
  const { subjectType, subjectId, subjectName, owner, actor } = entry;
  if (subjectId === null) return [];
  const about = (state: ObjectState | null): unknown[] => [
    subjectName,
    owner?.scope ?? null,
    owner?.id ?? null,
    state && JSON.stringify(state),
  ];
  const rows: unknown[][] = [];
  const { before } = kept;
  if (before) {
    const { subjectId: id = subjectId, revision: at, atMs, state } = before;
    rows.push([subjectType, id, at, atMs, null, '', foundAction, ...about(state)]);
  }
  rows.push([subjectType, subjectId, revision, entry.atMs, actor?.userId ?? null, actor?.name ?? '', entry.action, ...about(kept.after)]);
  return [
    {
      insertInto: 'object_revisions',
      columns,
      rows,
      onConflict: '(subject_type, subject_id, revision) DO NOTHING',
      label: 'object-revision',
    },
  ];
}

/** Of these kinds, those of which an object changed above a revision: for what the snapshot itself does not hold. */
export async function typesChangedAbove({ db }: Pick<Database, 'db'>, types: readonly string[], above: number): Promise<string[]> {
  const rows = await db
    .selectFrom('object_revisions')
    .select('subject_type')
    .distinct()
    .where('revision', '>', above)
    .where('subject_type', 'in', types)
    .execute();
  return rows.map((row) => row.subject_type).toSorted();
}

/** The history of one object, newest first; of several ids, where it goes on under another one. */
export async function listRevisions({ db }: Database, type: string, ...ids: readonly string[]): Promise<ObjectRevision[]> {
  const rows = await db
    .selectFrom('object_revisions')
    .selectAll()
    .where('subject_type', '=', type)
    .where('subject_id', 'in', ids)
    .orderBy('revision', 'desc')
    .limit(revisionsMax)
    .execute();
  const revisions = rows.map((row): ObjectRevision => ({
    revision: row.revision,
    atMs: row.at,
    actor: row.actor_id === null ? null : { id: row.actor_id, name: row.actor_name },
    action: row.action === foundAction ? null : row.action,
    name: row.subject_name,
    owner: row.scope === null || row.owner_id === null ? null : { scope: row.scope as Owner['scope'], id: row.owner_id },
    state: row.state === null ? null : (JSON.parse(row.state) as ObjectState),
  }));
  // What was found as it was left tells nothing.
  return revisions.filter(
    ({ action, state }, index) => action !== null || JSON.stringify(state) !== JSON.stringify(revisions[index + 1]?.state),
  );
}
