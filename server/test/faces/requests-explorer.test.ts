/** The explorer through the front door: filters, bars, files, the whole of one request, and contents for those alone who may read them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBooksHouse, rowsOf, said, type BooksHouse } from '../support/books-house.ts';
import type { Json, Reply, Resident } from '../support/house.ts';
import { ids, intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';

let scene: BooksHouse;
let ada: Resident;
let ben: Resident;
let cat: Resident;
let dan: Resident;
let get: BooksHouse['get'];
let answered: BooksHouse['answered'];
const day = Date.UTC(2026, 4, 4, 9);

beforeAll(async () => {
  scene = await openBooksHouse();
  ({ ada, ben, cat, dan, get, answered } = scene);
});
afterAll(() => scene.house.close());

const idsOf = (reply: Reply): unknown[] => rowsOf(reply).map((row) => row.requestId);
const send = (method: string, path: string, body: unknown, person: Resident): Promise<Reply> =>
  scene.house.request(method, path, { token: person.token, body });

describe('GET /api/requests, narrowed down', () => {
  test('200 by outcome, time, cost, changes, purpose and id, with names beside the ids', async () => {
    const at = { userId: ben.id, accessKeyId: scene.keyId };
    const slow = answered({ ...at, atMs: day, clientRequestId: 'order-77' }, { latencyMs: 9_000, costNanoUsd: 50_000_000 });
    const changed = answered({ ...at, atMs: day + 1, purpose: 'chat' }, { changed: [{ parameter: 'top_k', what: 'dropped' }] });
    const failed = answered({ ...at, atMs: day + 2 }, { status: 502, reason: 'server_error' });
    const found = async (filter: string): Promise<unknown> => idsOf(await get(`/api/requests?from=2026-05-04&to=2026-05-04&${filter}`));
    expect(await found('outcome=failed')).toEqual([failed]);
    expect(await found('outcome=ok')).toEqual([changed, slow]);
    expect(await found('outcome=5xx')).toEqual([failed]);
    expect(await found('minLatencyMs=5000')).toEqual([slow]);
    expect(await found('minCostUsd=0.05')).toEqual([slow]);
    expect(await found('minCostUsd=0.050000001')).toEqual([]);
    expect(await found('hasChanges=true')).toEqual([changed]);
    expect(await found('purpose=chat')).toEqual([changed]);
    expect(await found('search=order-77')).toEqual([slow]);
    expect(await found(`search=${slow.slice(0, 18)}`)).toContain(slow);
    // A moment means itself, to the millisecond.
    expect(idsOf(await get(`/api/requests?from=${new Date(day + 1).toISOString()}&to=${new Date(day + 2).toISOString()}`))).toEqual([
      changed,
    ]);
    const [row] = rowsOf(await get('/api/requests?from=2026-05-04&to=2026-05-04&limit=1'));
    expect(row).toMatchObject({ userName: 'Ben', accessKeyName: "Ben's app", isChanged: false, purpose: 'completion' });
  });

  test.each([['minCostUsd=-1', 'minCostUsd'], ['minCostUsd=1e3', 'minCostUsd'], ['outcome=lost', 'outcome'], ['hasChanges=no', 'hasChanges'], ['search=', 'search'], ['period=2h', 'period'], ['purpose=x', 'purpose']])(
    '400 for %s, with the field',
    async (query, field) => {
      expect(said(await get(`/api/requests?${query}`))).toEqual([400, 'VALIDATION_ERROR', field]);
    },
  ); // prettier-ignore
});

describe('GET /api/requests/histogram', () => {
  const histogram = (query: string, person = ada): Promise<Reply> => get(`/api/requests/histogram?${query}`, person);

  test('200 bars of a range with their failures, for whoever may see them', async () => {
    const from = Date.UTC(2026, 4, 6, 10);
    for (const minute of [0, 0, 7]) answered({ userId: ben.id, atMs: from + minute * 60_000 });
    answered({ userId: dan.id, atMs: from + 7 * 60_000 + 1 }, { status: 502, reason: 'server_error' });
    const query = `from=${new Date(from).toISOString()}&to=${new Date(from + 3_600_000).toISOString()}`;
    const { data } = (await histogram(query)).body;
    expect(data).toMatchObject({ barMs: 60_000, from: '2026-05-06T10:00:00.000Z', to: '2026-05-06T11:00:00.000Z', countedFrom: '2026-05-06T10:00:00.000Z' }); // prettier-ignore
    expect(data!.bars).toEqual([
      { at: '2026-05-06T10:00:00.000Z', requests: 2, failed: 0, refused: 0 },
      { at: '2026-05-06T10:07:00.000Z', requests: 2, failed: 1, refused: 0 },
    ]);
    const bens = (await histogram(query, ben)).body.data!.bars as unknown as { requests: number }[];
    expect(bens.map(({ requests }) => requests)).toEqual([2, 1]);
    expect((await histogram(`${query}&outcome=failed`)).body.data!.bars).toEqual([{ at: '2026-05-06T10:07:00.000Z', requests: 1, failed: 1, refused: 0 }]); // prettier-ignore
    const byDay = (await histogram('from=2026-05-01&to=2026-05-20')).body.data!;
    expect([byDay.barMs, (byDay.bars as unknown as { at: string }[]).map(({ at }) => at)]).toEqual([86_400_000, expect.arrayContaining(['2026-05-06T00:00:00.000Z'])]); // prettier-ignore
  });

  test.each(['9999-12-31', '9999-12-31T23:59:59Z', '%2B275760-09-13T00:00:00Z'])('200 up to the last of all days: %s', async (to) => {
    expect((await histogram(`to=${to}`)).body.data).toMatchObject({ to: '9999-12-30T00:00:00.000Z' });
    expect((await get(`/api/usage/report?to=${to}`)).body.data?.period).toMatchObject({ to: '9999-12-30T00:00:00.000Z' });
  });

  test('400 for a range that cannot be read', async () => {
    expect(said(await histogram('from=2026-02-30'))).toEqual([400, 'VALIDATION_ERROR', 'from']);
    expect(said(await histogram('limit=5'))).toEqual([400, 'VALIDATION_ERROR', 'limit']);
  });

  test('401 for strangers', async () => {
    expect((await scene.house.request('GET', '/api/requests/histogram')).status).toBe(401);
  });
});

describe('GET /api/requests/export', () => {
  test('200 a file of the filter whose texts no spreadsheet takes for a formula', async () => {
    const at = { userId: dan.id, atMs: Date.UTC(2026, 4, 8, 9) };
    const first = answered({ ...at, modelAsked: '=HYPERLINK("http://evil.example","x")', clientRequestId: '+1,2' });
    const second = answered({ ...at, atMs: at.atMs + 1, modelAsked: '@SUM(A1)' });
    const reply = await get('/api/requests/export?from=2026-05-08&to=2026-05-08');
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="requests.csv"');
    const [head, ...lines] = reply.text.split('\r\n');
    expect(head).toMatch(/^requestId,at,status,/);
    expect(lines.map((line) => line.slice(0, 36))).toEqual([second, first, '']);
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://evil.example"",""x"")"`);
    expect(lines[1]).toContain(`"'+1,2"`);
    expect(lines[0]).toContain(",'@SUM(A1),");
    const json = await get('/api/requests/export?from=2026-05-08&to=2026-05-08&format=jsonl');
    expect(json.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const rows = json.text.trim().split('\n').map((line) => JSON.parse(line) as { requestId: string }); // prettier-ignore
    expect(rows.map(({ requestId }) => requestId)).toEqual([second, first]);
    expect((await get('/api/requests/export?from=2026-05-08&to=2026-05-08', ben)).text.split('\r\n')).toHaveLength(2);
  });

  test('200 more rows than one page has, each once', async () => {
    const at = Date.UTC(2026, 4, 9, 9);
    const made = Array.from({ length: 1_150 }, (_, index) => answered({ userId: dan.id, model: 'many', atMs: at + Math.floor(index / 3) }));
    // The books take what was written a moment later; a file is of what is in them.
    await expect.poll(async () => rowsOf(await get('/api/requests?model=many&limit=500')).length).toBe(500);
    const file = await get('/api/requests/export?model=many&format=jsonl');
    const rows = file.text.trim().split('\n').map((line) => (JSON.parse(line) as { requestId: string }).requestId); // prettier-ignore
    expect(rows.toSorted()).toEqual(made.toSorted());
  });

  test('400 for a format and a filter that there is not, before a file begins', async () => {
    expect(said(await get('/api/requests/export?format=xlsx'))).toEqual([400, 'VALIDATION_ERROR', 'format']);
    expect(said(await get('/api/requests/export?from=x'))).toEqual([400, 'VALIDATION_ERROR', 'from']);
  });

  test('401 for strangers', async () => {
    expect((await scene.house.request('GET', '/api/requests/export')).status).toBe(401);
  });
});

describe('GET /api/requests/:requestId, with all that became of it', () => {
  test('200 when each attempt began and why, and what was met in these minutes', async () => {
    const atMs = Date.UTC(2026, 4, 10, 9);
    const first = intentOf({ userId: ben.id, workspaceId: scene.lab, connectionId: scene.connectionId, atMs });
    const second = intentOf({ ...first, id: ids.uuid(), attemptNo: 2, atMs: atMs + 600 });
    const third = intentOf({ ...second, id: ids.uuid(), attemptNo: 3, atMs: atMs + 1_500, connectionId: null });
    scene.book(
      first, settlementOf(first, { isLast: false, reason: 'overloaded', status: 503, latencyMs: 100 }),
      second, settlementOf(second, { isLast: false, reason: 'auth', status: 502, latencyMs: 300 }),
      third, settlementOf(third, { latencyMs: 400, firstByteMs: 90 }),
    ); // prettier-ignore
    const data = (await get(`/api/requests/${first.requestId}`, ben)).body.data!;
    const attempts = data.attempts as unknown as Json[];
    expect(attempts.map(({ offsetMs, cause, causeReason }) => [offsetMs, cause, causeReason])).toEqual([
      [0, 'first', null],
      [600, 'retry', 'overloaded'],
      [1_500, 'fallback', 'auth'],
    ]);
    expect(data).toMatchObject({ request: { requestId: first.requestId, attempts: 3, latencyMs: 400 }, findings: [], limits: [], hasContent: false }); // prettier-ignore
  });

  test('200 a refused request says so, and an open one is no row yet', async () => {
    const refused = refusedOf({ userId: ben.id, atMs: Date.UTC(2026, 4, 11, 9) });
    const open = intentOf({ userId: ben.id, atMs: scene.house.deps.clock.nowMs() });
    scene.book(refused, open);
    expect((await get(`/api/requests/${refused.requestId}`)).body.data).toMatchObject({ attempts: [{ cause: 'refusal', attemptNo: 0 }] });
    expect((await get(`/api/requests/${open.requestId}`)).body.data).toMatchObject({ request: null, attempts: [{ state: 'intent' }] });
    scene.book(settlementOf(open));
  });
});

describe('GET /api/requests/:requestId/content', () => {
  const captured = async (text: string): Promise<string> => {
    await send('PUT', `/api/workspaces/${scene.lab}/capture`, { isOn: true, keptDays: 7 }, cat);
    const requestId = ids.uuid();
    const side = { mediaType: 'application/json', bytes: text.length, isTruncated: false, text };
    const atMs = scene.house.deps.clock.nowMs();
    scene.house.deps.captures!.note({ requestId, atMs, workspaceId: scene.lab, userId: dan.id, request: side, answer: null });
    await scene.house.deps.contents.flush();
    return requestId;
  };
  const content = (requestId: string, person: Resident): Promise<Reply> => get(`/api/requests/${requestId}/content`, person);

  test('200 for whoever asked and for the ADMIN of the workspace, whose look is noted', async () => {
    const requestId = await captured('{"q":"what is kept"}');
    const own = await content(requestId, dan);
    expect(own.body.data).toMatchObject({ requestId, request: { text: '{"q":"what is kept"}', isTruncated: false }, answer: null });
    expect((await content(requestId, cat)).status).toBe(200);
    const noted = await scene.house.database.db
      .selectFrom('audit_entries')
      .select('actor_id')
      .where('subject_id', '=', requestId)
      .execute();
    expect(noted.map(({ actor_id }) => actor_id)).toEqual([cat.id]);
  });

  test('401 for strangers', async () => {
    expect((await scene.house.request('GET', `/api/requests/${ids.uuid()}/content`)).status).toBe(401);
  });

  test('404 for a member who is neither, exactly as for a request whose contents are not kept', async () => {
    const requestId = await captured('{"q":"not yours"}');
    const [foreign, missing] = [await content(requestId, ben), await content(ids.uuid(), ben)];
    expect([foreign.status, missing.status]).toEqual([404, 404]);
    expect(foreign.bodyWithoutId).toEqual(missing.bodyWithoutId);
  });

  test('404 once its time is over, swept or not', async () => {
    const requestId = await captured('{"q":"over"}');
    await scene.house.database.db.updateTable('captured_bodies').set({ expires_at: 1 }).where('request_id', '=', requestId).execute();
    expect((await content(requestId, dan)).status).toBe(404);
  });

  test('409 for contents that were altered', async () => {
    const requestId = await captured('{"q":"altered"}');
    const rows = scene.house.database.db.updateTable('captured_bodies').where('request_id', '=', requestId);
    await rows.set({ request: 'e1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }).execute();
    expect(said(await content(requestId, dan)).slice(0, 2)).toEqual([409, 'SECRET_UNREADABLE']);
  });
});
