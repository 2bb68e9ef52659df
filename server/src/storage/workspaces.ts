/** Workspaces and their members. Deleted workspaces and removed members stay as rows, so that other instances hear of it. */
import { sql } from 'kysely';
import type { OrganizationRole, WorkspaceRole } from '../domain/owner.ts';
import { deleteAlertingOf } from './alert-rules.ts';
import { forgetCaptured } from './captured-bodies.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { endLimitsAmong, endLimitsOn } from './limits.ts';
import { nameKeyOf } from './name-key.ts';
import { endPoliciesIn } from './policies.ts';
import { forgetResponses } from './responses.ts';
import { deleteGroupsOf } from './routing-groups.ts';

export interface WorkspaceRecord {
  id: string;
  organizationId: string;
  name: string;
  createdAtMs: number;
  revision: number;
}

export interface MemberRecord {
  workspaceId: string;
  userId: string;
  role: WorkspaceRole;
  name: string;
  email: string;
  organizationRole: OrganizationRole;
}

const columns = ['id', 'organization_id', 'name', 'created_at', 'revision'] as const;

const workspaceOfRow = (row: {
  id: string;
  organization_id: string;
  name: string;
  created_at: number;
  revision: number;
}): WorkspaceRecord => ({
  id: row.id,
  organizationId: row.organization_id,
  name: row.name,
  createdAtMs: row.created_at,
  revision: row.revision,
});

export async function organizationOf({ db }: Database): Promise<{ id: string; name: string } | undefined> {
  return db.selectFrom('organizations').select(['id', 'name']).limit(1).executeTakeFirst();
}

export const insertOrganization = ({ db, compile }: Database, organization: { id: string; name: string }, nowMs: number): Statement =>
  compile(db.insertInto('organizations').values({ ...organization, created_at: nowMs }));

/** A live workspace, or undefined for one that never was or is deleted. */
export async function workspaceById({ db }: Database, id: string): Promise<WorkspaceRecord | undefined> {
  const row = await db.selectFrom('workspaces').select(columns).where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row && workspaceOfRow(row);
}

/** Live workspaces, newest first: all of them, or those among `ids`. */
export async function listWorkspaces({ db }: Database, ids: readonly string[] | 'all', limit: number): Promise<WorkspaceRecord[]> {
  if (ids !== 'all' && ids.length === 0) return [];
  let query = db.selectFrom('workspaces').select(columns).where('deleted_at', 'is', null);
  if (ids !== 'all') query = query.where('id', 'in', [...ids]);
  return (await query.orderBy('id', 'desc').limit(limit).execute()).map(workspaceOfRow);
}

/** Members of several workspaces by name. */
export async function membersOf({ db }: Database, workspaceIds: readonly string[], limit: number): Promise<MemberRecord[]> {
  if (workspaceIds.length === 0) return [];
  const rows = await db
    .selectFrom('workspace_members')
    .innerJoin('users', 'users.id', 'workspace_members.user_id')
    .innerJoin('people', 'people.user_id', 'workspace_members.user_id')
    .select([
      'workspace_members.workspace_id',
      'workspace_members.user_id',
      'workspace_members.role',
      'users.name',
      'users.email',
      'people.role as organization_role',
    ])
    .where('workspace_members.workspace_id', 'in', [...workspaceIds])
    .where('workspace_members.role', '<>', 'NONE')
    .orderBy('users.name')
    .orderBy('users.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    userId: row.user_id,
    role: row.role as WorkspaceRole,
    name: row.name,
    email: row.email,
    organizationRole: row.organization_role,
  }));
}

export interface NewWorkspace {
  id: string;
  organizationId: string;
  name: string;
  createdBy: string | null;
}

/** A live workspace of the same name fails the batch as UniqueViolation `workspaces_name`. */
export const insertWorkspace = ({ db, compile }: Database, workspace: NewWorkspace, nowMs: number): Statement =>
  compile(
    db.insertInto('workspaces').values({
      id: workspace.id,
      organization_id: workspace.organizationId,
      name: workspace.name,
      name_key: nameKeyOf(workspace.name),
      created_by: workspace.createdBy,
      created_at: nowMs,
      updated_at: nowMs,
      revision: thisRevision,
    }),
  );

/** It fails the batch as `workspace` where it was deleted in the meantime, or changed since it had `readRevision`. */
export const renameWorkspace = ({ db, compile }: Database, id: string, name: string, nowMs: number, readRevision?: number): Statement =>
  compile(
    db
      .updateTable('workspaces')
      .set({ name, name_key: nameKeyOf(name), updated_at: nowMs, revision: thisRevision })
      .where('id', '=', id)
      .$if(readRevision !== undefined, (query) => query.where('revision', '=', readRevision!))
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: 'workspace' },
  );

/**
 * Marks a workspace as deleted, revokes its access keys, and ends its routing groups, alert rules and channels, limits and policies. It
 * fails the batch as `workspace-not-empty` while connections or repositories belong to it, and as `workspace` where it is gone already.
 */
export function deleteWorkspace(database: Database, id: string, nowMs: number): Statement[] {
  const { db, compile } = database;
  const connections = db.selectFrom('ai_configurations').select('id').where('scope', '=', 'workspace').where('owner_id', '=', id);
  const repositories = db.selectFrom('repositories').select('id').where('workspace_id', '=', id);
  return [
    compile(connections.where('deleted_at', 'is', null).limit(1), { expectRows: 0, label: 'workspace-not-empty' }),
    compile(repositories.where('deleted_at', 'is', null).limit(1), { expectRows: 0, label: 'workspace-not-empty' }),
    compile(
      db
        .updateTable('workspaces')
        .set({ deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('id', '=', id)
        .where('deleted_at', 'is', null),
      { expectRows: 1, label: 'workspace' },
    ),
    compile(
      db
        .updateTable('access_keys')
        .set({ revoked_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('workspace_id', '=', id)
        .where('revoked_at', 'is', null),
    ),
    endLimitsAmong(database, 'access-key', db.selectFrom('access_keys').select('id').where('workspace_id', '=', id).$asScalar(), nowMs),
    forgetResponses(database, { scope: 'workspace', id }),
    forgetCaptured(database, id),
    ...deleteGroupsOf(database, { scope: 'workspace', id }, nowMs),
    ...deleteAlertingOf(database, { scope: 'workspace', id }, nowMs),
    endLimitsOn(database, { kind: 'workspace', id }, nowMs),
    endPoliciesIn(database, id, nowMs),
  ];
}

/** Adds a member or changes the role of one; `NONE` removes. */
export function putMember(
  { db, compile }: Database,
  member: { workspaceId: string; userId: string; role: WorkspaceRole | 'NONE' },
  nowMs: number,
): Statement {
  const values = { role: member.role, updated_at: nowMs, revision: thisRevision };
  return compile(
    db
      .insertInto('workspace_members')
      .values({ workspace_id: member.workspaceId, user_id: member.userId, created_at: nowMs, ...values })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'user_id']).doUpdateSet(values)),
  );
}

/** Fails the batch as `last-workspace-admin` when, after the steps before it, the workspace has no ADMIN among its members. */
export const requireWorkspaceAdmin = ({ db, compile }: Database, id: string): Statement =>
  compile(
    db
      .selectFrom('workspace_members')
      .innerJoin('people', 'people.user_id', 'workspace_members.user_id')
      .select('workspace_members.user_id')
      .where('workspace_members.workspace_id', '=', id)
      .where('workspace_members.role', '=', 'ADMIN')
      .where('people.disabled_at', 'is', null)
      .limit(1),
    { expectRows: 1, label: 'last-workspace-admin' },
  );

/** Fails the batch as `workspace` where the workspace was deleted in the meantime. */
export const requireWorkspace = ({ db, compile }: Database, id: string): Statement =>
  compile(
    db
      .selectFrom('workspaces')
      .select(sql<number>`1`.as('one'))
      .where('id', '=', id)
      .where('deleted_at', 'is', null),
    {
      expectRows: 1,
      label: 'workspace',
    },
  );

/** When anybody's role in the workspace changed last, those who left included; zeros where nobody ever was in it. */
export async function membersSince({ db }: Database, id: string): Promise<{ revision: number; atMs: number }> {
  const row = await db
    .selectFrom('workspace_members')
    .select(({ fn }) => [fn.max('revision').as('revision'), fn.max('updated_at').as('at')])
    .where('workspace_id', '=', id)
    .executeTakeFirst();
  return { revision: row?.revision ?? 0, atMs: row?.at ?? 0 };
}

/** Who is in the workspace as what, at most `limit` of them. */
export async function rolesIn({ db }: Database, id: string, limit: number): Promise<Map<string, WorkspaceRole>> {
  const rows = await db
    .selectFrom('workspace_members')
    .select(['user_id', 'role'])
    .where('workspace_id', '=', id)
    .where('role', '<>', 'NONE')
    .orderBy('user_id')
    .limit(limit)
    .execute();
  return new Map(rows.map((row) => [row.user_id, row.role as WorkspaceRole]));
}

/** Label of a step that met members who are not what they were when they were read. */
export const staleMembers = 'workspace-members';

/** Fails the batch as `workspace-members` where a role changed above the revision. It must stand before the steps that change one. */
export const requireMembersAsOf = ({ db, compile }: Database, id: string, revision: number): Statement =>
  compile(db.selectFrom('workspace_members').select('user_id').where('workspace_id', '=', id).where('revision', '>', revision).limit(1), {
    expectRows: 0,
    label: staleMembers,
  });
