/** Invitations: a link that makes one person, once. No mail is sent; whoever invites passes the link on. */
import { changesBetween } from '../../domain/audit.ts';
import { Refusal } from '../../domain/errors.ts';
import { isAdministrator, type Actor, type Language, type Origin, type OrganizationRole, type WorkspaceRole } from '../../domain/owner.ts';
import { isUuid } from '../../lib/ids.ts';
import { writeAudit } from '../../storage/changes.ts';
import {
  acceptInvitation as acceptStored,
  insertInvitation,
  invitationByHash,
  invitationById,
  listInvitations as storedInvitations,
  revokeInvitation as revokeStored,
  type InvitationRecord,
} from '../../storage/invitations.ts';
import { insertPerson, personByEmail, type PersonRecord } from '../../storage/people.ts';
import { organizationOf, putMember, requireWorkspace } from '../../storage/workspaces.ts';
import { auditEntry, commit, type Caller } from '../change.ts';
import type { ControlDeps } from '../deps.ts';
import { hashOfKey } from '../issued-key.ts';
import { notFound, refusing } from '../stale.ts';
import { addMember, mayInWorkspace, workspaceFor } from '../workspaces.ts';
import type { PeopleDeps } from './deps.ts';
import { emailExists } from './users.ts';

const tokenBytes = 32;
const dayMs = 86_400_000;

const invalid = (): Refusal => new Refusal('INVITATION_INVALID');

/** Open invitations that the actor may see, newest first: all for administrators, else those into workspaces with the role ADMIN. */
export async function listInvitations(
  deps: PeopleDeps,
  actor: Actor,
  page: { cursor?: string; limit: number; workspaceId?: string },
): Promise<InvitationRecord[]> {
  const { workspaceId } = page;
  const nowMs = deps.clock.nowMs();
  if (workspaceId !== undefined) {
    await workspaceFor(deps, actor, workspaceId, 'ADMIN');
    return storedInvitations(deps.database, [workspaceId], nowMs, page);
  }
  const administrated = [...actor.workspaces].filter(([, role]) => role === 'ADMIN').map(([id]) => id);
  return storedInvitations(deps.database, isAdministrator(actor) ? 'all' : administrated, nowMs, page);
}

export interface InvitationInput {
  /** In lower case. */
  email: string;
  role?: OrganizationRole;
  workspaceId?: string;
  workspaceRole?: WorkspaceRole;
  days: number;
}

/**
 * Makes an invitation and the token of its link, to be shown once. An earlier one of the same address to the same place ends.
 * Whoever has an account already is made a member at once instead.
 * @throws Refusal NOT_FOUND for an unknown workspace, FORBIDDEN, EMAIL_EXISTS where there is no workspace to add the person to
 */
export async function createInvitation(
  deps: ControlDeps,
  caller: Caller,
  input: InvitationInput,
): Promise<{ invitation: InvitationRecord; token: string } | { added: PersonRecord }> {
  const { actor } = caller;
  const { workspaceId, workspaceRole } = input;
  const role = input.role ?? 'user';
  if (workspaceId !== undefined) await workspaceFor(deps, actor, workspaceId, 'ADMIN');
  if (!isAdministrator(actor) && (workspaceId === undefined || role !== 'user')) throw new Refusal('FORBIDDEN');
  const known = await personByEmail(deps.database, input.email);
  if (known) {
    if (workspaceId === undefined || workspaceRole === undefined) throw emailExists();
    await addMember(deps, caller, workspaceId, { userId: known.userId, role: workspaceRole });
    return { added: known };
  }
  const token = Buffer.from(deps.ids.bytes(tokenBytes)).toString('base64url');
  const nowMs = deps.clock.nowMs();
  const invitation = {
    id: deps.ids.uuid(),
    email: input.email,
    role,
    workspaceId: workspaceId ?? null,
    workspaceRole: workspaceRole ?? null,
    createdBy: actor.userId,
    expiresAtMs: nowMs + input.days * dayMs,
    createdAtMs: nowMs,
  };
  const steps = [
    ...(workspaceId === undefined ? [] : [requireWorkspace(deps.database, workspaceId)]),
    ...insertInvitation(deps.database, invitation, hashOfKey(token)),
  ];
  const changes = changesBetween({}, { email: input.email, role, workspaceId, workspaceRole });
  const entry = auditEntry(deps, caller, { ...deedOf('invitation.create', invitation), changes });
  await refusing(writeAudit(deps.database, entry, steps), { workspace: notFound });
  const stored = await invitationById(deps.database, invitation.id, nowMs);
  if (!stored) throw notFound();
  return { invitation: stored, token };
}

/** The link is void from now on. @throws Refusal NOT_FOUND, also for one that the actor may not see */
export async function revokeInvitation(deps: PeopleDeps, caller: Caller, id: string): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const invitation = isUuid(id) ? await invitationById(deps.database, id, nowMs) : undefined;
  const { actor } = caller;
  const sees =
    invitation && (isAdministrator(actor) || (invitation.workspaceId !== null && mayInWorkspace(actor, invitation.workspaceId, 'ADMIN')));
  if (!invitation || !sees) throw notFound();
  const entry = auditEntry(deps, caller, deedOf('invitation.revoke', invitation));
  await refusing(writeAudit(deps.database, entry, [revokeStored(deps.database, id, nowMs)]), { invitation: notFound });
}

/** The right of whoever invited must still be there: an invitation does not outlive it. */
function isStillMeant(deps: PeopleDeps, invitation: InvitationRecord): boolean {
  const creator = deps.keeper.snapshot.actorOf(invitation.createdBy, 'system');
  if (!creator) return false;
  if (isAdministrator(creator)) return true;
  return invitation.role === 'user' && invitation.workspaceId !== null && mayInWorkspace(creator, invitation.workspaceId, 'ADMIN');
}

async function openInvitation(deps: PeopleDeps, token: string): Promise<InvitationRecord> {
  const invitation = await invitationByHash(deps.database, hashOfKey(token), deps.clock.nowMs());
  if (!invitation || !isStillMeant(deps, invitation)) throw invalid();
  return invitation;
}

/** What a link is for. Guesses are limited by address. @throws Refusal RATE_LIMITED, INVITATION_INVALID */
export async function seeInvitation(
  deps: PeopleDeps,
  origin: Origin,
  token: string,
): Promise<{ invitation: InvitationRecord; organization: string }> {
  const giveBack = deps.signInLimit.begin(`invitation ${hashOfKey(token)}`, origin.address);
  const invitation = await openInvitation(deps, token);
  giveBack();
  const organization = await organizationOf(deps.database);
  return { invitation, organization: organization?.name ?? '' };
}

/**
 * Makes the invited person, a member where the invitation says so, and uses the invitation up, in one transaction.
 * @returns the e-mail address to sign in with
 * @throws Refusal RATE_LIMITED, INVITATION_INVALID, EMAIL_EXISTS where the address was taken meanwhile
 */
export async function acceptInvitation(
  deps: PeopleDeps,
  origin: Origin,
  input: { token: string; name: string; password: string; language: Language; timeZone?: string | undefined },
): Promise<{ email: string }> {
  const { invitation } = await seeInvitation(deps, origin, input.token);
  const { email, role, workspaceId, workspaceRole } = invitation;
  const nowMs = deps.clock.nowMs();
  const userId = deps.ids.uuid();
  const passwordHash = await deps.passwords.hash(input.password);
  const { name, language, timeZone } = input;
  const workspaces = new Map(workspaceId === null || workspaceRole === null ? [] : [[workspaceId, workspaceRole]]);
  const { organizationId } = deps.keeper.snapshot;
  const actor: Actor = { userId, email, name, role, organizationId, workspaces, language, via: 'system' };
  const steps = [
    acceptStored(deps.database, invitation.id, nowMs),
    ...insertPerson(deps.database, { userId, accountId: deps.ids.uuid(), email, name, passwordHash, role, language, timeZone }, nowMs),
    ...(workspaceId === null || workspaceRole === null
      ? []
      : [requireWorkspace(deps.database, workspaceId), putMember(deps.database, { workspaceId, userId, role: workspaceRole }, nowMs)]),
  ];
  const deed = { ...deedOf('invitation.accept', invitation), changes: changesBetween({}, { userId, name, email, role, workspaceRole }) };
  await refusing(commit(deps, { actor, origin }, steps, deed), { users_email_key: emailExists, invitation: invalid, workspace: invalid });
  return { email };
}

const deedOf = (action: string, invitation: { id: string; email: string; workspaceId: string | null }) => ({
  action,
  subjectType: 'invitation',
  subjectId: invitation.id,
  subjectName: invitation.email,
  owner: invitation.workspaceId === null ? null : { scope: 'workspace' as const, id: invitation.workspaceId },
});
