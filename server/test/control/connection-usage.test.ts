/** Usage of connections below the faces: sums that equal the books, for whoever may use the connection and nobody else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../../src/control/change.ts';
import { totalsOf, usageOf } from '../../src/control/connection-usage.ts';
import { preferencesOf, setPreference } from '../../src/control/model-preferences.ts';
import { noTokens, type Intent, type Settlement } from '../../src/domain/ledger.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';

let house: House;
let admin: Resident;
let user: Resident;
let stranger: Resident;
let lab: string;
let own: string;
let shared: string;
let names = 0;
const by = (who: Resident): Caller => ({ actor: house.deps.keeper.snapshot.actorOf(who.id, 'session')!, origin });
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { code?: unknown }) => error.code ?? error,
  );
const atMs = Date.UTC(2026, 2, 10, 23, 30);
const march = { from: '2026-03-01', to: '2026-03-31' };

async function connect(who: Resident): Promise<string> {
  const body = { name: `c ${(names += 1)}`, provider: 'custom', baseUrl: 'http://127.0.0.1:9/v1', model: 'm' };
  return (await house.request('POST', '/api/configurations', { token: who.token, body })).at('data.id');
}

function book(connectionId: string, intent: Partial<Intent> = {}, settlement: Partial<Settlement> = {}): void {
  const begun = intentOf({ connectionId, userId: user.id, atMs, ...intent });
  house.deps.journal.append(begun);
  house.deps.journal.append(settlementOf(begun, settlement));
}

beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  admin = await house.createResident('Admin', 'administrator');
  user = await house.createResident('User');
  stranger = await house.createResident('Stranger');
  lab = await house.createWorkspace('Lab', [
    [admin, 'ADMIN'],
    [user, 'READ'],
  ]);
  own = await connect(user);
  const body = { name: 'Shared', aiType: 'OTHER', workspaceId: lab, endpoint: 'http://127.0.0.1:9/v1', defaultModel: 'm' };
  shared = (await house.request('POST', '/ai/llm', { token: admin.token, body: { ...body, secret: 'sk-0123456789-abcdef' } })).at(
    'aiLlmId',
  );
});
afterAll(() => house.close());

describe('usage of one connection', () => {
  test('is zeros, not nothing, where it was never used', async () => {
    const usage = await usageOf(house.deps, by(user), await connect(user), march);
    expect(usage).toMatchObject({ requestCount: 0, tokenCount: 0, costUSD: 0, averageLatency: null, errorRate: 0, lastUsed: null });
    expect(usage.series.every((day) => day.requestCount === 0 && day.costUSD === 0)).toBe(true);
  });

  test('is the sum of its completions by the day, what has just happened included', async () => {
    book(own, {}, { usage: { ...noTokens, tokensIn: 10, tokensOut: 5 }, costNanoUsd: 1_000_000_000, latencyMs: 100 });
    book(own, { atMs: atMs + 3_600_000 }, { usage: { ...noTokens, tokensIn: 1, tokensOut: 2 }, costNanoUsd: 500_000_000, latencyMs: 300 });
    book(
      own,
      { atMs: atMs + 3_600_001 },
      { state: 'settled', reason: 'server_error', status: 502, usage: noTokens, costNanoUsd: 0, latencyMs: 200 },
    );
    const usage = await usageOf(house.deps, by(user), own, march);
    expect(usage).toMatchObject({
      requestCount: 3,
      tokensIn: 11,
      tokensOut: 7,
      tokenCount: 18,
      costUSD: 1.5,
      averageLatency: 200,
      p50Latency: 200,
      // Of 300, within 2 %.
      p95Latency: 299,
    });
    expect(usage.errorRate).toBeCloseTo(1 / 3, 10);
    expect(usage.lastUsed).toBe(new Date(atMs + 3_600_001).toISOString());
    const used = usage.series.filter((day) => day.requestCount > 0);
    expect(used).toEqual([
      { date: '2026-03-10', requestCount: 1, tokenCount: 15, costUSD: 1 },
      { date: '2026-03-11', requestCount: 2, tokenCount: 3, costUSD: 0.5 },
    ]);
  });

  test("in another zone the same requests fall on that zone's days", async () => {
    const { series } = await usageOf(house.deps, by(user), own, { ...march, tz: 'Asia/Jakarta' });
    expect(series.filter((day) => day.requestCount > 0).map(({ date, requestCount }) => [date, requestCount])).toEqual([['2026-03-11', 3]]);
  });

  test("counts neither tests nor model lists, and nobody else's connection", async () => {
    const before = await usageOf(house.deps, by(user), own, march);
    book(own, { purpose: 'probe' });
    book(shared);
    expect(await usageOf(house.deps, by(user), own, march)).toEqual(before);
  });

  test.each([[{ from: 'yesterday' }], [{ from: '2026-03-10', to: '2026-03-01' }], [{ ...march, tz: 'Mars/Olympus' }]])(
    'a range that cannot be read is refused: %j',
    async (query) => {
      expect(await codeOf(usageOf(house.deps, by(user), own, query))).toBe('VALIDATION_ERROR');
    },
  );

  test('is told to whoever may use it: owner, member, administrator of its workspace; to nobody else', async () => {
    expect(await codeOf(usageOf(house.deps, by(user), shared, march))).toBe('done');
    expect(await codeOf(usageOf(house.deps, by(admin), shared, march))).toBe('done');
    expect(await codeOf(usageOf(house.deps, by(stranger), shared, march))).toBe('FORBIDDEN');
    for (const who of [admin, stranger]) expect(await codeOf(usageOf(house.deps, by(who), own, march))).toBe('NOT_FOUND');
    expect(await codeOf(usageOf(house.deps, by(user), house.deps.ids.uuid(), march))).toBe('NOT_FOUND');
  });
});

describe('totals', () => {
  test('have a row for each connection that the caller may use, zeros included', async () => {
    const nothingFound = { violations: 0, alerts: 0, blocks: 0 };
    const unused = await connect(user);
    const totals = new Map((await totalsOf(house.deps, by(user), null)).map((row) => [row.connectionId, row]));
    expect(totals.get(own)).toEqual({ connectionId: own, requests: 3, tokensIn: 11, tokensOut: 7, ...nothingFound });
    expect(totals.get(shared)).toMatchObject({ requests: 1, tokensIn: 100, tokensOut: 20 });
    expect(totals.get(unused)).toEqual({ connectionId: unused, requests: 0, tokensIn: 0, tokensOut: 0, ...nothingFound });
    expect(await totalsOf(house.deps, by(stranger), null)).toEqual([]);
  });

  test('of one are those of the list, and of one that is closed there are none', async () => {
    expect(await totalsOf(house.deps, by(user), own)).toEqual(
      (await totalsOf(house.deps, by(user), null)).filter((row) => row.connectionId === own),
    );
    expect(await codeOf(totalsOf(house.deps, by(stranger), own))).toBe('NOT_FOUND');
    expect(await codeOf(totalsOf(house.deps, by(stranger), shared))).toBe('FORBIDDEN');
  });

  test('go on without books, from what is in the database', async () => {
    await house.deps.books.catchUp();
    const { books: _, ...deps } = house.deps;
    expect(await totalsOf(deps, by(user), own)).toEqual(await totalsOf(house.deps, by(user), own));
  });
});

describe('preferences', () => {
  test("are each person's own, and the last word counts", async () => {
    for (const isEnabled of [false, true, false])
      await setPreference(house.deps, by(user), { connectionId: shared, modelId: 'm', isEnabled });
    await setPreference(house.deps, by(admin), { connectionId: shared, modelId: 'm', isEnabled: true });
    expect(await preferencesOf(house.deps, by(user), shared)).toEqual([{ connectionId: shared, modelId: 'm', isEnabled: false }]);
    expect(await preferencesOf(house.deps, by(admin), null)).toEqual([{ connectionId: shared, modelId: 'm', isEnabled: true }]);
    expect(await preferencesOf(house.deps, by(stranger), null)).toEqual([]);
  });

  test('are kept for what may be used alone, raise no revision and go with the connection', async () => {
    const id = await connect(user);
    const revision = async (): Promise<number> =>
      (await house.database.db.selectFrom('config_revision').select('revision').executeTakeFirstOrThrow()).revision;
    const before = await revision();
    await setPreference(house.deps, by(user), { connectionId: id, modelId: 'a/b:c', isEnabled: false });
    expect(await revision()).toBe(before);
    expect(await codeOf(setPreference(house.deps, by(stranger), { connectionId: id, modelId: 'm', isEnabled: false }))).toBe('NOT_FOUND');
    expect(await codeOf(setPreference(house.deps, by(stranger), { connectionId: shared, modelId: 'm', isEnabled: false }))).toBe(
      'FORBIDDEN',
    );
    await house.request('DELETE', `/api/configurations/${id}`, { token: user.token });
    expect(await preferencesOf(house.deps, by(user), id)).toEqual([]);
    expect(await codeOf(setPreference(house.deps, by(user), { connectionId: id, modelId: 'm', isEnabled: false }))).toBe('NOT_FOUND');
  });

  test('of what is no id there are none', async () => {
    for (const id of ['environment', '', 'x', `${shared}x`]) expect(await preferencesOf(house.deps, by(user), id)).toEqual([]);
  });
});
