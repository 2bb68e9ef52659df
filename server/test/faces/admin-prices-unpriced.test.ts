/** Models whose cost nobody knew: found in the books, and gone from the list once they have a price and were priced again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTokens } from '../../src/domain/ledger.ts';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { Json, Reply } from '../support/house.ts';

const path = '/api/admin/prices/unpriced';
let books: BooksHouse;
beforeAll(async () => {
  books = await openBooksHouse();
});
afterAll(() => books.house.close());

const list = async (query = ''): Promise<Json[]> => {
  const reply = await books.get(`${path}${query}`);
  expect(reply.status).toBe(200);
  return rowsOf(reply);
};
const dayMs = 86_400_000;
const ago = (days: number): number => books.house.deps.clock.nowMs() - days * dayMs;
const unknown = { costNanoUsd: null, prices: null, usage: { ...noTokens, tokensIn: 100, tokensOut: 20 } };
const send = (method: string, at: string, body: unknown): Promise<Reply> =>
  books.house.request(method, at, { token: books.ada.token, body });

describe('GET /api/admin/prices/unpriced', () => {
  test('200 the most used first, with its tokens and its last use; what has a cost is not among them', async () => {
    const lastAtMs = ago(1);
    books.answered({ userId: books.ben.id, model: 'rare', atMs: ago(2) }, unknown);
    for (const atMs of [ago(3), lastAtMs]) books.answered({ userId: books.cat.id, model: 'often', atMs }, unknown);
    books.answered({ userId: books.ben.id, model: 'known', atMs: ago(1) }, { costNanoUsd: 5 });
    const [often, rare, ...others] = await list();
    expect(often).toEqual({
      provider: 'openai',
      model: 'often',
      requests: 2,
      tokensIn: 200,
      tokensOut: 40,
      lastUsedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      isPriced: false,
    });
    expect(rare).toMatchObject({ model: 'rare', requests: 1, tokensIn: 100, tokensOut: 20, isPriced: false });
    expect(others).toEqual([]);
  });

  test('200 only what the days that are asked for hold', async () => {
    books.answered({ userId: books.ben.id, model: 'long ago', atMs: ago(40) }, unknown);
    const names = async (query: string): Promise<unknown[]> => (await list(query)).map(({ model }) => model);
    expect(await names('')).not.toContain('long ago');
    expect(await names('?days=60')).toContain('long ago');
    expect(await names('?days=1')).toEqual([]);
  });

  test('200 a price that was set is shown, and after a re-pricing nothing is left to tell', async () => {
    const tiers = [{ input: '1', output: '2' }];
    await send('POST', '/api/admin/prices', { provider: 'openai', model: 'often', tiers, validFrom: new Date(ago(10)).toISOString() });
    expect((await list())[0]).toMatchObject({ model: 'often', isPriced: true });
    const range = { from: new Date(ago(10)).toISOString(), to: new Date(ago(0)).toISOString() };
    const started = await send('POST', '/api/admin/prices/reprice', { provider: 'openai', model: 'often', ...range });
    const state = async (): Promise<unknown> => (await books.get(`/api/tasks/${started.at('data.taskId')}`)).at('data.state');
    await expect.poll(state).toBe('done');
    expect((await list()).map(({ model }) => model)).toEqual(['rare']);
  });

  test('400 no days, and more than a year of them', async () => {
    for (const days of ['0', '366', 'many'])
      expect(said(await books.get(`${path}?days=${days}`))).toEqual([400, 'VALIDATION_ERROR', 'days']);
  });

  test('401 without a key', async () => {
    expect((await books.house.request('GET', path)).status).toBe(401);
  });

  test('403 for everybody else', async () => {
    expect((await books.get(path, books.cat)).status).toBe(403);
  });
});
