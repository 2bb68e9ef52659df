/** Access keys: what applications give to `/v1`. A key never carries more than the person who made it may do. */
import { accessKeyPrefix, endedShownMs, type AccessKey } from '../domain/access-key.ts';
import { changesBetween } from '../domain/audit.ts';
import { Refusal, unfit } from '../domain/errors.ts';
import { nanoUsdOf } from '../domain/money.ts';
import { canWrite, isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import {
  accessKeyById,
  insertAccessKey,
  listAccessKeys as storedKeys,
  revokeAccessKey as revokeStored,
  rotateAccessKey as rotateStored,
  updateAccessKey,
  type AccessKeyRecord,
} from '../storage/access-keys.ts';
import { settledOf, type SettledOfKey } from '../storage/key-uses.ts';
import { endLimitsOn } from '../storage/limits.ts';
import { repositoryById, requireRepository } from '../storage/repositories.ts';
import { requireWorkspace, workspaceById } from '../storage/workspaces.ts';
import { commit, commitAs, keptState, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { refuseExpired } from './expiry.ts';
import { issueKey } from './issued-key.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

/** Limits as they are asked for; undefined leaves as it is, null means none. */
export interface AccessKeyLimits {
  models?: string[] | null;
  rpm?: number | null;
  tpm?: number | null;
  /** US dollars: a decimal text or a number. */
  budgetUsd?: string | number | null;
  /** How many seconds old an answer may be that is given again. */
  cacheSeconds?: number | null;
  expiresAtMs?: number | null;
}

const administratedBy = (actor: Actor): string[] => [...actor.workspaces].filter(([, role]) => role === 'ADMIN').map(([id]) => id);

const isOfRepository = (key: AccessKey): boolean => (key.repositoryId ?? null) !== null;

/**
 * Administrators see every key, others their own and those of the workspaces that they administrate. The keys of a repository
 * follow the repository: whoever sees the one sees the others.
 */
const sees = (actor: Actor, key: AccessKey): boolean => {
  if (isAdministrator(actor) || key.userId === actor.userId) return true;
  const role = key.workspaceId === null ? undefined : actor.workspaces.get(key.workspaceId);
  return role === 'ADMIN' || (role !== undefined && isOfRepository(key));
};

/**
 * Keys that the actor may see, newest first: the live ones and those that expired in the last 90 days, on wish the revoked ones too.
 * @throws Refusal NOT_FOUND, FORBIDDEN for a repository that is not there or closed to the actor
 */
export async function listAccessKeys(
  deps: ControlDeps,
  actor: Actor,
  page: { cursor?: string; limit: number; workspaceId?: string; repositoryId?: string; withEnded?: boolean },
): Promise<AccessKeyRecord[]> {
  if (page.repositoryId !== undefined) {
    await requireRole(deps, actor, page.repositoryId, 'see');
    return storedKeys(deps.database, 'all', page, deps.clock.nowMs());
  }
  const scope = isAdministrator(actor) ? 'all' : { userId: actor.userId, workspaceIds: administratedBy(actor) };
  return storedKeys(deps.database, scope, page, deps.clock.nowMs());
}

/** @throws Refusal NOT_FOUND for a key that is unknown, revoked, or not the actor's to see */
export async function seeAccessKey(deps: ControlDeps, actor: Actor, id: string): Promise<AccessKeyRecord> {
  const key = isUuid(id) ? await accessKeyById(deps.database, id) : undefined;
  // What expired long ago is gone from the lists and from memory, and cannot be prolonged any more.
  const isGone = key !== undefined && key.expiresAtMs !== null && key.expiresAtMs < deps.clock.nowMs() - endedShownMs;
  if (!key || isGone || !sees(actor, key)) throw notFound();
  return key;
}

function budgetOf(budgetUsd: string | number | null): number | null {
  if (budgetUsd === null) return null;
  const nanoUsd = nanoUsdOf(budgetUsd);
  if (nanoUsd !== null) return nanoUsd;
  const details = [{ path: 'budgetUsd', code: 'invalid', message: 'an amount of US dollars with at most 9 decimals, from 0 to 9007199' }];
  throw new Refusal('VALIDATION_ERROR', { values: { count: 1 }, details });
}

function limited<Key extends AccessKey>(deps: ControlDeps, key: Key, limits: AccessKeyLimits): Key {
  if (limits.expiresAtMs !== undefined) refuseExpired(deps, limits.expiresAtMs);
  return {
    ...key,
    models: limits.models === undefined ? key.models : limits.models,
    rpm: limits.rpm === undefined ? key.rpm : limits.rpm,
    tpm: limits.tpm === undefined ? key.tpm : limits.tpm,
    budgetNanoUsd: limits.budgetUsd === undefined ? key.budgetNanoUsd : budgetOf(limits.budgetUsd),
    cacheS: limits.cacheSeconds === undefined ? (key.cacheS ?? null) : limits.cacheSeconds,
    expiresAtMs: limits.expiresAtMs === undefined ? key.expiresAtMs : limits.expiresAtMs,
  };
}

/**
 * Makes a key for the caller, for a workspace in which the caller may write, or bound to a repository of such a workspace.
 * @throws Refusal NOT_FOUND for an unknown workspace or repository, FORBIDDEN without WRITE there, VALIDATION_ERROR
 */
export async function createAccessKey(
  deps: ControlDeps,
  caller: Caller,
  input: AccessKeyLimits & { name: string; workspaceId: string | null; repositoryId?: string | null; aiType?: string },
): Promise<{ key: AccessKeyRecord; text: string }> {
  const repositoryId = input.repositoryId ?? null;
  const workspaceId = repositoryId === null ? input.workspaceId : await requireRole(deps, caller.actor, repositoryId, 'write');
  if (repositoryId !== null && input.workspaceId !== null && input.workspaceId !== workspaceId)
    throw unfit({ path: 'workspaceId', code: 'invalid', message: 'another workspace than that of the repository' });
  if (repositoryId === null && workspaceId !== null) await requireWrite(deps, caller.actor, workspaceId);
  const { text, hash, last4 } = issueKey(deps.ids, accessKeyPrefix);
  const nowMs = deps.clock.nowMs();
  const blank: AccessKey = {
    id: deps.ids.uuid(),
    userId: caller.actor.userId,
    workspaceId,
    repositoryId,
    aiType: input.aiType ?? null,
    name: input.name,
    last4,
    models: null,
    rpm: null,
    tpm: null,
    budgetNanoUsd: null,
    expiresAtMs: null,
    revokedAtMs: null,
    createdAtMs: nowMs,
  };
  const key = limited(deps, blank, input);
  const steps = [
    ...(workspaceId === null ? [] : [requireWorkspace(deps.database, workspaceId)]),
    ...(repositoryId === null ? [] : [requireRepository(deps.database, repositoryId)]),
    insertAccessKey(deps.database, key, hash),
  ];
  const state = keptState(null, null, shown(key));
  const committed = commitAs(deps, caller, steps, { ...deedOf('access-key.create', key), changes: changesBetween({}, shown(key)), state });
  const { revision } = await refusing(committed, { workspace: notFound, repository: notFound });
  return { key: { ...key, updatedAtMs: nowMs, lastUsedAtMs: null, ownerName: caller.actor.name, revision }, text };
}

/** C-50: a workspace that exists but is closed to the caller says 403, one that does not exist 404. */
async function requireWrite(deps: ControlDeps, actor: Actor, workspaceId: string): Promise<void> {
  if (!(await workspaceById(deps.database, workspaceId))) throw notFound();
  if (!canWrite(actor, workspaceId)) throw new Refusal('FORBIDDEN');
}

/** The workspace of a repository whose keys the actor may see or make. @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
async function requireRole(deps: ControlDeps, actor: Actor, repositoryId: string, need: 'see' | 'write'): Promise<string> {
  const repository = isUuid(repositoryId) ? await repositoryById(deps.database, repositoryId) : undefined;
  if (!repository) throw notFound();
  const { workspaceId } = repository;
  const isAllowed = need === 'write' ? canWrite(actor, workspaceId) : isAdministrator(actor) || actor.workspaces.has(workspaceId);
  if (!isAllowed) throw new Refusal('FORBIDDEN');
  return workspaceId;
}

/** Who lost the right to write in a workspace may still see and revoke a key there, but not widen it. @throws as `createAccessKey`, and CONFLICT */
export const changeAccessKey = (
  deps: ControlDeps,
  caller: Caller,
  id: string,
  change: AccessKeyLimits & { name?: string },
  expected?: Expected<AccessKeyRecord>,
): Promise<AccessKeyRecord> => againWhileStale(() => changeOnce(deps, caller, id, change, expected));

async function changeOnce(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  change: AccessKeyLimits & { name?: string },
  expected?: Expected<AccessKeyRecord>,
): Promise<AccessKeyRecord> {
  const before = await seeAccessKey(deps, caller.actor, id);
  if (before.workspaceId !== null && !canWrite(caller.actor, before.workspaceId)) throw new Refusal('FORBIDDEN');
  await refuseStale(deps, expected, { row: before, revision: before.revision, type: 'access-key', id });
  const nowMs = deps.clock.nowMs();
  const after = limited(deps, { ...before, name: change.name ?? before.name, updatedAtMs: nowMs }, change);
  const state = keptState(before, shown(before), shown(after));
  const deed = { ...deedOf('access-key.update', after), changes: changesBetween(shown(before), shown(after)), state };
  const { revision } = await refusing(commitAs(deps, caller, [updateAccessKey(deps.database, after, nowMs, before.revision)], deed), {
    'access-key': stale,
  });
  return { ...after, revision };
}

const hourMs = 3_600_000;

/**
 * Gives a key a new text and keeps all the rest of it: id, limits, budget and what was spent. The old text is good for
 * `overlapHours` more, counted together with the new one, or ends at once. An overlap of an earlier rotation ends.
 * @throws Refusal NOT_FOUND, FORBIDDEN as `changeAccessKey` and for another person's own key, STALE where the key was changed meanwhile
 */
export async function rotateAccessKey(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  input: { overlapHours: number },
): Promise<{ key: AccessKeyRecord; text: string }> {
  const before = await seeAccessKey(deps, caller.actor, id);
  if (before.workspaceId !== null && !canWrite(caller.actor, before.workspaceId)) throw new Refusal('FORBIDDEN');
  // It opens its holder's own connections, which nobody else may use: whoever else sees such a key may bound or revoke it.
  if (before.workspaceId === null && before.userId !== caller.actor.userId) throw new Refusal('FORBIDDEN');
  refuseExpired(deps, before.expiresAtMs);
  const { text, hash, last4 } = issueKey(deps.ids, accessKeyPrefix);
  const nowMs = deps.clock.nowMs();
  const previousUntilMs = input.overlapHours === 0 ? null : nowMs + input.overlapHours * hourMs;
  const deed = { ...deedOf('access-key.rotate', before), changes: changesBetween({ last4: before.last4 }, { last4, previousUntilMs }) };
  const step = rotateStored(deps.database, before, { hash, last4, previousUntilMs }, nowMs);
  const { revision } = await refusing(commitAs(deps, caller, [step], deed), { 'access-key': stale });
  return { key: { ...before, last4, previousUntilMs, updatedAtMs: nowMs, revision }, text };
}

/** What each key has spent by the books; a key that is not named has spent nothing. */
export const spentOf = (deps: ControlDeps, keys: readonly AccessKeyRecord[]): Promise<Map<string, SettledOfKey>> =>
  settledOf(
    deps.database,
    keys.map(({ id }) => id),
  );

/** The next request with this key is refused. @throws Refusal NOT_FOUND, FORBIDDEN for a repository's key that the caller only sees */
export async function revokeAccessKey(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const key = await seeAccessKey(deps, caller.actor, id);
  // Whoever merely sees a repository sees its keys too.
  const isOwn = key.userId === caller.actor.userId || key.workspaceId === null;
  if (!isOwn && !canWrite(caller.actor, key.workspaceId ?? '')) throw new Refusal('FORBIDDEN');
  const deed = { ...deedOf('access-key.revoke', key), state: keptState(key, shown(key), null) };
  const nowMs = deps.clock.nowMs();
  const steps = [revokeStored(deps.database, id, nowMs), endLimitsOn(deps.database, { kind: 'access-key', id }, nowMs)];
  const committed = commit(deps, caller, steps, deed);
  await refusing(committed, { 'access-key': notFound });
}

/** What the audit log keeps of a key. */
function shown(key: AccessKey): Record<string, unknown> {
  const { name, models, rpm, tpm, budgetNanoUsd, cacheS, expiresAtMs, repositoryId } = key;
  return { name, models, rpm, tpm, budgetNanoUsd, cacheS: cacheS ?? null, expiresAtMs, ...(isOfRepository(key) ? { repositoryId } : {}) };
}

function deedOf(action: string, key: AccessKey) {
  const owner: Owner = key.workspaceId === null ? { scope: 'user', id: key.userId } : { scope: 'workspace', id: key.workspaceId };
  return { action, subjectType: 'access-key', subjectId: key.id, subjectName: key.name, owner };
}
