/** Invitations at rest: a SHA-256 of each link's token, never the token. Used and withdrawn ones stay as rows until they are purged. */
import type { OrganizationRole, WorkspaceRole } from '../domain/owner.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface InvitationRecord {
  id: string;
  email: string;
  role: OrganizationRole;
  workspaceId: string | null;
  workspaceName: string | null;
  workspaceRole: WorkspaceRole | null;
  createdBy: string;
  creatorName: string;
  expiresAtMs: number;
  createdAtMs: number;
}

/** Whether an invitation can be accepted: neither used, withdrawn nor over, and its workspace still there. */
const openAt = ({ db }: Database, nowMs: number) =>
  db
    .selectFrom('invitations')
    .innerJoin('users', 'users.id', 'invitations.created_by')
    .leftJoin('workspaces', 'workspaces.id', 'invitations.workspace_id')
    .select([
      'invitations.id',
      'invitations.email',
      'invitations.role',
      'invitations.workspace_id',
      'invitations.workspace_role',
      'invitations.created_by',
      'invitations.expires_at',
      'invitations.created_at',
      'workspaces.name as workspace_name',
      'users.name as creator_name',
    ])
    .where('invitations.accepted_at', 'is', null)
    .where('invitations.revoked_at', 'is', null)
    .where('invitations.expires_at', '>', nowMs)
    .where('workspaces.deleted_at', 'is', null);

type InvitationRow = Awaited<ReturnType<ReturnType<typeof openAt>['execute']>>[number];

const recordOfRow = (row: InvitationRow): InvitationRecord => ({
  id: row.id,
  email: row.email,
  role: row.role,
  workspaceId: row.workspace_id,
  workspaceName: row.workspace_name,
  workspaceRole: row.workspace_role,
  createdBy: row.created_by,
  creatorName: row.creator_name,
  expiresAtMs: row.expires_at,
  createdAtMs: row.created_at,
});

/** Open invitations, newest first: all, or those into these workspaces. */
export async function listInvitations(
  database: Database,
  workspaceIds: readonly string[] | 'all',
  nowMs: number,
  page: { cursor?: string; limit: number },
): Promise<InvitationRecord[]> {
  if (workspaceIds !== 'all' && workspaceIds.length === 0) return [];
  let query = openAt(database, nowMs);
  if (workspaceIds !== 'all') query = query.where('invitations.workspace_id', 'in', [...workspaceIds]);
  if (page.cursor !== undefined) query = query.where('invitations.id', '<', page.cursor);
  return (await query.orderBy('invitations.id', 'desc').limit(page.limit).execute()).map(recordOfRow);
}

export async function invitationById(database: Database, id: string, nowMs: number): Promise<InvitationRecord | undefined> {
  const row = await openAt(database, nowMs).where('invitations.id', '=', id).executeTakeFirst();
  return row && recordOfRow(row);
}

export async function invitationByHash(database: Database, hash: string, nowMs: number): Promise<InvitationRecord | undefined> {
  const row = await openAt(database, nowMs).where('invitations.hash', '=', hash).executeTakeFirst();
  return row && recordOfRow(row);
}

export type NewInvitation = Omit<InvitationRecord, 'workspaceName' | 'creatorName'>;

/** Withdraws earlier invitations of the same address to the same place, so that one link at a time is good. */
export function insertInvitation({ db, compile }: Database, invitation: NewInvitation, hash: string): Statement[] {
  let earlier = db
    .updateTable('invitations')
    .set({ revoked_at: invitation.createdAtMs })
    .where('email', '=', invitation.email)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null);
  earlier =
    invitation.workspaceId === null
      ? earlier.where('workspace_id', 'is', null)
      : earlier.where('workspace_id', '=', invitation.workspaceId);
  const row = {
    id: invitation.id,
    email: invitation.email,
    role: invitation.role,
    workspace_id: invitation.workspaceId,
    workspace_role: invitation.workspaceRole,
    hash,
    created_by: invitation.createdBy,
    expires_at: invitation.expiresAtMs,
    created_at: invitation.createdAtMs,
  };
  return [compile(earlier), compile(db.insertInto('invitations').values(row))];
}

const endInvitation = ({ db, compile }: Database, id: string, nowMs: number, column: 'accepted_at' | 'revoked_at'): Statement =>
  compile(
    db
      .updateTable('invitations')
      .set({ [column]: nowMs })
      .where('id', '=', id)
      .where('accepted_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', nowMs),
    { expectRows: 1, label: 'invitation' },
  );

/** Uses an invitation up; it fails the batch as `invitation` where somebody was first, or it is over. */
export const acceptInvitation = (database: Database, id: string, nowMs: number): Statement =>
  endInvitation(database, id, nowMs, 'accepted_at');

/** As `acceptInvitation`. */
export const revokeInvitation = (database: Database, id: string, nowMs: number): Statement =>
  endInvitation(database, id, nowMs, 'revoked_at');
