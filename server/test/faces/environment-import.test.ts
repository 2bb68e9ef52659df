/** The import of the server's own settings, through the front door: once, by those who may, and never with the key in an answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { deedsOf } from '../support/entries.ts';
import { openHouse, type House, type HouseOptions, type Resident } from '../support/house.ts';

const key = 'sk-env-canary-0123456789abcdWXYZ';
const path = '/api/ai-connections/environment/import';
const houses: House[] = [];

async function open(options: HouseOptions): Promise<{ house: House; admin: Resident; user: Resident }> {
  const house = await openHouse(options);
  houses.push(house);
  return { house, admin: await house.createResident('Admin', 'administrator'), user: await house.createResident('User') };
}

afterAll(() => Promise.all(houses.map((house) => house.close())));

describe('POST /api/ai-connections/environment/import', () => {
  let full: Awaited<ReturnType<typeof open>>;

  beforeAll(async () => {
    full = await open({ environment: { baseUrl: 'https://api.openai.com/v1', secret: new Secret(key), model: 'gpt-4o' } });
  });

  test('401 without a token', async () => {
    expect((await full.house.request('POST', path)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    expect((await full.house.request('POST', path, { token: full.user.token })).status).toBe(403);
  });

  test('400 a body that says something', async () => {
    expect((await full.house.request('POST', path, { token: full.admin.token, body: { name: 'x' } })).status).toBe(400);
  });

  test("201 the settings become the organization's default connection, its key sealed and masked", async () => {
    const { house, admin, user } = full;
    const answer = await house.request('POST', path, { token: admin.token });
    expect([answer.status, answer.body]).toMatchObject([201, { success: true, name: 'OpenAI', isNew: true }]);
    expect(await deedsOf(house, answer)).toContain('connection.create');
    expect(answer.text).not.toContain('canary');
    const seen = await house.request('GET', `/api/ai-connections/${answer.at('id')}`, { token: user.token });
    expect(seen.body).toMatchObject({
      scope: 'organization',
      isDefault: true,
      defaultModel: 'gpt-4o',
      apiKey: '***WXYZ',
      isReadOnly: true,
    });
  });

  test('200 a second import changes nothing and names the one that is there', async () => {
    const { house, admin } = full;
    const answer = await house.request('POST', path, { token: admin.token });
    expect([answer.status, answer.body]).toMatchObject([200, { name: 'OpenAI', isNew: false }]);
    const list = await house.request('GET', '/api/ai-connections', { token: admin.token });
    expect([...list.body].map((entry) => entry['scope'])).toEqual(['organization', 'environment']);
  });

  test('200 a connection that goes to its provider’s own address is the same, though it names none, and stays the default', async () => {
    const { house, admin } = await open({
      environment: { baseUrl: 'https://api.openai.com/v1', secret: new Secret(key), model: 'gpt-4o' },
    });
    const body = { name: 'Team', modelVariant: 'gpt-4o', provider: 'openai', apiKey: 'sk-team-0123456789abcdefMNOP', isDefault: true };
    const made = await house.request('POST', '/api/admin/models', { token: admin.token, body });
    const answer = await house.request('POST', path, { token: admin.token });
    expect([answer.status, answer.body]).toMatchObject([200, { id: made.at('data.id'), name: 'Team', isNew: false }]);
    const shown = await house.request('GET', `/api/ai-connections/${made.at('data.id')}`, { token: admin.token });
    expect(shown.body).toMatchObject({ isDefault: true });
  });

  test('404 without such settings, and where they are switched off', async () => {
    const environment = { baseUrl: 'http://127.0.0.1:9/v1', secret: null, model: null };
    for (const options of [{}, { environment, isEnvironmentOffered: false }]) {
      const { house, admin } = await open(options);
      expect((await house.request('POST', path, { token: admin.token })).status).toBe(404);
      expect((await house.request('GET', '/api/ai-connections', { token: admin.token })).body).toEqual([]);
    }
  });

  test('400 a provider that needs a key, without one', async () => {
    const { house, admin } = await open({ environment: { baseUrl: 'https://api.openai.com/v1', secret: null, model: null } });
    const answer = await house.request('POST', path, { token: admin.token });
    expect([answer.status, answer.at('error_code')]).toEqual([400, 'SECRET_REQUIRED']);
  });
});
