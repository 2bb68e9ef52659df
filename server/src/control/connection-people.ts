/** Who may use a connection, and who may change it: follows from its owner (C-13). */
import type { ConfigurationAccess } from '@patchbay/contract/configuration-details';
import { may } from '../domain/owner.ts';
import { membersOf, organizationOf, workspaceById } from '../storage/workspaces.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import type { ControlDeps } from './deps.ts';

/** People that one list names. */
const peopleMax = 500;

/** @throws Refusal NOT_FOUND, FORBIDDEN */
export async function peopleOf(deps: ControlDeps, caller: Caller, id: string): Promise<ConfigurationAccess> {
  const { connection } = await findFor(deps, caller, id, 'use', 'connection.access');
  const { scope, id: ownerId } = connection.owner;
  const { people } = deps.keeper.snapshot;
  if (scope === 'user') {
    const name = people.get(ownerId)?.name ?? '';
    return { scope, ownerName: name, isForEveryone: false, people: [{ id: ownerId, name, canManage: true }] };
  }
  if (scope === 'workspace') {
    const [workspace, members] = await Promise.all([workspaceById(deps.database, ownerId), membersOf(deps.database, [ownerId], peopleMax)]);
    const named = members.map(({ userId, name, role }) => ({ id: userId, name, canManage: role !== 'READ' }));
    return { scope, ownerName: workspace?.name ?? '', isForEveryone: false, people: named };
  }
  const managers = [...people.keys()].flatMap((userId) => {
    const actor = deps.keeper.snapshot.actorOf(userId, 'session');
    return actor && may(actor, 'manage_ai_models') ? [{ id: userId, name: actor.name, canManage: true }] : [];
  });
  const organization = await organizationOf(deps.database);
  return { scope, ownerName: organization?.name ?? '', isForEveryone: true, people: managers.slice(0, peopleMax) };
}
