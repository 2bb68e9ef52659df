/** Access keys at rest: a SHA-256 of each, never the key. Revoked ones stay as rows: other instances and the books refer to them. */
import type { AccessKey } from '../domain/access-key.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { accessKeyOfRow } from './snapshot.ts';

export interface AccessKeyRecord extends AccessKey {
  updatedAtMs: number;
  lastUsedAtMs: number | null;
}

/** Whose keys are asked for: everybody's, or those that a person holds or that belong to workspaces this person administrates. */
export type AccessKeyScope = 'all' | { userId: string; workspaceIds: readonly string[] };

const selectKeys = ({ db }: Database) =>
  db
    .selectFrom('access_keys')
    .leftJoin('access_key_uses', 'access_key_uses.access_key_id', 'access_keys.id')
    .selectAll('access_keys')
    .select('access_key_uses.last_used_at')
    .where('access_keys.revoked_at', 'is', null);

type KeyRow = Awaited<ReturnType<ReturnType<typeof selectKeys>['execute']>>[number];

const recordOfRow = (row: KeyRow): AccessKeyRecord => ({
  ...accessKeyOfRow(row),
  updatedAtMs: row.updated_at,
  lastUsedAtMs: row.last_used_at,
});

/** Keys that are not revoked, newest first. */
export async function listAccessKeys(
  database: Database,
  scope: AccessKeyScope,
  page: { cursor?: string; limit: number; workspaceId?: string },
): Promise<AccessKeyRecord[]> {
  let query = selectKeys(database);
  if (scope !== 'all') {
    const { userId, workspaceIds } = scope;
    query = query.where((by) =>
      workspaceIds.length === 0
        ? by('access_keys.user_id', '=', userId)
        : by.or([by('access_keys.user_id', '=', userId), by('access_keys.workspace_id', 'in', [...workspaceIds])]),
    );
  }
  if (page.workspaceId !== undefined) query = query.where('access_keys.workspace_id', '=', page.workspaceId);
  if (page.cursor !== undefined) query = query.where('access_keys.id', '<', page.cursor);
  return (await query.orderBy('access_keys.id', 'desc').limit(page.limit).execute()).map(recordOfRow);
}

/** A key that is not revoked. */
export async function accessKeyById(database: Database, id: string): Promise<AccessKeyRecord | undefined> {
  const row = await selectKeys(database).where('access_keys.id', '=', id).executeTakeFirst();
  return row && recordOfRow(row);
}

const limitColumns = (key: AccessKey) => ({
  name: key.name,
  models: key.models === null ? null : JSON.stringify(key.models),
  rpm: key.rpm,
  tpm: key.tpm,
  budget_nano_usd: key.budgetNanoUsd,
  expires_at: key.expiresAtMs,
  revision: thisRevision,
});

export const insertAccessKey = ({ db, compile }: Database, key: AccessKey, hash: string): Statement =>
  compile(
    db.insertInto('access_keys').values({
      id: key.id,
      user_id: key.userId,
      workspace_id: key.workspaceId,
      hash,
      last4: key.last4,
      created_at: key.createdAtMs,
      updated_at: key.createdAtMs,
      ...limitColumns(key),
    }),
  );

/** It fails the batch as `access-key` where the key was revoked in the meantime. */
export const updateAccessKey = ({ db, compile }: Database, key: AccessKey, nowMs: number): Statement =>
  compile(
    db
      .updateTable('access_keys')
      .set({ ...limitColumns(key), updated_at: nowMs })
      .where('id', '=', key.id)
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
