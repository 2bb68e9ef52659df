/** Repositories and what is attached to them. Deleted ones stay as rows: other instances hear of it, and the books refer to them. */
import type { Repository } from '../domain/repository.ts';
import { thisRevision } from './changes.ts';
import { inUseLabel } from './connections.ts';
import type { Database } from './database.ts';
import type { Statement, WriteStep } from './driver.ts';
import { endLimitsAmong } from './limits.ts';
import { nameKeyOf } from './name-key.ts';

/** A list is cut here; a workspace has a few dozen. */
export const repositoriesMax = 1000;

export interface RepositoryRecord extends Repository {
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

interface RepositoryRow {
  id: string;
  workspace_id: string;
  name: string;
  created_at: number;
  updated_at: number;
  revision: number;
}

const columns = ['id', 'workspace_id', 'name', 'created_at', 'updated_at', 'revision'] as const;

/** Engines bound the parameters of one statement. */
const idsAtOnce = 500;

/** Ids of attached connections that are not deleted, in their order, by repository. */
export async function attachedOf({ db }: Pick<Database, 'db'>, repositoryIds: readonly string[]): Promise<Map<string, string[]>> {
  const attached = new Map<string, string[]>();
  for (let from = 0; from < repositoryIds.length; from += idsAtOnce) {
    const rows = await db
      .selectFrom('repository_connections')
      .innerJoin('ai_configurations', 'ai_configurations.id', 'repository_connections.connection_id')
      .select(['repository_connections.repository_id', 'repository_connections.connection_id'])
      .where('repository_connections.repository_id', 'in', repositoryIds.slice(from, from + idsAtOnce))
      .where('ai_configurations.deleted_at', 'is', null)
      .orderBy('repository_connections.repository_id')
      .orderBy('repository_connections.position')
      .execute();
    for (const row of rows) {
      const ids = attached.get(row.repository_id);
      if (ids) ids.push(row.connection_id);
      else attached.set(row.repository_id, [row.connection_id]);
    }
  }
  return attached;
}

async function withAttached(database: Database, rows: readonly RepositoryRow[]): Promise<RepositoryRecord[]> {
  const attached = await attachedOf(
    database,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    connectionIds: attached.get(row.id) ?? [],
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    revision: row.revision,
  }));
}

/** A live repository, or undefined for one that never was or is deleted. */
export async function repositoryById(database: Database, id: string): Promise<RepositoryRecord | undefined> {
  const { db } = database;
  const rows = await db.selectFrom('repositories').select(columns).where('id', '=', id).where('deleted_at', 'is', null).execute();
  return (await withAttached(database, rows))[0];
}

/** Live repositories of these workspaces, newest first. */
export async function listRepositories(database: Database, workspaceIds: readonly string[]): Promise<RepositoryRecord[]> {
  if (workspaceIds.length === 0) return [];
  const rows = await database.db
    .selectFrom('repositories')
    .select(columns)
    .where('workspace_id', 'in', [...workspaceIds])
    .where('deleted_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(repositoriesMax)
    .execute();
  return withAttached(database, rows);
}

/** Access keys that could still open something, by repository; those without any are missing. */
export async function liveKeysOf(
  { db }: Database,
  repositoryIds: readonly string[],
  nowMs: number,
): Promise<Map<string, { id: string; name: string }[]>> {
  const keys = new Map<string, { id: string; name: string }[]>();
  for (let from = 0; from < repositoryIds.length; from += idsAtOnce) {
    const rows = await db
      .selectFrom('access_keys')
      .select(['id', 'name', 'repository_id'])
      .where('repository_id', 'in', repositoryIds.slice(from, from + idsAtOnce))
      .where('revoked_at', 'is', null)
      .where((by) => by.or([by('expires_at', 'is', null), by('expires_at', '>', nowMs)]))
      .orderBy('id', 'desc')
      .execute();
    for (const { id, name, repository_id: repositoryId } of rows) {
      const known = keys.get(repositoryId ?? '');
      if (known) known.push({ id, name });
      else keys.set(repositoryId ?? '', [{ id, name }]);
    }
  }
  return keys;
}

export interface UsingRepository {
  id: string;
  name: string;
  workspaceId: string;
  createdAtMs: number;
}

/** Live repositories that use each of these connections, oldest first, by connection. */
export async function repositoriesUsing({ db }: Database, connectionIds: readonly string[]): Promise<Map<string, UsingRepository[]>> {
  const using = new Map<string, UsingRepository[]>();
  for (let from = 0; from < connectionIds.length; from += idsAtOnce) {
    const rows = await db
      .selectFrom('repository_connections')
      .innerJoin('repositories', 'repositories.id', 'repository_connections.repository_id')
      .select(['repository_connections.connection_id', 'repositories.id', 'repositories.name', 'repositories.workspace_id'])
      .select('repositories.created_at')
      .where('repository_connections.connection_id', 'in', connectionIds.slice(from, from + idsAtOnce))
      .where('repositories.deleted_at', 'is', null)
      .orderBy('repositories.id')
      .execute();
    for (const { connection_id: connectionId, id, name, workspace_id: workspaceId, created_at: createdAtMs } of rows) {
      const known = using.get(connectionId);
      const one = { id, name, workspaceId, createdAtMs };
      if (known) known.push(one);
      else using.set(connectionId, [one]);
    }
  }
  return using;
}

/** A live repository of the same name in the workspace fails the batch as UniqueViolation `repositories_name`. */
export const insertRepository = (
  { db, compile }: Database,
  repository: { id: string; workspaceId: string; name: string; createdBy: string | null },
  nowMs: number,
): Statement =>
  compile(
    db.insertInto('repositories').values({
      id: repository.id,
      workspace_id: repository.workspaceId,
      name: repository.name,
      name_key: nameKeyOf(repository.name),
      created_by: repository.createdBy,
      created_at: nowMs,
      updated_at: nowMs,
      revision: thisRevision,
    }),
  );

/** It fails the batch as `repository` where it was deleted in the meantime, or changed since it had `readRevision`. */
export const updateRepository = ({ db, compile }: Database, id: string, name: string, nowMs: number, readRevision: number): Statement =>
  compile(
    db
      .updateTable('repositories')
      .set({ name, name_key: nameKeyOf(name), updated_at: nowMs, revision: thisRevision })
      .where('id', '=', id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: 'repository' },
  );

/**
 * Puts these connections, in this order, in the place of what is attached. It fails the batch as `attached-connection` where
 * one of them was deleted in the meantime. To be followed or preceded by a step that raises the repository's revision.
 */
export function attachConnections({ db, compile }: Database, repositoryId: string, connectionIds: readonly string[]): WriteStep[] {
  const emptied = compile(db.deleteFrom('repository_connections').where('repository_id', '=', repositoryId));
  if (connectionIds.length === 0) return [emptied];
  return [
    emptied,
    compile(
      db
        .selectFrom('ai_configurations')
        .select('id')
        .where('id', 'in', [...connectionIds])
        .where('deleted_at', 'is', null),
      { expectRows: connectionIds.length, label: 'attached-connection' },
    ),
    {
      insertInto: 'repository_connections',
      columns: ['repository_id', 'position', 'connection_id'],
      rows: connectionIds.map((id, position) => [repositoryId, position, id]),
    },
  ];
}

/** Takes a connection out of all repositories, whose revisions rise. */
export function detachConnection({ db, compile }: Database, connectionId: string): Statement[] {
  const attached = db.selectFrom('repository_connections').select('repository_id').where('connection_id', '=', connectionId);
  return [
    compile(db.updateTable('repositories').set({ revision: thisRevision }).where('id', 'in', attached)),
    compile(db.deleteFrom('repository_connections').where('connection_id', '=', connectionId)),
  ];
}

/** Fails the batch as `inUseLabel` where a repository has the connection attached. */
export const requireUnattached = ({ db, compile }: Database, connectionId: string): Statement =>
  compile(db.selectFrom('repository_connections').select('repository_id').where('connection_id', '=', connectionId).limit(1), {
    expectRows: 0,
    label: inUseLabel,
  });

/**
 * Marks a repository as deleted, lets go of its connections and ends its keys, expired ones too. It fails the batch as
 * `repository-in-use` while a key of it is live, unless forced, and as `repository` where it is gone already.
 */
export function deleteRepository(database: Database, id: string, { isForced, nowMs }: { isForced: boolean; nowMs: number }): Statement[] {
  const { db, compile } = database;
  const live = db.selectFrom('access_keys').select('id').where('repository_id', '=', id).where('revoked_at', 'is', null);
  const unexpired = live.where((by) => by.or([by('expires_at', 'is', null), by('expires_at', '>', nowMs)]));
  return [
    ...(isForced ? [] : [compile(unexpired.limit(1), { expectRows: 0, label: 'repository-in-use' })]),
    compile(
      db
        .updateTable('repositories')
        .set({ deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('id', '=', id)
        .where('deleted_at', 'is', null),
      { expectRows: 1, label: 'repository' },
    ),
    compile(db.deleteFrom('repository_connections').where('repository_id', '=', id)),
    endLimitsAmong(database, 'access-key', db.selectFrom('access_keys').select('id').where('repository_id', '=', id).$asScalar(), nowMs),
    compile(
      db
        .updateTable('access_keys')
        .set({ revoked_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('repository_id', '=', id)
        .where('revoked_at', 'is', null),
    ),
  ];
}

/** Fails the batch as `repository` where it was deleted in the meantime. */
export const requireRepository = ({ db, compile }: Database, id: string): Statement =>
  compile(db.selectFrom('repositories').select('id').where('id', '=', id).where('deleted_at', 'is', null), {
    expectRows: 1,
    label: 'repository',
  });
