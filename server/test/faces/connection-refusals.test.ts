/** Refusals that the connections' faces share: closed workspaces, spent limits, unknown ids; one case per route and status. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConnectionsHouse, openVendor, pathsOf, type ConnectionsHouse, type Vendor } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-refusals-0123456789abcdef';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';

let house: ConnectionsHouse;
let vendor: Vendor;
let admin: Resident;
let user: Resident;
/** Somebody who has tested ten times within this minute. */
let spent: Resident;
/** Of the administrator, of a workspace that the user is no member of, of the organization, of the spent one. */
let own: string;
let closed: string;
let shared: string;
let ofSpent: string;

beforeAll(async () => {
  house = await openConnectionsHouse();
  vendor = await openVendor();
  admin = await house.createResident('Admin', 'administrator');
  user = await house.createResident('User');
  spent = await house.createResident('Spent', 'manager');
  const unsaved = { provider: 'custom', baseUrl: vendor.baseUrl, model: 'small-model' };
  const make = async (person: Resident, name: string): Promise<string> =>
    (await house.ask(person, 'POST', '/api/configurations', { ...unsaved, name, apiKey: key })).body.data.id;
  own = await make(admin, 'own');
  ofSpent = await make(spent, 'of the spent one');
  const workspaceId = await house.createWorkspace('Closed', [[admin, 'ADMIN']]);
  closed = (
    await house.ask(admin, 'POST', '/ai/llm', { name: 'closed', aiType: 'OTHER', endpoint: vendor.baseUrl, secret: key, workspaceId })
  ).body.aiLlmId;
  shared = (
    await house.ask(admin, 'POST', '/api/ai-connections', { name: 'shared', baseUrl: vendor.baseUrl, apiKey: key, scope: 'organization' })
  ).body.id;
  for (let count = 0; count < 10; count++) await house.ask(spent, 'POST', '/api/configurations/test', unsaved);
});

afterAll(async () => {
  await house.close();
  await vendor.close();
});

const statusOf = async (person: Resident | null, method: string, path: string, body?: unknown): Promise<number> =>
  (await house.ask(person, method, path, body)).status;

/** What somebody over the limit is told, and whether with a time to wait. */
async function limited(method: string, path: string, body?: unknown): Promise<unknown[]> {
  const answer = await house.ask(spent, method, path, body);
  return [answer.status, answer.body['error_code'], Number(answer.headers.get('retry-after')) > 0];
}
const isLimited = [429, 'RATE_LIMITED', true];

describe('POST /api/configurations', () => {
  test('429 a test beside the creation counts; the row is kept', async () =>
    expect(
      await limited('POST', '/api/configurations', {
        name: 'tested',
        provider: 'custom',
        baseUrl: vendor.baseUrl,
        model: 'm',
        validate: true,
      }),
    ).toEqual(isLimited));
});

describe('POST /api/configurations/test', () => {
  const body = { provider: 'custom', baseUrl: 'http://127.0.0.1:1024/v1' };
  test('401 without a token', async () => expect(await statusOf(null, 'POST', '/api/configurations/test', body)).toBe(401));
  test('403 with the id of a connection that may only be used', async () =>
    expect(await statusOf(user, 'POST', '/api/configurations/test', { ...body, id: shared })).toBe(403));
  test("404 with the id of a stranger's", async () =>
    expect(await statusOf(user, 'POST', '/api/configurations/test', { ...body, id: own })).toBe(404));
});

describe('POST /api/configurations/:id/test', () => {
  test('403 a workspace of others', async () => expect(await statusOf(user, 'POST', `/api/configurations/${closed}/test`)).toBe(403));
});

describe('POST /api/configurations/:id/rotate-key', () => {
  test('429 a new key that is tested first counts; without the test it does not', async () => {
    expect(await limited('POST', `/api/configurations/${ofSpent}/rotate-key`, { apiKey: 'sk-new-key-0123456789', validate: true })).toEqual(
      isLimited,
    );
    expect(await statusOf(spent, 'POST', `/api/configurations/${ofSpent}/rotate-key`, { apiKey: 'sk-new-key-0123456789' })).toBe(200);
  });
});

describe('GET /api/configurations/:id/usage', () => {
  test('403 a workspace of others', async () => expect(await statusOf(user, 'GET', `/api/configurations/${closed}/usage`)).toBe(403));
});

describe('GET /api/configurations/:id/dependants', () => {
  test('200 nothing uses it', async () =>
    expect((await house.ask(admin, 'GET', `/api/configurations/${own}/dependants`)).body).toEqual({ success: true, data: [] }));
  test('401 without a token', async () => expect(await statusOf(null, 'GET', `/api/configurations/${own}/dependants`)).toBe(401));
  test('403 a workspace of others', async () => expect(await statusOf(user, 'GET', `/api/configurations/${closed}/dependants`)).toBe(403));
  test('404 of a stranger', async () => expect(await statusOf(user, 'GET', `/api/configurations/${own}/dependants`)).toBe(404));
});

describe('DELETE /api/admin/models/:id', () => {
  test('400 a force that is neither true nor false', async () =>
    expect(pathsOf(await house.ask(admin, 'DELETE', `/api/admin/models/${shared}?force=1`))).toEqual(['force']));
});

describe('POST /api/admin/models/:id/test', () => {
  const path = (): string => `/api/admin/models/${shared}/test`;
  test('400 no settings may be slipped in', async () =>
    expect(await statusOf(admin, 'POST', path(), { apiUrl: 'https://x.example' })).toBe(400));
  test('401 without a token', async () => expect(await statusOf(null, 'POST', path())).toBe(401));
  test('403 without the permission', async () => expect(await statusOf(user, 'POST', path())).toBe(403));
  test('404 of a random id', async () => expect(await statusOf(admin, 'POST', `/api/admin/models/${randomId}/test`)).toBe(404));
  test('429 after ten in a minute', async () => expect(await limited('POST', path())).toEqual(isLimited));
});

describe('DELETE /ai/llm/:id', () => {
  test('400 a force that is neither true nor false', async () =>
    expect(pathsOf(await house.ask(admin, 'DELETE', `/ai/llm/${closed}?force=yes`))).toEqual(['force']));
});

describe('POST /ai/llm/:id/validate', () => {
  test('400 no settings may be slipped in', async () =>
    expect(await statusOf(admin, 'POST', `/ai/llm/${closed}/validate`, { endpoint: 'https://x.example' })).toBe(400));
  test('429 after ten in a minute', async () => expect(await limited('POST', `/ai/llm/${ofSpent}/validate`)).toEqual(isLimited));
});

describe('GET /api/ai-connections/:id', () => {
  test('403 a workspace of others', async () => expect(await statusOf(user, 'GET', `/api/ai-connections/${closed}`)).toBe(403));
});

describe('GET /api/models', () => {
  test('401 without a token', async () => expect(await statusOf(null, 'GET', '/api/models')).toBe(401));
  test('403 a workspace of others', async () => expect(await statusOf(user, 'GET', `/api/models?connectionId=${closed}`)).toBe(403));
  test('404 of a stranger', async () => expect(await statusOf(user, 'GET', `/api/models?connectionId=${own}`)).toBe(404));
  test('429 a refresh is a live call like a test', async () =>
    expect(await limited('GET', `/api/models?connectionId=${ofSpent}&refresh=true`)).toEqual(isLimited));
});

describe('GET /api/providers/:name/models', () => {
  test('403 through a workspace of others', async () =>
    expect(await statusOf(user, 'GET', `/api/providers/custom/models?configurationId=${closed}`)).toBe(403));
  test('429 a refresh is a live call like a test', async () =>
    expect(await limited('GET', `/api/providers/custom/models?configurationId=${ofSpent}&refresh=true`)).toEqual(isLimited));
});

describe('POST /api/providers/:name/validate', () => {
  test('401 without a token', async () => expect(await statusOf(null, 'POST', '/api/providers/openai/validate', {})).toBe(401));
  test('404 an unknown provider', async () => expect(await statusOf(user, 'POST', '/api/providers/nobody/validate', {})).toBe(404));
});

describe('POST /api/model-preferences', () => {
  const set = (person: Resident | null, connectionId: string, isEnabled: unknown = false): Promise<number> =>
    statusOf(person, 'POST', '/api/model-preferences', { connectionId, modelId: 'small-model', isEnabled });
  test('200 for what may be used', async () => expect(await set(user, shared)).toBe(200));
  test('400 a switch that is none', async () => expect(await set(user, shared, 'no')).toBe(400));
  test('401 without a token', async () => expect(await set(null, shared)).toBe(401));
  test('403 a workspace of others', async () => expect(await set(user, closed)).toBe(403));
  test('404 of a stranger', async () => expect(await set(user, own)).toBe(404));
});

describe('GET /api/model-preferences', () => {
  test("200 the caller's own alone", async () => {
    await house.ask(admin, 'POST', '/api/model-preferences', { connectionId: own, modelId: 'large-model', isEnabled: false });
    expect((await house.ask(admin, 'GET', '/api/model-preferences')).body).toEqual([
      { connectionId: own, modelId: 'large-model', isEnabled: false },
    ]);
    expect((await house.ask(spent, 'GET', '/api/model-preferences')).body).toEqual([]);
  });
  test('400 an unknown filter', async () => expect(await statusOf(user, 'GET', '/api/model-preferences?userId=x')).toBe(400));
  test('401 without a token', async () => expect(await statusOf(null, 'GET', '/api/model-preferences')).toBe(401));
});
