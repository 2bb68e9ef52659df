/** Every route, asked by every kind of caller for every kind of object: who may what is stated here once and compared with the house. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccessKey, revokeAccessKey } from '../../src/control/access-keys.ts';
import { createToken, revokeToken } from '../../src/control/personal-tokens.ts';
import { endSession } from '../../src/control/people/sign-in.ts';
import { changeUser } from '../../src/control/people/users.ts';
import { deleteWorkspace } from '../../src/control/workspaces.ts';
import { registry } from '../../src/app/registry.ts';
import { openHouse, origin, type House, type Reply, type Resident } from '../support/house.ts';

/** Callers with live credentials. `holder` is not among them: it owns what is foreign to all. */
const living = ['stranger', 'READ', 'WRITE', 'ADMIN', 'administrator'] as const;
/** Callers whose credentials open nothing. */
const dead = ['anonymous', 'disabled', 'revoked', 'access key'] as const;
const subjects = [...living, ...dead] as const;
type Living = (typeof living)[number];
type Subject = (typeof subjects)[number];

/**
 * What the id in the path names: a thing of the caller's own, one that a colleague holds in the workspace where the callers have
 * their roles, one of a person or workspace that no caller has to do with, one that is gone, and one that never was.
 */
const objects = ['own', 'workspace', 'foreign', 'deleted', 'random'] as const;
type Kind = (typeof objects)[number];

let house: House;
let workspaceId: string;
const people = new Map<Living | 'holder' | 'disabled', Resident>();
const tokens = new Map<Subject, string>();

const person = (name: Living | 'holder' | 'disabled'): Resident => people.get(name)!;
const caller = (who: Resident) => ({ actor: house.deps.keeper.snapshot.actorOf(who.id, 'token') ?? who.actor, origin });

beforeAll(async () => {
  house = await openHouse();
  people.set('administrator', await house.createResident('Administrator'));
  for (const name of ['stranger', 'READ', 'WRITE', 'ADMIN', 'holder', 'disabled'] as const) people.set(name, await house.createResident(name));
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
});
afterAll(() => house.close());

/** Makes an object of a kind for a caller and returns what the path needs; null where a route knows no such object. */
type Make = (kind: Kind, subject: Living) => Promise<Record<string, string> | null>;

let count = 0;
const nextName = (): string => `object ${(count += 1)}`;
const random = (): { id: string } => ({ id: house.deps.ids.uuid() });
/** Who holds the object of a kind. */
const holderOf = (kind: Kind, subject: Living): Resident => person(kind === 'own' || kind === 'deleted' ? subject : 'holder');

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
const makeWorkspace: Make = async (kind) => {
  const userId = person('holder').id;
  if (kind === 'random') return { ...random(), userId };
  if (kind === 'own') return null;
  const roles = (['ADMIN', 'WRITE', 'READ'] as const).map((role): [Resident, typeof role] => [person(role), role]);
  const id = await house.createWorkspace(nextName(), kind === 'foreign' ? [[person('holder'), 'ADMIN']] : [...roles, [person('holder'), 'READ']]);
  if (kind === 'deleted') await deleteWorkspace(house.deps, caller(person('administrator')), id);
  return { id, userId };
};

const makeUser: Make = async (kind, subject) => {
  if (kind === 'random') return random();
  if (kind === 'own') return { id: person(subject).id };
  return kind === 'foreign' ? { id: person('holder').id } : null;
};

/** The statuses that callers with live credentials get. */
type Rule = (subject: Living, kind: Kind) => number;
const always =
  (status: number): Rule =>
  () =>
    status;
const administratorsOnly =
  (status: number): Rule =>
  (subject, kind) =>
    subject !== 'administrator' ? 403 : kind === 'random' ? 404 : status;
const ownOnly: Rule = (_, kind) => (kind === 'own' ? 200 : 404);
const gone: ReadonlySet<Kind> = new Set(['deleted', 'random'] as const);
const keyRule: Rule = (subject, kind) => {
  if (gone.has(kind)) return 404;
  if (kind === 'own' || subject === 'administrator') return 200;
  return kind === 'workspace' && subject === 'ADMIN' ? 200 : 404;
};
const ranks: Record<string, number> = { READ: 1, WRITE: 2, ADMIN: 3, administrator: 4 };
/** C-50: the workspaces of the own organization are no secret, what is in them is. */
const workspaceRule =
  (needed: 'READ' | 'ADMIN'): Rule =>
  (subject, kind) => {
    if (gone.has(kind)) return 404;
    if (subject === 'administrator') return 200;
    return kind === 'workspace' && (ranks[subject] ?? 0) >= ranks[needed]! ? 200 : 403;
  };

interface Row {
  rule: Rule;
  make?: Make;
  body?: (subject: Subject) => unknown;
  /** What nobody at all gets; 401 for every other route. */
  anonymous?: number;
}

const named = (): unknown => ({ name: nextName() });
const signInBody = (): unknown => ({ email: person('holder').email, password: person('holder').password });
const passwordBody = (): unknown => ({ currentPassword: person('holder').password, newPassword: 'another long password' });

const table: Record<string, Row> = {
  'GET /healthz': { rule: always(200), anonymous: 200 },
  'GET /readyz': { rule: always(200), anonymous: 200 },
  'GET /metrics': { rule: always(200), anonymous: 200 },
  'GET /api/setup': { rule: always(200), anonymous: 200 },
  'POST /api/setup': { rule: always(409), anonymous: 409, body: () => ({ token: 'x', name: 'X', email: 'x@example.org', password: 'long enough' }) },
  'POST /api/auth/sign-in/email': { rule: always(200), anonymous: 200, body: signInBody },
  'POST /api/auth/sign-out': { rule: always(200), anonymous: 200 },
  'GET /api/auth/get-session': { rule: always(200), anonymous: 200 },
  // All living callers come with tokens here, and a token may not change a password.
  'POST /api/auth/change-password': { rule: always(403), body: passwordBody },
  'GET /api/me': { rule: always(200) },
  'PATCH /api/me': { rule: always(200), body: () => ({ theme: 'dark' }) },
  'GET /api/me/sessions': { rule: always(200) },
  'DELETE /api/me/sessions/:id': { rule: ownOnly, make: makeSession },
  'GET /api/tokens': { rule: always(200) },
  'POST /api/tokens': { rule: always(201), body: named },
  'DELETE /api/tokens/:id': { rule: ownOnly, make: makeToken },
  'GET /api/admin/users': { rule: administratorsOnly(200) },
  'POST /api/admin/users': { rule: administratorsOnly(201), body: () => ({ name: 'N', email: `${house.deps.ids.uuid()}@example.org`, password: 'long enough' }) },
  'PATCH /api/admin/users/:id': { rule: administratorsOnly(200), make: makeUser, body: () => ({ name: 'New Name' }) },
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
  'POST /workspace/:id/users': { rule: workspaceRule('ADMIN'), make: makeWorkspace, body: () => ({ userId: person('stranger').id, role: 'READ' }) },
  'PUT /workspace/:id/users/:userId': { rule: workspaceRule('ADMIN'), make: makeWorkspace, body: () => ({ role: 'WRITE' }) },
  'DELETE /workspace/:id/users/:userId': { rule: workspaceRule('ADMIN'), make: makeWorkspace },
};

const isLiving = (subject: Subject): subject is Living => (living as readonly Subject[]).includes(subject);
const pathOf = (path: string, params: Record<string, string>): string => path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '');
const nameOf = (route: { method: string; path: string }): string => `${route.method} ${route.path}`;

async function ask(route: (typeof registry)[number], row: Row, subject: Subject, params: Record<string, string>): Promise<Reply> {
  const token = tokens.get(subject);
  const body = row.body?.(subject);
  return house.request(route.method, pathOf(route.path, params), { ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : { body }) });
}

/** The status that a caller whose credentials open nothing gets, whatever is asked for. */
const deadStatus = (row: Row, subject: Subject): number => (subject === 'anonymous' ? (row.anonymous ?? 401) : 401);

test('every route of the house has its row, and every row its route', () => {
  expect(registry.map(nameOf).toSorted()).toEqual(Object.keys(table).toSorted());
});

for (const route of registry) {
  const row = table[nameOf(route)];
  if (!row) continue;
  describe(nameOf(route), () => {
    test.each(subjects)('asked by %s', async (subject) => {
      for (const kind of row.make ? objects : (['own'] as const)) {
        const params = row.make ? await row.make(kind, isLiving(subject) ? subject : 'ADMIN') : {};
        if (params === null) continue;
        const expected = isLiving(subject) ? row.rule(subject, kind) : deadStatus(row, subject);
        const reply = await ask(route, row, subject, params);
        expect(reply.status, `${kind}: ${reply.text}`).toBe(expected);
        expect(route.statuses, `${kind}: a status that the route does not declare`).toContain(expected);
        if (reply.status >= 400) expect(reply.body).toMatchObject({ success: false, error_code: expect.any(String), request_id: reply.headers.get('x-request-id') });
      }
    });

    const { make } = row;
    if (make)
      test('a foreign object that answers 404 looks exactly like one that never was', async () => {
      for (const subject of living) {
        if (row.rule(subject, 'foreign') !== 404) continue;
        const [foreign, never] = [await make('foreign', subject), await make('random', subject)];
        const [first, second] = [await ask(route, row, subject, foreign!), await ask(route, row, subject, never!)];
        expect({ ...first.body, request_id: '' }).toEqual({ ...second.body, request_id: '' });
      }
    });

    if (row.anonymous === undefined)
      test('no spelling of the address opens it to nobody', async () => {
      const path = pathOf(route.path, { id: random().id, userId: random().id });
      const body = row.body?.('anonymous');
      const spellings = [`${path}/`, `/${path}`, path.toUpperCase(), path.replace(/\/(\w)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`), `${path}%2e`, `${path}?_method=GET`, `${path};a=b`];
      for (const spelling of spellings) {
        const reply = await house.request(route.method, spelling, body === undefined ? {} : { body });
        expect([401, 404], `${spelling}: ${reply.status}`).toContain(reply.status);
      }
      for (const method of ['HEAD', 'OPTIONS', 'POST']) {
        const answer = await fetch(house.url + path, { method, headers: { 'x-http-method-override': route.method, 'x-method-override': route.method } });
        expect([400, 401, 404, 405, 415], `${method} ${path}: ${answer.status}`).toContain(answer.status);
      }
    });
  });
}
