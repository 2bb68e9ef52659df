/** GET /v1/models: what this caller may name, from memory; no provider can delay it. */
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUser } from '../../src/control/people/users.ts';
import { openRig, password, type Rig } from '../gateway/rig.ts';
import { holding, plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';

let rig: Rig;
let fake: FakeProvider;
let key = '';
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, model: 'my-tuned-model' });
  await rig.connect({ name: 'Twin', baseUrl: fake.baseUrl, model: 'my-tuned-model' });
  await rig.connect({ name: 'Asleep', baseUrl: fake.baseUrl, model: 'sleeping-model', isActive: false });
  const { person } = await createUser(rig.deps, rig.caller, { email: 'eve@example.org', name: 'Eve', role: 'administrator', password });
  const eve = { ...rig.caller, actor: rig.deps.keeper.snapshot.actorOf(person.userId, 'session')! };
  await rig.connect({ name: 'Of another', baseUrl: fake.baseUrl, model: 'foreign-model' }, { scope: 'user', id: person.userId }, eve);
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});

interface Listed {
  object: string;
  data: { id: string; object: string; created: number; owned_by: string; patchbay: { connections: string[] } }[];
}

const get = (path: string, text = key, init: RequestInit = {}): Promise<Response> =>
  fetch(`${rig.url}${path}`, { headers: { authorization: `Bearer ${text}` }, ...init });
async function list(text = key): Promise<Listed> {
  const response = await get('/v1/models', text);
  expect(response.status).toBe(200);
  return (await response.json()) as Listed;
}

describe('GET /v1/models', () => {
  test('200 lists each model once, with the connections that serve it', async () => {
    const { object, data } = await list();
    expect(object).toBe('list');
    expect(new Set(data.map(({ id }) => id)).size).toBe(data.length);
    expect(data.find(({ id }) => id === 'my-tuned-model')).toMatchObject({
      object: 'model',
      owned_by: 'openai',
      created: expect.any(Number) as number,
      patchbay: { connections: ['Main', 'Twin'] },
    });
  });

  test("200 leaves out what is inactive or somebody else's", async () => {
    const ids = (await list()).data.map(({ id }) => id);
    expect(ids).not.toContain('sleeping-model');
    expect(ids).not.toContain('foreign-model');
  });

  test('200 lists only what the key may name', async () => {
    const narrow = await rig.issueKey({ models: ['my-*'] });
    expect((await list(narrow.text)).data.map(({ id }) => id)).toEqual(['my-tuned-model']);
  });

  test('200 says nothing of addresses or keys', async () => {
    const text = await (await get('/v1/models')).text();
    expect(text).not.toContain('127.0.0.1');
    expect(text).not.toContain('sk-');
  });

  test('200 while a provider hangs: nobody is asked', async () => {
    fake.answer(holding(plain));
    await list();
    expect(fake.received).toEqual([]);
    fake.release();
  });

  test('401 without a key that lives', async () => {
    const revoked = await rig.issueKey();
    await rig.revokeKey(revoked.id);
    for (const text of ['sk-pb-unknown', revoked.text]) expect((await get('/v1/models', text)).status).toBe(401);
  });

  test('405 for anything but GET', async () => {
    const response = await get('/v1/models', key, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
  });
});

describe('GET /v1/models/:id', () => {
  test('200 for one that is listed, also with a slash in its name', async () => {
    await rig.connect({ name: 'Hub', baseUrl: fake.baseUrl, model: 'org/some-model:free' });
    for (const path of ['my-tuned-model', 'org/some-model:free', encodeURIComponent('org/some-model:free')]) {
      const response = await get(`/v1/models/${path}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ id: decodeURIComponent(path), object: 'model' });
    }
  });

  test.each(['no-such-model', 'sleeping-model', 'foreign-model', '%E0%A4%A', '__proto__'])('404 for %s, in the same words', async (id) => {
    const response = await get(`/v1/models/${id}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
  });
});

describe('what is known of a model', () => {
  test('200 window, limit and abilities where somebody says so, and nothing made up elsewhere', async () => {
    const { data } = (await list()) as unknown as { data: Record<string, unknown>[] };
    expect(data.find(({ id }) => id === 'my-tuned-model')).toMatchObject({
      context_window: null,
      max_output_tokens: null,
      capabilities: null,
    });
    const known = data.find(({ id }) => String(id).startsWith('gpt-4o')) ?? data.find(({ id }) => String(id).startsWith('gpt-5'));
    expect(known).toMatchObject({
      context_window: expect.any(Number) as number,
      max_output_tokens: expect.any(Number) as number,
      capabilities: { input_modalities: expect.arrayContaining(['text', 'image']) as string[], tools: true },
    });
  });

  test("200 what a provider's own list says counts more than our table", async () => {
    const connection = [...rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Main')!;
    rig.deps.modelLists.keep(connection, [{ id: 'my-tuned-model', name: 'Tuned', contextWindow: 1_234, maxOutputTokens: 56 }]);
    const one = (await (await get('/v1/models/my-tuned-model')).json()) as Record<string, unknown>;
    expect(one).toMatchObject({ name: 'Tuned', context_window: 1_234, max_output_tokens: 56 });
  });
});

describe('for clients of the Messages wire', () => {
  const headers = (): Record<string, string> => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' });

  test('200 the list in pages, read by the official client', async () => {
    const client = new Anthropic({ apiKey: key, baseURL: rig.url, maxRetries: 0 });
    const ids: string[] = [];
    for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
    const all = (await list()).data.map(({ id }) => id);
    expect(ids).toEqual(all);
    expect(await client.models.retrieve('my-tuned-model')).toMatchObject({
      type: 'model',
      id: 'my-tuned-model',
      created_at: expect.stringMatching(/^\d{4}-/) as string,
    });
  });

  test('200 pages go backwards too', async () => {
    const all = (await list()).data.map(({ id }) => id);
    const page = async (query: string): Promise<{ data: { id: string }[]; has_more: boolean }> =>
      (await (await fetch(`${rig.url}/v1/models?${query}`, { headers: headers() })).json()) as never;
    const last = await page(`before_id=${all.at(-1)!}&limit=1`);
    expect(last).toMatchObject({ data: [{ id: all.at(-2) }], has_more: true });
    expect(await page('limit=1000')).toMatchObject({ has_more: false });
    expect((await page('limit=nonsense')).data.length).toBeGreaterThan(0);
  });

  test('401 and 404 in the shape of that wire', async () => {
    const wrong = await fetch(`${rig.url}/v1/models`, { headers: { ...headers(), 'x-api-key': 'sk-pb-no' } });
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { type: 'error', error: { type: 'authentication_error' } }]);
    const missing = await fetch(`${rig.url}/v1/models/nobody`, { headers: headers() });
    expect([missing.status, await missing.json()]).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }]);
  });
});
