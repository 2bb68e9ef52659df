/** Requests, through the front door: every request once, its attempts in order, and nobody sees what is not theirs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTokens } from '../../src/domain/ledger.ts';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { Reply, Resident } from '../support/house.ts';
import { ids, intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';

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

const idsOf = (reply: Reply): string[] => (reply.body.data as unknown as { requestId: string }[]).map(({ requestId }) => requestId);

describe('GET /api/requests', () => {
  test('200 one row per request with the sums of its attempts, and times in UTC', async () => {
    const first = intentOf({
      userId: ben.id,
      connectionId,
      accessKeyId: keyId,
      model: 'gpt-4o',
      modelAsked: 'listed',
      atMs: Date.UTC(2026, 2, 7, 9),
      isStream: true,
      clientRequestId: 'theirs-1',
    });
    const second = intentOf({ ...first, id: ids.uuid(), attemptNo: 2, atMs: first.atMs + 500 });
    book(
      first,
      settlementOf(first, { isLast: false, reason: 'overloaded', status: 503, costNanoUsd: 10 }),
      second,
      settlementOf(second, { costNanoUsd: 32, latencyMs: 700 }),
    );
    const rows = rowsOf(await get('/api/requests?from=2026-03-07&to=2026-03-07'));
    expect(rows).toEqual([
      {
        requestId: first.requestId,
        at: '2026-03-07T09:00:00.000Z',
        connectionId,
        connectionName: "Ben's OpenAI",
        provider: 'openai',
        model: 'gpt-4o',
        modelAsked: 'listed',
        accessKeyId: keyId,
        accessKeyName: "Ben's app",
        userId: ben.id,
        userName: 'Ben',
        workspaceId: null,
        repositoryId: null,
        useCaseId: null,
        routingGroupId: null,
        purpose: 'completion',
        isChanged: false,
        status: 200,
        savedUsd: null,
        state: 'settled',
        reason: null,
        isStream: true,
        isEstimated: false,
        tokensIn: 200,
        tokensOut: 40,
        tokensCached: 0,
        tokensReasoning: 0,
        costUsd: '0.000000042',
        latencyMs: 700,
        firstByteMs: 20,
        attempts: 2,
        finishReason: 'stop',
        clientRequestId: 'theirs-1',
        configRevision: 1,
      },
    ]);
  });

  test('200 no price is null and no cost is "0"', async () => {
    const at = { userId: ben.id, atMs: Date.UTC(2026, 2, 8, 9) };
    answered({ ...at, modelAsked: 'a' }, { costNanoUsd: null });
    answered({ ...at, modelAsked: 'b', atMs: at.atMs + 1 }, { costNanoUsd: 0 });
    expect(rowsOf(await get('/api/requests?from=2026-03-08&to=2026-03-08')).map((row) => [row.modelAsked, row.costUsd])).toEqual([
      ['b', '0'],
      ['a', null],
    ]);
  });

  test('200 filters, alone and together', async () => {
    const atMs = Date.UTC(2026, 2, 9, 9);
    const first = answered({ userId: ben.id, workspaceId: lab, connectionId, accessKeyId: keyId, model: 'one', atMs });
    const second = answered(
      { userId: dan.id, workspaceId: lab, model: 'two', atMs: atMs + 1 },
      { state: 'partial', reason: 'client_closed', status: 499 },
    );
    const third = refusedOf({ userId: dan.id, model: 'two', status: 429, reason: 'rate_limited', atMs: atMs + 2 });
    book(third);
    const found = async (filter: string): Promise<unknown> =>
      rowsOf(await get(`/api/requests?from=2026-03-09&to=2026-03-09${filter}`)).map((row) => row.requestId);
    expect(await found('')).toEqual([third.requestId, second, first]);
    expect(await found(`&connectionId=${connectionId}`)).toEqual([first]);
    expect(await found(`&keyId=${keyId}`)).toEqual([first]);
    expect(await found(`&userId=${dan.id}`)).toEqual([third.requestId, second]);
    expect(await found(`&workspaceId=${lab}`)).toEqual([second, first]);
    expect(await found('&model=two')).toEqual([third.requestId, second]);
    expect(await found('&status=429')).toEqual([third.requestId]);
    expect(await found('&state=partial')).toEqual([second]);
    expect(await found('&state=refused')).toEqual([third.requestId]);
    expect(await found(`&model=two&workspaceId=${lab}`)).toEqual([second]);
    expect(await found('&model=two%27%20OR%201=1%20--')).toEqual([]);
  });

  test('200 pages repeat nothing and leave nothing out while new requests arrive', async () => {
    const eve = await house.createResident('Eve');
    const nowMs = house.deps.clock.nowMs();
    const known = Array.from({ length: 40 }, (_, index) => answered({ userId: eve.id, atMs: nowMs - 60_000 + Math.floor(index / 4) }));
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 20; page++) {
      const reply: Reply = await get(`/api/requests?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`, eve);
      expect(reply.status).toBe(200);
      seen.push(...idsOf(reply));
      for (let fresh = 0; fresh < 3; fresh++) answered({ userId: eve.id, atMs: house.deps.clock.nowMs() + page });
      cursor = reply.body.nextCursor as unknown as string | null;
      if (cursor === null) break;
    }
    expect(cursor).toBeNull();
    expect(seen).toHaveLength(40);
    expect(seen.toSorted()).toEqual(known.toSorted());
    expect(rowsOf(await get('/api/requests?limit=500', eve)).length).toBeGreaterThan(50);
  });

  test('200 a last page that is full says that it is the last', async () => {
    const fay = await house.createResident('Fay');
    for (let count = 0; count < 4; count++) answered({ userId: fay.id, atMs: Date.UTC(2026, 2, 10, 9) });
    expect((await get('/api/requests?limit=4', fay)).body.nextCursor).toBeNull();
    const first = await get('/api/requests?limit=2', fay);
    const second = await get(`/api/requests?limit=2&cursor=${first.at('nextCursor')}`, fay);
    expect([rowsOf(second).length, second.body.nextCursor]).toEqual([2, null]);
  });

  test("200 one's own requests, those of workspaces that one administers, and all for administrators", async () => {
    const at = { atMs: Date.UTC(2026, 2, 11, 9) };
    const [mine, ours, theirs] = [
      answered({ ...at, userId: ben.id }),
      answered({ ...at, userId: dan.id, workspaceId: lab }),
      answered({ ...at, userId: ada.id }),
    ];
    const seen = async (person: Resident): Promise<unknown[]> =>
      idsOf(await get('/api/requests?from=2026-03-11&to=2026-03-11', person)).toSorted();
    expect(await seen(ada)).toEqual([mine, ours, theirs].toSorted());
    expect(await seen(ben)).toEqual([mine]);
    expect(await seen(dan)).toEqual([ours]);
    expect(await seen(cat)).toEqual([ours]);
    // A filter opens nothing that was closed.
    expect(rowsOf(await get(`/api/requests?userId=${ada.id}`, ben))).toEqual([]);
    expect(rowsOf(await get(`/api/requests?workspaceId=${lab}&userId=${dan.id}`, ben))).toEqual([]);
  });

  const unreadable = [
    ['cursor=x', 'cursor'],
    ['cursor=1.2', 'cursor'],
    [`cursor=${'1'.repeat(81)}`, 'cursor'],
    ['cursor=9999999999999999.01890a5d-ac96-774b-bcce-b302099a8057', 'cursor'],
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=-1', 'limit'],
    ['status=99', 'status'],
    ['state=lost', 'state'],
    ['userId=me', 'userId'],
    ['from=2026-02-30', 'from'],
    ['tz=Nowhere&period=7d', 'tz'],
    ['sort=costUsd', 'sort'],
  ];
  test.each(unreadable)('400 for %s, with the field', async (query, field) => {
    expect(said(await get(`/api/requests?${query}`))).toEqual([400, 'VALIDATION_ERROR', field]);
  });

  test('401 for strangers', async () => {
    expect((await house.request('GET', '/api/requests')).status).toBe(401);
  });
});

describe('GET /api/requests/:requestId', () => {
  test('200 its attempts in order, each with its cost, its prices and what was changed', async () => {
    const first = intentOf({ userId: ben.id, connectionId, atMs: Date.UTC(2026, 2, 12, 9) });
    const second = intentOf({ ...first, id: ids.uuid(), attemptNo: 2, connectionId: null, atMs: first.atMs + 5 });
    const changed = [{ parameter: 'max_tokens', what: 'renamed' as const, to: 'max_completion_tokens' }];
    book(
      first,
      settlementOf(first, {
        isLast: false,
        reason: 'overloaded',
        status: 503,
        costNanoUsd: null,
        prices: null,
        modelReported: null,
        finishReason: null,
        firstByteMs: null,
      }),
      second,
      settlementOf(second, {
        changed,
        usage: { ...noTokens, tokensIn: 9, tokensOut: 3, tokensCached: 5, tokensAudioIn: 4, tokensAudioCached: 2 },
      }),
    );
    const reply = await get(`/api/requests/${first.requestId}`, ben);
    expect(reply.status).toBe(200);
    expect(reply.body.data).toMatchObject({
      requestId: first.requestId,
      attempts: [
        {
          id: first.id,
          attemptNo: 1,
          connectionName: "Ben's OpenAI",
          state: 'settled',
          reason: 'overloaded',
          status: 503,
          costUsd: null,
          prices: null,
          changed: null,
          firstByteMs: null,
          tokensAudioIn: 0,
          tokensAudioOut: 0,
          tokensAudioCached: 0,
        },
        {
          id: second.id,
          attemptNo: 2,
          connectionName: null,
          state: 'settled',
          reason: null,
          status: 200,
          costUsd: '0.000001234',
          prices: { input: 2_500_000_000, output: 10_000_000_000 },
          changed,
          modelReported: 'gpt-4o-2024-08-06',
          tokensCached: 5,
          tokensAudioIn: 4,
          tokensAudioOut: 0,
          tokensAudioCached: 2,
        },
      ],
    });
  });

  test('200 an attempt that is still open', async () => {
    const open = intentOf({ userId: ben.id, atMs: house.deps.clock.nowMs() });
    book(open);
    expect((await get(`/api/requests/${open.requestId}`, ben)).body.data).toMatchObject({
      attempts: [{ state: 'intent', status: null, costUsd: null, latencyMs: null }],
    });
    expect(rowsOf(await get('/api/requests?limit=500', ben)).map((row) => row.requestId)).not.toContain(open.requestId);
    book(settlementOf(open));
  });

  test('401 for strangers', async () => {
    expect((await house.request('GET', `/api/requests/${ids.uuid()}`)).status).toBe(401);
  });

  test("404 for a stranger's request looks exactly like one that does not exist", async () => {
    const theirs = answered({ userId: ada.id, atMs: Date.UTC(2026, 2, 13, 9) });
    const [foreign, missing] = [await get(`/api/requests/${theirs}`, ben), await get(`/api/requests/${ids.uuid()}`, ben)];
    expect([foreign.status, missing.status]).toEqual([404, 404]);
    expect(foreign.bodyWithoutId).toEqual(missing.bodyWithoutId);
    const names = (reply: Reply): string[] => [...reply.headers.keys()].toSorted();
    expect(names(foreign)).toEqual(names(missing));
    expect((await get(`/api/requests/${theirs}`, ada)).status).toBe(200);
  });

  test.each(['x', '1', 'null', '%27%20OR%201=1', '000000000000000000000000000000000000', '01890A5D-AC96-774B-BCCE-B302099A8057'])(
    '404 for %s, which is no id',
    async (id) => {
      expect(said(await get(`/api/requests/${id}`)).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
    },
  );
});
