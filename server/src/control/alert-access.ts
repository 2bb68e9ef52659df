/** Who may see and change alerts, their rules and their channels: the owner's people, and administrators for the installation's. */
import { standingOf, type Standing } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import { isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { workspaceExists } from '../storage/connections.ts';
import { noteRefusal, type Caller, type Deed } from './change.ts';
import { ownersOf } from './connection-access.ts';
import type { ControlDeps } from './deps.ts';
import { notFound } from './stale.ts';

/** As for connections, except that what the installation is told is its administrators' business alone. */
export function alertStanding(actor: Actor, owner: Owner): Standing {
  if (owner.scope === 'organization') return isAdministrator(actor) ? 'manage' : 'forbidden';
  return standingOf(actor, owner);
}

export const maySeeAlerts = (actor: Actor, owner: Owner): boolean => ['use', 'manage'].includes(alertStanding(actor, owner));
export const mayChangeAlerts = (actor: Actor, owner: Owner): boolean => alertStanding(actor, owner) === 'manage';

/** Owners whose alerts the actor sees. */
export async function alertOwnersOf(deps: Pick<ControlDeps, 'database'>, actor: Actor): Promise<Owner[]> {
  return (await ownersOf(deps, actor)).filter((owner) => maySeeAlerts(actor, owner));
}

/**
 * The owner that a new thing is to have, checked. @throws Refusal NOT_FOUND for a workspace that is none, FORBIDDEN for a closed one
 */
export async function requireAlertOwner(
  deps: ControlDeps,
  caller: Caller,
  { scope, workspaceId }: { scope: Owner['scope']; workspaceId?: string },
  subjectType: string,
): Promise<Owner> {
  const { actor } = caller;
  const id = { user: actor.userId, organization: deps.keeper.snapshot.organizationId, workspace: workspaceId ?? '' }[scope];
  const owner: Owner = { scope, id };
  if (scope === 'workspace' && !(isUuid(id) && (await workspaceExists(deps.database, id)))) throw notFound();
  if (mayChangeAlerts(actor, owner)) return owner;
  const refusal = new Refusal('FORBIDDEN');
  await noteRefusal(deps, caller, { action: `${subjectType}.create`, subjectType, subjectId: null, subjectName: null, owner }, refusal);
  throw refusal;
}

/**
 * Lets the caller go on with a thing of this owner. @throws Refusal NOT_FOUND for what is not there or is somebody else's own,
 * FORBIDDEN where the owner is known but closed (C-50)
 */
export async function requireAlertRight(
  deps: ControlDeps,
  caller: Caller,
  thing: { owner: Owner; name: string | null } | undefined,
  need: 'see' | 'change',
  { action, subjectType, id }: { action: string; subjectType: string; id: string },
): Promise<void> {
  const standing = thing ? alertStanding(caller.actor, thing.owner) : 'hidden';
  if (standing === 'manage' || (standing === 'use' && need === 'see')) return;
  const refusal = new Refusal(standing === 'hidden' ? 'NOT_FOUND' : 'FORBIDDEN');
  const deed: Deed = {
    action,
    subjectType,
    subjectId: isUuid(id) ? id : null,
    subjectName: thing?.name ?? null,
    owner: thing?.owner ?? null,
  };
  await noteRefusal(deps, caller, deed, refusal);
  throw refusal;
}
