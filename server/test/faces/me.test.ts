/** What people see and change of themselves, and administrators of others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let mia: Resident;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  mia = await house.createResident('Mia', 'manager');
});
afterAll(() => house.close());

const auditOf = (action: string, subjectId: string) =>
  house.database.db
    .selectFrom('audit_entries')
    .selectAll()
    .where('action', '=', action)
    .where('subject_id', '=', subjectId)
    .orderBy('id', 'desc')
    .execute();

describe('GET /api/me', () => {
  test('200 with permissions by role, the organization and the own workspaces', async () => {
    const id = await house.createWorkspace('Research', [
      [ada, 'ADMIN'],
      [ben, 'WRITE'],
    ]);
    const reply = await house.request('GET', '/api/me', { token: ben.token });
    expect(reply.status).toBe(200);
    expect(reply.body.data).toEqual({
      id: ben.id,
      email: ben.email,
      name: 'Ben',
      role: 'user',
      permissions: ['use_ai_chat'],
      language: 'en',
      timeZone: 'UTC',
      theme: 'auto',
      hasSecondFactor: false,
      organization: { id: ada.actor.organizationId, name: 'Patchbay' },
      lastEventId: house.deps.events.lastId,
      workspaces: [{ id, name: 'Research', role: 'WRITE' }],
    });
    expect((await house.request('GET', '/api/me', { token: mia.token })).body.data!.permissions).toEqual([
      'manage_ai_models',
      'manage_ai_use_cases',
      'use_ai_chat',
    ]);
    const all = await house.request('GET', '/api/me', { token: ada.token });
    expect(all.body.data!.workspaces).toMatchObject([
      { name: 'Research', role: 'ADMIN' },
      { name: 'Default', role: 'ADMIN' },
    ]);
  });

  test('200 for a session as for a token', async () => {
    const cookie = await house.signIn(ben);
    expect((await house.request('GET', '/api/me', { cookie })).body).toEqual(
      (await house.request('GET', '/api/me', { token: ben.token })).body,
    );
  });

  test('401 without anything, and with anything that is no token of ours', async () => {
    const headers = [
      '',
      'Bearer',
      'Bearer ',
      'Basic YTpi',
      `bearer\t${ben.token}`,
      `Token ${ben.token}`,
      "Bearer ' OR 1=1 --",
      `Bearer ${ben.token}x`,
      `Bearer ${ben.token.slice(0, -1)}`,
      `Bearer ${'x'.repeat(600)}`,
    ];
    for (const authorization of headers) {
      const reply = await house.request('GET', '/api/me', { headers: { authorization } });
      expect([reply.status, reply.body.error_code], authorization).toEqual([401, 'UNAUTHENTICATED']);
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect((await house.request('GET', '/api/me')).status).toBe(401);
    expect((await house.request('GET', `/api/me?key=${ben.token}`)).status).toBe(401);
    expect((await house.request('GET', '/api/me', { headers: { 'x-api-key': ben.token, 'api-key': ben.token } })).status).toBe(401);
  });

  test('401 for an access key, which is for the data plane alone', async () => {
    const key = (await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: 'k' } })).at('data.key');
    const reply = await house.request('GET', '/api/me', { token: key });
    expect([reply.status, reply.body.error_code]).toEqual([401, 'WRONG_KEY_KIND']);
  });
});

describe('PATCH /api/me', () => {
  test('200 changes name, language, time zone and theme, and the next answer speaks the language', async () => {
    const eve = await house.createResident('Eve');
    const change = { name: 'Eve Widya', language: 'id', timeZone: 'Asia/Jakarta', theme: 'dark' };
    const reply = await house.request('PATCH', '/api/me', { token: eve.token, body: change });
    expect(reply.status).toBe(200);
    expect(reply.body.data).toMatchObject(change);
    const missing = await house.request('DELETE', `/api/tokens/${eve.id}`, { token: eve.token, headers: { 'accept-language': '' } });
    expect(missing.at('message')).toContain('tidak');
    const [entry] = await auditOf('user.update', eve.id);
    expect(JSON.parse(entry!.changes!)).toEqual({
      name: { before: 'Eve', after: 'Eve Widya' },
      language: { before: 'en', after: 'id' },
      timeZone: { before: 'UTC', after: 'Asia/Jakarta' },
      theme: { before: 'auto', after: 'dark' },
    });
  });

  test('400 for anything that people may not give themselves, and for values that do not fit', async () => {
    const bad = [
      { role: 'administrator' },
      { id: ada.id },
      { email: 'other@example.org' },
      { disabled: false },
      { isAdmin: true },
      { workspaceId: ada.id },
    ];
    for (const body of [
      ...bad,
      { language: 'de' },
      { timeZone: 'Mars/Olympus' },
      { theme: 'neon' },
      { name: ' ' },
      { name: 'x'.repeat(256) },
      null,
    ]) {
      const reply = await house.request('PATCH', '/api/me', { token: ben.token, body });
      expect([reply.status, reply.body.error_code], JSON.stringify(body)).toEqual([400, 'VALIDATION_ERROR']);
    }
    expect((await house.request('GET', '/api/me', { token: ben.token })).body.data!.role).toBe('user');
  });

  test('401 without a token', async () => {
    expect((await house.request('PATCH', '/api/me', { body: { name: 'X' } })).status).toBe(401);
  });
});

describe('GET /api/me/sessions', () => {
  test('200 lists the own sessions alone and marks the one that asks', async () => {
    const eve = await house.createResident('Eva');
    const [first, second] = [await house.signIn(eve), await house.signIn(eve)];
    await house.signIn(ben);
    const reply = await house.request('GET', '/api/me/sessions', { cookie: second });
    expect(reply.status).toBe(200);
    expect([...reply.body.data!].map((session) => session['isCurrent'])).toEqual([true, false]);
    expect(reply.body.data![0]).toMatchObject({ address: '127.0.0.1', agent: 'node' });
    expect(reply.text).not.toContain(second.split('=')[1]!.split('.')[0]);
    expect(
      [...(await house.request('GET', '/api/me/sessions', { cookie: first })).body.data!].map((session) => session['isCurrent']),
    ).toEqual([false, true]);
    expect(
      [...(await house.request('GET', '/api/me/sessions', { token: eve.token })).body.data!].map((session) => session['isCurrent']),
    ).toEqual([false, false]);
  });

  test('401 without a session', async () => {
    expect((await house.request('GET', '/api/me/sessions')).status).toBe(401);
  });
});

describe('DELETE /api/me/sessions', () => {
  test('200 ends every session but the one that asks; a token’s owner loses all of them', async () => {
    const eve = await house.createResident('Evangeline');
    const [here, there] = [await house.signIn(eve), await house.signIn(eve)];
    expect((await house.request('DELETE', '/api/me/sessions', { cookie: here })).status).toBe(200);
    const statusOf = async (cookie: string) => (await house.request('GET', '/api/me', { cookie })).status;
    expect([await statusOf(here), await statusOf(there)]).toEqual([200, 401]);
    expect((await house.request('DELETE', '/api/me/sessions', { token: eve.token })).status).toBe(200);
    expect(await statusOf(here)).toBe(401);
    expect(await auditOf('session.revoke-others', eve.id)).toHaveLength(2);
  });

  test('401 for nobody', async () => {
    expect((await house.request('DELETE', '/api/me/sessions')).status).toBe(401);
  });
});

describe('DELETE /api/me/sessions/:id', () => {
  test('200 ends the session at once', async () => {
    const [here, there] = [await house.signIn(ben), await house.signIn(ben)];
    const id = (await house.request('GET', '/api/auth/get-session', { cookie: there })).at('data.session.id');
    expect((await house.request('DELETE', `/api/me/sessions/${id}`, { cookie: here })).status).toBe(200);
    expect((await house.request('GET', '/api/me', { cookie: there })).status).toBe(401);
    expect((await house.request('GET', '/api/me', { cookie: here })).status).toBe(200);
  });

  test('401 without a session', async () => {
    expect((await house.request('DELETE', `/api/me/sessions/${house.deps.ids.uuid()}`)).status).toBe(401);
  });

  test("404 for another person's session, which lives on", async () => {
    const cookie = await house.signIn(ada);
    const id = (await house.request('GET', '/api/auth/get-session', { cookie })).at('data.session.id');
    const foreign = await house.request('DELETE', `/api/me/sessions/${id}`, { token: ben.token });
    const random = await house.request('DELETE', `/api/me/sessions/${house.deps.ids.uuid()}`, { token: ben.token });
    expect(foreign.status).toBe(404);
    expect(foreign.bodyWithoutId).toEqual(random.bodyWithoutId);
    expect((await house.request('DELETE', '/api/me/sessions/nonsense', { token: ben.token })).status).toBe(404);
    expect((await house.request('GET', '/api/me', { cookie })).status).toBe(200);
  });
});

describe('GET /api/admin/users', () => {
  test('200 newest first, page by page, with a search in names and addresses', async () => {
    const all = await house.request('GET', '/api/admin/users', { token: ada.token });
    const names: unknown[] = [...all.body.data!].map((user) => user['name']);
    expect(names.at(-1)).toBe('Ada');
    expect(names).toContain('Mia');
    const first = await house.request('GET', '/api/admin/users?limit=2', { token: ada.token });
    expect(first.body.data).toHaveLength(2);
    const second = await house.request('GET', `/api/admin/users?limit=2&cursor=${first.at('nextCursor')}`, { token: ada.token });
    expect([...first.body.data!, ...second.body.data!]).toEqual([...all.body.data!].slice(0, 4));
    const found = await house.request('GET', '/api/admin/users?q=mIA@', { token: ada.token });
    expect(found.body).toMatchObject({ data: [{ id: mia.id, disabled: false }], nextCursor: null });
    expect((await house.request('GET', '/api/admin/users?q=%25', { token: ada.token })).body.data).toEqual([]);
    expect(all.text).not.toContain('argon2');
  });

  test('400 for a query that does not fit', async () => {
    for (const query of ['limit=0', 'limit=501', 'cursor=x', 'role=user'])
      expect((await house.request('GET', `/api/admin/users?${query}`, { token: ada.token })).status, query).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/api/admin/users')).status).toBe(401);
  });

  test('403 for who is no administrator', async () => {
    for (const { token } of [ben, mia]) expect((await house.request('GET', '/api/admin/users', { token })).status).toBe(403);
  });
});

describe('POST /api/admin/users', () => {
  const create = (body: unknown, token = ada.token) => house.request('POST', '/api/admin/users', { token, body });

  test('201 with a generated password that is shown once and opens the house', async () => {
    const reply = await create({ email: 'New.Person@Example.org', name: 'New Person' });
    expect(reply.status).toBe(201);
    expect(reply.body.data).toMatchObject({ email: 'new.person@example.org', role: 'user', language: 'en', disabled: false });
    const password = reply.at('data.generatedPassword');
    expect(password.length).toBeGreaterThanOrEqual(20);
    expect(await house.signIn({ email: 'new.person@example.org', password })).toContain('session_token');
    expect((await house.request('GET', '/api/admin/users', { token: ada.token })).text).not.toContain(password);
    const entries = await auditOf('user.create', reply.at('data.id'));
    expect(entries).toHaveLength(1);
    expect(JSON.stringify(entries)).not.toContain(password);
  });

  test('201 in the time zone of who makes them, until they choose another', async () => {
    await house.request('PATCH', '/api/me', { token: ada.token, body: { timeZone: 'Asia/Jayapura' } });
    const reply = await create({ email: 'far.east@example.org', name: 'Far East' });
    const cookie = await house.signIn({ email: 'far.east@example.org', password: reply.at('data.generatedPassword') });
    expect((await house.request('GET', '/api/me', { cookie })).at('data.timeZone')).toBe('Asia/Jayapura');
    await house.request('PATCH', '/api/me', { token: ada.token, body: { timeZone: 'UTC' } });
  });

  test('201 with a given password, which is not shown again', async () => {
    const reply = await create({
      email: 'chosen@example.org',
      name: 'Chosen',
      role: 'manager',
      language: 'id',
      password: 'chosen by the administrator',
    });
    expect(reply.body.data).toMatchObject({ role: 'manager', language: 'id', generatedPassword: null });
    expect(reply.text).not.toContain('chosen by');
  });

  test('400 for an address that is none, an unknown role or field', async () => {
    const good = { email: 'x@example.org', name: 'X' };
    for (const body of [
      { ...good, email: 'x' },
      { ...good, role: 'owner' },
      { ...good, password: 'short' },
      { ...good, id: ada.id },
      { name: 'X' },
    ])
      expect((await create(body)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/api/admin/users', { body: { email: 'sneaky@example.org', name: 'S' } })).status).toBe(401);
  });

  test('403 for who is no administrator, and nobody is made', async () => {
    expect((await create({ email: 'sneaky@example.org', name: 'S', role: 'administrator' }, mia.token)).status).toBe(403);
    expect((await house.request('GET', '/api/admin/users?q=sneaky', { token: ada.token })).body.data).toEqual([]);
  });

  test('409 for an address that is taken, whatever its case; also for two at once', async () => {
    const reply = await create({ email: 'BEN@example.org', name: 'Ben Again' });
    expect([reply.status, reply.body.error_code]).toEqual([409, 'EMAIL_EXISTS']);
    const both = await Promise.all([1, 2].map(() => create({ email: 'race@example.org', name: 'Race' })));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
  });
});

describe('PATCH /api/admin/users/:id', () => {
  const change = (id: string, body: unknown, token = ada.token) => house.request('PATCH', `/api/admin/users/${id}`, { token, body });

  test('200 disabling ends sessions and tokens at once; enabling brings back the tokens, not the sessions', async () => {
    const eve = await house.createResident('Evi');
    const cookie = await house.signIn(eve);
    expect((await change(eve.id, { disabled: true })).body.data).toMatchObject({ disabled: true });
    expect((await house.request('GET', '/api/me', { cookie })).status).toBe(401);
    expect((await house.request('GET', '/api/me', { token: eve.token })).status).toBe(401);
    expect((await change(eve.id, { disabled: false })).body.data).toMatchObject({ disabled: false });
    expect((await house.request('GET', '/api/me', { cookie })).status).toBe(401);
    expect((await house.request('GET', '/api/me', { token: eve.token })).status).toBe(200);
    expect((await auditOf('user.update', eve.id)).map((entry) => JSON.parse(entry.changes!) as unknown)).toEqual([
      { disabled: { before: true, after: false } },
      { disabled: { before: false, after: true } },
    ]);
  });

  test('200 a new role counts from the next request on', async () => {
    const eve = await house.createResident('Evo');
    expect((await house.request('POST', '/workspace', { token: eve.token, body: { name: 'Evo 1' } })).status).toBe(403);
    expect((await change(eve.id, { role: 'manager', name: 'Evo II' })).body.data).toMatchObject({ role: 'manager', name: 'Evo II' });
    expect((await house.request('POST', '/workspace', { token: eve.token, body: { name: 'Evo 1' } })).status).toBe(200);
  });

  test('400 for unknown fields and roles', async () => {
    for (const body of [{ role: 'owner' }, { email: 'x@example.org' }, { password: 'a new password' }, { disabled: 'yes' }])
      expect((await change(ben.id, body)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('PATCH', `/api/admin/users/${ben.id}`, { body: { role: 'administrator' } })).status).toBe(401);
  });

  test('403 for who is no administrator, and the role stays', async () => {
    expect((await change(ben.id, { role: 'administrator' }, ben.token)).status).toBe(403);
    expect((await house.request('GET', '/api/me', { token: ben.token })).body.data!.role).toBe('user');
  });

  test('404 for a person who does not exist', async () => {
    for (const id of [house.deps.ids.uuid(), 'nonsense']) expect((await change(id, { name: 'X' })).status).toBe(404);
  });

  test('200 the own looks are no conflict for whoever keeps people, a name is', async () => {
    const eve = await house.createResident('Looking');
    const shown = await house.request('GET', `/api/admin/users?q=${eve.email}`, { token: ada.token });
    const { revision } = (shown.body.data as unknown as { revision: number }[])[0]!;
    const set = (body: object) => house.request('PATCH', `/api/admin/users/${eve.id}`, { token: ada.token, body });
    expect((await house.request('PATCH', '/api/me', { token: eve.token, body: { theme: 'dark', language: 'id' } })).status).toBe(200);
    const changed = await set({ role: 'manager', revision });
    expect(changed.status).toBe(200);
    await house.request('PATCH', '/api/me', { token: eve.token, body: { theme: 'light', name: 'Eve Widya' } });
    const { revision: next } = changed.body.data as unknown as { revision: number };
    expect(await set({ role: 'user', revision: next })).toMatchObject({ status: 409, body: { error_code: 'CONFLICT' } });
  });

  test('409 for the last administrator, demoted or disabled; also when two leave at once', async () => {
    for (const body of [{ role: 'user' }, { disabled: true }]) {
      const reply = await change(ada.id, body);
      expect([reply.status, reply.body.error_code]).toEqual([409, 'LAST_ADMINISTRATOR']);
    }
    const second = await house.createResident('Second', 'administrator');
    const both = await Promise.all([change(ada.id, { role: 'user' }, second.token), change(second.id, { role: 'user' }, ada.token)]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const left = await house.database.db.selectFrom('people').select('user_id').where('role', '=', 'administrator').execute();
    expect(left).toHaveLength(1);
  });
});
