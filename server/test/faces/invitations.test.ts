/** Invitations, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { cookieOf, openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let skewMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs, monotonicMs: () => systemClock.monotonicMs() + skewMs };
const dayMs = 86_400_000;

let house: House;
let ada: Resident;
let ben: Resident;
let cat: Resident;
let lab: string;
beforeAll(async () => {
  house = await openHouse({ clock });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  cat = await house.createResident('Cat');
  lab = await house.createWorkspace('Lab', [
    [ben, 'ADMIN'],
    [cat, 'WRITE'],
  ]);
});
afterAll(() => house.close());

const invite = (body: unknown, person = ada): Promise<Reply> => house.request('POST', '/api/invitations', { token: person.token, body });
const look = (token: string): Promise<Reply> => house.request('POST', '/api/invitations/look', { body: { token } });
const accept = (token: string, body: object = {}): Promise<Reply> =>
  house.request('POST', '/api/invitations/accept', { body: { token, name: 'New Person', password: 'a password of my own', ...body } });
const listed = async (person: Resident, query = ''): Promise<unknown[]> =>
  [...(await house.request('GET', `/api/invitations${query}`, { token: person.token })).body.data!].map((one) => one['email']);
let count = 0;
const address = (): string => `guest${(count += 1)}@example.org`;

describe('POST /api/invitations', () => {
  test('201 shows the token once and keeps a hash of it; no mail is needed', async () => {
    const reply = await invite({ email: 'Guest@Example.org', role: 'manager' });
    expect(reply.status).toBe(201);
    const token = reply.at('data.invitation.token');
    expect(token.length).toBeGreaterThanOrEqual(43);
    expect(reply.body.data!['invitation']).toMatchObject({
      email: 'guest@example.org',
      role: 'manager',
      workspace: null,
      createdBy: { name: 'Ada' },
    });
    const rows = await house.database.db.selectFrom('invitations').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token);
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('action', '=', 'invitation.create').execute();
    expect(audit).toHaveLength(1);
    expect(JSON.stringify(audit)).not.toContain(token);
  });

  test('201 a second one to the same place ends the first', async () => {
    const email = address();
    const [first, second] = [await invite({ email }), await invite({ email })];
    expect((await look(first.at('data.invitation.token'))).status).toBe(404);
    expect((await look(second.at('data.invitation.token'))).status).toBe(200);
  });

  test('201 a workspace’s ADMIN invites into the workspace; whoever has an account is a member at once', async () => {
    const reply = await invite({ email: address(), workspaceId: lab, workspaceRole: 'READ' }, ben);
    expect(reply.body.data!['invitation']).toMatchObject({ role: 'user', workspace: { id: lab, name: 'Lab', role: 'READ' } });
    const known = await house.createResident('Known');
    const added = await invite({ email: known.email, workspaceId: lab, workspaceRole: 'WRITE' }, ben);
    expect([added.status, added.body.data]).toEqual([
      201,
      { invitation: null, added: { id: known.id, name: 'Known', email: known.email } },
    ]);
    expect(house.deps.keeper.snapshot.actorOf(known.id, 'token')?.workspaces.get(lab)).toBe('WRITE');
  });

  test('400 without an address, with a role in no workspace, or for longer than thirty days', async () => {
    const email = address();
    for (const body of [
      {},
      { email: 'x' },
      { email, workspaceRole: 'READ' },
      { email, workspaceId: lab },
      { email, days: 31 },
      { email, days: 0 },
    ])
      expect((await invite(body)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/api/invitations', { body: { email: address() } })).status).toBe(401);
  });

  test('403 for a member who is no ADMIN, for an ADMIN who wants more than a user, and outside of workspaces', async () => {
    const into = { email: address(), workspaceId: lab, workspaceRole: 'READ' };
    for (const [person, body] of [
      [cat, into],
      [ben, { ...into, role: 'administrator' }],
      [ben, { email: address() }],
    ] as const)
      expect((await invite(body, person)).status).toBe(403);
  });

  test('404 for a workspace that is none', async () => {
    expect((await invite({ email: address(), workspaceId: house.deps.ids.uuid(), workspaceRole: 'READ' })).status).toBe(404);
  });

  test('409 for somebody who is here already, where there is no workspace to add them to', async () => {
    const reply = await invite({ email: cat.email });
    expect([reply.status, reply.body.error_code]).toEqual([409, 'EMAIL_EXISTS']);
  });
});

describe('GET /api/invitations', () => {
  test('200 administrators see all that are open, a workspace’s ADMIN those into it, others none', async () => {
    const [one, two] = [address(), address()];
    await invite({ email: one });
    await invite({ email: two, workspaceId: lab, workspaceRole: 'READ' });
    expect((await listed(ada)).slice(0, 2)).toEqual([two, one]);
    expect(await listed(ben)).toContain(two);
    expect(await listed(ben)).not.toContain(one);
    expect(await listed(cat)).toEqual([]);
    expect(await listed(ada, `?workspaceId=${lab}`)).not.toContain(one);
    expect((await house.request('GET', '/api/invitations', { token: ada.token })).text).not.toContain('token');
  });

  test('400 for a query that does not fit', async () => {
    expect((await house.request('GET', '/api/invitations?limit=0', { token: ada.token })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/api/invitations')).status).toBe(401);
  });

  test('403 for a workspace in which one is no ADMIN', async () => {
    expect((await house.request('GET', `/api/invitations?workspaceId=${lab}`, { token: cat.token })).status).toBe(403);
  });

  test('404 for a workspace that is none', async () => {
    expect((await house.request('GET', `/api/invitations?workspaceId=${house.deps.ids.uuid()}`, { token: ada.token })).status).toBe(404);
  });
});

describe('DELETE /api/invitations/:id', () => {
  const withdraw = (id: string, person = ada) => house.request('DELETE', `/api/invitations/${id}`, { token: person.token });

  test('200 the link is void from now on; 404 the second time', async () => {
    const made = await invite({ email: address() });
    expect((await withdraw(made.at('data.invitation.id'))).status).toBe(200);
    expect((await look(made.at('data.invitation.token'))).status).toBe(404);
    expect((await withdraw(made.at('data.invitation.id'))).status).toBe(404);
  });

  test('401 for nobody', async () => {
    const id = (await invite({ email: address() })).at('data.invitation.id');
    expect((await house.request('DELETE', `/api/invitations/${id}`)).status).toBe(401);
  });

  test('404 for one that is not the caller’s to see, which stays good', async () => {
    const made = await invite({ email: address() });
    const id = made.at('data.invitation.id');
    for (const person of [ben, cat]) expect((await withdraw(id, person)).status).toBe(404);
    expect((await look(made.at('data.invitation.token'))).status).toBe(200);
  });
});

describe('POST /api/invitations/look', () => {
  test('200 tells who invites whom where, and nothing else', async () => {
    const email = address();
    const made = await invite({ email, workspaceId: lab, workspaceRole: 'READ' }, ben);
    const reply = await look(made.at('data.invitation.token'));
    expect([reply.status, reply.body.data]).toMatchObject([200, { email, invitedBy: 'Ben', workspace: 'Lab' }]);
  });

  test('400 without a token', async () => {
    expect((await house.request('POST', '/api/invitations/look', { body: {} })).status).toBe(400);
  });

  test('401 with credentials that open nothing', async () => {
    expect((await house.request('POST', '/api/invitations/look', { token: 'pat-pb-dead', body: { token: 'x' } })).status).toBe(401);
  });

  test('403 from another site’s page', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await house.request('POST', '/api/invitations/look', { body: { token: 'x' }, headers })).status).toBe(403);
  });

  test('404 alike for one that never was, is over, or whose inviter lost the right to invite', async () => {
    const never = await look('never');
    const over = await invite({ email: address(), days: 1 });
    const admin = await house.createResident('Fallen');
    const space = await house.createWorkspace('Fallen space', [
      [ada, 'ADMIN'],
      [admin, 'ADMIN'],
    ]);
    const orphan = await invite({ email: address(), workspaceId: space, workspaceRole: 'ADMIN' }, admin);
    await house.request('PUT', `/workspace/${space}/users/${admin.id}`, { token: ada.token, body: { role: 'READ' } });
    skewMs += dayMs + 1;
    for (const reply of [await look(over.at('data.invitation.token')), await look(orphan.at('data.invitation.token'))])
      expect([reply.status, reply.bodyWithoutId]).toEqual([404, never.bodyWithoutId]);
  });

  test('404 for an administrator’s role, once its inviter is no administrator any more, whatever they are in the workspace', async () => {
    const fallen = await house.createResident('Fallen administrator', 'administrator');
    const space = await house.createWorkspace('Kept space', [
      [ada, 'ADMIN'],
      [fallen, 'ADMIN'],
    ]);
    const into = { workspaceId: space, workspaceRole: 'READ' };
    const high = (await invite({ email: address(), role: 'administrator', ...into }, fallen)).at('data.invitation.token');
    const plain = (await invite({ email: address(), ...into }, fallen)).at('data.invitation.token');
    expect((await look(high)).status).toBe(200);
    const body = { role: 'user' };
    expect((await house.request('PATCH', `/api/admin/users/${fallen.id}`, { token: ada.token, body })).status).toBe(200);
    expect([(await look(high)).status, (await accept(high)).status, (await look(plain)).status]).toEqual([404, 404, 200]);
  });

  test('429 for who guesses', async () => {
    const statuses: number[] = [];
    for (let tried = 0; tried < 25; tried += 1) statuses.push((await look(`guess ${tried}`)).status);
    expect(statuses).toContain(429);
    skewMs += 61_000;
  });
});

describe('POST /api/invitations/accept', () => {
  test('201 makes the person, the membership and the session; the link is used up', async () => {
    const email = address();
    const token = (await invite({ email, workspaceId: lab, workspaceRole: 'WRITE' }, ben)).at('data.invitation.token');
    const reply = await accept(token, { language: 'id', timeZone: 'Asia/Makassar' });
    expect([reply.status, reply.body.data]).toMatchObject([201, { user: { name: 'New Person', email } }]);
    const me = await house.request('GET', '/api/me', { cookie: cookieOf(reply) });
    expect(me.body.data).toMatchObject({
      email,
      role: 'user',
      language: 'id',
      timeZone: 'Asia/Makassar',
      workspaces: [{ id: lab, role: 'WRITE' }],
    });
    expect((await accept(token)).body.error_code).toBe('INVITATION_INVALID');
    expect(await listed(ada)).not.toContain(email);
  });

  test('201 of two at once exactly one is made', async () => {
    const token = (await invite({ email: address() })).at('data.invitation.token');
    const statuses = (await Promise.all([accept(token), accept(token)])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  });

  test('400 without a name, with a short password, or with an address of one’s own', async () => {
    const token = (await invite({ email: address() })).at('data.invitation.token');
    for (const body of [
      { name: '' },
      { password: 'short' },
      { email: 'evil@example.org' },
      { role: 'administrator' },
      { timeZone: 'Mars' },
    ])
      expect((await accept(token, body)).status, JSON.stringify(body)).toBe(400);
    expect((await look(token)).status).toBe(200);
  });

  const body = { token: 'x', name: 'N', password: 'long enough' };

  test('401 with credentials that open nothing', async () => {
    expect((await house.request('POST', '/api/invitations/accept', { token: 'pat-pb-dead', body })).status).toBe(401);
  });

  test('403 from another site’s page', async () => {
    const headers = { origin: 'https://elsewhere.example' };
    expect((await house.request('POST', '/api/invitations/accept', { body, headers })).status).toBe(403);
  });

  test('404 for a link that is void', async () => {
    expect((await accept('void')).status).toBe(404);
  });

  test('429 for who guesses, also with a link that is good', async () => {
    const token = (await invite({ email: address() })).at('data.invitation.token');
    for (let tried = 0; tried < 25; tried += 1) await accept(`guess ${tried}`);
    expect((await accept(token)).status).toBe(429);
    skewMs += 61_000;
    expect((await accept(token)).status).toBe(201);
  });

  test('409 where the address was taken meanwhile, and nothing is made', async () => {
    const email = address();
    const token = (await invite({ email, workspaceId: lab, workspaceRole: 'READ' })).at('data.invitation.token');
    await house.request('POST', '/api/admin/users', { token: ada.token, body: { email, name: 'First' } });
    expect((await accept(token)).body.error_code).toBe('EMAIL_EXISTS');
  });
});
