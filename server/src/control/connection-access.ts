/** Finds connections for somebody: what they may not know of answers like what does not exist, and the attempt is noted. */
import { standingOf, usableOwners } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import { isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { allWorkspaceIds, findConnection, workspaceExists, type StoredConnection } from '../storage/connections.ts';
import { noteRefusal, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { noteRead } from './noted-reads.ts';

/** An id is 36 characters; what is asked for instead of one is noted up to here. */
const subjectCharsMax = 100;

export interface Found extends StoredConnection {
  /** TRUE where the caller may change it. */
  canManage: boolean;
}

const attempted = (action: string, id: string, found?: StoredConnection): Deed => ({
  action,
  subjectType: 'connection',
  // What was asked for by somebody who may be anybody: no text that a database, or a reader of the log, would trip over.
  subjectId: id
    .slice(0, subjectCharsMax)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\ufffd'),
  subjectName: found?.connection.name ?? null,
  owner: found?.connection.owner ?? null,
});

/**
 * The connection behind an id, as far as the caller may `use` or `manage` it (C-12, C-13, C-50).
 * @throws Refusal NOT_FOUND for a foreign private row exactly as for a random id, FORBIDDEN where the scope is known but closed
 */
export async function findFor(deps: ControlDeps, caller: Caller, id: string, need: 'use' | 'manage', action: string): Promise<Found> {
  const stored = isUuid(id) ? await findConnection(deps.database, id) : undefined;
  const live = stored && !stored.isDeleted ? stored : undefined;
  const standing = live ? standingOf(caller.actor, live.connection.owner) : 'hidden';
  if (live && (standing === 'manage' || (standing === 'use' && need === 'use'))) {
    // Changes and tests have entries of their own.
    if (need === 'use' && action !== 'connection.test') await noteRead(deps, caller, attempted('connection.read', id, live));
    return { ...live, canManage: standing === 'manage' };
  }
  const refusal = new Refusal(standing === 'hidden' ? 'NOT_FOUND' : 'FORBIDDEN');
  // Noted for random ids too: an answer that came faster for them would tell which ids exist.
  await noteRefusal(deps, caller, attempted(action, id, live), refusal);
  throw refusal;
}

/** Lets the caller make things for an owner, or throws: NOT_FOUND for a workspace that is none, FORBIDDEN for a closed one. */
export async function requireOwner(deps: ControlDeps, caller: Caller, owner: Owner, need: 'use' | 'manage', action: string): Promise<void> {
  const isThere = owner.scope !== 'workspace' || (isUuid(owner.id) && (await workspaceExists(deps.database, owner.id)));
  const standing = isThere ? standingOf(caller.actor, owner) : 'hidden';
  if (standing === 'manage' || (standing === 'use' && need === 'use')) return;
  const refusal = new Refusal(standing === 'hidden' ? 'NOT_FOUND' : 'FORBIDDEN');
  await noteRefusal(
    deps,
    caller,
    { action, subjectType: 'connection', subjectId: null, subjectName: null, owner: isThere ? owner : null },
    refusal,
  );
  throw refusal;
}

/** Workspaces whose things the actor sees: all of them for administrators. */
export async function workspaceIdsOf(deps: Pick<ControlDeps, 'database'>, actor: Actor): Promise<readonly string[]> {
  return isAdministrator(actor) ? allWorkspaceIds(deps.database) : [...actor.workspaces.keys()];
}

/** Owners whose connections the actor may use, nearest first. */
export async function ownersOf(deps: Pick<ControlDeps, 'database'>, actor: Actor): Promise<Owner[]> {
  return usableOwners(actor, await workspaceIdsOf(deps, actor));
}
