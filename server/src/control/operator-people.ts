/** People and tokens made from the terminal, where nobody is signed in: for a first automation, or when nobody can sign in any more. */
import { Refusal } from '../domain/errors.ts';
import type { Language, OrganizationRole } from '../domain/owner.ts';
import { personByEmail } from '../storage/people.ts';
import type { Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { createInvitation } from './people/invitations.ts';
import type { Passwords } from './people/passwords.ts';
import { createUser } from './people/users.ts';
import { createToken } from './personal-tokens.ts';

const invitationDays = 7;

export interface UserWish {
  email: string;
  name: string;
  role: OrganizationRole;
  language: Language;
  /** Null makes a link by which the person chooses their own. */
  password: string | null;
}

/** Makes a person, or the link by which they make themselves. The link's token is shown once. @throws Refusal EMAIL_EXISTS */
export async function createUserFor(
  deps: ControlDeps & { passwords: Passwords },
  caller: Caller,
  { email, name, role, language, password }: UserWish,
): Promise<{ id: string | null; email: string; role: OrganizationRole; token: string | null }> {
  const address = email.trim().toLowerCase();
  if (password !== null) {
    const { person } = await createUser(deps, caller, { email: address, name, role, language, password });
    return { id: person.userId, email: address, role, token: null };
  }
  const made = await createInvitation(deps, caller, { email: address, role, days: invitationDays });
  if (!('token' in made)) throw new Refusal('EMAIL_EXISTS');
  return { id: null, email: address, role, token: made.token };
}

/** A personal token with the rights of its owner, shown once. @throws Refusal NOT_FOUND for an unknown address, FORBIDDEN for somebody disabled */
export async function createTokenFor(
  deps: ControlDeps,
  caller: Caller,
  { email, name, expiresAtMs }: { email: string | null; name: string; expiresAtMs: number | null },
): Promise<{ id: string; email: string; name: string; token: string; expiresAtMs: number | null }> {
  const person = email === null ? undefined : await personByEmail(deps.database, email.trim().toLowerCase());
  if (email !== null && person === undefined) throw new Refusal('NOT_FOUND');
  const actor = person === undefined ? caller.actor : deps.keeper.snapshot.actorOf(person.userId, 'system');
  if (!actor) throw new Refusal('FORBIDDEN');
  const { token, text } = await createToken(deps, { ...caller, actor }, { name, expiresAtMs });
  return { id: token.id, email: actor.email, name, token: text, expiresAtMs };
}
