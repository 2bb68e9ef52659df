/** Templates that administrators keep, through the front door: one describe per route, one case per status it may give. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { templatesMax } from '../../src/storage/templates.ts';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { House, Reply, Resident } from '../support/house.ts';

const path = '/api/admin/templates';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
let books: BooksHouse;
let house: House;
let ada: Resident;
let names = 0;

beforeAll(async () => {
  books = await openBooksHouse();
  ({ house, ada } = books);
});
afterAll(() => house.close());

const fresh = (): string => `Template ${(names += 1)}`;
const send = (method: string, at: string, body?: unknown, token = ada.token): Promise<Reply> =>
  house.request(method, at, { token, ...(body === undefined ? {} : { body }) });
const make = (body: Record<string, unknown> = {}): Promise<Reply> =>
  send('POST', path, { provider: 'openai', name: fresh(), configuration: { model: 'gpt-4o', temperature: 0.2 }, ...body });
const made = async (body: Record<string, unknown> = {}): Promise<string> => (await make(body)).at('data.id');
const offered = async (provider: string): Promise<Record<string, unknown>[]> =>
  rowsOf(await send('GET', `/api/providers/${provider}/templates`, undefined, books.ben.token));
const stored = async (): Promise<Record<string, unknown>[]> => rowsOf(await send('GET', path));
const builtInId = async (): Promise<unknown> => (await offered('mistral')).find((one) => one['createdAt'] === null)?.['id'];
const lastDeed = async (): Promise<unknown> =>
  (
    await house.database.driver.rows<{ action: string }>({
      sql: `SELECT action FROM audit_entries WHERE subject_type = 'template' ORDER BY at DESC, id DESC LIMIT 1`,
      params: [],
    })
  )[0]?.action;

/** What no template may hold, with the field that is named. */
const unfit: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ name: '' }, 'name'],
  [{ name: 'n'.repeat(256) }, 'name'],
  [{ description: 'd'.repeat(2001) }, 'description'],
  [{ configuration: { temperature: 9 } }, 'configuration.temperature'],
  [{ configuration: { maxTokens: 0 } }, 'configuration.maxTokens'],
  [{ configuration: { temperatur: 1 } }, 'configuration.temperatur'],
  [{ configuration: { model: '' } }, 'configuration.model'],
  [{ configuration: { baseUrl: 7 } }, 'configuration.baseUrl'],
  [{ configuration: 'text' }, 'configuration'],
  [{ isDefault: 'yes' }, 'isDefault'],
  // Whoever uses it enters their own key, and everybody reads it.
  [{ configuration: { apiKey: 'your-api-key-here' } }, 'configuration.apiKey'],
  [{ configuration: { APIKEY: '' } }, 'configuration.APIKEY'],
  [{ configuration: { headers: { authorization: 'Bearer x' } } }, 'configuration.headers'],
];

describe('GET /api/admin/templates', () => {
  test('200 those of administrators alone, of one provider or of all', async () => {
    const [mine, other] = [await made(), await made({ provider: 'groq', configuration: {} })];
    const all = rowsOf(await send('GET', path));
    expect(all.map((row) => row['id'])).toEqual(expect.arrayContaining([mine, other]));
    expect(all.every((row) => row['createdAt'] !== null && row['purpose'] === null)).toBe(true);
    expect(rowsOf(await send('GET', `${path}?provider=groq`)).map((row) => row['id'])).toEqual([other]);
  });

  test('400 an unknown filter', async () => {
    expect((await send('GET', `${path}?model=x`)).status).toBe(400);
  });

  test('401 without a key', async () => {
    expect((await house.request('GET', path)).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await send('GET', path, undefined, books.cat.token)).status).toBe(403);
  });
});

describe('POST /api/admin/templates', () => {
  test('201 as it was meant; everybody finds it, and a connection can be made from it', async () => {
    const name = fresh();
    const reply = await make({ name, description: 'for the help desk' });
    expect(reply.status).toBe(201);
    expect(reply.body['data']).toMatchObject({
      provider: 'openai',
      name,
      description: 'for the help desk',
      configuration: { model: 'gpt-4o', temperature: 0.2 },
      isDefault: false,
      purpose: null,
    });
    expect(await lastDeed()).toBe('template.create');
    const id = reply.at('data.id');
    expect((await offered('openai')).some((one) => one['id'] === id)).toBe(true);
    const connection = await send(
      'POST',
      '/api/configurations',
      { name: fresh(), provider: 'openai', apiKey: 'sk-0123456789abcdef', templateId: id },
      books.ben.token,
    );
    expect([connection.status, connection.at('data.model')]).toEqual([201, 'gpt-4o']);
  });

  test('201 a new default takes the place of the old one, and of the built-in one (R-087)', async () => {
    const [first, second] = [await made({ provider: 'deepseek', configuration: {}, isDefault: true }), fresh()];
    await make({ provider: 'deepseek', name: second, configuration: {}, isDefault: true });
    const templates = await offered('deepseek');
    expect(templates.filter((one) => one['isDefault']).map((one) => one['name'])).toEqual([second]);
    expect(templates.some((one) => one['id'] === first)).toBe(true);
  });

  test('400 what does not fit the form of the provider, a key, headers, unknown fields', async () => {
    const before = rowsOf(await send('GET', path)).length;
    for (const [body, field] of unfit) expect(said(await make(body)), field).toEqual([400, 'VALIDATION_ERROR', field]);
    expect((await make({ userId: 'x' })).status).toBe(400);
    expect((await make({ configuration: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`s${at}`, 1])) })).status).toBe(400);
    expect(rowsOf(await send('GET', path))).toHaveLength(before);
  });

  test('400 one more than a house keeps', async () => {
    const rows = Array.from({ length: templatesMax }, (_, at) => ({ provider: 'crowd', name: `n${at}`, configuration: '{}' }));
    for (let from = 0; from < rows.length; from += 100)
      await house.database.db
        .insertInto('provider_templates')
        .values(rows.slice(from, from + 100))
        .execute();
    expect(said(await make())).toEqual([400, 'VALIDATION_ERROR', 'provider']);
    await house.database.db.deleteFrom('provider_templates').where('provider', '=', 'crowd').execute();
    expect((await make()).status).toBe(201);
  });

  test('401 without a key', async () => {
    expect((await house.request('POST', path, { body: {} })).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    const body = { provider: 'openai', name: fresh(), configuration: {} };
    expect((await send('POST', path, body, books.ben.token)).status).toBe(403);
  });

  test('404 an unknown provider', async () => {
    expect(said(await make({ provider: 'nobody' }))).toEqual([404, 'UNKNOWN_PROVIDER', undefined]);
  });
});

describe('PUT /api/admin/templates/:id', () => {
  const put = (id: string, body: Record<string, unknown> = {}, token = ada.token): Promise<Reply> =>
    send('PUT', `${path}/${id}`, { name: fresh(), configuration: {}, ...body }, token);

  test('200 all of it: what is left out is empty afterwards, and the provider stays', async () => {
    const id = await made({ description: 'old', isDefault: true });
    const reply = await put(id, { name: 'New', configuration: { model: 'gpt-4.1' } });
    expect(reply.status).toBe(200);
    expect(reply.body['data']).toMatchObject({
      id,
      provider: 'openai',
      name: 'New',
      description: null,
      configuration: { model: 'gpt-4.1' },
      isDefault: false,
    });
    expect((await stored()).find((row) => row['id'] === id)).toEqual(reply.body['data']);
    expect(await lastDeed()).toBe('template.update');
  });

  test('200 it becomes the default, stays it, and the one before is none any more', async () => {
    const [one, two] = [
      await made({ provider: 'xai', configuration: {}, isDefault: true }),
      await made({ provider: 'xai', configuration: {} }),
    ];
    for (const id of [two, two, one]) {
      expect((await put(id, { isDefault: true })).body['data']).toMatchObject({ id, isDefault: true });
      expect((await offered('xai')).filter((template) => template['isDefault']).map((template) => template['id'])).toEqual([id]);
    }
  });

  test('200 two administrators at once: one default is left', async () => {
    const ids = await Promise.all([0, 1, 2, 3].map(() => made({ provider: 'cohere', configuration: {} })));
    const replies = await Promise.all(ids.map((id) => put(id, { isDefault: true })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await offered('cohere')).filter((template) => template['isDefault'])).toHaveLength(1);
  });

  test('409 a change that was made from an older state, with the current one and who made it; nothing is overwritten', async () => {
    const id = await made();
    const read = (await stored()).find((row) => row['id'] === id)!;
    const first = await put(id, { name: 'First', revision: read['revision'] });
    expect(first.status).toBe(200);
    const second = await put(id, { name: 'Second', revision: read['revision'] });
    expect([second.status, second.body['error_code']]).toEqual([409, 'CONFLICT']);
    expect(second.body['details']).toMatchObject({ current: { id, name: 'First' }, changedBy: { name: 'Ada' } });
    expect((await put(id, { name: 'Second', revision: first.body['data']!['revision' as never] })).status).toBe(200);
  });

  test('400 what does not fit the form of the provider, a key, another provider', async () => {
    const id = await made();
    for (const [body, field] of unfit) expect(said(await put(id, body)), field).toEqual([400, 'VALIDATION_ERROR', field]);
    expect((await put(id, { provider: 'groq' })).status).toBe(400);
    expect((await stored()).find((row) => row['id'] === id)).toMatchObject({ configuration: { temperature: 0.2 } });
  });

  test('401 without a key', async () => {
    expect((await house.request('PUT', `${path}/${randomId}`, { body: {} })).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await put(await made(), {}, books.dan.token)).status).toBe(403);
  });

  test('404 an unknown id, one that is none, and a built-in one', async () => {
    for (const id of [randomId, 'none', String(await builtInId())]) expect((await put(id)).status).toBe(404);
  });
});

describe('DELETE /api/admin/templates/:id', () => {
  const remove = (id: string, token = ada.token): Promise<Reply> => send('DELETE', `${path}/${id}`, undefined, token);

  test('200 nobody finds it any more, and the built-in default is the default again', async () => {
    const id = await made({ provider: 'perplexity', configuration: {}, isDefault: true });
    expect((await offered('perplexity'))[0]).toMatchObject({ id, isDefault: true });
    expect((await remove(id)).status).toBe(200);
    expect(await lastDeed()).toBe('template.delete');
    const templates = await offered('perplexity');
    expect(templates.some((one) => one['id'] === id)).toBe(false);
    expect(templates.filter((one) => one['isDefault'])).toHaveLength(1);
  });

  test('401 without a key', async () => {
    expect((await house.request('DELETE', `${path}/${randomId}`)).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await remove(await made(), books.cat.token)).status).toBe(403);
  });

  test('404 an unknown id, one that has gone, and a built-in one', async () => {
    const id = await made();
    await remove(id);
    for (const gone of [id, randomId, 'none', String(await builtInId())]) expect((await remove(gone)).status).toBe(404);
  });
});
