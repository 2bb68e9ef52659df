/** Usage and requests, through the front door: exact sums and days, every request once, and nobody sees what is not theirs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noTokens, type Intent, type LedgerRecord, type Settlement } from '../../src/domain/ledger.ts';
import { openHouse, type House, type Json, type Reply, type Resident } from '../support/house.ts';
import { ids, intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let cat: Resident;
let dan: Resident;
let lab: string;
let connectionId: string;
let keyId: string;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben');
  cat = await house.createResident('Cat');
  dan = await house.createResident('Dan');
  lab = await house.createWorkspace('Lab', [
    [ben, 'READ'],
    [cat, 'ADMIN'],
    [dan, 'WRITE'],
  ]);
  const connection = await house.request('POST', '/api/configurations', {
    token: ben.token,
    body: { name: "Ben's OpenAI", provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' },
  });
  connectionId = connection.at('data.id');
  keyId = (await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: "Ben's app" } })).at('data.id');
});
afterAll(() => house.close());

const get = (path: string, person: Resident = ada): Promise<Reply> => house.request('GET', path, { token: person.token });
const rowsOf = (reply: Reply): Json[] => reply.body.data as unknown as Json[];
const idsOf = (reply: Reply): string[] => (reply.body.data as unknown as { requestId: string }[]).map(({ requestId }) => requestId);
const said = ({ status, body }: Reply): [number, unknown, unknown] => [status, body.error_code, body.details?.[0 as never]?.['path']];

function book(...records: LedgerRecord[]): void {
  for (const record of records) house.deps.journal.append(record);
}

/** One request that went well; its id. */
function answered(intent: Partial<Intent>, settlement: Partial<Settlement> = {}): string {
  const begun = intentOf(intent);
  book(begun, settlementOf(begun, settlement));
  return begun.requestId;
}

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
    ['workspace', (): string => lab, null],
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
        userId: ben.id,
        workspaceId: null,
        status: 200,
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
      settlementOf(second, { changed }),
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
