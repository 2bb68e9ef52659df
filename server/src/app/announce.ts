/** Turns what the snapshot learns into events for open pages, each for those alone who may know of its object. */
import type { Audience, Events } from '../control/events.ts';
import { audienceOfLimit } from '../control/limit-audience.ts';
import type { Owner } from '../domain/owner.ts';
import type { Snapshot, SnapshotDelta } from '../domain/snapshot.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';

export function announceChanges(keeper: OwnedKeeper, events: Events): void {
  keeper.onApplied((delta, owners) => {
    for (const { id, connection } of delta.connections)
      tellConnection(events, delta.revision, id, connection === null, owners.get(id) ?? []);
    tellPeople(events, delta);
    tellKeys(events, delta);
    tellUseCases(events, delta, { scope: 'organization', id: keeper.snapshot.organizationId });
    tellRepositories(events, delta);
    tellRoutingGroups(events, delta);
    tellPolicies(events, delta, [...new Set([...keeper.snapshot.memberships.values()].flatMap((roles) => [...roles.keys()]))]);
    tellLimits(events, delta, keeper.snapshot);
    tellAlerting(events, delta);
    tellPrices(events, delta);
    tellBesides(keeper, events, delta);
    if (delta.healthSettings) events.publish({ name: 'config.changed', data: { topic: 'health' }, audience: everybody(keeper) });
  });
}

/** Whoever may use what the organization owns. */
const everybody = (keeper: OwnedKeeper): Audience => ({ owners: [{ scope: 'organization', id: keeper.snapshot.organizationId }] });

function tellConnection(events: Events, revision: number, id: string, isDeleted: boolean, owners: readonly Owner[]): void {
  if (owners.length > 0) events.publish({ name: 'connection.changed', data: { id, revision, isDeleted }, audience: { owners } });
}

function tellPeople(
  events: Events,
  { people, memberships, deletedWorkspaceIds, changedWorkspaceIds = [], captures = [] }: SnapshotDelta,
): void {
  const changed = (topic: 'me' | 'people' | 'workspaces', audience: Audience): void =>
    events.publish({ name: 'config.changed', data: { topic }, audience });
  const userIds = [...new Set([...people.map(({ userId }) => userId), ...memberships.map(({ userId }) => userId)])];
  if (userIds.length > 0) changed('me', { userIds });
  if (people.length > 0) changed('people', { administrators: true });
  const ofMembers = [...memberships, ...captures].map(({ workspaceId }) => workspaceId);
  const workspaceIds = [...new Set([...ofMembers, ...deletedWorkspaceIds, ...changedWorkspaceIds])];
  const owners = workspaceIds.map((id): Owner => ({ scope: 'workspace', id }));
  if (owners.length > 0) changed('workspaces', { owners, userIds, administrators: true });
}

function tellKeys(events: Events, { accessKeys, personalTokens }: SnapshotDelta): void {
  if (accessKeys.length > 0) {
    const userIds = accessKeys.map(({ key }) => key.userId);
    const workspaceIds = accessKeys.flatMap(({ key }) => (key.workspaceId === null ? [] : [key.workspaceId]));
    events.publish({ name: 'config.changed', data: { topic: 'access-keys' }, audience: { userIds, workspaceIds, administrators: true } });
  }
  const holders = personalTokens.map(({ token }) => token.userId);
  if (holders.length > 0) events.publish({ name: 'config.changed', data: { topic: 'tokens' }, audience: { userIds: holders } });
}

function tellRepositories(events: Events, { repositories = [] }: SnapshotDelta): void {
  if (repositories.length === 0) return;
  const owners = [...new Set(repositories.map(({ workspaceId }) => workspaceId))].map((id): Owner => ({ scope: 'workspace', id }));
  events.publish({ name: 'config.changed', data: { topic: 'repositories' }, audience: { owners, administrators: true } });
}

/** Those of the organization bind every workspace, so the administrators of all of them hear of it. */
function tellPolicies(events: Events, { policies = [] }: SnapshotDelta, every: readonly string[]): void {
  if (policies.length === 0) return;
  const own = policies.flatMap(({ policy }) => policy.workspaceId ?? []);
  const isEverywhere = policies.some(({ policy }) => policy.workspaceId === null);
  const workspaceIds = isEverywhere ? every : [...new Set(own)];
  events.publish({ name: 'config.changed', data: { topic: 'policies' }, audience: { workspaceIds, administrators: true } });
}

function tellRoutingGroups(events: Events, { routingGroups = [] }: SnapshotDelta): void {
  const owners = routingGroups.map(({ owner }) => owner);
  if (owners.length > 0) events.publish({ name: 'config.changed', data: { topic: 'routing-groups' }, audience: { owners } });
}

/** What things cost is set by administrators. */
function tellPrices(events: Events, { prices = [] }: SnapshotDelta): void {
  if (prices.length > 0) events.publish({ name: 'config.changed', data: { topic: 'prices' }, audience: { administrators: true } });
}

/** Templates are there for everybody; how long things are kept is set by administrators. */
function tellBesides(keeper: OwnedKeeper, events: Events, { besides = [] }: SnapshotDelta): void {
  if (besides.includes('template')) events.publish({ name: 'config.changed', data: { topic: 'templates' }, audience: everybody(keeper) });
  if (besides.includes('retention'))
    events.publish({ name: 'config.changed', data: { topic: 'retention' }, audience: { administrators: true } });
}

/** What the installation is told is its administrators' business; the rest is its owners'. */
function tellAlerting(events: Events, { alerting }: SnapshotDelta): void {
  if (!alerting) return;
  const owners = [...alerting.rules, ...alerting.channels].map(({ owner }) => owner);
  if (owners.length === 0 && !alerting.mail) return;
  const audience = { administrators: true, owners: owners.filter(({ scope }) => scope !== 'organization') };
  events.publish({ name: 'config.changed', data: { topic: 'alerts' }, audience });
}

function tellLimits(events: Events, { limits = [], limitSettings }: SnapshotDelta, snapshot: Snapshot): void {
  const data = { topic: 'limits' } as const;
  for (const { limit } of limits) events.publish({ name: 'config.changed', data, audience: audienceOfLimit(snapshot, limit.subject) });
  if (limitSettings) events.publish({ name: 'config.changed', data, audience: { administrators: true } });
}

/** Everybody may use some of them: the pages ask again what is theirs. */
function tellUseCases(events: Events, { useCases = [], aiSettings }: SnapshotDelta, organization: Owner): void {
  const audience = { owners: [organization] };
  if (useCases.length > 0) events.publish({ name: 'config.changed', data: { topic: 'use-cases' }, audience });
  if (aiSettings) events.publish({ name: 'config.changed', data: { topic: 'ai-settings' }, audience });
}
