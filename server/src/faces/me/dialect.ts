/** People, their sessions and their tokens in the words of `/api`. */
import { isoOf } from '../../lib/iso-time.ts';
import type { Me, Session, Token, User } from '@patchbay/contract/people';
import type { Profile } from '../../control/people/profile.ts';
import type { PersonalToken } from '../../domain/access-key.ts';
import { permissionsFor, type Actor } from '../../domain/owner.ts';
import type { PersonRecord, SessionRecord } from '../../storage/people.ts';

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoOf(ms));
export const msOf = (iso: string | null | undefined): number | null => (iso === null || iso === undefined ? null : Date.parse(iso));

export const fromProfile = ({ person, organization, workspaces }: Profile, actor: Actor, lastEventId: string): Me => ({
  id: person.userId,
  email: person.email,
  name: person.name,
  role: person.role,
  permissions: [...permissionsFor(person)],
  language: person.language,
  timeZone: person.timeZone,
  theme: person.theme,
  hasSecondFactor: person.hasSecondFactor,
  organization,
  lastEventId,
  // An administrator is ADMIN also where they are no member.
  workspaces: workspaces.map(({ id, name }) => ({
    id,
    name,
    role: actor.role === 'administrator' ? 'ADMIN' : (actor.workspaces.get(id) ?? 'READ'),
  })),
});

export const fromPerson = (person: PersonRecord): User => ({
  id: person.userId,
  email: person.email,
  name: person.name,
  role: person.role,
  permissions: [...permissionsFor(person)],
  hasOwnPermissions: person.role !== 'administrator' && person.permissions !== null,
  language: person.language,
  hasSecondFactor: person.hasSecondFactor,
  disabled: person.disabledAtMs !== null,
  createdAt: isoOf(person.createdAtMs),
  revision: person.revision,
});

export const fromSession = (session: SessionRecord & { isCurrent: boolean }): Session => ({
  id: session.id,
  createdAt: isoOf(session.createdAtMs),
  expiresAt: isoOf(session.expiresAtMs),
  lastSeenAt: isoOf(session.lastSeenAtMs),
  address: session.address,
  agent: session.agent,
  isCurrent: session.isCurrent,
});

export const fromToken = (token: PersonalToken): Token => ({
  id: token.id,
  name: token.name,
  last4: token.last4,
  expiresAt: isoOrNull(token.expiresAtMs),
  revokedAt: isoOrNull(token.revokedAtMs),
  createdAt: isoOf(token.createdAtMs),
});
