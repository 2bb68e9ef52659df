/** S4's face, through the front door: bare arrays and objects, the `.env` connection, models and preferences. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import {
  answersSeen,
  openConnectionsHouse,
  openVendor,
  pathsOf,
  tracesOf,
  type ConnectionsHouse,
  type Found,
  type Seen,
  type Vendor,
} from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-s4canary-0123456789abcdefOPQR';
const environmentKey = 'sk-environment-0123456789abSTUV';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';

let house: ConnectionsHouse;
let vendor: Vendor;
let admin: Resident;
let alice: Resident;
let bob: Resident;
let names = 0;

beforeAll(async () => {
  vendor = await openVendor([key, environmentKey]);
  house = await openConnectionsHouse({
    environment: { baseUrl: vendor.baseUrl, model: 'small-model', secret: new Secret(environmentKey) },
  });
  admin = await house.createResident('Admin', 'administrator');
  alice = await house.createResident('Alice');
  bob = await house.createResident('Bob');
});

afterAll(async () => {
  await house.close();
  await vendor.close();
});

const body = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: `connection ${++names}`,
  baseUrl: vendor.baseUrl,
  apiKey: key,
  ...more,
});

async function make(more: Record<string, unknown> = {}, person = alice): Promise<string> {
  const answer = await house.ask(person, 'POST', '/api/ai-connections', body(more));
  expect(answer.status).toBe(201);
  return answer.body.id;
}

const bare = (answer: Seen): Found[] => answer.body as unknown as Found[];
const idsOf = async (person: Resident): Promise<string[]> =>
  bare(await house.ask(person, 'GET', '/api/ai-connections')).map((entry) => entry.id);

describe('POST /api/ai-connections', () => {
  test("201 with the id; the row is the caller's own", async () => {
    const answer = await house.ask(alice, 'POST', '/api/ai-connections', body({ defaultModel: 'small-model', isDefault: true }));
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ success: true, id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown });
    const shown = await house.ask(alice, 'GET', `/api/ai-connections/${answer.body.id}`);
    expect(shown.body).toMatchObject({ apiKey: '***OPQR', scope: 'user', isDefault: true, defaultModel: 'small-model', isReadOnly: false });
  });

  test.each([
    ['https://api.openai.com/v1', 'openai'],
    ['https://api.deepseek.com', 'deepseek'],
    ['http://localhost:11434/v1', 'ollama'],
    ['https://my-llm.example.org/v1', 'custom'],
  ])('201 %s is the provider %s', async (baseUrl, provider) => {
    expect((await house.ask(alice, 'GET', `/api/ai-connections/${await make({ baseUrl })}`)).body).toMatchObject({ provider, baseUrl });
  });

  test('201 an administrator may make one for the organization', async () => {
    const id = await make({ scope: 'organization' }, admin);
    expect(await idsOf(bob)).toContain(id);
  });

  test.each([
    ['no name', { name: undefined }, 'name'],
    ['no address', { baseUrl: undefined }, 'baseUrl'],
    ['a query in the address', { baseUrl: 'https://x.example.org/v1?key=1' }, 'baseUrl'],
    ['another owner', { userId: 'x' }, 'userId'],
    ['a scope that is none', { scope: 'workspace' }, 'scope'],
  ])('400 %s', async (_, more, path) => {
    const answer = await house.ask(alice, 'POST', '/api/ai-connections', body(more));
    expect([answer.status, pathsOf(answer)[0]]).toEqual([400, path]);
  });

  test('401 without a token', async () => {
    const name = `taken ${++names}`;
    await make({ name });
    expect((await house.ask(null, 'POST', '/api/ai-connections', body())).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const name = `taken ${++names}`;
    await make({ name });
    expect((await house.ask(alice, 'POST', '/api/ai-connections', body({ scope: 'organization' }))).status).toBe(403);
  });

  test('409 what would clash or take a key along', async () => {
    const name = `taken ${++names}`;
    await make({ name });
    expect((await house.ask(alice, 'POST', '/api/ai-connections', body({ name }))).status).toBe(409);
  });
});

describe('GET /api/ai-connections', () => {
  test("200 own, workspace and organization rows, and the environment last; nobody else's", async () => {
    const [own, foreign] = [await make(), await make({}, bob)];
    const shared = await make({ scope: 'organization' }, admin);
    const team = await house.createWorkspace(`Team ${++names}`, [
      [admin, 'ADMIN'],
      [alice, 'READ'],
    ]);
    const ofTeam = (
      await house.ask(admin, 'POST', '/ai/llm', {
        name: 'of the team',
        aiType: 'OTHER',
        endpoint: vendor.baseUrl,
        secret: key,
        workspaceId: team,
      })
    ).body.aiLlmId;
    const ids = await idsOf(alice);
    expect(ids).toEqual(expect.arrayContaining([own, shared, ofTeam]));
    expect(ids).not.toContain(foreign);
    expect(ids.at(-1)).toBe('environment');
    const list = bare(await house.ask(alice, 'GET', '/api/ai-connections'));
    expect(list.every((entry) => /^(\*{3}.{0,4})?$/.test(String(entry['apiKey'])))).toBe(true);
    expect(list.find((entry) => entry.id === ofTeam)).toMatchObject({ scope: 'workspace', isReadOnly: true });
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/api/ai-connections')).status).toBe(401);
  });
});

describe('GET /api/ai-connections/:id', () => {
  test('200 the environment is shown masked and read-only, in the language of the caller', async () => {
    const answer = await house.ask(alice, 'GET', '/api/ai-connections/environment');
    expect(answer.body).toMatchObject({
      id: 'environment',
      name: 'Environment (.env)',
      apiKey: '***STUV',
      isReadOnly: true,
      scope: 'environment',
      baseUrl: vendor.baseUrl,
    });
    const indonesian = await house.ask(alice, 'GET', '/api/ai-connections/environment', undefined, { 'accept-language': 'id' });
    expect(indonesian.body['name']).toBe('Lingkungan (.env)');
  });

  test('401 without a token', async () => {
    const id = await make();
    expect((await house.ask(null, 'GET', `/api/ai-connections/${id}`)).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    const id = await make();
    expect((await house.ask(bob, 'GET', `/api/ai-connections/${id}`)).status).toBe(404);
    expect((await house.ask(bob, 'GET', `/api/ai-connections/${randomId}`)).status).toBe(404);
  });
});

describe.each(['PATCH', 'PUT'])('%s /api/ai-connections/:id', (method) => {
  test('200 changes the named fields; an empty key keeps the old one', async () => {
    const id = await make();
    const answer = await house.ask(alice, method, `/api/ai-connections/${id}`, {
      name: `renamed ${++names}`,
      apiKey: '',
      defaultModel: 'large-model',
    });
    expect([answer.status, answer.body]).toEqual([200, { success: true }]);
    expect((await house.ask(alice, 'GET', `/api/ai-connections/${id}`)).body).toMatchObject({
      apiKey: '***OPQR',
      defaultModel: 'large-model',
    });
  });

  test('200 the default moves', async () => {
    const [first, second] = [await make({ isDefault: true }), await make()];
    await house.ask(alice, method, `/api/ai-connections/${second}`, { isDefault: true });
    const defaults = bare(await house.ask(alice, 'GET', '/api/ai-connections')).filter(
      (entry) => entry['isDefault'] && entry['scope'] === 'user',
    );
    expect(defaults.map((entry) => entry.id)).toEqual([second]);
    expect(first).not.toBe(second);
  });

  test('400 nothing named or an address that is no target; 401; 403 read-only ones; 404; 409 another origin', async () => {
    const [id, shared] = [await make(), await make({ scope: 'organization' }, admin)];
    const change = (person: Resident | null, target: string, changes: unknown) =>
      house.ask(person, method, `/api/ai-connections/${target}`, changes);
    expect((await change(alice, id, {})).status).toBe(400);
    expect((await change(alice, id, { baseUrl: 'gopher://x' })).status).toBe(400);
    expect((await change(null, id, { name: 'x' })).status).toBe(401);
    expect((await change(alice, shared, { name: 'x' })).status).toBe(403);
    expect((await change(admin, 'environment', { name: 'x' })).status).toBe(403);
    expect((await change(bob, id, { name: 'x' })).status).toBe(404);
    expect((await change(alice, randomId, { name: 'x' })).status).toBe(404);
    expect((await change(alice, id, { baseUrl: 'https://x.example.org' })).status).toBe(409);
  });
});

describe('DELETE /api/ai-connections/:id', () => {
  test('200 gone from the list, and a second time it is not there', async () => {
    const id = await make();
    expect((await house.ask(alice, 'DELETE', `/api/ai-connections/${id}`)).body).toEqual({ success: true });
    expect((await house.ask(alice, 'DELETE', `/api/ai-connections/${id}`)).status).toBe(404);
    expect(await idsOf(alice)).not.toContain(id);
  });

  test('400 a force that is neither true nor false', async () => {
    expect((await house.ask(alice, 'DELETE', `/api/ai-connections/${await make()}?force=1`)).status).toBe(400);
  });

  test('401 without a token', async () => {
    const id = await make();
    expect((await house.ask(null, 'DELETE', `/api/ai-connections/${id}`)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const shared = await make({ scope: 'organization' }, admin);
    expect((await house.ask(alice, 'DELETE', `/api/ai-connections/${shared}`)).status).toBe(403);
    expect((await house.ask(admin, 'DELETE', '/api/ai-connections/environment')).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    const id = await make();
    expect((await house.ask(bob, 'DELETE', `/api/ai-connections/${id}`)).status).toBe(404);
  });
});

describe('GET /api/models', () => {
  test('200 the models of a connection, as values and labels', async () => {
    const id = await make();
    const answer = await house.ask(alice, 'GET', `/api/models?connectionId=${id}`);
    expect(answer.body).toEqual([
      { value: 'small-model', label: 'small-model' },
      { value: 'large-model', label: 'large-model' },
    ]);
  });

  test('200 without a connection: the default one, and where there is none the environment', async () => {
    const nina = await house.createResident('Nina');
    vendor.forget();
    expect(bare(await house.ask(nina, 'GET', '/api/models'))).toHaveLength(2);
    expect(vendor.bytes()).toContain(environmentKey);
    await make({ isDefault: true }, nina);
    vendor.forget();
    expect(bare(await house.ask(nina, 'GET', '/api/models'))).toHaveLength(2);
    expect(vendor.bytes()).toContain(key);
    expect((await house.ask(nina, 'GET', '/api/models?connectionId=environment')).status).toBe(200);
  });

  test('200 what the caller has hidden is left out of their own list alone, of that connection alone, until it is shown again', async () => {
    const shared = (
      await house.ask(admin, 'POST', '/api/ai-connections', {
        name: `hidden from ${names++}`,
        baseUrl: vendor.baseUrl,
        apiKey: key,
        scope: 'organization',
      })
    ).body.id;
    const own = await make();
    const hide = (isEnabled: boolean) =>
      house.ask(alice, 'POST', '/api/model-preferences', { connectionId: shared, modelId: 'large-model', isEnabled });
    const idsFor = async (person: Resident, id: string): Promise<unknown[]> =>
      (bare(await house.ask(person, 'GET', `/api/models?connectionId=${id}`)) as unknown as { value: string }[]).map(({ value }) => value);
    expect(await idsFor(alice, shared)).toEqual(['small-model', 'large-model']);
    expect((await hide(false)).status).toBe(200);
    expect(await idsFor(alice, shared)).toEqual(['small-model']);
    expect(await idsFor(bob, shared)).toEqual(['small-model', 'large-model']);
    expect(await idsFor(alice, own)).toEqual(['small-model', 'large-model']);
    expect((await hide(true)).status).toBe(200);
    expect(await idsFor(alice, shared)).toEqual(['small-model', 'large-model']);
  });

  test('200 the list of the default connection heeds what is hidden too', async () => {
    const olga = await house.createResident('Olga');
    const connectionId = await make({ isDefault: true }, olga);
    await house.ask(olga, 'POST', '/api/model-preferences', { connectionId, modelId: 'small-model', isEnabled: false });
    expect(bare(await house.ask(olga, 'GET', '/api/models'))).toEqual([{ value: 'large-model', label: 'large-model' }]);
  });

  test('200 an administrator has the default that answers their chats, not that of a workspace which they only oversee', async () => {
    const lea = await house.createResident('Lea');
    const overseer = await house.createResident('Overseer', 'administrator');
    const workspaceId = await house.createWorkspace('Of Lea', [[lea, 'ADMIN']]);
    const secret = 'sk-of-lea-0123456789abcdefWXYZ';
    const theirs = { name: 'theirs', aiType: 'OTHER', endpoint: vendor.baseUrl, secret, workspaceId, isDefault: true };
    expect((await house.ask(lea, 'POST', '/ai/llm', theirs)).status).toBe(200);
    vendor.forget();
    await house.ask(lea, 'GET', '/api/models');
    expect(vendor.bytes()).toContain(secret);
    vendor.forget();
    expect(bare(await house.ask(overseer, 'GET', '/api/models'))).toHaveLength(2);
    expect(vendor.bytes()).not.toContain(secret);
  });

  test('400 an unknown query; 401; 404 of a stranger', async () => {
    expect((await house.ask(alice, 'GET', '/api/models?refresh=maybe')).status).toBe(400);
    expect((await house.ask(null, 'GET', '/api/models')).status).toBe(401);
    expect((await house.ask(bob, 'GET', `/api/models?connectionId=${await make()}`)).status).toBe(404);
  });

  test('400 with nothing configured at all', async () => {
    const empty = await openConnectionsHouse();
    const first = await empty.createResident('First', 'administrator');
    const answer = await empty.ask(first, 'GET', '/api/models');
    expect([answer.status, answer.body['error_code']]).toEqual([400, 'NO_CONNECTION_CONFIGURED']);
    expect((await empty.ask(first, 'GET', '/api/ai-connections/environment')).status).toBe(404);
    await empty.close();
  });
});

describe('GET and POST /api/model-preferences', () => {
  test('200 each of several conditions counts: another model, connection and person stay as they were', async () => {
    const [first, second] = [await make(), await make()];
    for (const [connectionId, modelId] of [
      [first, 'small-model'],
      [first, 'large-model'],
      [second, 'small-model'],
    ])
      expect((await house.ask(alice, 'POST', '/api/model-preferences', { connectionId, modelId, isEnabled: true })).body).toEqual({
        success: true,
      });
    await house.ask(alice, 'POST', '/api/model-preferences', { connectionId: first, modelId: 'small-model', isEnabled: false });
    const mine = bare(await house.ask(alice, 'GET', `/api/model-preferences?connectionId=${first}`)) as unknown as {
      modelId: string;
      isEnabled: boolean;
    }[];
    expect(Object.fromEntries(mine.map((entry) => [entry.modelId, entry.isEnabled]))).toEqual({
      'small-model': false,
      'large-model': true,
    });
    expect(bare(await house.ask(alice, 'GET', `/api/model-preferences?connectionId=${second}`))).toMatchObject([{ isEnabled: true }]);
    expect(bare(await house.ask(bob, 'GET', '/api/model-preferences'))).toEqual([]);
  });

  test('400 what does not fit', async () => {
    const id = await make();
    const preference = { connectionId: id, modelId: 'small-model', isEnabled: false };
    expect((await house.ask(alice, 'POST', '/api/model-preferences', { ...preference, isEnabled: 'no' })).status).toBe(400);
    expect((await house.ask(alice, 'GET', '/api/model-preferences?userId=x')).status).toBe(400);
  });

  test('401 without a token', async () => {
    const id = await make();
    const preference = { connectionId: id, modelId: 'small-model', isEnabled: false };
    expect((await house.ask(null, 'POST', '/api/model-preferences', preference)).status).toBe(401);
    expect((await house.ask(null, 'GET', '/api/model-preferences')).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    const id = await make();
    const preference = { connectionId: id, modelId: 'small-model', isEnabled: false };
    expect((await house.ask(bob, 'POST', '/api/model-preferences', preference)).status).toBe(404);
  });
});

test('no answer of this face ever held a key', () => {
  const all = answersSeen.join('\n');
  expect(answersSeen.length).toBeGreaterThan(80);
  expect([...tracesOf(key, all), ...tracesOf(environmentKey, all)]).toEqual([]);
});
