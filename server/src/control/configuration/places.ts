/** Workspaces with their members, repositories and routing groups in the configuration file. */
import { decimalUsdOf } from '../../domain/money.ts';
import type { WorkspaceRole } from '../../domain/owner.ts';
import { nameKeyOf } from '../../storage/name-key.ts';
import { captureDefault } from '../../domain/capture.ts';
import { captureOf, capturesAbove } from '../../storage/capture.ts';
import { changeCapture } from '../capture.ts';
import { actingFor, removingFor } from '../operator-connections.ts';
import { changeRepository, createRepository, deleteRepository, type RepositoryWords } from '../repositories.ts';
import { changeGroup, createGroup, removeGroup, type GroupInput, type GroupTargetInput } from '../routing-groups.ts';
import { addMember, changeMember, createWorkspace, deleteWorkspace, listWorkspaces, wholeList } from '../workspaces.ts';
import { byKey, type Context, type Current, type Kind } from './kind.ts';
import { keyOfName, nameInFile } from './names.ts';
import { referencesOf, repositoryKey } from './references.ts';
import type { GroupSpec, RepositorySpec, WorkspaceSpec } from './shapes.ts';

const byEmail = (members: WorkspaceSpec['members']): WorkspaceSpec['members'] => members.toSorted((a, b) => (a.user < b.user ? -1 : 1));

/** Those who are named first, those who go last: a workspace is never without an ADMIN in between. */
async function settleMembers(
  context: Context,
  id: string,
  before: WorkspaceSpec['members'],
  after: WorkspaceSpec['members'],
): Promise<void> {
  const { deps, caller, names } = context;
  const roles = new Map(before.map(({ user, role }) => [user.toLowerCase(), role]));
  const wanted = [...after].toSorted((a, b) => rank(b.role) - rank(a.role));
  for (const { user, role } of wanted)
    if (roles.get(user.toLowerCase()) !== role) await addMember(deps, caller, id, { userId: names.userId(user), role });
  const kept = new Set(after.map(({ user }) => user.toLowerCase()));
  for (const { user } of before)
    if (!kept.has(user.toLowerCase())) await changeMember(deps, caller, id, { userId: names.userId(user), role: 'NONE' });
}

/** A workspace that is made keeps nothing, until somebody says otherwise. */
async function settleContents({ deps, caller }: Context, id: string, contents: WorkspaceSpec['contents']): Promise<void> {
  const { isOn, keptDays } = await captureOf(deps.database, id);
  if (isOn === contents.isKept && keptDays === contents.days) return;
  await changeCapture(deps, caller, id, { isOn: contents.isKept, keptDays: contents.days });
}

const rank = (role: WorkspaceRole): number => ['READ', 'WRITE', 'ADMIN'].indexOf(role);

export const workspaces: Kind<WorkspaceSpec> = {
  section: 'workspaces',
  async read({ deps, caller, names }) {
    const all = await listWorkspaces(deps, caller.actor, wholeList);
    const saved = new Map((await capturesAbove(deps.database, 0)).map((one) => [one.workspaceId, one]));
    return all
      .map(({ id, name, members }): Current<WorkspaceSpec> => {
        const { isOn: isKept, keptDays: days } = saved.get(id) ?? captureDefault;
        const named = members.map(({ userId, role }) => ({ user: names.email(userId), role }));
        return { id, spec: { name: nameInFile({ id, name }), members: byEmail(named), contents: { isKept, days } } };
      })
      .toSorted(byKey(({ name }) => nameKeyOf(name)));
  },
  keyOf: ({ name }) => nameKeyOf(name),
  nameOf: ({ name }) => name,
  references: ({ members }) => members.flatMap(({ user }, index) => referencesOf.person(user, ['members', index, 'user'])),
  async create(context, spec) {
    // With its members from the beginning: where the last ADMIN has left the house, nobody else takes that place by making it.
    const members = new Map(spec.members.map(({ user, role }) => [context.names.userId(user), role]));
    const { id } = await createWorkspace(context.deps, context.caller, spec.name, members);
    await settleContents(context, id, spec.contents);
  },
  async change(context, { id, spec: before }, spec) {
    await settleMembers(context, id, before.members, spec.members);
    await settleContents(context, id, spec.contents);
  },
  remove: ({ deps, caller }, { id }) => deleteWorkspace(deps, caller, id),
};

const repositoryWords: RepositoryWords = { connectionAt: (index) => `connections.${index}` };

export const repositories: Kind<RepositorySpec> = {
  section: 'repositories',
  async read({ deps, names }) {
    return [...deps.keeper.snapshot.repositories.values()]
      .map(({ id, workspaceId, name, connectionIds }): Current<RepositorySpec> => ({
        id,
        spec: {
          name: nameInFile({ id, name }),
          workspace: names.workspaceName(workspaceId),
          connections: connectionIds.flatMap((connectionId) => names.connectionName(connectionId) ?? []),
        },
      }))
      .toSorted(byKey(repositoryKey));
  },
  keyOf: repositoryKey,
  nameOf: ({ workspace, name }) => `${workspace} / ${name}`,
  references: ({ workspace, connections }) => [
    ...referencesOf.workspace(workspace, ['workspace']),
    ...connections.flatMap((name, index) => referencesOf.connection(name, ['connections', index])),
  ],
  create: ({ deps, caller, names }, { workspace, name, connections }) =>
    createRepository(
      deps,
      caller,
      { workspaceId: names.workspaceId(workspace), name, connectionIds: connections.map((one) => names.connectionId(one)) },
      repositoryWords,
    ),
  change: ({ deps, caller, names }, { id }, { name, connections }) =>
    changeRepository(deps, caller, id, { name, connectionIds: connections.map((one) => names.connectionId(one)) }, repositoryWords),
  remove: ({ deps, caller }, { id }) => deleteRepository(deps, caller, id, { isForced: false }),
};

function groupInputOf({ names }: Context, spec: GroupSpec): GroupInput & { name: string; targets: GroupTargetInput[] } {
  const { name, strategy, options, isActive } = spec;
  const targets = spec.targets.map(({ connection, ...target }) => ({ connectionId: names.connectionId(connection), ...target }));
  return { name, strategy, options, isActive, targets };
}

export const routingGroups: Kind<GroupSpec> = {
  section: 'routingGroups',
  async read({ deps, names }) {
    return [...deps.keeper.snapshot.routing.values()]
      .map(({ id, name, owner, strategy, options: { hedgeMaxNanoUsd, ...options }, targets, isActive }): Current<GroupSpec> => ({
        id,
        spec: {
          name: nameInFile({ id, name }),
          owner: names.ownerText(owner),
          strategy,
          options: {
            stickyBy: options.stickyBy,
            hedgeMaxUsd: hedgeMaxNanoUsd === null ? null : decimalUsdOf(hedgeMaxNanoUsd),
            priceWeight: options.priceWeight,
            latencyWeight: options.latencyWeight,
            exploration: options.exploration,
            cacheSeconds: options.cacheSeconds,
          },
          targets: targets.flatMap(({ connectionId, model, weight, isEnabled, region }) => {
            const connection = names.connectionName(connectionId);
            return connection === null ? [] : [{ connection, model, weight, isEnabled, region }];
          }),
          isActive,
        },
      }))
      .toSorted(byKey(keyOfName));
  },
  keyOf: keyOfName,
  nameOf: ({ owner, name }) => (owner === 'organization' ? name : `${name} (${owner})`),
  references: ({ owner, targets }) => [
    ...referencesOf.owner(owner),
    ...targets.flatMap(({ connection }, index) => referencesOf.connection(connection, ['targets', index, 'connection'])),
  ],
  create(context, spec) {
    const owner = context.names.ownerOf(spec.owner);
    return createGroup(context.deps, actingFor(context.deps, context.caller, owner), owner, groupInputOf(context, spec));
  },
  change(context, { id }, spec) {
    const owner = context.names.ownerOf(spec.owner);
    return changeGroup(context.deps, actingFor(context.deps, context.caller, owner), id, groupInputOf(context, spec));
  },
  remove(context, { id, spec }) {
    return removeGroup(context.deps, removingFor(context.deps, context.caller, context.names.ownerOf(spec.owner)), id);
  },
};
