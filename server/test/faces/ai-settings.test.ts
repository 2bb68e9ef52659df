/** The installation's AI settings through the front door, and the last resort that they switch: what `.env` names (D-25, C-02). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let provider: FakeProvider;
let house: House;
let ada: Resident;
let ben: Resident;
const path = '/api/admin/settings/ai';

beforeAll(async () => {
  provider = await startFakeProvider();
  provider.answer(plain);
  const environment = { baseUrl: provider.baseUrl, model: 'env-model', secret: new Secret('sk-from-the-environment') };
  house = await openHouse({ egressAllow: '127.0.0.1:*', environment });
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben', 'manager');
});
afterAll(async () => {
  await house?.close();
  await provider?.close();
});

const send = (
  method: string,
  to: string,
  body?: unknown,
  person: Resident | null = ada,
  headers: Record<string, string> = {},
): Promise<Reply> => house.request(method, to, { ...(person && { token: person.token }), body, headers });
const model = async (name: string, part: Record<string, unknown> = {}): Promise<string> => {
  const body = { name, modelVariant: `${name}-model`, apiUrl: provider.baseUrl, apiKey: 'sk-of-the-tests-1234', ...part };
  return (await send('POST', '/api/admin/models', body)).at('data.id');
};
const completion = async (): Promise<Reply> => {
  const key = (await send('POST', '/api/access-keys', { name: 'k' })).at('data.key');
  return house.request('POST', '/v1/chat/completions', { token: key, body: { messages: [{ role: 'user', content: 'Hi' }] } });
};
const connections = async (): Promise<string[]> =>
  ([...(await send('GET', '/api/ai-connections')).body] as unknown as { id: string }[]).map(({ id }) => id);

describe('GET /api/admin/settings/ai', () => {
  test('200 proposals until somebody saves them, and what .env names, never its key', async () => {
    const reply = await send('GET', path);
    expect(reply.body['data']).toEqual({
      defaultConnectionId: null,
      defaultConnectionName: null,
      defaultModel: null,
      maxTokens: 4096,
      temperature: 0.1,
      environment: { baseUrl: provider.baseUrl, model: 'env-model', hasApiKey: true },
      isEnvironmentUsed: true,
      savedAt: null,
      revision: 0,
    });
    expect(reply.text).not.toContain('sk-from');
  });

  test('401 nobody', async () => {
    expect((await send('GET', path, undefined, null)).status).toBe(401);
  });

  test('403 a manager is no administrator', async () => {
    expect((await send('GET', path, undefined, ben)).status).toBe(403);
  });
});

describe('PATCH /api/admin/settings/ai', () => {
  test('200 the connection from .env is read-only in the lists and answers, until the switch takes it away, and from the next request on (C-02)', async () => {
    expect(await connections()).toEqual(['environment']);
    expect((await send('PATCH', '/api/ai-connections/environment', { name: 'mine' })).status).toBe(403);
    expect((await completion()).status).toBe(200);
    expect(provider.received.at(-1)!.json).toMatchObject({ model: 'env-model' });
    expect((await send('PATCH', path, { isEnvironmentUsed: false })).status).toBe(200);
    expect(await connections()).toEqual([]);
    const refused = await completion();
    expect([refused.status, refused.at('error.code')]).toEqual([400, 'no_connection']);
    expect((await send('GET', '/api/models?connectionId=environment')).status).toBe(404);
    expect((await send('GET', path)).body['data']).toMatchObject({ environment: { model: 'env-model' }, isEnvironmentUsed: false });
    await send('PATCH', path, { isEnvironmentUsed: true });
    expect((await completion()).status).toBe(200);
  });

  test('200 what was only proposed does not begin to apply by the way', async () => {
    expect((await send('GET', path)).body['data']).toMatchObject({ maxTokens: null, temperature: null });
    await completion();
    expect(provider.received.at(-1)!.json).not.toHaveProperty('temperature');
  });

  test('200 the default model is the organization’s default connection: one thing in two places (C-14)', async () => {
    const [first, second] = [await model('First', { isDefault: true }), await model('Second')];
    expect((await send('GET', path)).body['data']).toMatchObject({ defaultConnectionId: first, defaultModel: 'First-model' });
    const changed = await send('PATCH', path, { defaultConnectionId: second, maxTokens: 200, temperature: 0 });
    expect(changed.body['data']).toMatchObject({
      defaultConnectionId: second,
      defaultConnectionName: 'Second',
      maxTokens: 200,
      temperature: 0,
    });
    const models = [...(await send('GET', '/api/admin/models')).body['data']!];
    expect(models.map(({ name, isDefault }) => [name, isDefault])).toEqual([['Second', true], ['First', false]]); // prettier-ignore
    await completion();
    expect(provider.received.at(-1)!.json).toMatchObject({ model: 'Second-model', temperature: 0, max_tokens: 200 });
    const none = await send('PATCH', path, { defaultConnectionId: null });
    expect(none.body['data']).toMatchObject({ defaultConnectionId: null, maxTokens: 200 });
    await completion();
    expect(provider.received.at(-1)!.json).toMatchObject({ model: 'env-model' });
  });

  test('200 a chat without settings of its own takes them, one with settings does not', async () => {
    await send('PATCH', path, { temperature: 0.4, maxTokens: null });
    const ask = async (settings: Record<string, unknown>): Promise<Record<string, unknown>> => {
      const id = (await send('POST', '/api/chats', { settings })).at('data.id');
      await send('POST', `/api/chats/${id}/messages`, { content: 'Hi' });
      return provider.received.at(-1)!.json;
    };
    expect((await ask({}))['temperature']).toBe(0.4);
    expect((await ask({ temperature: 1.2 }))['temperature']).toBe(1.2);
    const warm = await model('Warm', { configuration: { temperature: 0.9 } });
    expect((await ask({ connectionId: warm }))['temperature']).toBe(0.9);
  });

  test('200 the audit entry names what changed', async () => {
    await send('PATCH', path, { temperature: 0.5 });
    const entries = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('action', '=', 'ai-settings.update')
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    expect(JSON.parse(entries[0]!.changes!)).toEqual({ temperature: { before: 0.4, after: 0.5 } });
  });

  test.each([
    ['more than 32,768 tokens', { maxTokens: 32_769 }],
    ['no token', { maxTokens: 0 }],
    ['a temperature above 2', { temperature: 2.01 }],
    ['nothing to change', {}],
    ['a default that is not there', { defaultConnectionId: '01890a5d-ac96-774b-bcce-b302099a8057' }],
    ['a field that there is not', { language: 'id' }],
  ])('400 %s', async (_title, body) => {
    expect((await send('PATCH', path, body)).status).toBe(400);
  });

  test('400 a default that is switched off', async () => {
    const off = await model('Off', { isActive: false });
    const reply = await send('PATCH', path, { defaultConnectionId: off });
    expect([...reply.body['details']!]).toMatchObject([{ path: 'defaultConnectionId', code: 'inactive' }]);
  });

  test('401 nobody', async () => {
    expect((await send('PATCH', path, { temperature: 1 }, null)).status).toBe(401);
  });

  test('403 a manager is no administrator', async () => {
    expect((await send('PATCH', path, { temperature: 1 }, ben)).status).toBe(403);
  });

  test('409 a change that was made from an older state', async () => {
    const revision = Number((await send('GET', path)).body['data']!['revision']);
    await send('PATCH', path, { temperature: 0.6 });
    const late = await send('PATCH', path, { temperature: 0.7, revision });
    expect([late.status, late.at('error_code'), late.at('details.changedBy.name')]).toEqual([409, 'CONFLICT', 'Ada']);
    expect((await send('GET', path)).body['data']).toMatchObject({ temperature: 0.6 });
  });
});

test('what the operator switches off in the environment is neither used nor shown, whatever the page says', async () => {
  const environment = { baseUrl: provider.baseUrl, model: 'env-model', secret: null };
  const closed = await openHouse({ egressAllow: '127.0.0.1:*', environment, isEnvironmentOffered: false });
  const eve = await closed.createResident('Eve', 'administrator');
  expect((await closed.request('GET', path, { token: eve.token })).body['data']).toMatchObject({ environment: null });
  expect((await closed.request('GET', '/api/ai-connections', { token: eve.token })).body).toEqual([]);
  await closed.close();
});
