/** Prices that administrators set, through the front door: one describe per route, one case per status it may give. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTokens } from '../../src/domain/ledger.ts';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { House, Json, Reply, Resident } from '../support/house.ts';
import { until } from '../support/wait.ts';

const path = '/api/admin/prices';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
let books: BooksHouse;
let house: House;
let ada: Resident;
let models = 0;

beforeAll(async () => {
  books = await openBooksHouse();
  ({ house, ada } = books);
});
afterAll(() => house.close());

const fresh = (): string => `model-${(models += 1)}`;
const send = (method: string, at: string, body?: unknown, token = ada.token): Promise<Reply> =>
  house.request(method, at, { token, ...(body === undefined ? {} : { body }) });
const tier = (more: Record<string, unknown> = {}): Record<string, unknown> => ({ input: '2.5', output: 10, ...more });
const set = (body: Record<string, unknown>): Promise<Reply> => send('POST', path, { provider: 'openai', tiers: [tier()], ...body });
const effective = async (model: string, more = ''): Promise<Json> =>
  (await send('GET', `${path}/effective?provider=openai&model=${model}${more}`)).body['data']!;
const changes = async (): Promise<string[]> => {
  const rows = await house.database.driver.rows<{ action: string }>({
    sql: `SELECT action FROM audit_entries WHERE subject_type IN ('price', 'task') ORDER BY at, id`,
    params: [],
  });
  return rows.map(({ action }) => action);
};

describe('POST /api/admin/prices', () => {
  test('201 the price as it was meant, to the nano-dollar; the next request is charged by it', async () => {
    const model = fresh();
    expect((await effective(model))['source']).toBe('none');
    const reply = await set({
      model,
      note: 'contract of 2026',
      tiers: [tier({ input: '0.000000001', cacheRead: 0.1, perRequest: '0.005' }), tier({ fromTokensIn: 200_001 })],
    });
    expect(reply.status).toBe(201);
    expect(reply.body['data']).toMatchObject({
      provider: 'openai',
      model,
      connectionId: null,
      validUntil: null,
      note: 'contract of 2026',
      createdBy: ada.id,
      tiers: [
        { fromTokensIn: 0, input: '0.000000001', output: '10', cacheRead: '0.1', cacheWrite: null, perRequest: '0.005' },
        { fromTokensIn: 200_001, input: '2.5', output: '10', cacheRead: null },
      ],
    });
    expect(await effective(model)).toMatchObject({ source: 'own', priceId: reply.at('data.id'), catalogue: null });
    expect((await changes()).at(-1)).toBe('price.create');
  });

  test('201 from a moment to come: until then the old one holds', async () => {
    const model = fresh();
    await set({ model });
    await set({ model, tiers: [tier({ input: '3' })], validFrom: '2999-01-01T00:00:00Z' });
    expect(await effective(model)).toMatchObject({ tiers: [{ input: '2.5' }] });
  });

  test('400 amounts that are none, tiers out of order, unknown fields, another provider than that of the connection', async () => {
    const model = fresh();
    for (const [tiers, field] of [
      [[tier({ input: '-1' })], 'tiers.0.input'],
      [[tier({ output: 'much' })], 'tiers.0.output'],
      [[tier({ output: '0.0000000001' })], 'tiers.0.output'],
      [[tier({ cacheRead: '10000.1' })], 'tiers.0.cacheRead'],
      [[tier({ audioInput: 'much' })], 'tiers.0.audioInput'],
      [[tier({ audioOutput: '-1' })], 'tiers.0.audioOutput'],
      [[tier(), tier({ fromTokensIn: 5, cacheAudioRead: '0.0000000001' })], 'tiers.1.cacheAudioRead'],
      [[tier({ fromTokensIn: 1 })], 'tiers.0.fromTokensIn'],
      [[tier(), tier({ fromTokensIn: 5 }), tier({ fromTokensIn: 5 })], 'tiers.2.fromTokensIn'],
      [[], 'tiers'],
    ] as const)
      expect(said(await set({ model, tiers })), field).toEqual([400, 'VALIDATION_ERROR', field]);
    expect((await set({ model, currency: 'IDR' })).status).toBe(400);
    expect(said(await set({ model, provider: 'gemini', connectionId: books.connectionId }))).toEqual([
      400,
      'VALIDATION_ERROR',
      'connectionId',
    ]);
    expect((await effective(model))['source']).toBe('none');
  });

  test('401 without a key', async () => {
    expect((await house.request('POST', path, { body: {} })).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await send('POST', path, { provider: 'openai', model: 'x', tiers: [tier()] }, books.cat.token)).status).toBe(403);
  });

  test('404 an unknown provider or connection', async () => {
    expect(said(await set({ model: fresh(), provider: 'nobody' }))).toEqual([404, 'UNKNOWN_PROVIDER', undefined]);
    expect((await set({ model: fresh(), connectionId: randomId })).status).toBe(404);
  });

  test('409 a price that is a thousandfold off, until somebody says that it is meant', async () => {
    const body = { model: 'gpt-4o', tiers: [tier({ input: '2500', output: '10' })] };
    const reply = await set(body);
    expect([reply.status, reply.body['error_code']]).toEqual([409, 'PRICE_OUT_OF_BAND']);
    expect(reply.body['details']).toEqual([{ field: 'input', entered: 2_500_000_000_000, known: 2_500_000_000 }]);
    expect(await effective('gpt-4o')).toMatchObject({ source: 'catalogue' });
    const meant = await set({ ...body, confirm: true });
    expect(meant.status).toBe(201);
    await send('POST', `${path}/${meant.at('data.id')}/end`, {});
    expect(await effective('gpt-4o')).toMatchObject({ source: 'catalogue', tiers: [{ input: '2.5', output: '10', cacheRead: '1.25' }] });
  });
});

describe('GET /api/admin/prices', () => {
  test('200 newest first, ended ones too, by model', async () => {
    const model = fresh();
    const first = await set({ model });
    const second = await set({ model, connectionId: books.connectionId });
    await send('POST', `${path}/${first.at('data.id')}/end`, {});
    const list = rowsOf(await send('GET', `${path}?model=${model}`));
    expect(list.map((row) => row['id'])).toEqual([second.at('data.id'), first.at('data.id')]);
    expect(list[1]!['validUntil']).not.toBeNull();
    expect(rowsOf(await send('GET', `${path}?connectionId=${books.connectionId}&model=${model}`))).toHaveLength(1);
  });

  test('400 an unknown filter', async () => {
    expect((await send('GET', `${path}?currency=IDR`)).status).toBe(400);
  });

  test('401 without a key', async () => {
    expect((await house.request('GET', path)).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await send('GET', path, undefined, books.ben.token)).status).toBe(403);
  });
});

describe('GET /api/admin/prices/effective', () => {
  test("200 the connection's own price goes before the provider's", async () => {
    const model = fresh();
    await set({ model });
    await set({ model, connectionId: books.connectionId, tiers: [tier({ input: '1' })] });
    expect(await effective(model)).toMatchObject({ tiers: [{ input: '2.5' }] });
    expect(await effective(model, `&connectionId=${books.connectionId}`)).toMatchObject({ tiers: [{ input: '1' }] });
  });

  test('400 without a model', async () => {
    expect((await send('GET', `${path}/effective?provider=openai`)).status).toBe(400);
  });

  test('401 without a key', async () => {
    expect((await house.request('GET', `${path}/effective`)).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await send('GET', `${path}/effective?provider=openai&model=x`, undefined, books.dan.token)).status).toBe(403);
  });

  test('404 an unknown provider', async () => {
    expect((await send('GET', `${path}/effective?provider=nobody&model=x`)).status).toBe(404);
  });
});

describe('POST /api/admin/prices/:id/end', () => {
  const made = async (more: Record<string, unknown> = {}): Promise<string> => (await set({ model: fresh(), ...more })).at('data.id');
  const end = (id: string, body: unknown = {}, token = ada.token): Promise<Reply> => send('POST', `${path}/${id}/end`, body, token);

  test('200 now, later, or before it ever began', async () => {
    expect((await end(await made())).status).toBe(200);
    expect((await end(await made(), { at: '2999-01-01T00:00:00Z' })).at('data.validUntil')).toBe('2999-01-01T00:00:00.000Z');
    const toCome = await end(await made({ validFrom: '2998-01-01T00:00:00Z' }));
    expect(toCome.at('data.validUntil')).toBe(toCome.at('data.validFrom'));
    expect((await changes()).at(-1)).toBe('price.end');
  });

  test('400 a moment that is past', async () => {
    expect(said(await end(await made(), { at: '2020-01-01T00:00:00Z' }))).toEqual([400, 'VALIDATION_ERROR', 'at']);
  });

  test('401 without a key', async () => {
    expect((await house.request('POST', `${path}/${randomId}/end`, { body: {} })).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await end(await made(), {}, books.cat.token)).status).toBe(403);
  });

  test('404 an unknown id, and one that is none', async () => {
    expect((await end(randomId)).status).toBe(404);
    expect((await end('none')).status).toBe(404);
  });

  test('409 one that has ended', async () => {
    const id = await made();
    await end(id);
    expect(said(await end(id))).toEqual([409, 'STALE', undefined]);
  });
});

describe('POST /api/admin/prices/reprice', () => {
  const day = { from: '2026-04-07T00:00:00Z', to: '2026-04-08T00:00:00Z' };
  const start = (body: Record<string, unknown>, token = ada.token): Promise<Reply> =>
    send('POST', `${path}/reprice`, { provider: 'openai', ...day, ...body }, token);
  const outcome = async (reply: Reply): Promise<Json> => {
    const id = reply.at('data.taskId');
    const task = async (): Promise<Json> => (await send('GET', `/api/tasks/${id}`)).body['data']!;
    await until(async () => ((await task())['state'] as unknown) !== 'running', 'the task ends');
    return task();
  };
  const costs = async (model: string): Promise<unknown> =>
    rowsOf(await send('GET', `/api/usage?groupBy=model&model=${model}&from=2026-04-07&to=2026-04-07`))[0]?.['costUsd'];

  test('202 entries of the past by the prices of their time; without a change where it is only asked', async () => {
    const model = fresh();
    const usage = { ...noTokens, tokensIn: 1_000, tokensOut: 100 };
    const at = (hour: number) => ({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 7, hour) });
    books.answered(at(8), { costNanoUsd: null, prices: null, usage });
    books.answered(at(12), { costNanoUsd: 5, usage });
    await house.deps.books.catchUp();
    expect(await costs(model)).toBe('0.000000005');
    await set({ model, tiers: [tier({ input: '1', output: '2' })], validFrom: '2026-04-01T00:00:00Z' });
    await set({ model, tiers: [tier({ input: '10', output: '20' })], validFrom: '2026-04-07T10:00:00Z' });
    // 1,000 x 1,000 + 100 x 2,000 before ten o'clock, tenfold after it.
    const found = { rows: 2, changed: 2, withoutPrice: 0, beforeNanoUsd: 5, afterNanoUsd: 1_200_000 + 12_000_000 };
    const asked = await start({ model, dryRun: true });
    expect(asked.status).toBe(202);
    expect(await outcome(asked)).toMatchObject({ state: 'done', result: found });
    expect(await costs(model)).toBe('0.000000005');
    expect(await outcome(await start({ model }))).toMatchObject({ state: 'done', result: found });
    expect(await costs(model)).toBe('0.0132');
    expect(await outcome(await start({ model })), 'a second time changes nothing').toMatchObject({ result: { changed: 0 } });
    expect((await changes()).filter((action) => action === 'price.reprice')).toHaveLength(3);
  });

  test('202 one that was paused goes on behind the last entry that it wrote, and tells of the whole', async () => {
    const model = fresh();
    const usage = { ...noTokens, tokensIn: 1_000, tokensOut: 100 };
    const at = (hour: number) => ({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 7, hour) });
    books.answered(at(8), { costNanoUsd: 5, prices: null, usage });
    books.answered(at(12), { costNanoUsd: 7, prices: null, usage });
    await house.deps.books.catchUp();
    await set({ model, tiers: [tier({ input: '1', output: '2' })], validFrom: '2026-04-01T00:00:00Z' });
    const { db } = house.database;
    const first = await db
      .selectFrom('usage_events')
      .select(['id', 'at'])
      .where('model', '=', model)
      .orderBy('at')
      .executeTakeFirstOrThrow();
    const before = { rows: 1, changed: 1, withoutPrice: 0, beforeNanoUsd: 5, afterNanoUsd: 100 };
    // As a pause leaves it: what was found so far, and the entry that it stands behind.
    const asked = await start({ model, dryRun: true });
    const id = asked.at('data.taskId');
    await outcome(asked);
    const result = JSON.stringify({ ...before, cursor: { atMs: first.at, id: first.id } });
    await db.updateTable('tasks').set({ state: 'paused', result, finished_at: null }).where('id', '=', id).execute();
    expect((await send('POST', `/api/tasks/${id}/resume`, {})).status).toBe(200);
    const found = { rows: 2, changed: 2, withoutPrice: 0, beforeNanoUsd: 12, afterNanoUsd: 100 + 1_200_000 };
    expect(await outcome(asked)).toMatchObject({ state: 'done', result: found });
  });

  test('202 what pictures and sound came to is left alone, also where they report tokens', async () => {
    const model = fresh();
    const usage = { ...noTokens, tokensIn: 1_000, tokensOut: 4_000 };
    const at = (face: string) => ({ userId: books.ben.id, model, face, atMs: Date.UTC(2026, 3, 7, 8) });
    books.answered(at('openai.images.generations'), { costNanoUsd: null, prices: null, usage });
    books.answered(at('openai.audio.transcriptions'), { costNanoUsd: 7, prices: null, usage });
    books.answered(at('openai.embeddings'), { costNanoUsd: null, prices: null, usage: { ...noTokens, tokensIn: 1_000 } });
    await house.deps.books.catchUp();
    await set({ model, tiers: [tier({ input: '1', output: '2' })], validFrom: '2026-04-01T00:00:00Z' });
    const found = { rows: 1, changed: 1, beforeNanoUsd: 0, afterNanoUsd: 1_000_000 };
    expect(await outcome(await start({ model }))).toMatchObject({ state: 'done', result: found });
    expect(await costs(model)).toBe('0.001000007');
  });

  test('202 an hour of the cache has its own price, and a tier without a known one keeps its cost', async () => {
    const model = fresh();
    const usage = { ...noTokens, tokensIn: 1_000, tokensOut: 100, tokensCacheWrite: 800, tokensCacheWriteHour: 300 };
    books.answered({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 7, 8) }, { costNanoUsd: null, prices: null, usage });
    books.answered(
      { userId: books.ben.id, model: 'gpt-4o', atMs: Date.UTC(2026, 3, 7, 9) },
      { costNanoUsd: null, prices: null, usage: { ...noTokens, tokensIn: 1_000, serviceTier: 'scale' } },
    );
    books.answered(
      { userId: books.ben.id, model: 'gpt-4o', atMs: Date.UTC(2026, 3, 7, 9) },
      { costNanoUsd: null, prices: null, usage: { ...noTokens, tokensIn: 1_000, serviceTier: 'flex' } },
    );
    await house.deps.books.catchUp();
    await set({
      model,
      tiers: [tier({ input: '1', output: '2', cacheWrite: '1.25', cacheWriteHour: '2' })],
      validFrom: '2026-04-01T00:00:00Z',
    });
    expect(await effective(model)).toMatchObject({ tiers: [{ cacheWrite: '1.25', cacheWriteHour: '2' }] });
    // 200 x 1,000 + 500 x 1,250 + 300 x 2,000 + 100 x 2,000.
    expect(await outcome(await start({ model }))).toMatchObject({ result: { rows: 1, changed: 1, afterNanoUsd: 1_625_000 } });
    // The bought tier stays unpriced; the other is half of 1,000 x 2,500.
    expect(await outcome(await start({ model: 'gpt-4o' }))).toMatchObject({
      result: { rows: 2, changed: 1, withoutPrice: 1, afterNanoUsd: 1_250_000 },
    });
  });

  test('202 sound has prices of its own; what is not given is null, and costs what other tokens cost', async () => {
    const model = fresh();
    const sound = { audioInput: '32', audioOutput: 64, cacheAudioRead: '0.4' };
    const reply = await set({ model, tiers: [tier(sound), tier({ fromTokensIn: 5_000 })], validFrom: '2026-04-01T00:00:00Z' });
    const tiers = [
      { ...sound, audioOutput: '64' },
      { audioInput: null, audioOutput: null, cacheAudioRead: null },
    ];
    expect(reply.body['data']).toMatchObject({ tiers });
    expect(await effective(model)).toMatchObject({ tiers });
    const usage = { ...noTokens, tokensIn: 1_000, tokensOut: 200, tokensCached: 400, tokensAudioIn: 500, tokensAudioOut: 150, tokensAudioCached: 100 }; // prettier-ignore
    books.answered({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 7, 8) }, { costNanoUsd: null, prices: null, usage });
    await house.deps.books.catchUp();
    // 200 + 300 at 2.50, 400 at 32, 100 at 0.40, 50 at 10 and 150 at 64 dollars a million.
    expect(await outcome(await start({ model }))).toMatchObject({
      result: { changed: 1, afterNanoUsd: 1_250_000 + 12_800_000 + 40_000 + 500_000 + 9_600_000 },
    });
  });

  test('202 what has no price keeps the cost that it had', async () => {
    const model = fresh();
    books.answered({ userId: books.ben.id, model, atMs: Date.UTC(2026, 3, 7, 9) }, { costNanoUsd: 42 });
    await house.deps.books.catchUp();
    expect(await outcome(await start({ model }))).toMatchObject({ result: { rows: 1, changed: 0, withoutPrice: 1, afterNanoUsd: 42 } });
    expect(await costs(model)).toBe('0.000000042');
  });

  test('400 an end before the beginning, and more than a year', async () => {
    expect(said(await start({ model: 'x', from: day.to, to: day.from }))).toEqual([400, 'VALIDATION_ERROR', 'to']);
    expect(said(await start({ model: 'x', from: '2020-01-01T00:00:00Z' }))).toEqual([400, 'VALIDATION_ERROR', 'to']);
  });

  test('401 without a key', async () => {
    expect((await house.request('POST', `${path}/reprice`, { body: {} })).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await start({ model: 'x' }, books.cat.token)).status).toBe(403);
  });

  test('404 an unknown provider', async () => {
    expect((await start({ model: 'x', provider: 'nobody' })).status).toBe(404);
  });
});
