/** Repositories: connections of a workspace in an order, with keys of their own (C-54). READ sees them, WRITE changes them (contracts 2.4). */
import { changesBetween } from '../domain/audit.ts';
import { Refusal, unfit } from '../domain/errors.ts';
import { isAdministrator, type Actor } from '../domain/owner.ts';
import { attachedMax, type Repository } from '../domain/repository.ts';
import { isUuid } from '../lib/ids.ts';
import { keysOfRepositories, type AccessKeyRecord } from '../storage/access-keys.ts';
import type { WriteStep } from '../storage/driver.ts';
import {
  attachConnections,
  deleteRepository as deletion,
  insertRepository,
  listRepositories as storedRepositories,
  liveKeysOf,
  repositoriesUsing,
  repositoryById,
  updateRepository,
  type RepositoryRecord,
  type UsingRepository,
} from '../storage/repositories.ts';
import { requireWorkspace } from '../storage/workspaces.ts';
import { seeAccessKey } from './access-keys.ts';
import { commitAs, keptState, noteRefusal, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { findFor, workspaceIdsOf } from './connection-access.ts';
import type { ControlDeps } from './deps.ts';
import { dependantsOfRepository, removalSteps } from './repository-dependants.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';
import { mayInWorkspace, workspaceFor } from './workspaces.ts';

/** What this face calls the list of attached connections, for what is wrong with one of them. */
export interface RepositoryWords {
  /** `connectionIds.0`, `repoAiLlms.0.aiLlmId`. */
  connectionAt(index: number): string;
}

/** Whether the actor may change the repositories of a workspace and make keys for them. */
export const mayChangeIn = (actor: Actor, workspaceId: string): boolean => mayInWorkspace(actor, workspaceId, 'WRITE');

/** Whether the actor may delete one with all that hangs on it: policies are an administrator's to take away. */
export const mayForceIn = (actor: Actor, workspaceId: string): boolean => mayInWorkspace(actor, workspaceId, 'ADMIN');

/** Repositories of one workspace, or of all that the actor sees, newest first. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function listRepositories(deps: ControlDeps, actor: Actor, workspaceId: string | null): Promise<RepositoryRecord[]> {
  if (workspaceId === null) return storedRepositories(deps.database, await workspaceIdsOf(deps, actor));
  return storedRepositories(deps.database, [(await workspaceFor(deps, actor, workspaceId, 'READ')).id]);
}

/** A repository in whose workspace the actor has the role. @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
export async function repositoryFor(deps: ControlDeps, actor: Actor, id: string, needed: 'READ' | 'WRITE'): Promise<RepositoryRecord> {
  const repository = isUuid(id) ? await repositoryById(deps.database, id) : undefined;
  if (!repository) throw notFound();
  if (!mayInWorkspace(actor, repository.workspaceId, needed)) throw new Refusal('FORBIDDEN');
  return repository;
}

/** Repositories that use each of these connections, as far as the actor sees them. */
export async function repositoriesOf(
  deps: ControlDeps,
  actor: Actor,
  connectionIds: readonly string[],
): Promise<Map<string, UsingRepository[]>> {
  const using = await repositoriesUsing(deps.database, connectionIds);
  if (!isAdministrator(actor))
    for (const [id, all] of using)
      using.set(
        id,
        all.filter(({ workspaceId }) => actor.workspaces.has(workspaceId)),
      );
  return using;
}

/** The access keys of each, newest first. */
export const keysOf = (deps: ControlDeps, repositories: readonly Repository[]): Promise<Map<string, AccessKeyRecord[]>> =>
  keysOfRepositories(
    deps.database,
    repositories.map(({ id }) => id),
  );

/** A key of this repository and of no other. @throws Refusal NOT_FOUND, FORBIDDEN as for the repository */
export async function keyOf(deps: ControlDeps, actor: Actor, repositoryId: string, keyId: string): Promise<AccessKeyRecord> {
  const { id } = await repositoryFor(deps, actor, repositoryId, 'READ');
  const key = await seeAccessKey(deps, actor, keyId);
  if (key.repositoryId !== id) throw notFound();
  return key;
}

/** How many keys of each could still open something. */
export async function liveKeyCounts(deps: ControlDeps, repositories: readonly Repository[]): Promise<ReadonlyMap<string, number>> {
  const ids = repositories.map(({ id }) => id);
  const keys = await liveKeysOf(deps.database, ids, deps.clock.nowMs());
  return new Map([...keys].map(([id, live]) => [id, live.length]));
}

export interface RepositoryInput {
  name: string;
  connectionIds: readonly string[];
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, NAME_EXISTS, VALIDATION_ERROR */
export async function createRepository(
  deps: ControlDeps,
  caller: Caller,
  input: RepositoryInput & { workspaceId: string },
  words: RepositoryWords,
): Promise<RepositoryRecord> {
  const { id: workspaceId } = await workspaceFor(deps, caller.actor, input.workspaceId, 'WRITE');
  const { name, connectionIds } = input;
  await requireAttachable(deps, caller, { workspaceId, connectionIds: [] }, connectionIds, words);
  const nowMs = deps.clock.nowMs();
  const repository: Repository = { id: deps.ids.uuid(), workspaceId, name, connectionIds };
  const steps: WriteStep[] = [
    requireWorkspace(deps.database, workspaceId),
    insertRepository(deps.database, { id: repository.id, workspaceId, name, createdBy: caller.actor.userId }, nowMs),
    ...attachConnections(deps.database, repository.id, connectionIds),
  ];
  const state = keptState(null, null, shown(repository));
  const deed = { ...deedOf('repository.create', repository), changes: changesBetween({}, shown(repository)), state };
  const { revision } = await refusing(commitAs(deps, caller, steps, deed), refusals(name));
  return { ...repository, createdAtMs: nowMs, updatedAtMs: nowMs, revision };
}

/** What is left out stays; a list of connections takes the place of the one before. @throws Refusal as `createRepository`, CONFLICT, STALE */
export const changeRepository = (
  deps: ControlDeps,
  caller: Caller,
  id: string,
  change: Partial<RepositoryInput>,
  words: RepositoryWords,
  expected?: Expected<RepositoryRecord>,
): Promise<RepositoryRecord> => againWhileStale(() => changeOnce(deps, caller, id, change, words, expected));

async function changeOnce(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  change: Partial<RepositoryInput>,
  words: RepositoryWords,
  expected?: Expected<RepositoryRecord>,
): Promise<RepositoryRecord> {
  const before = await repositoryFor(deps, caller.actor, id, 'WRITE');
  await refuseStale(deps, expected, { row: before, revision: before.revision, type: 'repository', id });
  const { name = before.name, connectionIds = before.connectionIds } = change;
  const isListed = change.connectionIds !== undefined;
  if (isListed) await requireAttachable(deps, caller, before, connectionIds, words);
  const nowMs = deps.clock.nowMs();
  const after: RepositoryRecord = { ...before, name, connectionIds, updatedAtMs: nowMs };
  const steps: WriteStep[] = [
    updateRepository(deps.database, id, name, nowMs, before.revision),
    ...(isListed ? attachConnections(deps.database, id, connectionIds) : []),
  ];
  const state = keptState(before, shown(before), shown(after));
  const deed = { ...deedOf('repository.update', after), changes: changesBetween(shown(before), shown(after)), state };
  const { revision } = await refusing(commitAs(deps, caller, steps, deed), { ...refusals(name), repository: stale });
  return { ...after, revision };
}

/**
 * Soft. Refused while keys are good or policies stand; `isForced` ends them with it, for administrators of the workspace (C-08).
 * @throws Refusal NOT_FOUND, FORBIDDEN, REPOSITORY_IN_USE with the list of what hangs on it
 */
export async function deleteRepository(deps: ControlDeps, caller: Caller, id: string, options: { isForced: boolean }): Promise<void> {
  const repository = await repositoryFor(deps, caller.actor, id, 'WRITE');
  const deed = { ...deedOf('repository.delete', repository), state: keptState(repository, shown(repository), null) };
  const isForced = options.isForced && mayForceIn(caller.actor, repository.workspaceId);
  const inUse = async (): Promise<Refusal | null> => {
    const dependants = await dependantsOfRepository(deps, id);
    return dependants.length === 0 || isForced
      ? null
      : new Refusal('REPOSITORY_IN_USE', { values: { name: repository.name }, details: dependants });
  };
  const refused = await inUse();
  if (refused) {
    await noteRefusal(deps, caller, deed, refused);
    throw refused;
  }
  const steps = [...removalSteps(deps, id), ...deletion(deps.database, id, { isForced, nowMs: deps.clock.nowMs() })];
  try {
    await refusing(commitAs(deps, caller, steps, deed), { repository: notFound, 'repository-in-use': stale });
  } catch (error) {
    // A key was made for it since it was looked at.
    throw error instanceof Refusal && error.code === 'STALE' ? ((await inUse()) ?? error) : error;
  }
}

/**
 * Attached is what the workspace has or the whole organization; a private connection would open to others what only its owner
 * may use. What is attached already needs no right of the one who changes the order.
 * @throws Refusal VALIDATION_ERROR, NOT_FOUND and FORBIDDEN as for the connection itself (C-50)
 */
async function requireAttachable(
  deps: ControlDeps,
  caller: Caller,
  before: Pick<Repository, 'workspaceId' | 'connectionIds'>,
  connectionIds: readonly string[],
  words: RepositoryWords,
): Promise<void> {
  const fault = (index: number, code: string, message: string): Refusal => unfit({ path: words.connectionAt(index), code, message });
  if (connectionIds.length > attachedMax) throw fault(attachedMax, 'too_big', `at most ${attachedMax} connections`);
  const attached = new Set(before.connectionIds);
  const seen = new Set<string>();
  for (const [index, id] of connectionIds.entries()) {
    if (seen.has(id)) throw fault(index, 'duplicate', 'the connection stands in the list twice');
    seen.add(id);
    if (attached.has(id)) continue;
    const { owner } = (await findFor(deps, caller, id, 'use', 'repository.attach')).connection;
    const isAttachable = owner.scope === 'organization' || (owner.scope === 'workspace' && owner.id === before.workspaceId);
    if (!isAttachable) throw fault(index, 'not_attachable', 'only connections of the workspace or of the organization can be attached');
  }
}

const refusals = (name: string): Record<string, () => Refusal> => ({
  repositories_name: () =>
    new Refusal('NAME_EXISTS', { values: { name }, details: [{ path: 'name', code: 'exists', message: 'the name is taken' }] }),
  workspace: notFound,
  'attached-connection': notFound,
});

/** What the audit log keeps of a repository. */
const shown = ({ name, connectionIds }: Repository): Record<string, unknown> => ({ name, connectionIds });

const deedOf = (action: string, { id, name, workspaceId }: Repository): Deed => ({
  action,
  subjectType: 'repository',
  subjectId: id,
  subjectName: name,
  owner: { scope: 'workspace', id: workspaceId },
});
