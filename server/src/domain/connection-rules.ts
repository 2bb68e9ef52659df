/** The rules of connections, pure: who may do what, what a value sent back means, and where a secret may go. */
import { compactKeyFile } from '@patchbay/contract/text';
import { secretTailLengthMin, type Connection } from './connection.ts';
import { Refusal, type FieldFault } from './errors.ts';
import { isAdministrator, may, type Actor, type Owner } from './owner.ts';

/** What an actor may do with the things of an owner. `hidden` answers like a thing that does not exist (C-50). */
export type Standing = 'manage' | 'use' | 'forbidden' | 'hidden';

/** Rights follow the scope (C-13): users keep their own, writers of a workspace its own, holders of the permission the organization's. */
export function standingOf(actor: Actor, owner: Owner): Standing {
  switch (owner.scope) {
    case 'user':
      return owner.id === actor.userId ? 'manage' : 'hidden';
    case 'workspace': {
      if (isAdministrator(actor)) return 'manage';
      const role = actor.workspaces.get(owner.id);
      if (role === undefined) return 'forbidden';
      return role === 'READ' ? 'use' : 'manage';
    }
    case 'organization':
      if (owner.id !== actor.organizationId) return 'hidden';
      return may(actor, 'manage_ai_models') ? 'manage' : 'use';
  }
}

/** Owners whose connections the actor may use, nearest first. `workspaceIds` are all of them for administrators. */
export function usableOwners(actor: Actor, workspaceIds: readonly string[]): Owner[] {
  return [
    { scope: 'user', id: actor.userId },
    ...workspaceIds.map((id): Owner => ({ scope: 'workspace', id })),
    { scope: 'organization', id: actor.organizationId },
  ];
}

/** What a secret field in a request asks for. */
export type SecretChange = { kind: 'keep' } | { kind: 'clear' } | { kind: 'set'; text: string };

const keep: SecretChange = { kind: 'keep' };
const maskForm = /^\*{3}.{0,4}$/;

/** Whether a text is a mask, of this or of another secret. */
export const isMask = (text: string): boolean => maskForm.test(text);

/**
 * Reads a secret field (C-03): absent, empty or the mask of the stored one mean "unchanged", null clears, any other text
 * replaces. Another mask is a fault: stored, it would destroy the key and be sent as one.
 */
export function secretChangeOf(given: string | null | undefined, storedMask: string | null): SecretChange | 'foreign_mask' {
  if (given === undefined) return keep;
  if (given === null) return { kind: 'clear' };
  const text = compactKeyFile(given.trim());
  if (text === '' || text === storedMask) return keep;
  return isMask(text) ? 'foreign_mask' : { kind: 'set', text };
}

/** The tail that a mask shows: none for short secrets, of which four characters would say too much. */
export const secretTailOf = (text: string): string | null => (text.length >= secretTailLengthMin ? text.slice(-4) : null);

/** Custom header values look like this wherever settings are shown. */
export const headerMask = '***';

export interface Destination {
  providerId: string;
  origin: string;
}

/** A secret belongs to one origin and one provider; another of either is another destination. */
export const isSameDestination = (a: Destination, b: Destination): boolean => a.origin === b.origin && a.providerId === b.providerId;

/**
 * Refuses to take what is kept along to another destination (409). `kept` names the fields whose stored values would go
 * with it, in the words of the face.
 */
export function refuseKeptSecrets(before: Destination, after: Destination, kept: readonly string[]): void {
  if (kept.length === 0 || isSameDestination(before, after)) return;
  const details: FieldFault[] = kept.map((path) => ({
    path,
    code: 'required_for_new_origin',
    message: `enter it again: the stored one belongs to ${before.origin}`,
  }));
  throw new Refusal('SECRET_REQUIRED_FOR_NEW_ORIGIN', { values: { origin: before.origin }, details });
}

const loopbackNames = /^(?:localhost|[^.]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const privateForms = [
  /^10\./,
  /^192\.168\./,
  /^172\.(?:1[6-9]|2\d|3[01])\./,
  /^169\.254\./,
  /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^\[f[cd]/,
];
const addressForm = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[.*\])$/;

/** A host on this machine. `hostname` as `URL` spells it. */
export const isLoopbackHost = (hostname: string): boolean => loopbackNames.test(hostname.replace(/\.$/, ''));

/**
 * A host that no public network reaches: loopback, a private address, or a name without a dot. The way out lets a request
 * to one through only where the operator listed it, so this rule never opens anything.
 */
export function isLocalHost(hostname: string): boolean {
  if (isLoopbackHost(hostname)) return true;
  if (addressForm.test(hostname)) return privateForms.some((form) => form.test(hostname));
  return !hostname.replace(/\.$/, '').includes('.');
}

/** Whether a hosted provider's key is needed at this address: local servers that imitate one ask for none (C-04). */
export const needsSecretAt = (needsSecret: boolean, origin: string): boolean =>
  needsSecret && URL.canParse(origin) && !isLocalHost(new URL(origin).hostname);

/** What a test learnt is void after a change of endpoint, key or type (C-10). */
export function isRetestNeeded(
  before: Pick<Connection, 'providerId' | 'baseUrl' | 'origin'>,
  after: Pick<Connection, 'providerId' | 'baseUrl' | 'origin'>,
  isSecretChanged: boolean,
): boolean {
  return isSecretChanged || before.providerId !== after.providerId || before.baseUrl !== after.baseUrl || before.origin !== after.origin;
}

/** Who or what uses a connection. Chats are none: they fall to the default (C-08). */
export interface Dependant {
  kind: 'repository' | 'use_case' | 'routing_group';
  id: string;
  name: string;
  /** Of what belongs to a workspace: whoever does not see that may know that the thing is there, and not what it is called. */
  workspaceId?: string;
}

/** Refuses to delete what is in use; administrators may force it (C-08). */
export function refuseWhileInUse(name: string, dependants: readonly Dependant[], actor: Actor, isForced: boolean): void {
  if (dependants.length === 0 || (isForced && isAdministrator(actor))) return;
  throw new Refusal('CONFIGURATION_IN_USE', { values: { name }, details: dependants });
}

/** The default that applies to an actor: the nearest owner's that is active (C-14). */
export function effectiveDefault(owners: readonly Owner[], defaults: readonly Connection[]): Connection | undefined {
  for (const owner of owners) {
    const found = defaults.find(
      (entry) => entry.isDefault && entry.isActive && entry.owner.scope === owner.scope && entry.owner.id === owner.id,
    );
    if (found) return found;
  }
  return undefined;
}
