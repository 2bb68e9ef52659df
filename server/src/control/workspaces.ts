/** Workspaces and who may do what in them (D-10): READ sees, WRITE changes, ADMIN also keeps members and the workspace itself. */
import { changesBetween } from '../domain/audit.ts';
import { Refusal } from '../domain/errors.ts';
import { isAdministrator, type Actor, type WorkspaceRole } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import type { WriteStep } from '../storage/driver.ts';
import type { KeptState, ObjectState } from '../storage/object-revisions.ts';
import { personById } from '../storage/people.ts';
import { settingOf } from '../storage/settings.ts';
import {
  deleteWorkspace as deletion,
  insertWorkspace,
  listWorkspaces as storedWorkspaces,
  membersOf,
  putMember,
  renameWorkspace as renaming,
  requireWorkspace,
  requireWorkspaceAdmin,
  staleMembers,
  workspaceById,
  type MemberRecord,
  type WorkspaceRecord,
} from '../storage/workspaces.ts';
import { commitAs, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';
import { firstState, readWorkspace, wantedMembers } from './workspace-states.ts';

/** S3's client takes the list whole; an installation beyond these figures sees the newest ones. */
const workspacesMax = 1000;
const membersMax = 10_000;
/** A file of the whole configuration leaves none out. */
export const wholeList = { workspaces: 20_000, members: 1_000_000 };

export interface Workspace extends WorkspaceRecord {
  members: MemberRecord[];
  isDefault: boolean;
}

const ranks: Record<WorkspaceRole, number> = { READ: 1, WRITE: 2, ADMIN: 3 };

/** Administrators of the installation are ADMIN everywhere. */
export const mayInWorkspace = (actor: Actor, workspaceId: string, needed: WorkspaceRole): boolean => {
  const role = actor.workspaces.get(workspaceId);
  return isAdministrator(actor) || (role !== undefined && ranks[role] >= ranks[needed]);
};

/**
 * A live workspace in which the actor has at least this role.
 * @throws Refusal NOT_FOUND where it does not exist, FORBIDDEN where it does and is closed to the actor (C-50)
 */
export async function workspaceFor(deps: ControlDeps, actor: Actor, id: string, needed: WorkspaceRole): Promise<WorkspaceRecord> {
  const workspace = isUuid(id) ? await workspaceById(deps.database, id) : undefined;
  if (!workspace) throw notFound();
  if (!mayInWorkspace(actor, id, needed)) throw new Refusal('FORBIDDEN');
  return workspace;
}

/** The workspaces that the actor may see, newest first, with their members. */
export async function listWorkspaces(
  deps: ControlDeps,
  actor: Actor,
  most = { workspaces: workspacesMax, members: membersMax },
): Promise<Workspace[]> {
  const ids = isAdministrator(actor) ? 'all' : [...actor.workspaces.keys()];
  return withMembers(deps, await storedWorkspaces(deps.database, ids, most.workspaces), most.members);
}

export async function seeWorkspace(deps: ControlDeps, actor: Actor, id: string): Promise<Workspace> {
  return whole(deps, await workspaceFor(deps, actor, id, 'READ'));
}

async function withMembers(deps: ControlDeps, workspaces: readonly WorkspaceRecord[], most = membersMax): Promise<Workspace[]> {
  const ids = workspaces.map(({ id }) => id);
  const [members, defaultId] = await Promise.all([membersOf(deps.database, ids, most), settingOf(deps.database, 'default_workspace_id')]);
  const byWorkspace = Map.groupBy(members, (member) => member.workspaceId);
  return workspaces.map((workspace) => ({
    ...workspace,
    members: byWorkspace.get(workspace.id) ?? [],
    isDefault: workspace.id === defaultId,
  }));
}

async function whole(deps: ControlDeps, workspace: WorkspaceRecord): Promise<Workspace> {
  const [one] = await withMembers(deps, [workspace]);
  if (!one) throw notFound();
  return one;
}

const nameExists = (name: string) => () => new Refusal('NAME_EXISTS', { values: { name } });

/** Whoever makes a workspace is its first ADMIN, unless its members are named: then it has these alone. @throws Refusal NAME_EXISTS */
export async function createWorkspace(
  deps: ControlDeps,
  caller: Caller,
  name: string,
  named?: ReadonlyMap<string, WorkspaceRole>,
): Promise<Workspace> {
  const { userId, organizationId } = caller.actor;
  const members = named ?? new Map([[userId, 'ADMIN' as const]]);
  const workspace: WorkspaceRecord = { id: deps.ids.uuid(), organizationId, name, createdAtMs: deps.clock.nowMs(), revision: 0 };
  const steps = [
    insertWorkspace(deps.database, { id: workspace.id, organizationId, name, createdBy: userId }, workspace.createdAtMs),
    ...[...members].map(([member, role]) =>
      putMember(deps.database, { workspaceId: workspace.id, userId: member, role }, workspace.createdAtMs),
    ),
  ];
  const changes = changesBetween({}, { name, ...Object.fromEntries(named ?? []) });
  const revision = await change(deps, caller, workspace, { action: 'workspace.create', steps, changes, kept: firstState(name, members) });
  return whole(deps, { ...workspace, revision });
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, NAME_EXISTS, CONFLICT, STALE */
export const renameWorkspace = (
  deps: ControlDeps,
  caller: Caller,
  id: string,
  name: string,
  expected?: Expected<Workspace>,
): Promise<Workspace> => againWhileStale(() => renameOnce(deps, caller, id, name, expected));

async function renameOnce(deps: ControlDeps, caller: Caller, id: string, name: string, expected?: Expected<Workspace>): Promise<Workspace> {
  const workspace = await workspaceFor(deps, caller.actor, id, 'ADMIN');
  if (expected && expected.revision !== workspace.revision)
    await refuseStale(deps, expected, { row: await whole(deps, workspace), revision: workspace.revision, type: 'workspace', id });
  const renamed = { ...workspace, name };
  const { roles, guard, kept } = await readWorkspace(deps, workspace);
  const revision = await change(deps, caller, renamed, {
    action: 'workspace.update',
    steps: [guard, renaming(deps.database, id, name, deps.clock.nowMs(), workspace.revision)],
    changes: changesBetween({ name: workspace.name }, { name }),
    kept: kept({ name, roles }),
    lost: stale,
  });
  return whole(deps, { ...renamed, revision });
}

/**
 * Soft, and refused while connections or repositories exist. Its access keys, alert rules and channels, limits and policies end with it.
 * @throws Refusal NOT_FOUND, FORBIDDEN, WORKSPACE_NOT_EMPTY
 */
export async function deleteWorkspace(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  await againWhileStale(async () => {
    const workspace = await workspaceFor(deps, caller.actor, id, 'ADMIN');
    const { guard, kept } = await readWorkspace(deps, workspace);
    const steps = [guard, ...deletion(deps.database, id, deps.clock.nowMs())];
    await change(deps, caller, workspace, { action: 'workspace.delete', steps, changes: null, kept: kept(null) });
  });
  await scrubSecrets(deps);
}

/** Adds a member, or gives one another role. @throws Refusal NOT_FOUND for an unknown workspace or person, FORBIDDEN, LAST_WORKSPACE_ADMIN */
export const addMember = (
  deps: ControlDeps,
  caller: Caller,
  id: string,
  member: { userId: string; role: WorkspaceRole },
): Promise<Workspace> =>
  againWhileStale(async () => {
    const workspace = await workspaceFor(deps, caller.actor, id, 'ADMIN');
    if (!(await personById(deps.database, member.userId))) throw notFound();
    return setRole(deps, caller, workspace, member);
  });

/** @throws Refusal NOT_FOUND for an unknown workspace or somebody who is no member, FORBIDDEN, LAST_WORKSPACE_ADMIN */
export const changeMember = (
  deps: ControlDeps,
  caller: Caller,
  id: string,
  member: { userId: string; role: WorkspaceRole | 'NONE' },
): Promise<Workspace> =>
  againWhileStale(async () => {
    const workspace = await workspaceFor(deps, caller.actor, id, 'ADMIN');
    const members = await membersOf(deps.database, [id], membersMax);
    if (!members.some(({ userId }) => userId === member.userId)) throw notFound();
    return setRole(deps, caller, workspace, member);
  });

async function setRole(
  deps: ControlDeps,
  caller: Caller,
  workspace: WorkspaceRecord,
  { userId, role }: { userId: string; role: WorkspaceRole | 'NONE' },
): Promise<Workspace> {
  const { roles, guard, kept } = await readWorkspace(deps, workspace);
  const before = (await membersOf(deps.database, [workspace.id], membersMax)).find((one) => one.userId === userId)?.role;
  const after = new Map(roles);
  if (role === 'NONE') after.delete(userId);
  else after.set(userId, role);
  const steps = [
    guard,
    requireWorkspace(deps.database, workspace.id),
    putMember(deps.database, { workspaceId: workspace.id, userId, role }, deps.clock.nowMs()),
    // Asked of those alone who stop being ADMIN: a workspace whose admins left the house can still take members.
    ...(before === 'ADMIN' && role !== 'ADMIN' ? [requireWorkspaceAdmin(deps.database, workspace.id)] : []),
  ];
  const changes = { [userId]: before === undefined ? { after: role } : { before, after: role } };
  await change(deps, caller, workspace, { action: 'workspace.member', steps, changes, kept: kept({ name: workspace.name, roles: after }) });
  return whole(deps, workspace);
}

/**
 * Brings a kept name and kept members back, all or nothing. People who are not here any more stay away.
 * @throws Refusal NOT_FOUND, FORBIDDEN, NAME_EXISTS, LAST_WORKSPACE_ADMIN, STALE
 */
export const restoreWorkspace = (deps: ControlDeps, caller: Caller, id: string, state: ObjectState): Promise<unknown> =>
  againWhileStale(async () => {
    const workspace = await workspaceFor(deps, caller.actor, id, 'ADMIN');
    const read = await readWorkspace(deps, workspace);
    const name = String(state['name']);
    const wanted = await wantedMembers(deps, read, state);
    const moved = [...new Set([...read.roles.keys(), ...wanted.keys()])].filter((one) => read.roles.get(one) !== wanted.get(one));
    const nowMs = deps.clock.nowMs();
    const put = (userId: string): WriteStep =>
      putMember(deps.database, { workspaceId: id, userId, role: wanted.get(userId) ?? 'NONE' }, nowMs);
    const ofMembers = moved.map((one) => [one, { before: read.roles.get(one) ?? null, after: wanted.get(one) ?? null }] as const);
    await change(
      deps,
      caller,
      { ...workspace, name },
      {
        action: 'workspace.update',
        steps: [
          read.guard,
          renaming(deps.database, id, name, nowMs, workspace.revision),
          ...moved.map(put),
          ...(moved.some((one) => read.roles.get(one) === 'ADMIN') ? [requireWorkspaceAdmin(deps.database, id)] : []),
        ],
        changes: { ...changesBetween({ name: workspace.name }, { name }), ...Object.fromEntries(ofMembers) },
        kept: read.kept({ name, roles: wanted }),
        lost: stale,
      },
    );
  });

interface Change {
  action: string;
  steps: readonly WriteStep[];
  changes: Record<string, { before?: unknown; after?: unknown }> | null;
  kept: KeptState;
  /** Stands for a workspace that is not as it was read. */
  lost?: () => Refusal;
}

/** The revision of the change. */
async function change(
  deps: ControlDeps,
  caller: Caller,
  workspace: WorkspaceRecord,
  { action, steps, changes, kept, lost = notFound }: Change,
): Promise<number> {
  const deed = {
    action,
    subjectType: 'workspace',
    subjectId: workspace.id,
    subjectName: workspace.name,
    owner: { scope: 'workspace' as const, id: workspace.id },
    changes,
    state: kept,
  };
  const { revision } = await refusing(commitAs(deps, caller, steps, deed), {
    workspaces_name: nameExists(workspace.name),
    'workspace-not-empty': () => new Refusal('WORKSPACE_NOT_EMPTY'),
    'last-workspace-admin': () => new Refusal('LAST_WORKSPACE_ADMIN'),
    [staleMembers]: stale,
    workspace: lost,
  });
  return revision;
}
