/** Turns what the snapshot learns into events for open pages, each for those alone who may know of its object. */
import type { Audience, Events } from '../control/events.ts';
import type { Owner } from '../domain/owner.ts';
import type { SnapshotDelta } from '../domain/snapshot.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';

export function announceChanges(keeper: OwnedKeeper, events: Events): void {
  keeper.onApplied((delta, owners) => {
    for (const { id, connection } of delta.connections)
      tellConnection(events, delta.revision, id, connection === null, owners.get(id) ?? []);
    tellPeople(events, delta);
    tellKeys(events, delta);
  });
}

function tellConnection(events: Events, revision: number, id: string, isDeleted: boolean, owners: readonly Owner[]): void {
  if (owners.length > 0) events.publish({ name: 'connection.changed', data: { id, revision, isDeleted }, audience: { owners } });
}

function tellPeople(events: Events, { people, memberships, deletedWorkspaceIds }: SnapshotDelta): void {
  const changed = (topic: 'me' | 'people' | 'workspaces', audience: Audience): void =>
    events.publish({ name: 'config.changed', data: { topic }, audience });
  const userIds = [...new Set([...people.map(({ userId }) => userId), ...memberships.map(({ userId }) => userId)])];
  if (userIds.length > 0) changed('me', { userIds });
  if (people.length > 0) changed('people', { administrators: true });
  const workspaceIds = [...new Set([...memberships.map(({ workspaceId }) => workspaceId), ...deletedWorkspaceIds])];
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
