/** The administrators' models, through the front door: one describe per route, one case per status it may give. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  listed,
  openConnectionsHouse,
  openVendor,
  pathsOf,
  tracesOf,
  answersSeen,
  type ConnectionsHouse,
  type Found,
  type Vendor,
} from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-s0canary-0123456789abcdefYZAB';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
const path = '/api/admin/models';

let house: ConnectionsHouse;
let vendor: Vendor;
let admin: Resident;
let manager: Resident;
let user: Resident;
let names = 0;

beforeAll(async () => {
  house = await openConnectionsHouse();
  vendor = await openVendor([key]);
  admin = await house.createResident('Admin', 'administrator');
  manager = await house.createResident('Manager', 'manager');
  user = await house.createResident('User');
});

afterAll(async () => {
  await house.close();
  await vendor.close();
});

const body = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: `model ${++names}`,
  modelVariant: 'small-model',
  apiUrl: `${vendor.baseUrl}/chat/completions`,
  apiKey: key,
  isActive: true,
  ...more,
});

async function make(more: Record<string, unknown> = {}): Promise<Found> {
  const answer = await house.ask(admin, 'POST', path, body(more));
  expect(answer.status).toBe(201);
  return answer.body.data;
}

describe('POST /api/admin/models', () => {
  test('201 the five fields, the address as entered, the variant byte for byte, the key masked', async () => {
    const data = await make({ name: 'GPT-4 Omni', modelVariant: 'claude-3-5-sonnet-20240620 ' });
    expect(data).toMatchObject({
      name: 'GPT-4 Omni',
      modelVariant: 'claude-3-5-sonnet-20240620 ',
      apiUrl: `${vendor.baseUrl}/chat/completions`,
      apiKey: '***YZAB',
      isActive: true,
    });
  });

  test.each(['Budget AI', 'AI Hemat Anggaran'])('201 the budget model %s with the variant gpt-4o-mini is active at once', async (name) => {
    expect(await make({ name, modelVariant: 'gpt-4o-mini' })).toMatchObject({ name, modelVariant: 'gpt-4o-mini', isActive: true });
  });

  test("201 without an address the form's default provider is meant", async () => {
    expect(await make({ apiUrl: undefined, modelVariant: 'gpt-4o' })).toMatchObject({
      provider: 'openai',
      apiUrl: 'https://api.openai.com/v1',
    });
  });

  test('201 a manager holds the permission too, and everyone may use what was made', async () => {
    const answer = await house.ask(manager, 'POST', path, body());
    expect(answer.status).toBe(201);
    expect((await house.ask(user, 'GET', `/api/configurations/${answer.body.data.id}`)).body.data).toMatchObject({
      canManage: false,
      scope: 'organization',
    });
  });

  test("201 an address that a manager wrote does not have an administrator's trust", async () => {
    const trustOf = async (id: string) =>
      (await house.database.db.selectFrom('ai_configurations').select('trust').where('id', '=', id).executeTakeFirstOrThrow()).trust;
    const { id } = await make();
    expect(await trustOf(id)).toBe('administrator');
    await house.ask(manager, 'PATCH', `${path}/${id}`, { name: `renamed ${++names}` });
    expect(await trustOf(id)).toBe('administrator');
    await house.ask(manager, 'PATCH', `${path}/${id}`, { apiUrl: `${vendor.origin}/v2` });
    expect(await trustOf(id)).toBe('member');
  });

  test.each([
    ['no name', { name: '' }, 'name'],
    ['no variant', { modelVariant: undefined }, 'modelVariant'],
    ['an address that is none', { apiUrl: 'nonsense' }, 'apiUrl'],
    ['an active flag that is none', { isActive: 'yes' }, 'isActive'],
    ['an unknown field', { scope: 'user' }, 'scope'],
  ])('400 %s', async (_, more, field) => {
    const answer = await house.ask(admin, 'POST', path, body(more));
    expect([answer.status, pathsOf(answer)[0]]).toEqual([400, field]);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'POST', path, body())).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    expect((await house.ask(user, 'POST', path, body())).status).toBe(403);
  });

  test('409 what would clash or take a key along', async () => {
    const { name } = await make();
    expect((await house.ask(admin, 'POST', path, body({ name }))).status).toBe(409);
  });
});

describe('GET /api/admin/models', () => {
  test("200 the organization's alone, found by name, page by page", async () => {
    const wanted = await make({ name: 'Thrifty AI' });
    await house.ask(admin, 'POST', '/api/configurations', {
      name: 'Thrifty of my own',
      provider: 'custom',
      baseUrl: vendor.baseUrl,
      model: 'x',
    });
    const found = await house.ask(admin, 'GET', `${path}?search=tHrIfTy&page=1&limit=25`);
    expect(listed(found).map((entry) => entry.id)).toEqual([wanted.id]);
    expect(found.body['pagination']).toEqual({ page: 1, limit: 25, total: 1, totalPages: 1 });
  });

  test('400 what does not fit', async () => {
    expect((await house.ask(admin, 'GET', `${path}?page=-1`)).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', path)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    expect((await house.ask(user, 'GET', path)).status).toBe(403);
  });
});

describe('GET /api/admin/models/:id', () => {
  test('200 what is allowed', async () => {
    const { id } = await make();
    expect((await house.ask(manager, 'GET', `${path}/${id}`)).body.data).toMatchObject({ id, apiKey: '***YZAB' });
  });

  test('401 without a token', async () => {
    const { id } = await make();
    expect((await house.ask(null, 'GET', `${path}/${id}`)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const { id } = await make();
    expect((await house.ask(user, 'GET', `${path}/${id}`)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(admin, 'GET', `${path}/${randomId}`)).status).toBe(404);
  });
});

describe.each(['PUT', 'PATCH'])('%s /api/admin/models/:id', (method) => {
  test('200 the switch alone, and a pasted key alone', async () => {
    const { id } = await make({ apiKey: 'sk-the-key-before-the-rotation' });
    expect((await house.ask(admin, method, `${path}/${id}`, { isActive: false })).body.data).toMatchObject({
      isActive: false,
      modelVariant: 'small-model',
    });
    expect((await house.ask(admin, method, `${path}/${id}`, { apiKey: key, isActive: true })).body.data).toMatchObject({
      apiKey: '***YZAB',
      isActive: true,
    });
    vendor.forget();
    expect((await house.ask(admin, 'POST', `${path}/${id}/test`)).body['success']).toBe(true);
    expect(vendor.bytes()).not.toContain('sk-the-key-before-the-rotation');
  });

  test('400 what does not fit', async () => {
    const first = await make();
    expect((await house.ask(admin, method, `${path}/${first.id}`, {})).status).toBe(400);
  });

  test('401 without a token', async () => {
    const first = await make();
    expect((await house.ask(null, method, `${path}/${first.id}`, { name: 'x' })).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const first = await make();
    expect((await house.ask(user, method, `${path}/${first.id}`, { name: 'x' })).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(admin, method, `${path}/${randomId}`, { name: 'x' })).status).toBe(404);
  });

  test('409 what would clash or take a key along', async () => {
    const first = await make();
    const second = await make();
    expect((await house.ask(admin, method, `${path}/${first.id}`, { name: second['name'] })).body['error_code']).toBe('NAME_EXISTS');
    expect((await house.ask(admin, method, `${path}/${first.id}`, { apiUrl: 'https://x.example.org/v1' })).body['error_code']).toBe(
      'SECRET_REQUIRED_FOR_NEW_ORIGIN',
    );
  });
});

describe('DELETE /api/admin/models/:id', () => {
  test('200 what is allowed', async () => {
    const { id } = await make();
    expect((await house.ask(admin, 'DELETE', `${path}/${id}`)).body).toEqual({ success: true, data: null });
  });

  test('401 without a token', async () => {
    const { id } = await make();
    expect((await house.ask(null, 'DELETE', `${path}/${id}`)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const { id } = await make();
    expect((await house.ask(user, 'DELETE', `${path}/${id}`)).status).toBe(403);
  });

  test('404 of a random id', async () => {
    expect((await house.ask(admin, 'DELETE', `${path}/${randomId}`)).status).toBe(404);
  });
});

describe('POST /api/admin/models/:id/test', () => {
  test('200 whether or not the provider agrees', async () => {
    const [good, bad] = [await make(), await make({ modelVariant: 'gpt-4' })];
    expect((await house.ask(admin, 'POST', `${path}/${good.id}/test`)).body['success']).toBe(true);
    expect((await house.ask(admin, 'POST', `${path}/${bad.id}/test`)).body).toMatchObject({
      success: false,
      data: { errorCode: 'MODEL_NOT_FOUND' },
    });
    expect((await house.ask(null, 'POST', `${path}/${good.id}/test`)).status).toBe(401);
    expect((await house.ask(user, 'POST', `${path}/${good.id}/test`)).status).toBe(403);
    expect((await house.ask(admin, 'POST', `${path}/${randomId}/test`)).status).toBe(404);
  });
});

test('no answer of this face ever held the key', () => {
  expect(answersSeen.length).toBeGreaterThan(50);
  expect(tracesOf(key, answersSeen.join('\n'))).toEqual([]);
});
