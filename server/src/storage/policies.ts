/** Policies as rows: reading them, and the statements that change them. */
import { policyActions, type Policy, type PolicyLevel, type PolicyRules, type PolicySide, type Risk } from '../domain/policy.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

/** An installation has a few dozen; a list is cut here. */
export const policiesMax = 1000;

interface PolicyRow {
  id: string;
  level: PolicyLevel;
  workspace_id: string | null;
  repository_id: string | null;
  name: string;
  content: string;
  risk: Risk;
  action: number;
  side: PolicySide;
  rules: string;
  judge_connection_id: string | null;
  judge_model: string | null;
  is_active: boolean;
  created_by: string | null;
  updated_by: string | null;
  created_at: number;
  updated_at: number;
  revision: number;
}

/** The JSON column is written by the house alone. */
export const policyOfRow = (row: PolicyRow): Policy => ({
  id: row.id,
  level: row.level,
  workspaceId: row.workspace_id,
  repositoryId: row.repository_id,
  name: row.name,
  content: row.content,
  risk: row.risk,
  action: policyActions[row.action]!,
  side: row.side,
  rules: JSON.parse(row.rules) as PolicyRules,
  judge:
    row.judge_connection_id === null || row.judge_model === null ? null : { connectionId: row.judge_connection_id, model: row.judge_model },
  isActive: row.is_active,
  createdBy: row.created_by,
  updatedBy: row.updated_by,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

/** Whose policies are listed: a level of one owner, and by `null` the organization's own. */
export interface PolicyScope {
  workspaceId: string | null;
  repositoryId: string | null;
}

export async function countPolicies({ db }: Database): Promise<number> {
  const { count } = await db
    .selectFrom('policies')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/** Those of exactly one level of one owner where a scope is given, else all; the oldest first. */
export async function listPolicies({ db }: Database, scope: PolicyScope | null): Promise<Policy[]> {
  let query = db.selectFrom('policies').selectAll().where('deleted_at', 'is', null);
  if (scope !== null)
    query = query
      .where('workspace_id', scope.workspaceId === null ? 'is' : '=', scope.workspaceId)
      .where('repository_id', scope.repositoryId === null ? 'is' : '=', scope.repositoryId);
  const rows = await query.orderBy('created_at').orderBy('id').limit(policiesMax).execute();
  return rows.map(policyOfRow);
}

/** One that is not deleted. */
export async function policyById({ db }: Database, id: string): Promise<Policy | undefined> {
  const row = await db.selectFrom('policies').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row && policyOfRow(row);
}

const columnsOf = (policy: Policy) => ({
  name: policy.name,
  content: policy.content,
  risk: policy.risk,
  action: policyActions.indexOf(policy.action),
  side: policy.side,
  rules: JSON.stringify(policy.rules),
  judge_connection_id: policy.judge?.connectionId ?? null,
  judge_model: policy.judge?.model ?? null,
  is_active: policy.isActive,
  updated_by: policy.updatedBy,
  updated_at: policy.updatedAtMs,
  revision: thisRevision,
});

export const insertPolicy = ({ db, compile }: Database, policy: Policy): Statement =>
  compile(
    db.insertInto('policies').values({
      id: policy.id,
      level: policy.level,
      workspace_id: policy.workspaceId,
      repository_id: policy.repositoryId,
      created_by: policy.createdBy,
      created_at: policy.createdAtMs,
      ...columnsOf(policy),
    }),
  );

/** Label of a step that met a policy which was changed or deleted since it was read. */
export const stalePolicy = 'policy';

/** Level and owner stay. Fails as `policy` where it has another revision than it was read with. */
export const updatePolicy = ({ db, compile }: Database, policy: Policy, readRevision: number): Statement =>
  compile(
    db
      .updateTable('policies')
      .set(columnsOf(policy))
      .where('id', '=', policy.id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: stalePolicy },
  );

/** Its name stays for what it found; it binds nobody any more. Fails as `policy` where it is gone already. */
export const deletePolicy = ({ db, compile }: Database, id: string, deletedBy: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('policies')
      .set({ is_active: false, deleted_at: nowMs, updated_at: nowMs, updated_by: deletedBy, revision: thisRevision })
      .where('id', '=', id)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: stalePolicy },
  );

/** The policies of one repository. */
export async function policiesOfRepository({ db }: Database, repositoryId: string): Promise<{ id: string; name: string }[]> {
  return db
    .selectFrom('policies')
    .select(['id', 'name'])
    .where('repository_id', '=', repositoryId)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .limit(policiesMax)
    .execute();
}

/** Ends the policies of a repository that is deleted. */
export const endPoliciesOf = ({ db, compile }: Database, repositoryId: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('policies')
      .set({ is_active: false, deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('repository_id', '=', repositoryId)
      .where('deleted_at', 'is', null),
  );

/** Ends the policies of a workspace that is deleted, those of its repositories too. */
export const endPoliciesIn = ({ db, compile }: Database, workspaceId: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('policies')
      .set({ is_active: false, deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('workspace_id', '=', workspaceId)
      .where('deleted_at', 'is', null),
  );
