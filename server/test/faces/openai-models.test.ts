/** GET /v1/models: what this caller may name, from memory; no provider can delay it. */
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
    const startedMs = performance.now();
    await list();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
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
