/** No stored secret leaves for another origin, whichever way somebody tries: a listener at the other origin counts the bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openConnectionsHouse, openVendor, tracesOf, type ConnectionsHouse, type Seen, type Vendor } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-exfil-0123456789abcdefGHIJ';
const fresh = 'sk-fresh-0123456789abcdefKLMN';
const headerValue = 'header-exfil-0123456789abcdef';

let house: ConnectionsHouse;
let vendor: Vendor;
let attacker: Vendor;
let admin: Resident;
let workspaceId: string;
let names = 0;

beforeAll(async () => {
  house = await openConnectionsHouse();
  vendor = await openVendor();
  attacker = await openVendor();
  admin = await house.createResident('Admin', 'administrator');
  workspaceId = await house.createWorkspace('Team', [[admin, 'ADMIN']]);
});

afterAll(async () => {
  await house.close();
  await vendor.close();
  await attacker.close();
});

/** Each case has an owner of its own, because tests are limited per person. */
let owner: Resident;
let id: string;

beforeEach(async () => {
  owner = await house.createResident(`Owner${++names}`, 'administrator');
  const body = {
    name: `c ${names}`,
    provider: 'custom',
    baseUrl: vendor.baseUrl,
    model: 'small-model',
    apiKey: key,
    configuration: { headers: { 'X-Team': headerValue } },
  };
  const made = await house.ask(owner, 'POST', '/api/configurations', body);
  id = made.body.data.id;
  attacker.forget();
});

/** Makes every kind of call that a connection can be made to make. */
async function provoke(connectionId: string): Promise<void> {
  await house.ask(owner, 'POST', `/api/configurations/${connectionId}/test`);
  await house.ask(owner, 'POST', `/ai/llm/${connectionId}/validate`);
  await house.ask(owner, 'GET', `/api/models?connectionId=${connectionId}&refresh=true`);
  await house.ask(owner, 'GET', `/api/providers/custom/models?configurationId=${connectionId}&refresh=true`);
}

const stolen = (): string[] => [...tracesOf(key, attacker.bytes()), ...tracesOf(headerValue, attacker.bytes())];

type Attempt = () => Promise<Seen>;
const ask =
  (method: string, path: string, body?: unknown): Attempt =>
  () =>
    house.ask(owner, method, path.replace(':id', id), body);

const attempts: [string, () => Attempt, number][] = [
  ['PUT with another address', () => ask('PUT', '/api/configurations/:id', { baseUrl: attacker.baseUrl }), 409],
  ['PATCH with another address', () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl }), 409],
  [
    'PATCH with another address and the mask',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl, apiKey: '***GHIJ' }),
    409,
  ],
  [
    'PATCH with another address and an empty key',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl, apiKey: '' }),
    409,
  ],
  [
    'PATCH with another address and a foreign mask',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl, apiKey: '***0000' }),
    400,
  ],
  [
    'PATCH with another address, key cleared, headers kept',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl, apiKey: null }),
    409,
  ],
  [
    'PATCH with another address, a new key, headers kept',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl, apiKey: 'sk-new-key-for-new-place' }),
    409,
  ],
  [
    'PATCH with another address, a new key, headers masked',
    () =>
      ask('PATCH', '/api/configurations/:id', {
        baseUrl: attacker.baseUrl,
        apiKey: 'sk-new-key-for-new-place',
        configuration: { headers: { 'x-team': '***' } },
      }),
    409,
  ],
  [
    'PATCH with another address, a new key, one header new and one masked',
    () =>
      ask('PATCH', '/api/configurations/:id', {
        baseUrl: attacker.baseUrl,
        apiKey: 'sk-new-key-for-new-place',
        configuration: { headers: { 'x-team': '***', 'x-other': 'new' } },
      }),
    409,
  ],
  [
    'PATCH with an address inside the configuration',
    () => ask('PATCH', '/api/configurations/:id', { configuration: { baseUrl: attacker.baseUrl } }),
    409,
  ],
  ['PATCH with another provider', () => ask('PATCH', '/api/configurations/:id', { provider: 'openai' }), 409],
  [
    'PATCH with another provider and address',
    () => ask('PATCH', '/api/configurations/:id', { provider: 'ollama', baseUrl: attacker.baseUrl }),
    409,
  ],
  ['PATCH of the address to null', () => ask('PATCH', '/api/configurations/:id', { provider: 'openai', baseUrl: null }), 409],
  [
    'PATCH with the other scheme',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: vendor.baseUrl.replace('http:', 'https:') }),
    409,
  ],
  ['PATCH with another port', () => ask('PATCH', '/api/configurations/:id', { baseUrl: attacker.baseUrl.replace('/v1', '') }), 409],
  [
    'PATCH with a user name that looks like the host',
    () => ask('PATCH', '/api/configurations/:id', { baseUrl: `${vendor.origin}@${attacker.origin.slice(7)}/v1` }),
    400,
  ],
  ['PATCH on the face of the AI connections', () => ask('PATCH', '/api/ai-connections/:id', { baseUrl: attacker.baseUrl }), 409],
  ['PUT on the face of the AI LLMs', () => ask('PUT', '/ai/llm/:id', { endpoint: attacker.baseUrl }), 409],
  [
    'PUT of another type on the face of the AI LLMs',
    () => ask('PUT', '/ai/llm/:id', { aiType: 'OPENAI', endpoint: attacker.baseUrl }),
    409,
  ],
  ['PATCH on the face of the administrators', () => ask('PATCH', '/api/admin/models/:id', { apiUrl: attacker.baseUrl }), 409],
  [
    'an unsaved test with the id',
    () => () =>
      house.ask(owner, 'POST', '/api/configurations/test', { id, provider: 'custom', baseUrl: attacker.baseUrl, model: 'small-model' }),
    409,
  ],
  [
    'an unsaved test with the id and the mask',
    () => () =>
      house.ask(owner, 'POST', '/api/configurations/test', {
        id,
        provider: 'custom',
        baseUrl: attacker.baseUrl,
        apiKey: '***GHIJ',
        model: 'small-model',
      }),
    409,
  ],
  [
    'an unsaved test with the id as another provider',
    () => () =>
      house.ask(owner, 'POST', '/api/configurations/test', { id, provider: 'vllm', baseUrl: vendor.baseUrl, model: 'small-model' }),
    409,
  ],
  ['a test with an address in its body', () => ask('POST', '/api/configurations/:id/test', { baseUrl: attacker.baseUrl }), 400],
  ['a validation with an endpoint in its body', () => ask('POST', '/ai/llm/:id/validate', { endpoint: attacker.baseUrl }), 400],
  ['a rotation with an address', () => ask('POST', '/api/configurations/:id/rotate-key', { baseUrl: attacker.baseUrl }), 400],
  [
    'a deployment that builds a host',
    () => ask('PATCH', '/api/configurations/:id', { provider: 'azure-openai', configuration: { deployment: 'x.evil.example#' } }),
    409,
  ],
  ['an HTTP proxy among the settings', () => ask('PATCH', '/api/configurations/:id', { configuration: { proxy: attacker.origin } }), 400],
  ['a Host header', () => ask('PATCH', '/api/configurations/:id', { configuration: { headers: { Host: attacker.origin.slice(7) } } }), 400],
  ['a switch for certificates', () => ask('PATCH', '/api/configurations/:id', { configuration: { rejectUnauthorized: false } }), 400],
  ['another owner', () => ask('PATCH', '/api/configurations/:id', { scope: 'organization' }), 400],
];

describe('a stored key never leaves for another origin', () => {
  test.each(attempts)('%s', async (_, attempt, status) => {
    const answer = await attempt()();
    expect(answer.status).toBe(status);
    await provoke(id);
    expect(stolen()).toEqual([]);
    // The connection itself is what it was: its own provider still receives its own key.
    vendor.forget();
    expect((await house.ask(owner, 'POST', `/api/configurations/${id}/test`)).body['success']).toBe(true);
    expect(vendor.bytes()).toContain(key);
  });

  test('a new key for a new address: the new place receives the new key and nothing of the old', async () => {
    const body = { baseUrl: attacker.baseUrl, apiKey: 'sk-new-key-for-new-place', configuration: { headers: {} } };
    const answer = await house.ask(owner, 'PATCH', `/api/configurations/${id}`, body);
    expect(answer.status).toBe(200);
    await provoke(id);
    expect(attacker.bytes()).toContain('sk-new-key-for-new-place');
    expect(stolen()).toEqual([]);
  });

  test('cleared secrets may move', async () => {
    const answer = await house.ask(owner, 'PATCH', `/api/configurations/${id}`, {
      baseUrl: attacker.baseUrl,
      apiKey: null,
      configuration: { headers: null },
    });
    expect(answer.status).toBe(200);
    await provoke(id);
    expect(attacker.requests()).toBeGreaterThan(0);
    expect(stolen()).toEqual([]);
  });

  test.each(['base_url', 'base_url and origin'])('a row whose %s was altered behind our back opens nothing', async (columns) => {
    const revision = '(SELECT revision FROM config_revision WHERE id = 1)';
    const origin = columns === 'base_url' ? '' : `, origin = '${attacker.origin}'`;
    await house.database.driver.write([
      { sql: 'UPDATE config_revision SET revision = revision + 1 WHERE id = 1', params: [] },
      { sql: `UPDATE ai_configurations SET base_url = $1${origin}, revision = ${revision} WHERE id = $2`, params: [attacker.baseUrl, id] },
    ]);
    await provoke(id);
    const result = await house.ask(owner, 'POST', `/api/configurations/${id}/test`);
    expect(result.body.data).toMatchObject({ success: false, errorCode: 'SECRET_UNREADABLE' });
    expect(stolen()).toEqual([]);
  });

  test('a sealed key that was copied into a row of another origin opens nothing', async () => {
    const other = await house.ask(owner, 'POST', '/api/configurations', {
      name: `c2 ${names}`,
      provider: 'custom',
      baseUrl: attacker.baseUrl,
      model: 'small-model',
      apiKey: 'sk-something-of-its-own',
    });
    const copy =
      'UPDATE ai_configurations SET api_key_encrypted = (SELECT api_key_encrypted FROM ai_configurations WHERE id = $1) WHERE id = $2';
    await house.database.driver.run({ sql: copy, params: [id, other.body.data.id] }, 'write');
    await house.ask(owner, 'PATCH', `/api/configurations/${other.body.data.id}`, { name: `c3 ${names}` });
    await provoke(other.body.data.id);
    expect(stolen()).toEqual([]);
  });

  test('a value that looks like a template is sent as it is written', async () => {
    await house.ask(owner, 'PATCH', `/api/configurations/${id}`, { configuration: { headers: { 'x-team': '{{apiKey}} ${LLM_API_KEY}' } } });
    vendor.forget();
    await house.ask(owner, 'POST', `/api/configurations/${id}/test`);
    expect(vendor.bytes()).toContain('{{apiKey}} ${LLM_API_KEY}');
  });

  test('other spellings of the same origin need no second entry', async () => {
    for (const baseUrl of [
      `${vendor.origin}/`,
      `${vendor.origin.replace('http', 'HTTP')}/v1`,
      `${vendor.baseUrl}/chat/completions`,
      `${vendor.baseUrl}/`,
    ]) {
      const answer = await house.ask(owner, 'PATCH', `/api/configurations/${id}`, { baseUrl });
      expect([answer.status, baseUrl]).toEqual([200, baseUrl]);
    }
    const hosted = await house.ask(owner, 'POST', '/api/configurations', {
      name: `h ${names}`,
      provider: 'openai',
      model: 'gpt-4o',
      apiKey: key,
    });
    for (const baseUrl of [
      'https://API.openai.com/v1',
      'https://api.openai.com:443/v1',
      'https://api.openai.com./v1',
      'https://api.openai.com/v1/chat/completions',
    ]) {
      const answer = await house.ask(owner, 'PATCH', `/api/configurations/${hosted.body.data.id}`, { baseUrl });
      expect([answer.status, baseUrl]).toEqual([200, baseUrl]);
    }
  });

  test('a new key that is still being tested does not follow to where somebody leads the connection meanwhile', async () => {
    const [came, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      came.resolve();
      const { method = 'GET', url = '/', headers } = request;
      const body = await text(request);
      await held.promise;
      const kept = { authorization: headers.authorization ?? '', 'content-type': 'application/json' };
      const answer = await fetch(`${vendor.origin}${url}`, { method, headers: kept, ...(body !== '' && { body }) });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    };
    const slow = createServer((request, response) => void passOn(request, response));
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/v1`;
    const made = await house.ask(owner, 'POST', '/api/configurations', {
      name: `slow ${names}`,
      provider: 'custom',
      baseUrl,
      model: 'small-model',
      apiKey: key,
    });
    id = made.body.data.id;
    const rotating = house.ask(owner, 'POST', `/api/configurations/${id}/rotate-key`, { apiKey: fresh, validate: true });
    await came.promise;
    const led = await house.ask(owner, 'PATCH', `/api/configurations/${id}`, {
      baseUrl: attacker.baseUrl,
      apiKey: 'sk-of-the-attacker-01',
    });
    held.resolve();
    const answer = await rotating;
    await provoke(id);
    slow.closeAllConnections();
    slow.close();
    expect(tracesOf(fresh, attacker.bytes())).toEqual([]);
    expect([led.status, answer.status, answer.body['error_code']]).toEqual([200, 409, 'STALE']);
  });

  test('workspaces: another member cannot point a shared key elsewhere', async () => {
    const writer = await house.createResident(`Writer${names}`);
    const team = await house.createWorkspace(`Shared ${names}`, [
      [owner, 'ADMIN'],
      [writer, 'WRITE'],
    ]);
    const made = await house.ask(owner, 'POST', '/ai/llm', {
      name: 'shared',
      aiType: 'OTHER',
      endpoint: vendor.baseUrl,
      secret: key,
      workspaceId: team,
    });
    const answer = await house.ask(writer, 'PUT', `/ai/llm/${made.body.aiLlmId}`, { endpoint: attacker.baseUrl });
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN']);
    expect(workspaceId).not.toBe(team);
    expect(stolen()).toEqual([]);
  });
});
