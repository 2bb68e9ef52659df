/** What administrators do with people beyond making and changing them: permissions, deletion, a lost second factor. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshCode } from '../support/authenticator.ts';
import { insertResponse } from '../../src/storage/responses.ts';
import { cookieOf, openHouse, type House, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let count = 0;
beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
});
afterAll(() => house.close());

const someone = (): Promise<Resident> => house.createResident(`Somebody${(count += 1)}`);
const change = (id: string, body: unknown, token = ada.token) => house.request('PATCH', `/api/admin/users/${id}`, { token, body });
const remove = (id: string, token?: string) => house.request('DELETE', `/api/admin/users/${id}`, token === undefined ? {} : { token });
const reset = (id: string, token?: string) =>
  house.request('DELETE', `/api/admin/users/${id}/second-factor`, token === undefined ? {} : { token });
const permissionsOf = async (token: string) => (await house.request('GET', '/api/me', { token })).body.data!['permissions'];

describe('PATCH /api/admin/users/:id', () => {
  test('200 single permissions stand in the place of the role’s, from the next request on; null gives those back', async () => {
    const eve = await someone();
    expect(await permissionsOf(eve.token)).toEqual(['use_ai_chat']);
    const reply = await change(eve.id, { permissions: ['manage_ai_use_cases'] });
    expect(reply.body.data).toMatchObject({ role: 'user', permissions: ['manage_ai_use_cases'], hasOwnPermissions: true });
    expect(await permissionsOf(eve.token)).toEqual(['manage_ai_use_cases']);
    expect((await house.request('GET', '/api/admin/models', { token: eve.token })).status).toBe(403);
    await change(eve.id, { permissions: ['manage_ai_models'] });
    expect((await house.request('GET', '/api/admin/models', { token: eve.token })).status).toBe(200);
    const back = await change(eve.id, { permissions: null });
    expect(back.body.data).toMatchObject({ permissions: ['use_ai_chat'], hasOwnPermissions: false });
  });

  test('200 an administrator has every permission, whatever was chosen before', async () => {
    const eve = await someone();
    await change(eve.id, { permissions: [] });
    expect(await permissionsOf(eve.token)).toEqual([]);
    const reply = await change(eve.id, { role: 'administrator' });
    expect(reply.body.data).toMatchObject({ hasOwnPermissions: false });
    expect(await permissionsOf(eve.token)).toHaveLength(3);
  });

  test('400 for a permission that is none', async () => {
    const eve = await someone();
    for (const permissions of [['administrator'], 'use_ai_chat', [1]]) expect((await change(eve.id, { permissions })).status).toBe(400);
  });
});

describe('DELETE /api/admin/users/:id', () => {
  test('200 sessions, tokens, keys, memberships and own connections are gone; the address is free again', async () => {
    const eve = await someone();
    const cookie = await house.signIn(eve);
    const lab = await house.createWorkspace('Lab', [
      [ben, 'ADMIN'],
      [eve, 'WRITE'],
    ]);
    const key = (await house.request('POST', '/api/access-keys', { token: eve.token, body: { name: 'k' } })).at('data.key');
    const shared = { name: 'Shared', workspaceId: lab };
    await house.request('POST', '/api/access-keys', { token: eve.token, body: shared });
    const body = { name: 'Mine', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'sk-secret-of-hers-1234', defaultModel: 'm' };
    const own = await house.request('POST', '/api/ai-connections', { token: eve.token, body });
    expect(own.status, own.text).toBe(201);
    const said = { id: 'resp_of_hers', previousId: null, input: ['in confidence'], response: {}, createdAtMs: 0 };
    await insertResponse(house.database, { scope: 'user', id: eve.id }, said, house.deps.clock.nowMs() + 60_000);
    expect((await remove(eve.id, ada.token)).status).toBe(200);
    expect(await house.database.db.selectFrom('stored_responses').selectAll().where('owner_id', '=', eve.id).execute()).toEqual([]);
    expect((await house.request('GET', '/api/me', { token: eve.token })).status).toBe(401);
    expect((await house.request('GET', '/api/me', { cookie })).status).toBe(401);
    expect((await house.request('GET', '/v1/models', { token: key })).status).toBe(401);
    const rows = await house.database.db.selectFrom('ai_configurations').selectAll().where('owner_id', '=', eve.id).execute();
    expect(rows).toMatchObject([{ api_key_encrypted: null }]);
    expect(rows[0]!.deleted_at).not.toBeNull();
    expect([...(await house.request('GET', `/workspace/${lab}`, { token: ben.token })).body.workspace!['users']!]).toHaveLength(1);
    expect((await house.request('GET', '/api/admin/users', { token: ada.token })).text).not.toContain(eve.email);
    expect(JSON.stringify(await house.database.db.selectFrom('users').selectAll().execute())).not.toContain(eve.email);
    const again = await house.request('POST', '/api/admin/users', { token: ada.token, body: { email: eve.email, name: 'Again' } });
    expect(again.status).toBe(201);
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('action', '=', 'user.delete').execute();
    expect(audit).toMatchObject([{ subject_id: eve.id, actor_id: ada.id, outcome: 'success' }]);
  });

  test('401 for nobody', async () => {
    expect((await remove(ben.id)).status).toBe(401);
  });

  test('403 for who is no administrator, and nobody is deleted', async () => {
    const eve = await someone();
    expect((await remove(eve.id, ben.token)).status).toBe(403);
    expect((await house.request('GET', '/api/me', { token: eve.token })).status).toBe(200);
  });

  test('404 for somebody who is not there, or not any more', async () => {
    const eve = await someone();
    await remove(eve.id, ada.token);
    expect((await remove(eve.id, ada.token)).status).toBe(404);
    expect((await remove(house.deps.ids.uuid(), ada.token)).status).toBe(404);
    expect((await change(eve.id, { disabled: false })).status).toBe(404);
  });

  test('409 for the last administrator, who stays', async () => {
    const alone = await openHouse();
    const only = await alone.createResident('Only');
    const reply = await alone.request('DELETE', `/api/admin/users/${only.id}`, { token: only.token });
    expect([reply.status, reply.body.error_code]).toEqual([409, 'LAST_ADMINISTRATOR']);
    expect((await alone.request('GET', '/api/me', { token: only.token })).status).toBe(200);
    await alone.close();
  });
});

describe('DELETE /api/admin/users/:id/second-factor', () => {
  async function withFactor(): Promise<{ person: Resident; cookie: string }> {
    const person = await someone();
    const cookie = await house.signIn(person);
    const begun = await house.request('POST', '/api/me/second-factor', { cookie, body: { password: person.password } });
    const code = freshCode(begun.at('data.secret'));
    const confirmed = await house.request('POST', '/api/me/second-factor/confirm', { cookie, body: { code } });
    return { person, cookie: cookieOf(confirmed) };
  }

  test('200 the password alone signs in again, the sessions are over, and the audit log says who did it', async () => {
    const { person, cookie } = await withFactor();
    expect((await reset(person.id, ada.token)).status).toBe(200);
    expect((await house.request('GET', '/api/me', { cookie })).status).toBe(401);
    expect(await house.signIn(person)).toContain('session_token');
    expect(await house.database.db.selectFrom('two_factors').selectAll().where('user_id', '=', person.id).execute()).toEqual([]);
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('action', '=', 'second-factor.reset').execute();
    expect(audit).toMatchObject([{ subject_id: person.id, actor_id: ada.id, outcome: 'success' }]);
  });

  test('401 for nobody', async () => {
    expect((await reset(ben.id)).status).toBe(401);
  });

  test('403 for who is no administrator: it stays on', async () => {
    const { person } = await withFactor();
    expect((await reset(person.id, ben.token)).status).toBe(403);
    expect((await house.request('GET', `/api/admin/users?q=${person.email}`, { token: ada.token })).body.data).toMatchObject([
      { hasSecondFactor: true },
    ]);
  });

  test('404 for somebody who is not there', async () => {
    expect((await reset(house.deps.ids.uuid(), ada.token)).status).toBe(404);
  });

  test('409 for somebody who has none', async () => {
    const reply = await reset(ben.id, ada.token);
    expect([reply.status, reply.body.error_code]).toEqual([409, 'SECOND_FACTOR_OFF']);
  });
});
