/** Access keys at rest: a SHA-256 of each, never the key. Revoked ones stay as rows: other instances and the books refer to them. */
import { endedShownMs, type AccessKey } from '../domain/access-key.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { accessKeyOfRow } from './snapshot.ts';

export interface AccessKeyRecord extends AccessKey {
  updatedAtMs: number;
  lastUsedAtMs: number | null;
  ownerName: string;
  revision: number;
}

/** Whose keys are asked for: everybody's, or those that a person holds or that belong to workspaces this person administrates. */
export type AccessKeyScope = 'all' | { userId: string; workspaceIds: readonly string[] };

const selectKeys = ({ db }: Database) =>
  db
    .selectFrom('access_keys')
    .innerJoin('users', 'users.id', 'access_keys.user_id')
    .leftJoin('access_key_uses', 'access_key_uses.access_key_id', 'access_keys.id')
    .selectAll('access_keys')
    .select(['access_key_uses.last_used_at', 'users.name as owner_name']);

type KeyRow = Awaited<ReturnType<ReturnType<typeof selectKeys>['execute']>>[number];

const recordOfRow = (row: KeyRow): AccessKeyRecord => ({
  ...accessKeyOfRow(row),
  updatedAtMs: row.updated_at,
  lastUsedAtMs: row.last_used_at,
  ownerName: row.owner_name,
  revision: row.revision,
});

/** Keys that are not revoked and did not expire long ago, newest first; `withEnded` also those that were revoked within the same time. */
export async function listAccessKeys(
  database: Database,
  scope: AccessKeyScope,
  page: { cursor?: string; limit: number; workspaceId?: string; repositoryId?: string; withEnded?: boolean },
  nowMs: number,
): Promise<AccessKeyRecord[]> {
  const sinceMs = nowMs - endedShownMs;
  let query = selectKeys(database).where((by) =>
    by.and([
      by.or([by('access_keys.expires_at', 'is', null), by('access_keys.expires_at', '>', sinceMs)]),
      page.withEnded
        ? by.or([by('access_keys.revoked_at', 'is', null), by('access_keys.revoked_at', '>', sinceMs)])
        : by('access_keys.revoked_at', 'is', null),
    ]),
  );
  if (scope !== 'all') {
    const { userId, workspaceIds } = scope;
    query = query.where((by) =>
      workspaceIds.length === 0
        ? by('access_keys.user_id', '=', userId)
        : by.or([by('access_keys.user_id', '=', userId), by('access_keys.workspace_id', 'in', [...workspaceIds])]),
    );
  }
  if (page.workspaceId !== undefined) query = query.where('access_keys.workspace_id', '=', page.workspaceId);
  if (page.repositoryId !== undefined) query = query.where('access_keys.repository_id', '=', page.repositoryId);
  if (page.cursor !== undefined) query = query.where('access_keys.id', '<', page.cursor);
  return (await query.orderBy('access_keys.id', 'desc').limit(page.limit).execute()).map(recordOfRow);
}

/** Keys of repositories that one answer names at most. */
const boundMax = 10_000;

/** Keys that are bound to these repositories and are not revoked, newest first, by repository. */
export async function keysOfRepositories(database: Database, repositoryIds: readonly string[]): Promise<Map<string, AccessKeyRecord[]>> {
  const bound = new Map<string, AccessKeyRecord[]>();
  for (let from = 0; from < repositoryIds.length; from += namesAtOnce) {
    const rows = await selectKeys(database)
      .where('access_keys.repository_id', 'in', repositoryIds.slice(from, from + namesAtOnce))
      .where('access_keys.revoked_at', 'is', null)
      .orderBy('access_keys.id', 'desc')
      .limit(boundMax)
      .execute();
    for (const key of rows.map(recordOfRow)) {
      const known = bound.get(key.repositoryId ?? '');
      if (known) known.push(key);
      else bound.set(key.repositoryId ?? '', [key]);
    }
  }
  return bound;
}

/** A key that is not revoked. */
export async function accessKeyById(database: Database, id: string): Promise<AccessKeyRecord | undefined> {
  const row = await selectKeys(database).where('access_keys.id', '=', id).where('access_keys.revoked_at', 'is', null).executeTakeFirst();
  return row && recordOfRow(row);
}

const limitColumns = (key: AccessKey) => ({
  name: key.name,
  models: key.models === null ? null : JSON.stringify(key.models),
  rpm: key.rpm,
  tpm: key.tpm,
  budget_nano_usd: key.budgetNanoUsd,
  cache_seconds: key.cacheS ?? null,
  expires_at: key.expiresAtMs,
  revision: thisRevision,
});

export const insertAccessKey = ({ db, compile }: Database, key: AccessKey, hash: string): Statement =>
  compile(
    db.insertInto('access_keys').values({
      id: key.id,
      user_id: key.userId,
      workspace_id: key.workspaceId,
      repository_id: key.repositoryId ?? null,
      ai_type: key.aiType ?? null,
      hash,
      last4: key.last4,
      created_at: key.createdAtMs,
      updated_at: key.createdAtMs,
      ...limitColumns(key),
    }),
  );

/** It fails the batch as `access-key` where the key was revoked in the meantime, or changed since it had `readRevision`. */
export const updateAccessKey = ({ db, compile }: Database, key: AccessKey, nowMs: number, readRevision?: number): Statement =>
  compile(
    db
      .updateTable('access_keys')
      .set({ ...limitColumns(key), updated_at: nowMs })
      .where('id', '=', key.id)
      .$if(readRevision !== undefined, (query) => query.where('revision', '=', readRevision!))
      .where('revoked_at', 'is', null),
    { expectRows: 1, label: 'access-key' },
  );

/** As `updateAccessKey`. */
export const revokeAccessKey = ({ db, compile }: Database, id: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('access_keys')
      .set({ revoked_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('id', '=', id)
      .where('revoked_at', 'is', null),
    { expectRows: 1, label: 'access-key' },
  );

/** Gives the key another text. The one before stays good until `previousUntilMs`; null ends it at once. As `updateAccessKey`. */
export const rotateAccessKey = (
  { db, compile }: Database,
  key: AccessKeyRecord,
  next: { hash: string; last4: string; previousUntilMs: number | null },
  nowMs: number,
): Statement =>
  compile(
    db
      .updateTable('access_keys')
      .set((by) => ({
        // Columns on the right are those from before the change.
        previous_hash: next.previousUntilMs === null ? null : by.ref('hash'),
        previous_until: next.previousUntilMs,
        hash: next.hash,
        last4: next.last4,
        updated_at: nowMs,
        revision: thisRevision,
      }))
      .where('id', '=', key.id)
      .where('revision', '=', key.revision)
      .where('revoked_at', 'is', null),
    { expectRows: 1, label: 'access-key' },
  );

/** Engines bound the parameters of one statement. */
const namesAtOnce = 500;

/** Names of keys, revoked ones too. */
export async function namesOfKeys({ db }: Database, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (let from = 0; from < ids.length; from += namesAtOnce) {
    const some = ids.slice(from, from + namesAtOnce);
    const rows = await db.selectFrom('access_keys').select(['id', 'name']).where('id', 'in', some).execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  return names;
}
