/** What people do with routing groups: list, look, make, change, delete. Each change is one transaction with its audit entry. */
import { changesBetween } from '../domain/audit.ts';
import type { Connection } from '../domain/connection.ts';
import { standingOf } from '../domain/connection-rules.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import { nanoUsdOf } from '../domain/money.ts';
import type { Owner } from '../domain/owner.ts';
import { groupDefaults, type GroupOptions, type RoutingGroup, type RoutingTarget, type Strategy } from '../domain/routing-group.ts';
import { isUuid } from '../lib/ids.ts';
import {
  countGroups,
  deleteGroup,
  findGroup,
  groupsMax,
  groupStale,
  groupTargets,
  insertGroup,
  updateGroup,
} from '../storage/routing-groups.ts';
import { requireWorkspace } from '../storage/workspaces.ts';
import { commitAs, keptState, noteRefusal, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { ownersOf, requireOwner } from './connection-access.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

/** A group with what the caller may do with it. */
export interface FoundGroup {
  group: RoutingGroup;
  canManage: boolean;
}

/** Options as they were sent; what is left out stays, or is what it is by default. */
export interface GroupOptionsInput extends Partial<Omit<GroupOptions, 'hedgeMaxNanoUsd'>> {
  /** US dollars; null is off. */
  hedgeMaxUsd?: string | number | null | undefined;
}

export interface GroupTargetInput {
  connectionId: string;
  model?: string | null | undefined;
  weight: number;
  isEnabled: boolean;
  region?: string | null | undefined;
}

export interface GroupInput {
  name?: string | undefined;
  strategy?: Strategy | undefined;
  options?: GroupOptionsInput | undefined;
  targets?: GroupTargetInput[] | undefined;
  isActive?: boolean | undefined;
}

const deedOn = (action: string, { id, name, owner }: RoutingGroup, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType: 'routing-group',
  subjectId: id,
  subjectName: name,
  owner,
  changes,
});

const audited = ({ name, strategy, options, targets, isActive }: RoutingGroup): Record<string, unknown> => ({
  name,
  strategy,
  options,
  targets,
  isActive,
});

/** Groups whose names the caller may give for a model, by name; the nearest owner's first. */
export async function listGroups(deps: ControlDeps, { actor }: Caller): Promise<FoundGroup[]> {
  const owners = await ownersOf(deps, actor);
  return owners.flatMap((owner) =>
    [...deps.keeper.snapshot.routing.of(owner)]
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map((group) => ({ group, canManage: standingOf(actor, owner) === 'manage' })),
  );
}

/** @throws Refusal NOT_FOUND for a foreign private group exactly as for a random id, FORBIDDEN where the scope is known but closed (C-50) */
export async function findGroupFor(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  need: 'use' | 'manage',
  action: string,
): Promise<FoundGroup> {
  const group = await findGroup(deps.database, id);
  const standing = group ? standingOf(caller.actor, group.owner) : 'hidden';
  if (group && (standing === 'manage' || (standing === 'use' && need === 'use'))) return { group, canManage: standing === 'manage' };
  const refusal = new Refusal(standing === 'hidden' ? 'NOT_FOUND' : 'FORBIDDEN');
  // Noted for random ids too: an answer that came faster for them would tell which ids exist.
  const unknown: Deed = { action, subjectType: 'routing-group', subjectId: isUuid(id) ? id : null, subjectName: null, owner: null };
  await noteRefusal(deps, caller, group ? deedOn(action, group) : unknown, refusal);
  throw refusal;
}

/** Whether everybody who may use this owner's things may use the connection too, so that it may stand in a group, or in for another. */
export function isWithin(deps: Pick<ControlDeps, 'keeper'>, owner: Owner, connection: Connection): boolean {
  const { scope, id } = connection.owner;
  if (scope === 'organization') return true;
  if (owner.scope === 'organization') return false;
  if (scope === owner.scope) return id === owner.id;
  return owner.scope === 'user' && (deps.keeper.snapshot.memberships.get(owner.id)?.has(id) ?? false);
}

/** @throws Refusal VALIDATION_ERROR at `targets.<n>` */
function targetsOf(
  deps: ControlDeps,
  { isApplying = false }: Caller,
  owner: Owner,
  entered: readonly GroupTargetInput[],
  kept: readonly RoutingTarget[],
): RoutingTarget[] {
  const faults: FieldFault[] = [];
  const fault = (place: number, field: string, code: string, message: string): void =>
    void faults.push({ path: `targets.${place}.${field}`, code, message });
  const seen = new Set<string>();
  const targets = entered.map((one, place): RoutingTarget => {
    const target = {
      connectionId: one.connectionId,
      model: one.model ?? null,
      weight: one.weight,
      isEnabled: one.isEnabled,
      region: one.region ?? null,
    };
    const connection = deps.keeper.snapshot.connections.get(one.connectionId);
    // What was deleted by force since may stay where it stands; it is not asked.
    // Nor is one whose workspace the group's owner has left: who may use it is asked with every request.
    const isLeft = isApplying && owner.scope === 'user' && connection?.owner.scope === 'workspace';
    const isKept = isLeft || kept.some(({ connectionId }) => connectionId === one.connectionId);
    if (!connection || !isWithin(deps, owner, connection)) {
      if (!isKept || !connection)
        fault(place, 'connectionId', 'unknown_connection', 'no connection that everybody who may use this group may use');
    } else if (!isApplying && target.model === null && connection.model === null)
      fault(place, 'model', 'required', 'the connection has no model of its own');
    // Two that were told apart have become one where the connection's own model changed since.
    const key = `${target.connectionId} ${target.model ?? (isApplying ? '' : (connection?.model ?? ''))}`;
    if (seen.has(key)) fault(place, 'connectionId', 'duplicate', 'this connection and model are in the group already');
    seen.add(key);
    return target;
  });
  if (faults.length > 0) throw unfit(...faults);
  return targets;
}

function optionsOf({ hedgeMaxUsd, ...given }: GroupOptionsInput, before: GroupOptions): GroupOptions {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (hedgeMaxUsd === undefined) return { ...before, ...set };
  const hedgeMaxNanoUsd = hedgeMaxUsd === null ? null : nanoUsdOf(hedgeMaxUsd);
  if (hedgeMaxUsd !== null && hedgeMaxNanoUsd === null)
    throw unfit({
      path: 'options.hedgeMaxUsd',
      code: 'invalid',
      message: 'an amount of US dollars with at most 9 decimals, from 0 to 9007199',
    });
  return { ...before, ...set, hedgeMaxNanoUsd };
}

const nameExists = (name: string) => (): Refusal =>
  new Refusal('NAME_EXISTS', { values: { name }, details: [{ path: 'name', code: 'exists', message: 'the name is taken' }] });

const lostTo = ({ name }: RoutingGroup) => ({
  routing_groups_name: nameExists(name),
  [groupStale]: stale,
  // A connection that was deleted in this very moment: what is left is decided anew.
  [groupTargets]: stale,
  workspace: notFound,
});

/** @throws Refusal NOT_FOUND, FORBIDDEN as connections do; VALIDATION_ERROR, NAME_EXISTS */
export async function createGroup(
  deps: ControlDeps,
  caller: Caller,
  owner: Owner,
  input: GroupInput & { name: string; targets: GroupTargetInput[] },
): Promise<FoundGroup> {
  await requireOwner(deps, caller, owner, 'manage', 'routing-group.create');
  if ((await countGroups(deps.database, owner)) >= groupsMax)
    throw unfit({ path: 'name', code: 'too_many', message: `at most ${groupsMax} routing groups` });
  const nowMs = deps.clock.nowMs();
  const group: RoutingGroup = {
    id: deps.ids.uuid(),
    owner,
    name: input.name,
    strategy: input.strategy ?? 'ordered',
    options: optionsOf(input.options ?? {}, groupDefaults),
    targets: targetsOf(deps, caller, owner, input.targets, []),
    isActive: input.isActive ?? true,
    createdBy: caller.actor.userId,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 0,
  };
  const steps = [...(owner.scope === 'workspace' ? [requireWorkspace(deps.database, owner.id)] : []), ...insertGroup(deps.database, group)];
  const deed = {
    ...deedOn('routing-group.create', group, changesBetween({}, audited(group))),
    state: keptState(null, null, audited(group)),
  };
  const { revision } = await refusing(commitAs(deps, caller, steps, deed), lostTo(group));
  return { group: { ...group, revision }, canManage: true };
}

/** Changes what is named and nothing else. @throws Refusal as `createGroup`, and CONFLICT, STALE */
export const changeGroup = (
  deps: ControlDeps,
  caller: Caller,
  id: string,
  input: GroupInput,
  expected?: Expected<FoundGroup>,
): Promise<FoundGroup> => againWhileStale(() => changeOnce(deps, caller, id, input, expected));

async function changeOnce(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  input: GroupInput,
  expected?: Expected<FoundGroup>,
): Promise<FoundGroup> {
  const found = await findGroupFor(deps, caller, id, 'manage', 'routing-group.update');
  const before = found.group;
  await refuseStale(deps, expected, { row: found, revision: before.revision, type: 'routing-group', id: before.id });
  const group: RoutingGroup = {
    ...before,
    name: input.name ?? before.name,
    strategy: input.strategy ?? before.strategy,
    options: input.options === undefined ? before.options : optionsOf(input.options, before.options),
    targets: input.targets === undefined ? before.targets : targetsOf(deps, caller, before.owner, input.targets, before.targets),
    isActive: input.isActive ?? before.isActive,
    updatedAtMs: deps.clock.nowMs(),
  };
  // Targets that are not mentioned are not judged anew: one that was deleted since must not keep its group from being switched off.
  const live = { ...group, targets: group.targets.filter(({ connectionId }) => deps.keeper.snapshot.connections.has(connectionId)) };
  const state = keptState(before, audited(before), audited(live));
  const deed = { ...deedOn('routing-group.update', group, changesBetween(audited(before), audited(live))), state };
  const { revision } = await refusing(commitAs(deps, caller, updateGroup(deps.database, live, before.revision), deed), lostTo(group));
  return { group: { ...live, revision }, canManage: true };
}

/** Whoever names it from now on is told that there is no such model. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function removeGroup(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const { group } = await findGroupFor(deps, caller, id, 'manage', 'routing-group.delete');
  const steps = deleteGroup(deps.database, group.id, deps.clock.nowMs());
  const deed = { ...deedOn('routing-group.delete', group), state: keptState(group, audited(group), null) };
  await refusing(commitAs(deps, caller, steps, deed), { [groupStale]: notFound });
}
