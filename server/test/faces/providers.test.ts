/** The providers' face, through the front door: one describe per route, one case per status it may give. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listed, openConnectionsHouse, openVendor, type ConnectionsHouse, type Vendor } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';
import { modelListFreshMs } from '../../src/gateway/model-lists.ts';
import { systemClock } from '../../src/lib/clock.ts';

const key = 'sk-providers-0123456789abcdef';
let house: ConnectionsHouse;
let vendor: Vendor;
let admin: Resident;
let alice: Resident;

beforeAll(async () => {
  house = await openConnectionsHouse();
  vendor = await openVendor([key]);
  admin = await house.createResident('Admin', 'administrator');
  alice = await house.createResident('Alice');
});

afterAll(async () => {
  await house.close();
  await vendor.close();
});

describe('GET /api/providers', () => {
  test('200 the first choice first, with what a form needs', async () => {
    const list = listed(await house.ask(alice, 'GET', '/api/providers'));
    expect(list[0]).toMatchObject({
      name: 'openai',
      displayName: 'OpenAI',
      aiType: 'OPENAI',
      requiresApiKey: true,
      defaultBaseUrl: 'https://api.openai.com/v1',
      isDefault: true,
    });
    const named = list.map((row) => row['name']);
    expect(named).toEqual(
      expect.arrayContaining(['openai', 'gemini', 'anthropic', 'ollama', 'vllm', 'deepseek', 'azure-openai', 'custom']),
    );
    expect(new Set(named).size).toBe(named.length);
    expect(list.find((row) => row['name'] === 'ollama')).toMatchObject({
      defaultBaseUrl: 'http://localhost:11434',
      requiresApiKey: false,
      requiresBaseUrl: false,
    });
    // The demo provider is offered only where the operator wants it.
    expect(named).not.toContain('demo');
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/api/providers')).status).toBe(401);
  });
});

describe('GET /api/providers/:name/models', () => {
  test('200 the catalogue where nothing is configured, and it says so', async () => {
    const { body } = await house.ask(alice, 'GET', '/api/providers/openai/models');
    expect(body.data).toMatchObject({ source: 'catalog', fetchedAt: null, errorCode: null });
    const ids = (body.data['models'] as { id: string }[]).map((model) => model.id);
    expect(ids).toEqual(expect.arrayContaining(['gpt-4o', 'gpt-4-turbo', 'gpt-3.5-turbo']));
  });

  test('200 live through a connection, then kept, then live again on demand', async () => {
    const made = await house.ask(alice, 'POST', '/api/configurations', {
      name: 'mine',
      provider: 'custom',
      baseUrl: vendor.baseUrl,
      model: 'small-model',
      apiKey: key,
    });
    const path = '/api/providers/custom/models';
    expect((await house.ask(alice, 'GET', path)).body.data).toMatchObject({
      source: 'live',
      models: [{ id: 'small-model' }, { id: 'large-model' }],
    });
    vendor.forget();
    expect((await house.ask(alice, 'GET', `${path}?configurationId=${made.body.data.id}`)).body.data).toMatchObject({ source: 'cache' });
    expect(vendor.requests()).toBe(0);
    expect((await house.ask(alice, 'GET', `${path}?refresh=true`)).body.data).toMatchObject({ source: 'live' });
    expect(vendor.requests()).toBe(1);
  });

  test('200 a kept list ends with its time, and is then asked for anew', async () => {
    let aheadMs = 0;
    const later = await openConnectionsHouse({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs } });
    const owner = await later.createResident('Owner', 'administrator');
    await later.ask(owner, 'POST', '/api/configurations', {
      name: 'aging',
      provider: 'custom',
      baseUrl: vendor.baseUrl,
      model: 'small-model',
      apiKey: key,
    });
    const sourceAfter = async (passedMs: number): Promise<unknown[]> => {
      aheadMs = passedMs;
      vendor.forget();
      const { body } = await later.ask(owner, 'GET', '/api/providers/custom/models');
      return [body.data['source'], vendor.requests()];
    };
    expect(await sourceAfter(0)).toEqual(['live', 1]);
    expect(await sourceAfter(modelListFreshMs - 30_000)).toEqual(['cache', 0]);
    expect(await sourceAfter(modelListFreshMs + 30_000)).toEqual(['live', 1]);
    expect(await sourceAfter(modelListFreshMs + 60_000)).toEqual(['cache', 0]);
    await later.close();
  });

  test('200 retired models are in the list and marked, and may still be configured', async () => {
    const { body } = await house.ask(alice, 'GET', '/api/providers/gemini/models');
    const marks = new Map((body.data['models'] as { id: string; isRetired: boolean }[]).map((model) => [model.id, model.isRetired]));
    expect([marks.get('gemini-pro'), marks.get('gemini-pro-vision'), marks.get('gemini-3.8-flash')]).toEqual([true, true, false]);
    const made = await house.ask(alice, 'POST', '/api/configurations', {
      name: 'retired',
      provider: 'gemini',
      model: 'gemini-pro',
      apiKey: key,
    });
    expect([made.status, made.body.data['model']]).toEqual([201, 'gemini-pro']);
  });

  test('200 what is known of each model: how much it holds, what it takes and does, until when, and what it costs here', async () => {
    const read = async (provider: string) =>
      new Map(
        ((await house.ask(alice, 'GET', `/api/providers/${provider}/models`)).body.data['models'] as Record<string, unknown>[]).map(
          (model) => [model['id'], model],
        ),
      );
    expect((await read('openai')).get('gpt-4o')).toMatchObject({
      contextWindow: 128_000,
      maxOutputTokens: 16_384,
      input: ['text', 'image', 'file'],
      output: ['text'],
      tools: true,
      reasoning: false,
      structuredOutput: true,
      retiresOn: '2027-01-14',
      replacement: 'gpt-6-luna',
      aliasOf: 'gpt-4o-2024-08-06',
      price: { input: '2.5', output: '10', cacheRead: '1.25', cacheWrite: null, isTiered: false },
    });
    const gemini = await read('gemini');
    expect(gemini.get('gemini-2.5-pro')).toMatchObject({ price: { input: '1.25', isTiered: true }, reasoning: true });
    expect(gemini.get('gemini-pro')).toMatchObject({ isRetired: true, replacement: 'gemini-2.5-flash' });
    // Nobody says anything of a model of one's own: then there is nothing, and no guess.
    const own = (await house.ask(alice, 'GET', '/api/providers/custom/models')).body.data['models'] as Record<string, unknown>[];
    expect(own.find((model) => model['id'] === 'small-model')).toMatchObject({
      input: null,
      tools: null,
      reasoning: null,
      retiresOn: null,
      replacement: null,
      aliasOf: null,
      price: null,
      isRetired: false,
    });
    expect((await read('ollama')).get('llama3')).toMatchObject({ price: { input: '0', output: '0' } });
  });

  test('200 a provider that refuses: no invented names, and the reason', async () => {
    const made = await house.ask(admin, 'POST', '/api/configurations', {
      name: 'wrong',
      provider: 'custom',
      baseUrl: vendor.baseUrl,
      model: 'small-model',
      apiKey: 'sk-wrong-key-0123456789',
    });
    const { body } = await house.ask(admin, 'GET', `/api/providers/custom/models?configurationId=${made.body.data.id}`);
    expect(body.data).toMatchObject({ source: 'catalog', errorCode: 'AUTH', models: [] });
  });

  test('400 what does not fit', async () => {
    expect((await house.ask(alice, 'GET', '/api/providers/openai/models?key=x')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/api/providers/openai/models')).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    const made = await house.ask(admin, 'POST', '/api/configurations', {
      name: 'private',
      provider: 'custom',
      baseUrl: vendor.baseUrl,
      model: 'x',
      apiKey: key,
    });
    expect((await house.ask(alice, 'GET', '/api/providers/nobody/models')).body['error_code']).toBe('UNKNOWN_PROVIDER');
    expect((await house.ask(alice, 'GET', `/api/providers/custom/models?configurationId=${made.body.data.id}`)).status).toBe(404);
    expect((await house.ask(admin, 'GET', `/api/providers/openai/models?configurationId=${made.body.data.id}`)).status).toBe(404);
  });
});

describe('GET /api/providers/:name/schema', () => {
  test('200 JSON Schema and the fields of a form', async () => {
    const { body } = await house.ask(alice, 'GET', '/api/providers/openai/schema');
    expect(body.data).toMatchObject({ provider: 'openai', jsonSchema: { type: 'object', additionalProperties: false } });
    const fields = body.data['fields'] as { name: string; kind: string }[];
    expect(fields.find((field) => field.name === 'apiKey')).toMatchObject({ kind: 'password' });
    expect(fields.find((field) => field.name === 'temperature')).toMatchObject({ kind: 'slider', min: 0, max: 2 });
  });

  test('200 the bounds of the named model, and where a request would go with the named address', async () => {
    const read = async (name: string, query: string) => (await house.ask(alice, 'GET', `/api/providers/${name}/schema?${query}`)).body.data;
    const boundOf = (data: Record<string, unknown>, name: string) =>
      (data['fields'] as { name: string; max?: number }[]).find((field) => field.name === name)?.max;
    expect(boundOf(await read('openai', 'model=gpt-4o'), 'maxTokens')).toBe(16_384);
    expect(boundOf(await read('openai', 'model=somebody-elses'), 'maxTokens')).toBe(4096);
    expect(boundOf(await read('gemini', 'model=gemini-pro'), 'temperature')).toBe(1);
    expect(boundOf(await read('gemini', 'model=gemini-2.5-pro'), 'temperature')).toBe(2);
    const urlOf = async (name: string, baseUrl: string) => (await read(name, `baseUrl=${encodeURIComponent(baseUrl)}`))['requestUrl'];
    expect(await urlOf('openai', 'https://api.openai.com/v1/chat/completions')).toBe('https://api.openai.com/v1/chat/completions');
    expect(await urlOf('openai', 'https://api.openai.com/v1')).toBe('https://api.openai.com/v1/chat/completions');
    expect(await urlOf('deepseek', 'https://api.deepseek.com')).toBe('https://api.deepseek.com/chat/completions');
    expect(await urlOf('gemini', '')).toMatch(/^https:\/\/generativelanguage.googleapis.com\/.*\{model\}/);
    expect(await urlOf('openai', 'ftp://nowhere')).toBeNull();
  });

  test('400 a query that does not fit', async () => {
    expect((await house.ask(alice, 'GET', '/api/providers/openai/schema?color=red')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/api/providers/openai/schema')).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(alice, 'GET', '/api/providers/constructor/schema')).status).toBe(404);
  });
});

describe('GET /api/providers/:name/templates', () => {
  test('200 the same ids each time, one default at most, a stored default before the built-in one', async () => {
    const read = async () => listed(await house.ask(alice, 'GET', '/api/providers/gemini/templates'));
    const first = await read();
    expect(first.length).toBeGreaterThan(1);
    expect(await read()).toEqual(first);
    expect(first.filter((template) => template['isDefault'])).toHaveLength(1);
    await house.database.db
      .insertInto('provider_templates')
      .values({
        id: '01890a5d-ac96-774b-bcce-b302099a8051',
        provider: 'gemini',
        name: 'Ours',
        description: null,
        configuration: '{"model":"gemini-2.5-pro"}',
        is_default: true,
      })
      .execute();
    const after = await read();
    expect(after[0]).toMatchObject({ name: 'Ours', isDefault: true });
    expect(after.filter((template) => template['isDefault'])).toHaveLength(1);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/api/providers/openai/templates')).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(alice, 'GET', '/api/providers/nobody/templates')).status).toBe(404);
  });
});

describe('POST /api/providers/:name/validate', () => {
  const validate = (name: string, body: unknown, person: Resident | null = alice) =>
    house.ask(person, 'POST', `/api/providers/${name}/validate`, body);

  test('200 a configuration that fits, and nobody is called', async () => {
    vendor.forget();
    const answer = await validate('custom', { baseUrl: vendor.baseUrl, model: 'small-model', apiKey: key, temperature: 1 });
    expect(answer.body).toEqual({ success: true, data: { valid: true, errors: [] } });
    expect(vendor.requests()).toBe(0);
  });

  test.each([
    ['openai', { apiKey: '', model: 'gpt-4o' }, 'apiKey'],
    ['openai', { apiKey: 'k', model: '' }, 'model'],
    ['openai', { apiKey: 'k', model: 'gpt-4o', temperature: 2.1 }, 'temperature'],
    ['openai', { apiKey: 'k', model: 'an-unknown-model', maxTokens: 4097 }, 'maxTokens'],
    ['openai', { apiKey: 'k', model: 'gpt-4o', maxTokens: 0 }, 'maxTokens'],
    ['gemini', { apiKey: '', model: 'gemini-pro' }, 'apiKey'],
    ['gemini', { apiKey: 'k', model: 'gemini-pro', temperature: 1.5 }, 'temperature'],
    ['ollama', { baseUrl: 'http://localhost:11434' }, 'model'],
    ['custom', { model: 'x' }, 'baseUrl'],
    ['openai', { apiKey: 'k', model: 'gpt-4o', nonsense: 1 }, 'nonsense'],
  ])('200 and not valid: %s %j names %s', async (name, body, path) => {
    const answer = await validate(name, body);
    expect([answer.status, answer.body['success']]).toEqual([200, false]);
    expect((answer.body.data['errors'] as { path: string }[]).map((fault) => fault.path)).toContain(path);
  });

  test('400 a body that is no object, 401, 404', async () => {
    expect((await validate('openai', '[]')).status).toBe(400);
    expect((await validate('openai', {}, null)).status).toBe(401);
    expect((await validate('nobody', {})).status).toBe(404);
  });
});
