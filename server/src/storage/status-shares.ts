/** Links to status pages: made, listed, found by the hash of their token, and revoked for good. */
import type { Selectable } from 'kysely';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import type { StatusShareTable } from './schema-health.ts';

export interface ShareRecord {
  id: string;
  name: string;
  /** Null shows the connections of the organization. */
  workspaceId: string | null;
  workspaceName: string | null;
  last4: string;
  createdBy: string;
  creatorName: string;
  createdAtMs: number;
  expiresAtMs: number | null;
}

/** Links that may be open at once; more of them are refused. */
export const sharesMax = 200;
export const goneShare = 'status-share';

type Row = Selectable<StatusShareTable> & { workspace_name: string | null; creator_name: string | null };

const shareOf = (row: Row): ShareRecord => ({
  id: row.id,
  name: row.name,
  workspaceId: row.workspace_id,
  workspaceName: row.workspace_name,
  last4: row.last4,
  createdBy: row.created_by,
  creatorName: row.creator_name ?? '',
  createdAtMs: row.created_at,
  expiresAtMs: row.expires_at,
});

const open = ({ db }: Database, nowMs: number) =>
  db
    .selectFrom('status_shares')
    .leftJoin('workspaces', 'workspaces.id', 'status_shares.workspace_id')
    .leftJoin('users', 'users.id', 'status_shares.created_by')
    .selectAll('status_shares')
    .select(['workspaces.name as workspace_name', 'users.name as creator_name'])
    .where('status_shares.revoked_at', 'is', null)
    .where('workspaces.deleted_at', 'is', null)
    .where((where) => where.or([where('status_shares.expires_at', 'is', null), where('status_shares.expires_at', '>', nowMs)]));

/** Open links of these workspaces, or all of them; newest first. */
export async function listShares(database: Database, workspaceIds: readonly string[] | 'all', nowMs: number): Promise<ShareRecord[]> {
  if (workspaceIds !== 'all' && workspaceIds.length === 0) return [];
  const query = open(database, nowMs).orderBy('status_shares.created_at', 'desc').orderBy('status_shares.id', 'desc').limit(sharesMax);
  const rows = await (workspaceIds === 'all' ? query : query.where('status_shares.workspace_id', 'in', workspaceIds)).execute();
  return rows.map(shareOf);
}

export async function findShare(database: Database, id: string, nowMs: number): Promise<ShareRecord | undefined> {
  const row = await open(database, nowMs).where('status_shares.id', '=', id).executeTakeFirst();
  return row && shareOf(row);
}

export async function shareByHash(database: Database, hash: string, nowMs: number): Promise<ShareRecord | undefined> {
  const row = await open(database, nowMs).where('status_shares.hash', '=', hash).executeTakeFirst();
  return row && shareOf(row);
}

export const insertShare = (
  { db, compile }: Database,
  share: Omit<ShareRecord, 'workspaceName' | 'creatorName'>,
  hash: string,
): Statement =>
  compile(
    db.insertInto('status_shares').values({
      id: share.id,
      workspace_id: share.workspaceId,
      name: share.name,
      hash,
      last4: share.last4,
      created_by: share.createdBy,
      created_at: share.createdAtMs,
      expires_at: share.expiresAtMs,
      revoked_at: null,
    }),
  );

/** Fails the batch as `status-share` where it was revoked before. */
export const revokeShare = ({ db, compile }: Database, id: string, nowMs: number): Statement =>
  compile(db.updateTable('status_shares').set({ revoked_at: nowMs }).where('id', '=', id).where('revoked_at', 'is', null), {
    expectRows: 1,
    label: goneShare,
  });
