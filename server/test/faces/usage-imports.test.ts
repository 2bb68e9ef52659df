/** Usage exports through the front door: taken in once, read as a task, held against the books, and nobody's but the administrators'. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlashbackClient } from '@patchbay/client';
import { importBytesMax } from '../../src/control/usage-imports.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let connectionId: string;
const unknownId = '01890a5d-ac96-774b-bcce-b302099a8057';
const dayMs = 86_400_000;
const day = (index: number): string => new Date(Date.parse('2026-03-01T00:00:00Z') + index * dayMs).toISOString().slice(0, 10);

beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  const body = {
    name: 'Claude production',
    provider: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    apiKey: 'sk-ant-abcdefghijkl',
    defaultModel: 'claude-sonnet-4',
  };
  connectionId = (await house.request('POST', '/api/ai-connections', { token: ada.token, body })).at('id');
  await book(connectionId);
});
afterAll(() => house.close());

/** Ten days of our books: 1,000 tokens in and 100 out each, for one model. */
async function book(id: string): Promise<void> {
  const nobody = { access_key_id: null, user_id: null, workspace_id: null, repository_id: null, use_case_id: null };
  const dimension = {
    id: 1,
    hash: 'one',
    connection_id: id,
    provider: 'anthropic',
    model: 'claude-sonnet-4',
    purpose: 'completion',
    ...nobody,
  };
  await house.database.db.insertInto('usage_dimensions').values(dimension).execute();
  const rows = Array.from({ length: 10 }, (_, index) => ({
    bucket: Date.parse(`${day(index)}T00:00:00Z`),
    dimension_id: 1,
    shard: 0,
    attempts: 1,
    requests: 1,
    tokens_in: 1_000,
    tokens_out: 100,
    cost_nano_usd: 30_000_000,
  }));
  await house.database.db.insertInto('usage_days').values(rows).execute();
}

const head = 'usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,usage_input_tokens_cache_read,usage_output_tokens';
const lineOf = (index: number, tokensIn = 1_000, model = 'claude-sonnet-4-20250514'): string =>
  `${day(index)},${model},Claude production,${tokensIn},0,100`;
const csv = (lines: readonly string[]): string => `${[head, ...lines].join('\n')}\n`;
const month = Array.from({ length: 10 }, (_, index) => lineOf(index));

const send = (text: string, name = 'usage.csv', token = ada.token, type = 'text/csv'): Promise<Reply> =>
  house.request('POST', `/api/usage-imports?fileName=${encodeURIComponent(name)}`, {
    token,
    body: text,
    headers: { 'content-type': type },
  });

const get = (path = '', token = ada.token): Promise<Reply> => house.request('GET', `/api/usage-imports${path}`, { token });
const idOf = (reply: Reply): string => reply.at('data.id');
const ended = async (id: string): Promise<string> => {
  let state = 'reading';
  await expect.poll(async () => (state = (await get(`/${id}`)).at('data.state'))).not.toBe('reading');
  return state;
};
const taken = async (text: string): Promise<string> => {
  const id = idOf(await send(text));
  expect(await ended(id)).toBe('ready');
  return id;
};

describe('POST /api/usage-imports', () => {
  test('202 it is read as a task, and nothing of the file stays on the disk', async () => {
    const text = csv(month);
    const first = await send(text);
    expect([first.status, first.body.data?.state]).toEqual([202, 'reading']);
    const id = idOf(first);
    expect(await ended(id)).toBe('ready');
    expect((await get(`/${id}`)).body.data).toMatchObject({
      provider: 'anthropic',
      format: 'anthropic-usage',
      measure: 'tokens',
      fileName: 'usage.csv',
      lines: 10,
      from: day(0),
      to: day(9),
      keys: { 'Claude production': connectionId },
      keyNames: ['Claude production'],
      connections: [{ id: connectionId, name: 'Claude production' }],
      createdBy: { id: ada.id, name: 'Ada' },
    });
    expect(readdirSync(house.deps.importsDir)).toEqual([]);
    const tasks = await house.request('GET', '/api/tasks?kind=usage-import', { token: ada.token });
    expect((JSON.parse(tasks.text) as { data: { state: string; title: string }[] }).data).toMatchObject([
      { state: 'done', title: 'usage.csv' },
    ]);
    await house.request('DELETE', `/api/usage-imports/${id}`, { token: ada.token });
  });

  test('200 the same file again is the same import', async () => {
    const id = await taken(csv([lineOf(8)]));
    const again = await send(csv([lineOf(8)]), 'another-name.csv');
    expect([again.status, idOf(again)]).toEqual([200, id]);
  });

  test('202 the JSON of the API goes the same way, through the client', async () => {
    const client = new FlashbackClient({ baseUrl: house.url, accessToken: ada.token });
    const results = [{ uncached_input_tokens: 1, output_tokens: 1, model: 'claude-sonnet-4', api_key_id: null }];
    const page = { data: [{ starting_at: `${day(0)}T00:00:00Z`, ending_at: `${day(1)}T00:00:00Z`, results }], has_more: false };
    const { id } = await client.usageImports.take('page.json', JSON.stringify(page));
    expect(await ended(id)).toBe('ready');
    expect((await client.usageImports.list()).map((one) => one.id)).toContain(id);
    expect((await client.usageImports.reconcile(id, { tolerancePercent: 0 })).differences).toMatchObject([
      { day: day(0), cause: 'missing_in_theirs' },
    ]);
    await client.usageImports.remove(id);
  });

  test('202 a hostile file ends as refused with line and column, leaves nothing, and may come again', async () => {
    const text = csv([lineOf(0), lineOf(1).replace('1000', '=1+1')]);
    const id = idOf(await send(text));
    expect(await ended(id)).toBe('refused');
    expect((await get(`/${id}`)).body.data).toMatchObject({
      fault: { code: 'number', line: 3, column: 'usage_input_tokens_no_cache' },
      lines: 0,
      provider: null,
    });
    expect(await house.database.db.selectFrom('usage_import_lines').selectAll().where('import_id', '=', id).execute()).toEqual([]);
    expect(readdirSync(house.deps.importsDir)).toEqual([]);
    const again = await send(text);
    expect(again.status).toBe(202);
    expect(await ended(idOf(again))).toBe('refused');
  });

  test('202 an import can be paused and goes on to the same sums', async () => {
    const many = Array.from({ length: 40_000 }, (_, index) => lineOf(index % 10, 1, `model-${index % 7}`));
    const first = await send(csv(many));
    const id = idOf(first);
    const taskId = first.at('data.taskId');
    const wish = (what: string): Promise<Reply> => house.request('POST', `/api/tasks/${taskId}/${what}`, { token: ada.token, body: {} });
    expect((await wish('pause')).status).toBe(200);
    const stateOf = async (): Promise<string> =>
      (await house.request('GET', `/api/tasks/${taskId}`, { token: ada.token })).at('data.state');
    await expect.poll(stateOf).toBe('paused');
    expect((await get(`/${id}`)).at('data.state')).toBe('reading');
    expect((await get(`/${id}/reconciliation`)).status).toBe(409);
    expect((await wish('resume')).status).toBe(200);
    expect(await ended(id)).toBe('ready');
    const lines = house.database.db.selectFrom('usage_import_lines').where('import_id', '=', id);
    const sums = await lines
      .select((by) => [by.fn.countAll<number>().as('count'), by.fn.sum<number>('tokens_in').as('tokens')])
      .executeTakeFirst();
    expect([Number(sums?.count), Number(sums?.tokens)]).toEqual([40_000, 40_000]);
    await house.request('DELETE', `/api/usage-imports/${id}`, { token: ada.token });
  });

  test('400 for nothing in the file, and for a name that no file has', async () => {
    expect((await send('')).status).toBe(400);
    expect((await send(csv(month), '')).status).toBe(400);
    expect((await send(csv(month), 'a\u0000b')).status).toBe(400);
    expect(readdirSync(house.deps.importsDir)).toEqual([]);
  });

  test('401 for nobody', async () => {
    expect((await send(csv(month), 'usage.csv', 'pat-pb-none')).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await send(csv(month), 'usage.csv', ben.token)).status).toBe(403);
  });

  test('413 for more than one may bring, and nothing of it stays', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      const block = Buffer.alloc(4 * 1024 * 1024, 'a');
      for (let sent = 0; sent <= importBytesMax; sent += block.length) yield block;
    }
    const headers = { authorization: `Bearer ${ada.token}`, 'content-type': 'text/csv' };
    const sent = { method: 'POST', headers, body: ReadableStream.from(endless()), duplex: 'half' as const };
    const answer = await fetch(`${house.url}/api/usage-imports?fileName=a.csv`, sent).catch(() => null);
    // What of the file still lies on the line must not be taken for the next request.
    if (answer !== null) expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close']);
    await expect.poll(() => readdirSync(house.deps.importsDir)).toEqual([]);
  });

  test('415 for a form, a text or JSON, which other sites could send or other routes take', async () => {
    for (const type of ['text/plain', 'multipart/form-data; boundary=a', 'application/x-www-form-urlencoded', 'application/json'])
      expect((await send('{}', 'a.csv', ada.token, type)).status, type).toBe(415);
    const headers = { 'content-type': 'text/csv' };
    const elsewhere = await house.request('POST', '/api/tokens', { token: ada.token, body: 'a,b', headers });
    expect(elsewhere.status).toBe(415);
  });

  test('429 for more at once than one person may have under way', async () => {
    const held: (() => void)[] = [];
    for (let task = 0; task < 5; task++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.push(resolve);
      await house.deps.tasks.start({ kind: 'test', title: '', ownerUserId: ada.id, run: () => promise });
    }
    const before = (await house.database.db.selectFrom('usage_imports').select('id').execute()).length;
    expect((await send(csv([lineOf(3)]))).status).toBe(429);
    expect(await house.database.db.selectFrom('usage_imports').select('id').execute()).toHaveLength(before);
    for (const letGo of held) letGo();
    await expect.poll(() => house.deps.tasks.running(({ createdBy }) => createdBy.id === ada.id)).toBeUndefined();
  });
});

describe('GET /api/usage-imports', () => {
  test('200 newest first', async () => {
    const [one, two] = [await taken(csv([lineOf(1)])), await taken(csv([lineOf(2)]))];
    const ids = (JSON.parse((await get()).text) as { data: { id: string }[] }).data.map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual([two, one]);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/api/usage-imports')).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await get('', ben.token)).status).toBe(403);
  });
});

describe('GET /api/usage-imports/:id', () => {
  test('200 tells what was read of it', async () => {
    const id = await taken(csv([lineOf(8, 77)]));
    expect((await get(`/${id}`)).body.data).toMatchObject({ id, lines: 1, from: day(8), to: day(8) });
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', `/api/usage-imports/${unknownId}`)).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await get(`/${unknownId}`, ben.token)).status).toBe(403);
  });

  test('404 for one that never was', async () => {
    expect([(await get(`/${unknownId}`)).status, (await get('/x')).status]).toEqual([404, 404]);
  });
});

describe('GET /api/usage-imports/:id/reconciliation', () => {
  test('200 books that agree have no difference, and a gap is located exactly', async () => {
    const whole = await taken(csv(month.map((line) => line.replace(',1000,', ',1000.0,'))));
    expect((await get(`/${whole}/reconciliation?tolerancePercent=0`)).body.data).toMatchObject({
      importId: whole,
      measure: 'tokens',
      isByKey: true,
      compared: 10,
      agreed: 10,
      differencesTotal: 0,
      theirs: { tokensIn: 10_000, tokensOut: 1_000 },
      ours: { tokensIn: 10_000, tokensOut: 1_000, costUsd: '0.3' },
    });
    const holed = await taken(csv([...month.slice(0, 4), ...month.slice(5), lineOf(7, 5, 'claude-opus-4'), lineOf(9, 21)]));
    const found = await get(`/${holed}/reconciliation?tolerancePercent=0`);
    expect(found.body.data).toMatchObject({
      differencesTotal: 3,
      causes: { missing_in_theirs: 1, outside: 2, price: 0 },
      differences: [
        {
          day: day(4),
          key: 'Claude production',
          connections: [{ id: connectionId, name: 'Claude production' }],
          cause: 'missing_in_theirs',
          theirs: { tokensIn: 0 },
        },
        { day: day(7), model: 'claude-opus-4', cause: 'outside', ours: { tokensIn: 0 } },
        { day: day(9), cause: 'outside', theirs: { tokensIn: 1_021 }, ours: { tokensIn: 1_000 } },
      ],
    });
    expect((await get(`/${holed}/reconciliation?tolerancePercent=3&toleranceTokens=100`)).body.data).toMatchObject({
      differencesTotal: 1,
      differences: [{ day: day(4) }],
    });
    for (const id of [whole, holed]) await house.request('DELETE', `/api/usage-imports/${id}`, { token: ada.token });
  });

  test('200 as CSV, in which no name is a formula', async () => {
    const id = await taken(csv([lineOf(0, 5, '=HYPERLINK(1)')]));
    const reply = await get(`/${id}/reconciliation?format=csv`);
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = reply.text.trim().split('\r\n');
    expect(lines.find((line) => line.includes('HYPERLINK'))).toBe(
      `${day(0)},Claude production,,'=HYPERLINK(1),outside,0,0,5,0,0,0,0,0,100,0,0,0`,
    );
  });

  test('200 also for cost, in dollars', async () => {
    const rows = Array.from(
      { length: 10 },
      (_, index) => `${day(index)},Claude Sonnet 4,Claude production,${index === 2 ? '0.05' : '0.03'}`,
    );
    const id = await taken(`usage_date_utc,model,api_key,cost_usd\n${rows.join('\n')}\n`);
    const strict = (await get(`/${id}/reconciliation?tolerancePercent=0&toleranceUsd=0`)).body.data;
    expect(strict).toMatchObject({
      measure: 'cost',
      differences: [{ day: day(2), cause: 'outside', theirs: { costUsd: '0.05' }, ours: { costUsd: '0.03' } }],
    });
    expect((await get(`/${id}/reconciliation?toleranceUsd=0.02`)).body.data).toMatchObject({ differencesTotal: 0 });
  });

  test('400 for tolerances that are none', async () => {
    for (const query of ['tolerancePercent=101', 'tolerancePercent=-1', 'toleranceUsd=a', 'format=xml', 'other=1'])
      expect((await get(`/${unknownId}/reconciliation?${query}`)).status, query).toBe(400);
  });

  const nowhere = `/${unknownId}/reconciliation`;

  test('401 for nobody', async () => {
    expect((await house.request('GET', `/api/usage-imports${nowhere}`)).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await get(nowhere, ben.token)).status).toBe(403);
  });

  test('404 for one that never was', async () => {
    expect((await get(nowhere)).status).toBe(404);
  });

  test('409 for a file that could not be read', async () => {
    const id = idOf(await send('date,amount\n1,2\n'));
    expect(await ended(id)).toBe('refused');
    const reply = await get(`/${id}/reconciliation`);
    expect([reply.status, reply.body.error_code]).toEqual([409, 'IMPORT_NOT_READY']);
  });
});

describe('PUT /api/usage-imports/:id/keys', () => {
  const put = (id: string, keys: unknown, token = ada.token): Promise<Reply> =>
    house.request('PUT', `/api/usage-imports/${id}/keys`, { token, body: { keys } });

  test('200 keys belong to the connections that were named, and the books are compared anew', async () => {
    const id = await taken(csv(month.map((line) => line.replace('Claude production', 'console key'))));
    expect((await get(`/${id}/reconciliation`)).body.data).toMatchObject({ isByKey: false, differencesTotal: 0 });
    expect((await put(id, { 'console key': connectionId })).body.data).toMatchObject({ keys: { 'console key': connectionId } });
    expect((await get(`/${id}/reconciliation`)).body.data).toMatchObject({ isByKey: true, differencesTotal: 0 });
    const audit = await house.database.db.selectFrom('audit_entries').select('action').where('subject_id', '=', id).orderBy('at').execute();
    expect(audit.map(({ action }) => action)).toEqual(['usage-import.create', 'usage-import.update']);
  });

  test('400 for a connection of another provider, and for what is no id', async () => {
    const body = { name: 'Local', provider: 'ollama', baseUrl: 'http://127.0.0.1:11434', defaultModel: 'small' };
    const other = (await house.request('POST', '/api/ai-connections', { token: ada.token, body })).at('id');
    const id = await taken(csv([lineOf(5)]));
    expect((await put(id, { a: other })).status).toBe(400);
    expect((await put(id, { a: unknownId })).status).toBe(400);
    expect((await put(id, { a: 'x' })).status).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('PUT', `/api/usage-imports/${unknownId}/keys`, { body: { keys: {} } })).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await put(unknownId, {}, ben.token)).status).toBe(403);
  });

  test('404 for one that never was', async () => {
    expect((await put(unknownId, {})).status).toBe(404);
  });
});

describe('DELETE /api/usage-imports/:id', () => {
  const remove = (id: string, token = ada.token): Promise<Reply> => house.request('DELETE', `/api/usage-imports/${id}`, { token });

  test('200 the file and its lines are gone, and it may be brought again', async () => {
    const text = csv([lineOf(6, 42)]);
    const id = await taken(text);
    expect((await remove(id)).status).toBe(200);
    expect([(await get(`/${id}`)).status, (await remove(id)).status]).toEqual([404, 404]);
    expect((await send(text)).status).toBe(202);
  });

  test('401 for nobody', async () => {
    expect((await house.request('DELETE', `/api/usage-imports/${unknownId}`)).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await remove(unknownId, ben.token)).status).toBe(403);
  });

  test('404 for one that never was', async () => {
    expect((await remove(unknownId)).status).toBe(404);
  });
});
