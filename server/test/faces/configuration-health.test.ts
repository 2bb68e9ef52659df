/** The books of one configuration as its page asks for them: health by bucket, last failures, what uses it and who may. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Failure, HealthHistory } from '@patchbay/contract/configuration-details';
import { openBooksHouse, said, type BooksHouse } from '../support/books-house.ts';
import { quarterOf } from '../../src/domain/rollup.ts';

const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
const quarterMs = 900_000;
const dayMs = 86_400_000;

let home: BooksHouse;
let nowMs: number;
/** The middle of the quarter-hour that began two before the running one. */
let thenMs: number;
/** A connection of the workspace, and somebody who is no member there. */
let shared = '';
let eve: BooksHouse['ben'];

beforeAll(async () => {
  home = await openBooksHouse();
  nowMs = home.house.deps.clock.nowMs();
  thenMs = quarterOf(nowMs) - 2 * quarterMs + 450_000;
  eve = await home.house.createResident('Eve');
  const made = await home.house.request('POST', '/ai/llm', {
    token: home.cat.token,
    body: { name: 'Lab model', aiType: 'OPENAI', secret: 'sk-lab-0123456789abcdef', workspaceId: home.lab },
  });
  shared = (made.body as unknown as { aiLlmId: string }).aiLlmId;
});
afterAll(() => home.house.close());

const path = (rest: string, id = home.connectionId): string => `/api/configurations/${id}/${rest}`;

const closed = async (rest: string): Promise<unknown[]> => {
  const { status, body } = await home.get(path(rest, shared), eve);
  return [status, body.error_code];
};

describe('GET /api/configurations/:id/health-history', () => {
  test('200 a connection that nobody used has every bucket, and no figure that is made up', async () => {
    const now = (): number => quarterOf(home.house.deps.clock.nowMs());
    const before = now();
    const { status, body } = await home.get(path('health-history'), home.ben);
    const data = body.data as unknown as HealthHistory;
    expect(status).toBe(200);
    expect(data.buckets).toHaveLength(96);
    expect(
      data.buckets.every(
        ({ state, requests, averageMs, p95Ms }) => state === 'none' && requests === 0 && averageMs === null && p95Ms === null,
      ),
    ).toBe(true);
    expect(data).toMatchObject({
      range: '24h',
      bucketMs: quarterMs,
      requests: 0,
      errors: 0,
      latency: { p50Ms: null, p95Ms: null, samples: 0 },
      tests: [],
    });
    // The running one; it may have begun meanwhile.
    expect([before, now()]).toContain(Date.parse(data.buckets.at(-1)!.at));
  });

  test('200 outcomes fall into their quarter-hour, with percentiles of the answers that came', async () => {
    const part = { connectionId: home.connectionId, userId: home.ben.id, atMs: thenMs };
    for (let count = 1; count <= 20; count++) home.answered(part, { latencyMs: count * 10 });
    home.answered(part, { reason: 'server_error', status: 502, latencyMs: 5000, costNanoUsd: 0 });
    home.answered({ ...part, purpose: 'probe' }, { latencyMs: 9000 });
    home.answered({ ...part, purpose: 'chat', atMs: thenMs - quarterMs }, { reason: 'auth', status: 502 });
    const data = (await home.get(path('health-history'), home.ben)).body.data as unknown as HealthHistory;
    const bucketAt = (atMs: number) => data.buckets.find(({ at }) => Date.parse(at) === quarterOf(atMs));
    expect(bucketAt(thenMs)).toEqual({
      at: new Date(quarterOf(thenMs)).toISOString(),
      requests: 21,
      errors: 1,
      state: 'ok',
      averageMs: 338,
      p50Ms: 100,
      p95Ms: 190,
    });
    expect(bucketAt(thenMs - quarterMs)).toMatchObject({ requests: 1, errors: 1, state: 'down', p50Ms: null });
    expect(data).toMatchObject({ requests: 22, errors: 2, latency: { p50Ms: 100, p95Ms: 190, samples: 20 } });
  });

  test('200 ninety days of UTC, the running one last', async () => {
    const data = (await home.get(`${path('health-history')}?range=90d`, home.ben)).body.data as unknown as HealthHistory;
    expect(data.buckets).toHaveLength(90);
    expect(data.bucketMs).toBe(dayMs);
    expect(data.requests).toBe(22);
    expect(data.buckets.at(-1)!.at.endsWith('T00:00:00.000Z')).toBe(true);
  });

  test('400 another range', async () =>
    expect(said(await home.get(`${path('health-history')}?range=1y`))).toEqual([400, 'VALIDATION_ERROR', 'range']));
  test('401 without a token', async () => expect((await home.house.request('GET', path('health-history'), {})).status).toBe(401));
  test('403 a workspace of others', async () => expect(await closed('health-history')).toEqual([403, 'FORBIDDEN']));
  test('404 of a stranger exactly as for a random id', async () => {
    const strange = await home.get(path('health-history'), home.dan);
    expect(strange.status).toBe(404);
    expect((await home.get(path('health-history', randomId), home.dan)).body.error_code).toBe(strange.body.error_code);
  });
});

describe('GET /api/configurations/:id/failures', () => {
  const failuresFor = async (person = home.ben): Promise<Failure[]> =>
    (await home.get(path('failures'), person)).body.data as unknown as Failure[];

  test('200 the newest first, in words, also an attempt that another provider made good; not what went well, nor a caller who hung up', async () => {
    const part = { connectionId: home.connectionId, userId: home.ben.id, atMs: thenMs + 1000 };
    home.answered(part, { reason: 'rate_limited', status: 429, isLast: false, latencyMs: 12 });
    home.answered({ ...part, atMs: thenMs + 2000 }, { state: 'partial', reason: 'client_closed', status: 499 });
    const failures = await failuresFor();
    expect(failures.map(({ reason }) => reason)).toEqual(['rate_limited', 'server_error', 'auth']);
    expect(failures[0]).toMatchObject({ status: 429, model: 'gpt-4o', latencyMs: 12, message: 'Too Many Requests' });
  });

  test('200 in the language of the caller', async () => {
    const reply = await home.house.request('GET', path('failures'), { token: home.ben.token, headers: { 'accept-language': 'id' } });
    expect((reply.body.data as unknown as Failure[])[0]?.message).not.toBe('Too Many Requests');
  });

  test('401 without a token', async () => expect((await home.house.request('GET', path('failures'), {})).status).toBe(401));
  test('403 a workspace of others', async () => expect(await closed('failures')).toEqual([403, 'FORBIDDEN']));
  test('404 of a stranger', async () => expect((await home.get(path('failures'), home.dan)).status).toBe(404));
});

describe('what others may see of a shared one', () => {
  test('200 a member reads the health of all, but the failures of nobody else; an administrator of the workspace reads both', async () => {
    home.answered(
      { connectionId: shared, userId: home.dan.id, workspaceId: home.lab, atMs: thenMs },
      { reason: 'overloaded', status: 502 },
    );
    const health = (await home.get(path('health-history', shared), home.ben)).body.data as unknown as HealthHistory;
    expect(health.errors).toBe(1);
    const seenBy = async (person: BooksHouse['ben']) =>
      ((await home.get(path('failures', shared), person)).body.data as unknown as Failure[]).length;
    expect([await seenBy(home.ben), await seenBy(home.dan), await seenBy(home.cat), await seenBy(home.ada)]).toEqual([0, 1, 1, 1]);
  });

  test('200 who may use it: the members of the workspace by name, and who of them may change it', async () => {
    const { body } = await home.get(path('access', shared), home.ben);
    expect(body.data).toEqual({
      scope: 'workspace',
      ownerName: 'Lab',
      isForEveryone: false,
      people: [
        { id: home.ben.id, name: 'Ben', canManage: false },
        { id: home.cat.id, name: 'Cat', canManage: true },
        { id: home.dan.id, name: 'Dan', canManage: true },
      ],
    });
  });
});

describe('GET /api/configurations/:id/access', () => {
  test('200 a personal one is for its owner alone', async () => {
    expect((await home.get(path('access'), home.ben)).body.data).toEqual({
      scope: 'user',
      ownerName: 'Ben',
      isForEveryone: false,
      people: [{ id: home.ben.id, name: 'Ben', canManage: true }],
    });
  });

  test('200 one of the organization is for everyone, and names those who may change it', async () => {
    const made = await home.house.request('POST', '/api/admin/models', {
      token: home.ada.token,
      body: { name: 'Shared', provider: 'openai', modelVariant: 'gpt-4o', apiKey: 'sk-shared-0123456789abcdef' },
    });
    const { body } = await home.get(path('access', (made.body.data as unknown as { id: string }).id), home.ben);
    expect(body.data).toMatchObject({
      scope: 'organization',
      isForEveryone: true,
      people: [{ id: home.ada.id, name: 'Ada', canManage: true }],
    });
  });

  test('401 without a token', async () => expect((await home.house.request('GET', path('access'), {})).status).toBe(401));
  test('403 a workspace of others', async () => expect(await closed('access')).toEqual([403, 'FORBIDDEN']));
  test('404 of a stranger', async () => expect((await home.get(path('access'), home.dan)).status).toBe(404));
});

describe('GET /api/configurations/:id/dependants', () => {
  test('200 names its owner where it is the default, and counts chats, keys and preferences without naming whose they are', async () => {
    const { request } = home.house;
    await request('POST', path('default'), { token: home.ben.token, body: {} });
    await request('POST', '/api/access-keys', { token: home.dan.token, body: { name: 'named', models: ["ben's openai/gpt-4o"] } });
    await request('PUT', path('models'), { token: home.ben.token, body: { isEnabled: false, models: ['gpt-4o', 'o1'] } });
    const { body } = await home.get(path('dependants'), home.ben);
    expect(body.data).toEqual([
      { kind: 'default', id: home.ben.id, name: 'Ben', count: 1, isBlocking: false },
      { kind: 'access_key', id: null, name: null, count: 1, isBlocking: false },
      { kind: 'model_preference', id: null, name: null, count: 1, isBlocking: false },
    ]);
  });
});

describe('an allowed look (R-146)', () => {
  test('is in the audit log once, with who, by what way and at what; more looks of these minutes add nothing', async () => {
    const { database } = home.house;
    const entriesFor = () =>
      database.db
        .selectFrom('audit_entries')
        .selectAll()
        .where('action', '=', 'connection.read')
        .where('subject_id', '=', home.connectionId)
        .where('actor_id', '=', home.ben.id)
        .execute();
    await home.get(path('access'), home.ben);
    await home.get(path('usage'), home.ben);
    const entries = await entriesFor();
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ outcome: 'success', via: 'token', actor_name: 'Ben', subject_name: "Ben's OpenAI", changes: null });
    const before = await database.db.selectFrom('config_revision').select('revision').executeTakeFirstOrThrow();
    await home.get(path('access'), home.ada);
    expect(await database.db.selectFrom('config_revision').select('revision').executeTakeFirstOrThrow()).toEqual(before);
  });
});
