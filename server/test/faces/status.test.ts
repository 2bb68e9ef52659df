/** Status over HTTP: who sees which connections, what is told of each, and checks at once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusOne, StatusRow, StatusView } from '@patchbay/contract/status';
import { newHealth, type Health } from '../../src/domain/health.ts';
import { checkSteps, type HealthCheckRow } from '../../src/storage/health-history.ts';
import { healthOfMany, healthSteps } from '../../src/storage/health.ts';
import type { Resident } from '../support/house.ts';
import { openStatusHouse, type StatusHouse } from '../support/status-house.ts';
import { checkRow } from '../support/check-row.ts';

const dayMs = 86_400_000;
let scene: StatusHouse;
let house: StatusHouse['house'];
let clock: StatusHouse['clock'];
let provider: StatusHouse['provider'];
let admin: StatusHouse['admin'];
let ana: StatusHouse['ana'];
let reader: StatusHouse['reader'];
let eve: StatusHouse['eve'];
let [lab, mine, labs, everybodys] = ['', '', '', ''];

beforeAll(async () => {
  scene = await openStatusHouse();
  ({ house, clock, provider, admin, ana, reader, eve, lab, mine, labs, everybodys } = scene);
});
afterAll(() => scene.close());

/** Puts a connection into a state, as checks would. */
async function put(id: string, health: Partial<Health>, begins = false): Promise<void> {
  const [before] = await healthOfMany(house.database, [id]);
  const after: Health = { ...newHealth(clock.nowMs()), ...health };
  const { state, sinceMs, lastFault, lastStatus } = after;
  const incident = { id: house.deps.ids.uuid(), state: state as 'failing', fault: lastFault, status: lastStatus, fromMs: sinceMs };
  const write = {
    key: { connectionId: id, model: '' },
    before: before ?? null,
    after,
    incident: { endsAtMs: begins ? null : clock.nowMs(), begins: begins ? incident : null },
  };
  await house.database.driver.write(healthSteps(house.database, [write], clock.nowMs()));
}

const check = (connectionId: string, part: Partial<HealthCheckRow> = {}): HealthCheckRow =>
  checkRow({
    id: house.deps.ids.uuid(),
    atMs: clock.nowMs(),
    connectionId,
    ...part,
  });

/** What is summed up for all is kept for a few seconds. */
async function look(person: Resident, query = ''): Promise<StatusView> {
  clock.move(6_000);
  const answer = await house.ask(person, 'GET', `/api/status${query}`);
  expect(answer.status).toBe(200);
  return answer.body.data as unknown as StatusView;
}
const rowOf = (view: StatusView, id: string): StatusRow => view.connections.find((row) => row.id === id)!;

describe('GET /api/status', () => {
  test('200 everybody sees what they may use, and nothing else', async () => {
    const ids = async (person: Resident, query = ''): Promise<string[]> =>
      (await look(person, query)).connections.map(({ id }) => id).toSorted();
    expect(await ids(ana)).toEqual([mine, labs, everybodys].toSorted());
    expect(await ids(reader)).toEqual([labs, everybodys].toSorted());
    expect(await ids(eve)).toEqual([everybodys]);
    expect(await ids(admin)).toEqual([labs, everybodys].toSorted());
    expect(await ids(ana, `?workspaceId=${house.deps.ids.uuid()}`)).toEqual([mine, everybodys].toSorted());
  });

  test('200 a connection that nothing is known of says so, and makes nothing up', async () => {
    expect(rowOf(await look(ana), mine)).toMatchObject({
      state: 'unknown',
      reason: null,
      uptime: null,
      p95Ms: null,
      strip: '-'.repeat(48),
      nextCheckAt: null,
      isStale: false,
      everySeconds: 60,
    });
  });

  test('200 an ill one says since when, of what in the words of the reader, and how long it was well', async () => {
    const fromMs = clock.nowMs() - 3_600_000;
    for (let hour = 0; hour < 12; hour++) {
      await house.database.driver.write(checkSteps([check(labs, { atMs: clock.nowMs() - hour * 3_600_000, latencyMs: 100 + hour })]));
    }
    await put(
      labs,
      { state: 'auth', sinceMs: fromMs, lastFault: 'auth', lastStatus: 401, consecutiveFailures: 7, lastCheckedAtMs: clock.nowMs() },
      true,
    );
    const view = await look(reader);
    const row = rowOf(view, labs);
    expect(row).toMatchObject({
      state: 'auth',
      since: new Date(fromMs).toISOString(),
      reason: 'auth',
      reasonText: '401 Unauthorized',
      vendorStatus: 401,
      consecutiveFailures: 7,
    });
    expect(row.strip.at(-2)).toBe('d');
    expect(row.strip).toMatch(/u/);
    expect(row.uptime).toBeLessThan(1);
    expect(row.uptime).toBeGreaterThan(0.7);
    expect(view.counts).toEqual({ healthy: 0, slow: 0, failing: 0, quota: 0, auth: 1, unknown: 1, paused: 0 });
    expect(view.incidents).toMatchObject([{ connectionId: labs, connectionName: 'Lab model', state: 'auth', until: null, model: null }]);
    await put(everybodys, { state: 'failing', lastFault: 'server_error', lastStatus: 503 });
    const said = async (language: string) => {
      const answer = await house.ask(eve, 'GET', '/api/status', undefined, { 'accept-language': language });
      return (answer.body.data as unknown as StatusView).connections[0]?.reasonText;
    };
    expect([await said('en'), await said('id')]).toEqual(['Provider Unavailable', 'Penyedia Tidak Tersedia']);
  });

  test('200 no incident of a connection that one may not use is told', async () => {
    expect((await look(eve)).incidents).toEqual([]);
    expect((await look(admin)).incidents).toHaveLength(1);
  });

  test('200 what has not been checked for two intervals is stale, and says when it was last', async () => {
    await put(everybodys, { state: 'healthy', lastCheckedAtMs: clock.nowMs() });
    expect(rowOf(await look(eve), everybodys)).toMatchObject({ state: 'healthy', isStale: false });
    clock.move(140_000);
    const row = rowOf(await look(eve), everybodys);
    expect(row.isStale).toBe(true);
    expect(Date.parse(row.lastCheckedAt!)).toBeLessThan(clock.nowMs() - 120_000);
  });

  test('200 an inactive one is paused, since when and by whom', async () => {
    const id = await scene.connect(ana, 'Paused');
    expect((await house.ask(ana, 'PUT', `/api/configurations/${id}`, { isActive: false })).status).toBe(200);
    const view = await look(ana);
    expect(rowOf(view, id)).toMatchObject({ isActive: false, pausedBy: 'Ana', nextCheckAt: null });
    expect(Date.parse(rowOf(view, id).pausedAt!)).toBeGreaterThan(clock.nowMs() - 60_000);
    expect(view.counts.paused).toBe(1);
  });

  test.each([
    ['7d', 56, 3 * 3_600_000],
    ['30d', 30, dayMs],
    ['90d', 90, dayMs],
  ] as const)('200 the range %s has %i stretches', async (range, count, bucketMs) => {
    const view = await look(reader, `?range=${range}`);
    expect(view).toMatchObject({ range, bucketMs });
    expect(rowOf(view, labs).strip).toHaveLength(count);
    expect(Date.parse(view.from) % bucketMs).toBe(0);
  });

  test('400 another range', async () => {
    expect((await house.ask(ana, 'GET', '/api/status?range=1y')).status).toBe(400);
  });

  test('401 nobody', async () => {
    expect((await house.ask(null, 'GET', '/api/status')).status).toBe(401);
  });
});

describe('GET /api/status/counts', () => {
  test('200 counts what the caller may use', async () => {
    expect((await house.ask(reader, 'GET', '/api/status/counts')).body.data).toMatchObject({
      auth: 1,
      paused: 0,
      ill: [{ id: labs, name: 'Lab model', state: 'auth', reasonText: '401 Unauthorized' }],
    });
    expect((await house.ask(eve, 'GET', `/api/status/counts?workspaceId=${lab}`)).body.data).toMatchObject({
      auth: 0,
      healthy: 1,
      ill: [],
    });
  });
  test('400 a workspace that is no id', async () => {
    expect((await house.ask(eve, 'GET', '/api/status/counts?workspaceId=lab')).status).toBe(400);
  });
  test('401 nobody', async () => {
    expect((await house.ask(null, 'GET', '/api/status/counts')).status).toBe(401);
  });
});

describe('GET /api/status/:id', () => {
  test('200 its stretches, incidents, newest checks, and how long it was well over four ranges', async () => {
    const answer = await house.ask(reader, 'GET', `/api/status/${labs}?range=24h`);
    const one = answer.body.data as unknown as StatusOne;
    expect(one.buckets).toHaveLength(48);
    expect(one.buckets.reduce((all, { checks }) => all + checks, 0)).toBe(12);
    expect(one.checks).toHaveLength(12);
    expect(one.checks[0]).toMatchObject({ outcome: 'ok', kind: 'models', reasonText: null });
    expect(one.incidents).toHaveLength(1);
    expect(Object.keys(one.uptimes)).toEqual(['24h', '7d', '30d', '90d']);
    expect(one.connection.p50Ms).toBeGreaterThan(90);
  });
  test('400 another range', async () => {
    expect((await house.ask(ana, 'GET', `/api/status/${mine}?range=2h`)).status).toBe(400);
  });
  test('401 nobody', async () => {
    expect((await house.ask(null, 'GET', `/api/status/${mine}`)).status).toBe(401);
  });
  test('403 a connection of a workspace that one is no member of', async () => {
    expect((await house.ask(eve, 'GET', `/api/status/${labs}`)).status).toBe(403);
  });
  test('404 a private connection of somebody else looks like none', async () => {
    const foreign = await house.ask(eve, 'GET', `/api/status/${mine}`);
    const never = await house.ask(eve, 'GET', `/api/status/${house.deps.ids.uuid()}`);
    expect([foreign.status, never.status]).toEqual([404, 404]);
    expect({ ...foreign.body, request_id: '' }).toEqual({ ...never.body, request_id: '' });
  });
});

describe('POST /api/status/:id/check', () => {
  test('200 what a check finds now is shown at once, and kept', async () => {
    const id = await scene.connect(ana, 'Checked now');
    await provider.become('refusing');
    for (let count = 0; count < 2; count++) {
      const answer = await house.ask(ana, 'POST', `/api/status/${id}/check`);
      expect(answer.status).toBe(200);
      expect(answer.body.data).toMatchObject({ check: { outcome: 'failed', reason: 'auth', vendorStatus: 401, kind: 'models' } });
    }
    expect(rowOf(await look(ana), id)).toMatchObject({ state: 'auth', consecutiveFailures: 2 });
    await provider.become('alive');
    const good = await house.ask(ana, 'POST', `/api/status/${id}/check`);
    expect(good.body.data).toMatchObject({ check: { outcome: 'ok', reason: null }, connection: { state: 'auth' } });
    expect((await house.ask(ana, 'POST', `/api/status/${id}/check`)).body.data).toMatchObject({
      connection: { state: 'healthy', reason: null },
    });
  });

  test('200 the address guard holds for checks as well', async () => {
    const id = await scene.connect(ana, 'Guarded', { baseUrl: 'https://10.11.12.13/v1' });
    const answer = await house.ask(ana, 'POST', `/api/status/${id}/check`);
    expect(answer.body.data).toMatchObject({ check: { outcome: 'failed', reason: 'blocked' } });
    expect(answer.text).not.toContain('10.11.12.13');
  });

  test('401 nobody', async () => {
    expect((await house.ask(null, 'POST', `/api/status/${mine}/check`)).status).toBe(401);
  });
  test('403 a connection of a workspace that one is no member of', async () => {
    expect((await house.ask(eve, 'POST', `/api/status/${labs}/check`)).status).toBe(403);
  });
  test('404 a private connection of somebody else', async () => {
    expect((await house.ask(eve, 'POST', `/api/status/${mine}/check`)).status).toBe(404);
  });
  test('429 more live calls than a person may ask for in a minute', async () => {
    let last = 200;
    for (let count = 0; count < 20 && last !== 429; count++)
      last = (await house.ask(admin, 'POST', `/api/status/${everybodys}/check`)).status;
    expect(last).toBe(429);
  });
});
