/** Who asks, for what, and what each may: the one table that the authorization tests compare the house with. */
import { createAccessKey, revokeAccessKey } from '../../src/control/access-keys.ts';
import { createToken, revokeToken } from '../../src/control/personal-tokens.ts';
import { createInvitation, revokeInvitation } from '../../src/control/people/invitations.ts';
import { endSession } from '../../src/control/people/sign-in.ts';
import { changeUser } from '../../src/control/people/users.ts';
import { deleteWorkspace } from '../../src/control/workspaces.ts';
import { openHouse, origin, type House, type Resident } from './house.ts';
import { keepAlertsStill } from './still-alerts.ts';

/** Callers with live credentials. `holder` is not among them: it owns what is foreign to all. */
export const living = ['stranger', 'READ', 'WRITE', 'ADMIN', 'administrator'] as const;
/** Callers whose credentials open nothing. */
export const dead = ['anonymous', 'disabled', 'revoked', 'access key'] as const;
export const subjects = [...living, ...dead] as const;
export type Living = (typeof living)[number];
export type Subject = (typeof subjects)[number];

/**
 * What the id in the path names: a thing of the caller's own, one that a colleague holds in the workspace where the callers have
 * their roles, one of a person or workspace that no caller has to do with, one that is gone, and one that never was.
 */
export const objects = ['own', 'workspace', 'foreign', 'deleted', 'random'] as const;
export type Kind = (typeof objects)[number];

export let house: House;
export let workspaceId: string;
type Bystander = 'holder' | 'keeper' | 'disabled';
const people = new Map<Living | Bystander, Resident>();
export const tokens = new Map<Subject, string>();

export const person = (name: Living | Bystander): Resident => people.get(name)!;
export const caller = (who: Resident) => ({ actor: house.deps.keeper.snapshot.actorOf(who.id, 'token') ?? who.actor, origin });

/** Opens the house and lets everybody move in; to be closed by the caller. */
export async function moveIn(): Promise<void> {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  await keepAlertsStill(house);
  people.set('administrator', await house.createResident('Administrator'));
  for (const name of ['stranger', 'READ', 'WRITE', 'ADMIN', 'holder', 'keeper', 'disabled'] as const)
    people.set(name, await house.createResident(name));
  workspaceId = await house.createWorkspace('Shared', [
    [person('ADMIN'), 'ADMIN'],
    [person('WRITE'), 'WRITE'],
    [person('READ'), 'READ'],
    [person('holder'), 'WRITE'],
  ]);
  for (const name of living) tokens.set(name, person(name).token);
  await changeUser(house.deps, caller(person('administrator')), person('disabled').id, { disabled: true });
  tokens.set('disabled', person('disabled').token);
  const { token, text } = await createToken(house.deps, caller(person('ADMIN')), { name: 'revoked', expiresAtMs: null });
  await revokeToken(house.deps, caller(person('ADMIN')), token.id);
  tokens.set('revoked', text);
  tokens.set('access key', (await createAccessKey(house.deps, caller(person('administrator')), { name: 'k', workspaceId: null })).text);
}

/** Makes an object of a kind for a caller and returns what the path needs; null where a route knows no such object. */
export type Make = (kind: Kind, subject: Living) => Promise<Record<string, string> | null>;

let count = 0;
export const nextName = (): string => `object ${(count += 1)}`;
export const random = (): { id: string } => ({ id: house.deps.ids.uuid() });
/** Who holds the object of a kind. */
export const holderOf = (kind: Kind, subject: Living): Resident => person(kind === 'own' || kind === 'deleted' ? subject : 'holder');

const makeToken: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'workspace') return null;
  const holder = caller(holderOf(kind, subject));
  const { token } = await createToken(house.deps, holder, { name: nextName(), expiresAtMs: null });
  if (kind === 'deleted') await revokeToken(house.deps, holder, token.id);
  return { id: token.id };
};

const makeSession: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'workspace') return null;
  const holder = holderOf(kind, subject);
  const { id } = random();
  const [now, later] = [0, 3_600_000].map((ms) => new Date(house.deps.clock.nowMs() + ms).toISOString());
  const row = { id, token: id, user_id: holder.id, created_at: now!, updated_at: now!, expires_at: later! };
  await house.database.db.insertInto('sessions').values(row).execute();
  if (kind === 'deleted') await endSession(house.deps, caller(holder), id);
  return { id };
};

const makeAccessKey: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  const holder = caller(holderOf(kind, subject));
  const { key } = await createAccessKey(house.deps, holder, { name: nextName(), workspaceId: kind === 'workspace' ? workspaceId : null });
  if (kind === 'deleted') await revokeAccessKey(house.deps, holder, key.id);
  return { id: key.id };
};

/** A workspace with the same members as the shared one, a closed one, or one that is deleted; with a member to change. */
export const makeWorkspace: Make = async (kind) => {
  const userId = person('holder').id;
  if (kind === 'random') return { ...random(), userId };
  if (kind === 'own') return null;
  const roles = (['ADMIN', 'WRITE', 'READ'] as const).map((role): [Resident, typeof role] => [person(role), role]);
  const id = await house.createWorkspace(
    nextName(),
    // Another ADMIN beside the holder, because the last one can be neither lowered nor removed.
    kind === 'foreign'
      ? [
          [person('holder'), 'ADMIN'],
          [person('keeper'), 'ADMIN'],
        ]
      : [...roles, [person('holder'), 'READ']],
  );
  if (kind === 'deleted') await deleteWorkspace(house.deps, caller(person('administrator')), id);
  return { id, userId };
};

const makeInvitation: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  const administrator = caller(person('administrator'));
  const place = kind === 'own' || kind === 'foreign' ? {} : { workspaceId, workspaceRole: 'READ' as const };
  const email = `${house.deps.ids.uuid()}@example.org`;
  const made = await createInvitation(house.deps, administrator, { email, days: 1, ...place });
  if (!('invitation' in made) || (kind === 'own' && subject !== 'administrator')) return null;
  if (kind === 'deleted') await revokeInvitation(house.deps, administrator, made.invitation.id);
  return { id: made.invitation.id };
};

/** Somebody new for each caller, so that nobody who is needed is deleted; with a second factor to lose. */
const makeVictim: Make = async (kind) => {
  if (kind === 'random') return random();
  if (kind !== 'foreign') return null;
  const { id } = await house.createResident(house.deps.ids.uuid());
  await house.database.db
    .updateTable('users')
    .set({ two_factor_enabled: house.database.driver.engine === 'sqlite' ? 1 : true })
    .where('id', '=', id)
    .execute();
  return { id };
};

const makeUser: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'own') return { id: person(subject).id };
  return kind === 'foreign' ? { id: person('holder').id } : null;
};

/** The statuses that callers with live credentials get. */
export type Rule = (subject: Living, kind: Kind) => number;
export const always =
  (status: number): Rule =>
  () =>
    status;
const administratorsOnly =
  (status: number): Rule =>
  (subject, kind) =>
    subject !== 'administrator' ? 403 : kind === 'random' ? 404 : status;
const ownOnly: Rule = (_, kind) => (kind === 'own' ? 200 : 404);
export const gone: ReadonlySet<Kind> = new Set(['deleted', 'random'] as const);
const keyRule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (kind === 'own' || subject === 'administrator') return 200;
  return kind === 'workspace' && subject === 'ADMIN' ? 200 : 404;
};
export const ranks: Record<string, number> = { READ: 1, WRITE: 2, ADMIN: 3, administrator: 4 };
/** C-50: the workspaces of the own organization are no secret, what is in them is. */
export const workspaceRule =
  (needed: 'READ' | 'ADMIN'): Rule =>
  (subject, kind) => {
    if (gone.has(kind)) return 404;
    if (subject === 'administrator') return 200;
    return kind === 'workspace' && (ranks[subject] ?? 0) >= ranks[needed]! ? 200 : 403;
  };

export interface Row {
  rule: Rule;
  make?: Make;
  body?: (params: Record<string, string>) => unknown;
  /** What follows the path. */
  query?: (params: Record<string, string>) => string;
  /** What nobody at all gets; 401 for every other route. */
  anonymous?: number;
}

export const named = (): unknown => ({ name: nextName() });
const signInBody = (): unknown => ({ email: person('holder').email, password: person('holder').password });
const passwordBody = (): unknown => ({ currentPassword: person('holder').password, newPassword: 'another long password' });

export const peopleTable: Record<string, Row> = {
  'GET /healthz': { rule: always(200), anonymous: 200 },
  'GET /readyz': { rule: always(200), anonymous: 200 },
  'GET /metrics': { rule: always(200), anonymous: 200 },
  'GET /api/setup': { rule: always(200), anonymous: 200 },
  'POST /api/setup': {
    rule: always(409),
    anonymous: 409,
    body: () => ({ token: 'x', name: 'X', email: 'x@example.org', password: 'long enough' }),
  },
  'POST /api/auth/sign-in/email': { rule: always(200), anonymous: 200, body: signInBody },
  // Nobody's sign-in waits for a second step here.
  'POST /api/auth/sign-in/second-step': { rule: always(401), anonymous: 401, body: () => ({ code: '123456' }) },
  'POST /api/auth/sign-out': { rule: always(200), anonymous: 200 },
  'GET /api/auth/get-session': { rule: always(200), anonymous: 200 },
  // All living callers come with tokens here, and a token may not change a password.
  'POST /api/auth/change-password': { rule: always(403), body: passwordBody },
  'GET /api/me': { rule: always(200) },
  'PATCH /api/me': { rule: always(200), body: () => ({ theme: 'dark' }) },
  'GET /api/me/sessions': { rule: always(200) },
  'DELETE /api/me/sessions': { rule: always(200) },
  'DELETE /api/me/sessions/:id': { rule: ownOnly, make: makeSession },
  'GET /api/tokens': { rule: always(200) },
  'POST /api/tokens': { rule: always(201), body: named },
  'DELETE /api/tokens/:id': { rule: ownOnly, make: makeToken },
  'GET /api/admin/users': { rule: administratorsOnly(200) },
  'POST /api/admin/users': {
    rule: administratorsOnly(201),
    body: () => ({ name: 'N', email: `${house.deps.ids.uuid()}@example.org`, password: 'long enough' }),
  },
  'PATCH /api/admin/users/:id': { rule: administratorsOnly(200), make: makeUser, body: () => ({ name: 'New Name' }) },
  'DELETE /api/admin/users/:id': { rule: administratorsOnly(200), make: makeVictim },
  'DELETE /api/admin/users/:id/second-factor': { rule: administratorsOnly(200), make: makeVictim },
  // All living callers come with tokens here, and a token may not touch a second factor.
  'POST /api/me/second-factor': { rule: always(403), body: () => ({ password: person('holder').password }) },
  'POST /api/me/second-factor/confirm': { rule: always(403), body: () => ({ code: '123456' }) },
  'POST /api/me/second-factor/recovery-codes': { rule: always(403), body: () => ({ password: person('holder').password }) },
  'POST /api/me/second-factor/off': { rule: always(403), body: () => ({ password: person('holder').password }) },
  'GET /api/invitations': { rule: always(200) },
  'POST /api/invitations': {
    rule: (subject) => (subject === 'administrator' || subject === 'ADMIN' ? 201 : 403),
    body: () => ({ email: `${house.deps.ids.uuid()}@example.org`, workspaceId, workspaceRole: 'READ' }),
  },
  'DELETE /api/invitations/:id': {
    rule: (subject, kind) => {
      if (gone.has(kind)) return 404;
      return subject === 'administrator' || (kind === 'workspace' && subject === 'ADMIN') ? 200 : 404;
    },
    make: makeInvitation,
  },
  'POST /api/invitations/look': { rule: always(404), anonymous: 404, body: () => ({ token: house.deps.ids.uuid() }) },
  'POST /api/invitations/accept': {
    rule: always(404),
    anonymous: 404,
    body: () => ({ token: house.deps.ids.uuid(), name: 'N', password: 'long enough' }),
  },
  'POST /api/access-keys/:id/rotate': {
    // Its text would open the connections of the person whose own key it is: an administrator may only bound or revoke it.
    rule: (subject, kind) => {
      if (subject === 'administrator' && kind === 'foreign') return 403;
      return keyRule(subject, kind) === 200 ? 201 : keyRule(subject, kind);
    },
    make: makeAccessKey,
    body: () => ({}),
  },
  'GET /api/access-keys': { rule: always(200) },
  'POST /api/access-keys': { rule: always(201), body: named },
  'GET /api/access-keys/:id': { rule: keyRule, make: makeAccessKey },
  'PATCH /api/access-keys/:id': { rule: keyRule, make: makeAccessKey, body: () => ({ rpm: 7 }) },
  'DELETE /api/access-keys/:id': { rule: keyRule, make: makeAccessKey },
  'GET /workspace': { rule: always(200) },
  'POST /workspace': { rule: administratorsOnly(200), body: named },
  'GET /workspace/:id': { rule: workspaceRule('READ'), make: makeWorkspace },
  'PUT /workspace/:id': { rule: workspaceRule('ADMIN'), make: makeWorkspace, body: named },
  'DELETE /workspace/:id': { rule: workspaceRule('ADMIN'), make: makeWorkspace },
  'POST /workspace/:id/users': {
    rule: workspaceRule('ADMIN'),
    make: makeWorkspace,
    body: () => ({ userId: person('stranger').id, role: 'READ' }),
  },
  'PUT /workspace/:id/users/:userId': { rule: workspaceRule('ADMIN'), make: makeWorkspace, body: () => ({ role: 'WRITE' }) },
  'DELETE /workspace/:id/users/:userId': { rule: workspaceRule('ADMIN'), make: makeWorkspace },
};
