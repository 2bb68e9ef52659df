/** What the history of a workspace keeps: its name, and who is a member as what. */
import type { WorkspaceRole } from '../domain/owner.ts';
import type { Statement } from '../storage/driver.ts';
import type { KeptState, ObjectRevision, ObjectState } from '../storage/object-revisions.ts';
import { addressesOf } from '../storage/people.ts';
import { membersSince, requireMembersAsOf, rolesIn, type WorkspaceRecord } from '../storage/workspaces.ts';
import type { ControlDeps } from './deps.ts';

/** A state is written with each change. One with more members than this keeps the name alone, and members stay as they are on the way back. */
export const keptMembersMax = 1_000;

/** By person. */
type Roles = ReadonlyMap<string, WorkspaceRole>;

export interface ReadWorkspace {
  workspace: WorkspaceRecord;
  roles: Roles;
  /** Fails the batch as `workspace-members` where somebody changed a member since this was read. */
  guard: Statement;
  /** What the change of it leaves in the history. */
  kept: (after: { name: string; roles: Roles } | null) => KeptState;
}

/** In the order of ids: the same members are the same state. */
const stateOf = ({ name, roles }: { name: string; roles: Roles }): ObjectState => ({
  name,
  members: roles.size > keptMembersMax ? null : Object.fromEntries([...roles].toSorted(([a], [b]) => (a < b ? -1 : 1))),
});

/** A workspace as it is now, ready to be changed. Members also change beside it: by invitations, and when people are deleted. */
export async function readWorkspace(deps: ControlDeps, workspace: WorkspaceRecord): Promise<ReadWorkspace> {
  const since = await membersSince(deps.database, workspace.id);
  const roles = await rolesIn(deps.database, workspace.id, keptMembersMax + 1);
  const revision = Math.max(workspace.revision, since.revision);
  return {
    workspace,
    roles,
    guard: requireMembersAsOf(deps.database, workspace.id, since.revision),
    kept: (after) => ({
      after: after && stateOf(after),
      before: { revision, atMs: Math.max(workspace.createdAtMs, since.atMs), state: stateOf({ name: workspace.name, roles }) },
    }),
  };
}

/** Of a workspace that is being made. */
export const firstState = (name: string, roles: Roles): KeptState => ({ after: stateOf({ name, roles }) });

/** As pages show them: people are called by their address. Who is not here any more is told by the id alone. */
export async function shownMembers(
  { database }: Pick<ControlDeps, 'database'>,
  states: readonly ObjectRevision[],
): Promise<ObjectRevision[]> {
  const of = (state: ObjectState | null) => (state?.['members'] ?? {}) as Record<string, WorkspaceRole>;
  const addresses = await addressesOf(database, [...new Set(states.flatMap(({ state }) => Object.keys(of(state))))]);
  return states.map((one) => {
    if (!one.state?.['members']) return one;
    const named = Object.entries(of(one.state)).map(([id, role]) => [addresses.get(id) ?? id, role] as const);
    return { ...one, state: { ...one.state, members: Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1))) } };
  });
}

/** The members that a kept state wants, without those who are not here any more; those of today where it says nothing of them. */
export async function wantedMembers(deps: ControlDeps, { roles }: ReadWorkspace, { members }: ObjectState): Promise<Roles> {
  if (members === null || roles.size > keptMembersMax) return roles;
  const wanted = members as Record<string, WorkspaceRole>;
  const present = await addressesOf(deps.database, Object.keys(wanted));
  return new Map(Object.entries(wanted).filter(([userId]) => present.has(userId)));
}
