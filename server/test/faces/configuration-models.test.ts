/** The models of one configuration on its page: as they are known, never waited for, each person's own view of them. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigurationModels } from '@patchbay/contract/configuration-details';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { pathsOf } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-models-0123456789abcdefQRST';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';

let home: ConfigurationsHouse;
let house: ConfigurationsHouse['house'];
let alice: Resident;
let bob: Resident;

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  ({ house, alice, bob } = home);
});
afterAll(() => home.close());

/** A connection of a workspace that Alice is no member of. */
async function closedId(): Promise<string> {
  const workspaceId = await house.createWorkspace(home.fresh(), [[home.admin, 'ADMIN']]);
  const body = { name: home.fresh(), aiType: 'OTHER', endpoint: home.vendor.baseUrl, secret: key, workspaceId };
  return (await house.ask(home.admin, 'POST', '/ai/llm', body)).body.aiLlmId;
}

const models = async (person: Resident, id: string, query = ''): Promise<ConfigurationModels> => {
  const answer = await house.ask(person, 'GET', `/api/configurations/${id}/models${query}`);
  expect(answer.status).toBe(200);
  return answer.body.data as unknown as ConfigurationModels;
};

/** Asks until the list that was fetched in the background is there. */
async function fetched(person: Resident, id: string): Promise<ConfigurationModels> {
  for (let tried = 0; tried < 200; tried++) {
    const list = await models(person, id);
    if (list.source !== 'catalog') return list;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the list never came');
}

describe('GET /api/configurations/:id/models', () => {
  test('200 at once with what the catalogue knows, and the provider is asked meanwhile', async () => {
    const { id } = await home.make(alice);
    const first = await models(alice, id);
    expect(first).toMatchObject({ source: 'catalog', fetchedAt: null, errorCode: null, isRefreshing: true });
    const later = await fetched(alice, id);
    expect(later).toMatchObject({ source: 'cache', errorCode: null, isRefreshing: false });
    expect(later.models.map(({ id: model, isEnabled }) => [model, isEnabled])).toEqual([
      ['small-model', true],
      ['large-model', true],
    ]);
    expect(Date.parse(later.fetchedAt!)).toBeGreaterThan(0);
  });

  test('200 a provider that never answers delays nothing, and its fault is told once it is known', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const baseUrl = `https://127.0.0.1:${port}/v1`;
    const { id } = await home.make(alice, { baseUrl, configuration: { timeouts: { connectMs: 100 } } });
    expect(await models(alice, id)).toMatchObject({ source: 'catalog', isRefreshing: true });
    const waited = await models(alice, id, '?refresh=true');
    expect(waited).toMatchObject({ source: 'catalog', errorCode: 'NETWORK' });
    const before = await models(alice, id);
    expect(before).toMatchObject({ source: 'catalog', errorCode: 'NETWORK', isRefreshing: false });
    silent.close();
  });

  test('200 with refresh the provider is waited for', async () => {
    const { id } = await home.make(alice);
    expect(await models(alice, id, '?refresh=true')).toMatchObject({ source: 'live', isRefreshing: false });
  });

  test('400 an unknown question', async () => {
    const { id } = await home.make(alice);
    expect((await house.ask(alice, 'GET', `/api/configurations/${id}/models?refresh=maybe`)).status).toBe(400);
  });
  test('401 without a token', async () =>
    expect((await house.ask(null, 'GET', `/api/configurations/${randomId}/models`)).status).toBe(401));
  test('403 a workspace of others', async () =>
    expect((await house.ask(alice, 'GET', `/api/configurations/${await closedId()}/models`)).status).toBe(403));
  test('404 of a stranger', async () => {
    const { id } = await home.make(alice);
    expect((await house.ask(bob, 'GET', `/api/configurations/${id}/models`)).status).toBe(404);
  });
  test('429 more live lists than ten in a minute, with the time to wait', async () => {
    const eager = await house.createResident('Eager');
    const { id } = await home.make(eager);
    for (let count = 0; count < 10; count++) await models(eager, id, '?refresh=true');
    const answer = await house.ask(eager, 'GET', `/api/configurations/${id}/models?refresh=true`);
    expect([answer.status, answer.body['error_code']]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await models(eager, id)).source).toBe('cache');
  });
});

describe('PUT /api/configurations/:id/models', () => {
  const put = (person: Resident | null, id: string, body: unknown) => house.ask(person, 'PUT', `/api/configurations/${id}/models`, body);

  test('200 all off and one on leaves exactly one, in the lists of that person alone', async () => {
    const made = await house.ask(home.admin, 'POST', '/api/admin/models', {
      name: home.fresh(),
      provider: 'custom',
      apiUrl: home.vendor.baseUrl,
      modelVariant: 'small-model',
      apiKey: key,
    });
    const { id } = made.body.data;
    await fetched(alice, id);
    expect((await put(alice, id, { isEnabled: false })).body.data).toEqual({ switched: 2 });
    expect((await put(alice, id, { isEnabled: true, models: ['large-model'] })).body.data).toEqual({ switched: 1 });
    const on = async (person: Resident) => (await models(person, id)).models.filter(({ isEnabled }) => isEnabled).map((model) => model.id);
    expect(await on(alice)).toEqual(['large-model']);
    expect(await on(bob)).toEqual(['small-model', 'large-model']);
    const options = await house.ask(alice, 'GET', `/api/models?connectionId=${id}`);
    expect(options.body).toEqual([{ value: 'large-model', label: 'large-model' }]);
  });

  test('200 two thousand at once', async () => {
    const { id } = await home.make(alice);
    const many = Array.from({ length: 2000 }, (_, index) => `model-${index}`);
    expect((await put(alice, id, { isEnabled: false, models: many })).body.data).toEqual({ switched: 2000 });
    const noted = await house.ask(alice, 'GET', `/api/model-preferences?connectionId=${id}`);
    expect(noted.body as unknown as unknown[]).toHaveLength(2000);
  });

  test('400 nothing named, or too many', async () => {
    const { id } = await home.make(alice);
    expect(pathsOf(await put(alice, id, { models: [] }))).toEqual(['isEnabled', 'models']);
    expect((await put(alice, id, { isEnabled: true, models: Array.from({ length: 2001 }, () => 'm') })).status).toBe(400);
  });
  test('401 without a token', async () => expect((await put(null, randomId, { isEnabled: true })).status).toBe(401));
  test('403 a workspace of others', async () => expect((await put(alice, await closedId(), { isEnabled: false })).status).toBe(403));
  test('404 of a stranger, and nothing is noted', async () => {
    const { id } = await home.make(alice);
    expect((await put(bob, id, { isEnabled: false, models: ['small-model'] })).status).toBe(404);
    expect((await house.ask(bob, 'GET', '/api/model-preferences')).body).toEqual([]);
  });
});

describe('the history of tests', () => {
  test('200 keeps the last ones in order, and forgets them with the connection', async () => {
    const tester = await house.createResident('Tester');
    const { id } = await home.make(tester);
    await house.ask(tester, 'POST', `/api/configurations/${id}/test`);
    home.vendor.keys.clear();
    home.vendor.keys.add('another-key-0123456789');
    await house.ask(tester, 'POST', `/api/configurations/${id}/test`);
    home.vendor.keys.clear();
    home.vendor.keys.add(key);
    const answer = await house.ask(tester, 'GET', `/api/configurations/${id}/health-history`);
    const { tests } = answer.body.data as unknown as { tests: { status: string; errorCode: string | null; steps: unknown[] }[] };
    expect(tests.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      ['failed', 'AUTH'],
      ['success', null],
    ]);
    expect(tests[0]!.steps.length).toBeGreaterThan(2);
    await house.ask(tester, 'DELETE', `/api/configurations/${id}`);
    expect(await house.database.db.selectFrom('connection_tests').selectAll().where('connection_id', '=', id).execute()).toEqual([]);
  });
});
