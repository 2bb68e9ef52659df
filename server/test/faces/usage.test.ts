/** Usage, through the front door: exact sums and days, and nobody sees what is not theirs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTokens } from '../../src/domain/ledger.ts';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { Resident } from '../support/house.ts';
import { intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';

let house: BooksHouse['house'];
let ada: BooksHouse['ada'];
let ben: BooksHouse['ben'];
let cat: BooksHouse['cat'];
let dan: BooksHouse['dan'];
let lab: BooksHouse['lab'];
let connectionId: BooksHouse['connectionId'];
let keyId: BooksHouse['keyId'];
let get: BooksHouse['get'];
let book: BooksHouse['book'];
let answered: BooksHouse['answered'];

beforeAll(async () => {
  ({ house, ada, ben, cat, dan, lab, connectionId, keyId, get, book, answered } = await openBooksHouse());
});
afterAll(() => house.close());

describe('GET /api/usage', () => {
  test('200 costs are decimal dollars, exact to the nano-dollar, and beyond what a number holds', async () => {
    const model = 'exact-costs';
    const at = { userId: ben.id, model, atMs: Date.UTC(2026, 2, 1, 12) };
    for (const costNanoUsd of [100_000_000, 200_000_000, 1]) answered(at, { costNanoUsd });
    expect(rowsOf(await get(`/api/usage?groupBy=model&model=${model}&from=2026-03-01&to=2026-03-01`))).toMatchObject([
      { key: model, costUsd: '0.300000001', requests: 3 },
    ]);
    const largest = 9_007_199_254_740;
    for (let count = 0; count < 1_100; count++) answered(at, { costNanoUsd: largest });
    const sum = 1_100n * BigInt(largest) + 300_000_001n;
    expect(sum).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    await house.deps.books.catchUp();
    expect(rowsOf(await get(`/api/usage?groupBy=model&model=${model}&from=2026-03-01&to=2026-03-01`))).toMatchObject([
      { costUsd: `${sum / 1_000_000_000n}.${sum % 1_000_000_000n}` },
    ]);
  });

  test('200 a sum of nothing is "0", and a model without a price is counted and never a silent zero', async () => {
    const at = { userId: ben.id, model: 'unpriced-model', atMs: Date.UTC(2026, 2, 2, 12) };
    answered(at, { costNanoUsd: null, prices: null });
    answered(at, { costNanoUsd: 0 });
    expect(rowsOf(await get('/api/usage?groupBy=model&model=unpriced-model&from=2026-03-02&to=2026-03-02'))).toMatchObject([
      { costUsd: '0', unpriced: 1, requests: 2 },
    ]);
  });

  test('200 counts attempts, failures, partial answers and refusals for what they are', async () => {
    const at = { userId: ben.id, connectionId, model: 'counted', atMs: Date.UTC(2026, 2, 3, 12) };
    const failed = intentOf(at);
    const second = intentOf({ ...at, requestId: failed.requestId, attemptNo: 2 });
    book(
      failed,
      settlementOf(failed, { isLast: false, reason: 'overloaded', status: 503, costNanoUsd: 0, latencyMs: 10, firstByteMs: null }),
      second,
      settlementOf(second, { latencyMs: 30 }),
    );
    answered(at, {
      state: 'partial',
      reason: 'client_closed',
      status: 499,
      usage: { ...noTokens, tokensIn: 5, tokensOut: 6, isEstimated: true },
      latencyMs: 20,
      firstByteMs: null,
    });
    book(refusedOf({ userId: ben.id, model: 'counted', atMs: at.atMs, latencyMs: 0 }));
    const [row] = rowsOf(await get('/api/usage?groupBy=model&model=counted&from=2026-03-03&to=2026-03-03'));
    expect(row).toMatchObject({
      requests: 3,
      attempts: 4,
      failures: 1,
      partials: 1,
      refusals: 1,
      estimated: 1,
      tokensIn: 205,
      tokensOut: 46,
      averageLatencyMs: 15,
      averageFirstByteMs: 20,
      errorRate: 0.25,
    });
    expect(row!.lastUsedAt).toBe('2026-03-03T12:00:00.000Z');
  });

  test.each([
    ['connection', (): string => connectionId, "Ben's OpenAI"],
    ['provider', (): string => 'openai', 'openai'],
    ['model', (): string => 'grouped', 'grouped'],
    ['key', (): string => keyId, "Ben's app"],
    ['user', (): string => ben.id, 'Ben'],
    ['workspace', (): string => lab, 'Lab'],
    ['purpose', (): string => 'completion', null],
    ['day', (): string => '2026-03-04', '2026-03-04'],
  ] as const)('200 by %s, with a name for people where there is one', async (groupBy, keyOf, name) => {
    answered({ userId: ben.id, workspaceId: lab, connectionId, accessKeyId: keyId, model: 'grouped', atMs: Date.UTC(2026, 2, 4, 9) });
    const rows = rowsOf(await get(`/api/usage?groupBy=${groupBy}&model=grouped&from=2026-03-04&to=2026-03-04`));
    expect(rows).toMatchObject([{ key: keyOf(), name }]);
  });

  test('200 filters by connection, key and model', async () => {
    answered({ userId: ben.id, connectionId, accessKeyId: keyId, model: 'filtered', atMs: Date.UTC(2026, 2, 5, 9) });
    answered({ userId: ben.id, model: 'filtered', atMs: Date.UTC(2026, 2, 5, 9) });
    const count = async (filter: string): Promise<unknown> =>
      rowsOf(await get(`/api/usage?groupBy=provider&from=2026-03-05&to=2026-03-05${filter}`)).map((row) => row.requests);
    expect(await count('')).toEqual([2]);
    expect(await count(`&connectionId=${connectionId}`)).toEqual([1]);
    expect(await count(`&keyId=${keyId}`)).toEqual([1]);
    expect(await count('&model=nothing')).toEqual([]);
  });

  test.each([
    // Seven hours ahead: five in the afternoon is the next day.
    ['Asia/Jakarta', Date.UTC(2026, 4, 10, 16, 59, 59), Date.UTC(2026, 4, 10, 17, 0, 0)],
    // Two and a half hours behind in summer.
    ['America/St_Johns', Date.UTC(2026, 4, 11, 2, 29, 59), Date.UTC(2026, 4, 11, 2, 30, 0)],
    ['Asia/Kathmandu', Date.UTC(2026, 4, 10, 18, 14, 59), Date.UTC(2026, 4, 10, 18, 15, 0)],
    ['UTC', Date.UTC(2026, 4, 10, 23, 59, 59), Date.UTC(2026, 4, 11)],
  ])('200 a day of %s begins and ends where it does there', async (zone, lastMs, firstMs) => {
    const model = `days-${zone.split('/').at(-1)}`;
    answered({ userId: ben.id, model, atMs: lastMs }, { costNanoUsd: 1 });
    answered({ userId: ben.id, model, atMs: firstMs }, { costNanoUsd: 10 });
    const ask = async (more: string): Promise<unknown[]> =>
      rowsOf(await get(`/api/usage?groupBy=day&model=${model}&tz=${zone}${more}`)).map((row) => [row.key, row.costUsd]);
    expect(await ask('&from=2026-05-10&to=2026-05-11')).toEqual([
      ['2026-05-10', '0.000000001'],
      ['2026-05-11', '0.00000001'],
    ]);
    expect(await ask('&from=2026-05-10&to=2026-05-10')).toEqual([['2026-05-10', '0.000000001']]);
    expect(await ask('&from=2026-05-11&to=2026-05-11')).toEqual([['2026-05-11', '0.00000001']]);
  });

  test('200 shows what has just happened', async () => {
    answered({ userId: ben.id, model: 'just-now', atMs: house.deps.clock.nowMs() });
    expect(rowsOf(await get('/api/usage?period=24h&groupBy=model&model=just-now', ben))).toMatchObject([{ requests: 1 }]);
  });

  test("200 one's own rows, those of workspaces that one administers, and all for administrators", async () => {
    const day = { atMs: Date.UTC(2026, 2, 6, 9), model: 'seen' };
    answered({ ...day, userId: ben.id, workspaceId: lab });
    answered({ ...day, userId: ben.id });
    answered({ ...day, userId: dan.id, workspaceId: lab });
    answered({ ...day, userId: ada.id });
    const seen = async (person: Resident): Promise<unknown> =>
      rowsOf(await get('/api/usage?groupBy=model&model=seen&from=2026-03-06&to=2026-03-06', person)).map((row) => row.requests);
    expect(await seen(ada)).toEqual([4]);
    expect(await seen(ben)).toEqual([2]);
    expect(await seen(dan)).toEqual([1]);
    expect(await seen(cat)).toEqual([2]);
    expect(rowsOf(await get('/api/usage?groupBy=user&model=seen&from=2026-03-06&to=2026-03-06', dan)).map((row) => row.key)).toEqual([
      dan.id,
    ]);
  });

  const unreadable = [
    ['tz=Mars/Olympus', 'tz'],
    ['from=yesterday', 'from'],
    ['to=2026-13-01', 'to'],
    ['from=2026-05-11&to=2026-05-10', 'from'],
    ['period=1y', 'period'],
    ['groupBy=apiKeyEncrypted', 'groupBy'],
    ['connectionId=1', 'connectionId'],
    ['keyId=x', 'keyId'],
    [`model=${'m'.repeat(256)}`, 'model'],
    ['from=1900-01-01&to=2100-01-01&tz=Asia/Jakarta&groupBy=day&nonsense=1', 'nonsense'],
  ];
  test.each(unreadable)('400 for %s, with the field', async (query, field) => {
    expect(said(await get(`/api/usage?${query}`))).toEqual([400, 'VALIDATION_ERROR', field]);
  });

  test('401 for strangers and for access keys', async () => {
    expect((await house.request('GET', '/api/usage')).status).toBe(401);
    expect((await house.request('GET', '/api/usage', { token: 'sk-pb-x' })).body.error_code).toBe('WRONG_KEY_KIND');
  });
});
