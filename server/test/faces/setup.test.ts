/** The first set-up, through the front door. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { ensureAdministrator } from '../../src/control/people/administrator.ts';
import { createDatabase as createPostgresDatabase, needs } from '../support/postgres.ts';
import { cookieOf, openHouse, type House, type HouseOptions } from '../support/house.ts';

let house: House | undefined;
const open = async (options?: HouseOptions): Promise<House> => (house = await openHouse(options));
afterEach(async () => {
  await house?.close();
  house = undefined;
});

const sari = { name: 'Sari', email: 'Sari@Example.org', password: 'correct horse battery' };

describe('GET /api/setup', () => {
  test('200 says that the set-up is needed, and what the environment names, without its secret', async () => {
    const { request } = await open({
      isDemoOffered: true,
      environment: { baseUrl: 'https://api.example.org/v1', model: 'gpt-4o', secret: new Secret('sk-environment-secret') },
    });
    const reply = await request('GET', '/api/setup');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      success: true,
      data: { needed: true, demoOffered: true, environment: { baseUrl: 'https://api.example.org/v1', model: 'gpt-4o', hasSecret: true } },
    });
    expect(reply.text).not.toContain('environment-secret');
  });

  test('200 tells a stranger nothing of the environment once the set-up is done', async () => {
    const { request, createResident } = await open({
      isDemoOffered: true,
      environment: { baseUrl: 'https://api.example.org/v1', model: null, secret: null },
    });
    await createResident('Ada');
    const reply = await request('GET', '/api/setup');
    expect(reply.body).toEqual({ success: true, data: { needed: false, demoOffered: false, environment: null } });
  });

  test('401 for a token that is none, though nobody needs one', async () => {
    const { request } = await open();
    expect((await request('GET', '/api/setup', { token: 'pat-pb-dead' })).status).toBe(401);
  });
});

describe('POST /api/setup', () => {
  test('401 for a token that is none, though nobody needs one, and the link stays good', async () => {
    const { request, newSetupToken } = await open();
    const body = { ...sari, token: await newSetupToken() };
    expect((await request('POST', '/api/setup', { token: 'pat-pb-dead', body })).status).toBe(401);
    expect((await request('POST', '/api/setup', { body })).status).toBe(201);
  });

  test('201 makes the administrator, the organization and a workspace, and signs in', async () => {
    const { request, newSetupToken, database } = await open();
    const token = await newSetupToken();
    const reply = await request('POST', '/api/setup', {
      body: { ...sari, token, language: 'id', timeZone: 'Asia/Jakarta', organizationName: 'Warung' },
    });
    expect(reply.status).toBe(201);
    expect(reply.text).not.toContain(sari.password);
    const me = await request('GET', '/api/me', { cookie: cookieOf(reply) });
    expect(me.status).toBe(200);
    expect(me.body.data).toMatchObject({
      email: 'sari@example.org',
      role: 'administrator',
      language: 'id',
      timeZone: 'Asia/Jakarta',
      organization: { name: 'Warung' },
    });
    expect(me.body.data!.workspaces).toHaveLength(1);
    expect(me.body.data!.workspaces![0]!.role).toBe('ADMIN');
    const audit = await database.db.selectFrom('audit_entries').selectAll().orderBy('id').execute();
    expect(audit.map((entry) => [entry.action, entry.outcome])).toEqual([
      ['installation.setup', 'success'],
      ['session.sign-in', 'success'],
    ]);
    expect(JSON.stringify(audit)).not.toContain(sari.password);
  });

  test('400 for a password that is too short, and nothing was made', async () => {
    const { request, newSetupToken } = await open();
    const token = await newSetupToken();
    const reply = await request('POST', '/api/setup', { body: { ...sari, token, password: 'short' } });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ error_code: 'VALIDATION_ERROR', details: [{ path: 'password' }] });
    expect((await request('GET', '/api/setup')).body.data!.needed).toBe(true);
  });

  test('400 for a time zone that there is not; without one it is UTC', async () => {
    const { request, newSetupToken } = await open();
    const token = await newSetupToken();
    const refused = await request('POST', '/api/setup', { body: { ...sari, token, timeZone: 'Asia/Batavia Lama' } });
    expect([refused.status, refused.body.details]).toMatchObject([400, [{ path: 'timeZone' }]]);
    const reply = await request('POST', '/api/setup', { body: { ...sari, token } });
    expect((await request('GET', '/api/me', { cookie: cookieOf(reply) })).at('data.timeZone')).toBe('UTC');
  });

  test('400 for a field that does not belong there', async () => {
    const { request, newSetupToken } = await open();
    const reply = await request('POST', '/api/setup', { body: { ...sari, token: await newSetupToken(), role: 'administrator' } });
    expect(reply.status).toBe(400);
    expect(reply.body.details).toMatchObject([{ path: 'role', code: 'unrecognized_keys' }]);
  });

  test('403 for a wrong token, an earlier one, and before any start made one', async () => {
    const { request, newSetupToken } = await open();
    expect((await request('POST', '/api/setup', { body: { ...sari, token: 'guess' } })).status).toBe(403);
    const earlier = await newSetupToken();
    await newSetupToken();
    const reply = await request('POST', '/api/setup', { body: { ...sari, token: earlier } });
    expect(reply.status).toBe(403);
    expect(reply.body.error_code).toBe('SETUP_TOKEN_INVALID');
    expect(reply.headers.getSetCookie()).toEqual([]);
  });

  test('403 from the page of another site', async () => {
    const { request, newSetupToken } = await open();
    const reply = await request('POST', '/api/setup', {
      body: { ...sari, token: await newSetupToken() },
      headers: { origin: 'https://evil.example' },
    });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'CSRF_REFUSED']);
  });

  test('409 once it is done, whatever the token', async () => {
    const { request, newSetupToken } = await open();
    const token = await newSetupToken();
    expect((await request('POST', '/api/setup', { body: { ...sari, token } })).status).toBe(201);
    const reply = await request('POST', '/api/setup', { body: { ...sari, email: 'second@example.org', token } });
    expect([reply.status, reply.body.error_code]).toEqual([409, 'SETUP_DONE']);
    expect(await newSetupToken()).toBeNull();
  });

  test('of several set-ups at once exactly one wins, and the others leave nothing behind', async () => {
    const { request, newSetupToken, database } = await open();
    const token = await newSetupToken();
    const tries = await Promise.all(
      [1, 2, 3, 4].map((n) => request('POST', '/api/setup', { body: { ...sari, email: `a${n}@example.org`, token } })),
    );
    expect(tries.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
    for (const table of ['users', 'accounts', 'people', 'organizations', 'workspaces'] as const)
      expect(await database.db.selectFrom(table).selectAll().execute(), table).toHaveLength(1);
  });

  test('the token is kept as a hash only', async () => {
    const { newSetupToken, database } = await open();
    const token = await newSetupToken();
    expect(token).toMatch(/^[\w-]{43}$/);
    const settings = await database.db.selectFrom('settings').selectAll().execute();
    expect(settings).toHaveLength(1);
    expect(JSON.stringify(settings)).not.toContain(token);
  });
});

describe('the unattended first run', () => {
  const named = {
    email: 'Admin@Example.org',
    password: 'unattended password',
    token: 'an operators own token of 40 characters!'.replaceAll(' ', '-'),
  };

  test('makes the administrator, whose token is accepted as a personal token', async () => {
    const { request, deps, signIn } = await open();
    await ensureAdministrator(deps, named);
    const me = await request('GET', '/api/me', { token: named.token });
    expect(me.body.data).toMatchObject({ email: 'admin@example.org', role: 'administrator' });
    expect((await request('GET', '/api/setup')).body.data!.needed).toBe(false);
    expect(await signIn({ email: named.email, password: named.password })).toContain('patchbay.session_token=');
  });

  test('repeated, it changes nothing: not the password, not the token', async () => {
    const { request, deps, signIn, database } = await open();
    await ensureAdministrator(deps, named);
    await ensureAdministrator(deps, { ...named, password: 'another password' });
    expect(await database.db.selectFrom('people').selectAll().execute()).toHaveLength(1);
    expect(await database.db.selectFrom('personal_tokens').selectAll().execute()).toHaveLength(1);
    expect(await signIn({ email: named.email, password: named.password })).not.toBe('');
    expect((await request('GET', '/api/me', { token: named.token })).status).toBe(200);
  });

  test('a token that is named no more, or replaced, is not accepted any more', async () => {
    const { request, deps } = await open();
    await ensureAdministrator(deps, named);
    const second = 'B'.repeat(32);
    await ensureAdministrator(deps, { ...named, token: second });
    expect((await request('GET', '/api/me', { token: named.token })).status).toBe(401);
    expect((await request('GET', '/api/me', { token: second })).status).toBe(200);
    await ensureAdministrator(deps, { ...named, token: null });
    expect((await request('GET', '/api/me', { token: second })).status).toBe(401);
  });

  test('a token that was revoked by hand stays revoked at the next start, and the log says so', async () => {
    const { request, deps, logged } = await open();
    await ensureAdministrator(deps, named);
    const id = (await request('GET', '/api/tokens', { token: named.token })).at('data.0.id');
    expect((await request('DELETE', `/api/tokens/${id}`, { token: named.token })).status).toBe(200);
    await ensureAdministrator(deps, named);
    expect((await request('GET', '/api/me', { token: named.token })).status).toBe(401);
    expect(logged.join('')).toContain('was revoked');
    expect(logged.join('')).not.toContain(named.token);
  });

  test('a token without an administrator to belong to is not accepted', async () => {
    const { request, deps, logged } = await open();
    await ensureAdministrator(deps, { email: null, password: null, token: named.token });
    expect((await request('GET', '/api/me', { token: named.token })).status).toBe(401);
    expect(logged.join('')).toContain('names no administrator');
  });

  test('two instances that start at once make one administrator', async () => {
    const { deps, database } = await open();
    await Promise.all([ensureAdministrator(deps, named), ensureAdministrator(deps, named)]);
    expect(await database.db.selectFrom('people').selectAll().execute()).toHaveLength(1);
    expect(await database.db.selectFrom('personal_tokens').selectAll().execute()).toHaveLength(1);
  });
});

needs('postgres')('two instances on one PostgreSQL', () => {
  const openBoth = async (): Promise<[House, House]> => {
    const databaseUrl = await createPostgresDatabase();
    const masterKey = randomBytes(32).toString('base64');
    return [await openHouse({ databaseUrl, masterKey }), await openHouse({ databaseUrl, masterKey })];
  };

  test('that start at once make one administrator, whose token both accept', async () => {
    const both = await openBoth();
    try {
      const named = { email: 'admin@example.org', password: 'unattended password', token: 'C'.repeat(40) };
      await Promise.all(both.map(({ deps }) => ensureAdministrator(deps, named)));
      expect(await both[0].database.db.selectFrom('people').selectAll().execute()).toHaveLength(1);
      expect(await both[0].database.db.selectFrom('personal_tokens').selectAll().execute()).toHaveLength(1);
      for (const { request } of both)
        await expect.poll(async () => (await request('GET', '/api/me', { token: named.token })).status).toBe(200);
    } finally {
      for (const one of both) await one.close();
    }
  });

  test('give out two links, of which the newer is good at either, once', async () => {
    const both = await openBoth();
    try {
      await both[0].newSetupToken();
      const token = await both[1].newSetupToken();
      const tries = await Promise.all(
        both.map(({ request }, n) => request('POST', '/api/setup', { body: { ...sari, email: `a${n}@example.org`, token } })),
      );
      expect(tries.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
      expect(await both[0].database.db.selectFrom('organizations').selectAll().execute()).toHaveLength(1);
    } finally {
      for (const one of both) await one.close();
    }
  });
});
