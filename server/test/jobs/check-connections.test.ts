/** Scheduled checks and traffic against real sockets, with a clock that is pushed ahead: when a provider that dies is shown, and when it is back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HouseEvents } from '@patchbay/contract/events';
import { atOneOriginMax, underWayMax } from '../../src/jobs/check-connections.ts';
import { incidentsIn, newestChecks, stripBuckets } from '../../src/storage/health-history.ts';
import { allHealth, type StoredHealth } from '../../src/storage/health.ts';
import { openConnectionsHouse, type ConnectionsHouse } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';
import { startMortalProvider, type Condition, type MortalProvider } from '../support/mortal-provider.ts';
import { until } from '../support/wait.ts';
import { movingClock } from '../support/moving-clock.ts';

const intervalMs = 60_000;
const stepMs = 500;
const clock = movingClock();
let house: ConnectionsHouse;
let admin: Resident;
let key = '';
let made = 0;

beforeAll(async () => {
  house = await openConnectionsHouse({ clock, isChecking: true });
  admin = await house.createResident('Admin', 'administrator');
  const answer = await house.ask(admin, 'POST', '/api/access-keys', { name: 'traffic' });
  key = String(answer.body.data['key']);
});
afterAll(() => house.close());

const checks = () => house.deps.checks;

async function connect(provider: MortalProvider, configuration: Record<string, unknown> = {}): Promise<{ id: string; name: string }> {
  const name = `connection-${++made}`;
  const body = { name, provider: 'custom', baseUrl: provider.baseUrl, model: 'small-model', apiKey: 'sk-0123456789abcdef', configuration };
  const answer = await house.ask(admin, 'POST', '/api/configurations', body);
  expect(answer.status).toBe(201);
  return { id: answer.body.data.id, name };
}

const healthOf = async (id: string): Promise<StoredHealth | undefined> =>
  (await allHealth(house.database, { withModels: false })).find(({ connectionId }) => connectionId === id);
const stateOf = async (id: string): Promise<string> => (await healthOf(id))?.state ?? 'unknown';

/** Real sockets have answered, except those that never do, and the database has done what it was asked: time never outruns either. */
async function quiet(held: () => number = () => 0): Promise<void> {
  await until(async () => {
    if (checks().underWay <= held() && checks().unwritten > 0) clock.move(stepMs);
    // Behind everything that is being written.
    await house.database.driver.rows({ sql: 'SELECT 1', params: [] }, 'write');
    return checks().underWay <= held() && checks().unwritten === 0;
  }, 'every check is over and written');
}

/** Lets time pass until the state is reached; how much of it. */
async function untilState(id: string, states: readonly string[], held: () => number = () => 0): Promise<number> {
  const fromMs = clock.movedMs;
  for (let step = 0; step < 2_000; step++) {
    clock.move(stepMs);
    await quiet(held);
    if (states.includes(await stateOf(id))) return clock.movedMs - fromMs;
  }
  throw new Error(`never ${states.join()}: ${JSON.stringify(await healthOf(id))}`);
}

const ask = (name: string): Promise<{ status: number }> =>
  house.request('POST', '/v1/chat/completions', {
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: { model: `${name}/small-model`, messages: [{ role: 'user', content: 'hello' }] },
  });

/** What traffic told is written within a look or two. */
async function untilTold(id: string, states: readonly string[]): Promise<void> {
  await expect
    .poll(
      async () => {
        clock.move(1_000);
        await quiet();
        return states.includes(await stateOf(id));
      },
      { interval: 5 },
    )
    .toBe(true);
}

describe('a provider that dies', () => {
  let provider: MortalProvider;
  beforeEach(async () => {
    provider = await startMortalProvider();
    return () => provider.close();
  });

  test.each([
    ['dead', 'failing'],
    ['failing', 'failing'],
    ['refusing', 'auth'],
    ['used-up', 'quota'],
  ] as [Condition, string][])(
    'by being %s is shown as %s within two check intervals, and healthy after two good checks',
    async (condition, state) => {
      const { id } = await connect(provider);
      await untilState(id, ['healthy']);
      await provider.become(condition);
      const tookMs = await untilState(id, [state]);
      expect(tookMs).toBeLessThanOrEqual(2 * intervalMs);
      expect(tookMs).toBeGreaterThan(0.3 * intervalMs);
      const ill = await healthOf(id);
      expect(ill).toMatchObject({ consecutiveFailures: 2 });
      await provider.become('alive');
      expect(await untilState(id, ['healthy'])).toBeLessThanOrEqual(2 * intervalMs);
      const [incident] = await incidentsIn(house.database, { fromMs: 0, toMs: clock.nowMs(), connectionId: id, limit: 10 });
      expect(incident).toMatchObject({ state, fromMs: ill!.sinceMs, untilMs: (await healthOf(id))!.sinceMs });
    },
  );

  test('by hanging is shown as well, and delays no other check', async () => {
    const other = await startMortalProvider();
    const { id } = await connect(provider);
    const { id: otherId } = await connect(other);
    await untilState(id, ['healthy']);
    await untilState(otherId, ['healthy']);
    await provider.become('hanging');
    const askedBefore = other.asked.length;
    // A check that hangs has arrived once the provider was asked; from then on its time passes by the clock alone.
    const asked = provider.asked.length;
    const held = (): number => (provider.asked.length > asked ? 1 : 0);
    expect(await untilState(id, ['failing'], held)).toBeLessThanOrEqual(2 * intervalMs);
    expect(await healthOf(id)).toMatchObject({ lastFault: 'headers_timeout' });
    expect(other.asked.length).toBeGreaterThan(askedBefore);
    expect(await stateOf(otherId)).toBe('healthy');
    await other.close();
  });

  test('a provider that asks for patience is not shown as failing', async () => {
    const { id } = await connect(provider);
    await untilState(id, ['healthy']);
    await provider.become('patience');
    for (let minute = 0; minute < 5; minute++) {
      clock.move(intervalMs * 1.06);
      await quiet();
    }
    expect(await stateOf(id)).toBe('healthy');
    expect((await newestChecks(house.database, { connectionId: id, limit: 1 }))[0]).toMatchObject({
      outcome: 'skipped',
      fault: 'rate_limited',
    });
  });

  test('is shown after five failed requests without any check, and healthy after two that succeed', async () => {
    const { id, name } = await connect(provider, { health: { everySeconds: 0 } });
    for (let count = 0; count < 2; count++) expect((await ask(name)).status).toBe(200);
    await untilTold(id, ['healthy', 'unknown']);
    const askedBefore = provider.asked.length;
    await provider.become('refusing');
    await provider.become('failing');
    let requests = 0;
    // A request may be tried twice at the same provider: it is the attempts that are counted.
    while (provider.asked.length - askedBefore < 5 && requests < 5) {
      requests++;
      expect((await ask(name)).status).toBeGreaterThanOrEqual(500);
    }
    expect(requests).toBeLessThanOrEqual(5);
    await untilTold(id, ['failing']);
    expect(provider.asked.filter((path) => path.endsWith('/models'))).toEqual([]);
    expect(await healthOf(id)).toMatchObject({ lastFault: 'server_error', lastStatus: 500 });
    await provider.become('alive');
    for (let count = 0; count < 2; count++) await ask(name);
    await untilTold(id, ['healthy']);
  });

  test('tells whoever may use the connection of each turn, once', async () => {
    const told: HouseEvents['connection.health'][] = [];
    const stop = house.deps.events.subscribe(
      ({ name, data }) => void (name === 'connection.health' && told.push(data as HouseEvents['connection.health'])),
      () => undefined,
    );
    const { id } = await connect(provider);
    await untilState(id, ['healthy']);
    await provider.become('dead');
    await untilState(id, ['failing']);
    clock.move(3 * intervalMs);
    await quiet();
    await provider.become('alive');
    await untilState(id, ['healthy']);
    stop();
    expect(told.filter((data) => data.id === id && data.state !== undefined).map(({ state, reason }) => [state, reason])).toEqual([
      ['healthy', null],
      ['failing', 'unreachable'],
      ['healthy', null],
    ]);
  });
});

describe('checks', () => {
  let provider: MortalProvider;
  beforeEach(async () => {
    provider = await startMortalProvider();
    return () => provider.close();
  });

  test('ask for the list of models alone, and book nothing', async () => {
    const { id } = await connect(provider);
    await untilState(id, ['healthy']);
    expect(new Set(provider.asked)).toEqual(new Set(['/v1/models']));
    expect((await newestChecks(house.database, { connectionId: id, limit: 5 }))[0]).toMatchObject({
      kind: 'models',
      requestId: null,
      costNanoUsd: 0,
    });
  });

  test('ask for one token where the connection says so, booked with a purpose of their own', async () => {
    const { id } = await connect(provider, { health: { everySeconds: 60, check: 'completion' } });
    await untilState(id, ['healthy']);
    expect(new Set(provider.asked)).toEqual(new Set(['/v1/chat/completions']));
    const [check] = await newestChecks(house.database, { connectionId: id, limit: 1 });
    expect(check).toMatchObject({ kind: 'completion', model: 'small-model', outcome: 'ok' });
    await house.deps.books.catchUp();
    const booked = await house.database.db.selectFrom('usage_events').selectAll().where('request_id', '=', check!.requestId).execute();
    expect(booked).toMatchObject([{ purpose: 'health', connection_id: id, user_id: admin.id, state: 'settled' }]);
  });

  test('leave a connection alone that is off, inactive, or of an installation that checks nothing', async () => {
    const off = await startMortalProvider();
    await connect(off, { health: { everySeconds: 0 } });
    const paused = await connect(provider);
    await untilState(paused.id, ['healthy']);
    expect((await house.ask(admin, 'PUT', `/api/configurations/${paused.id}`, { isActive: false })).status).toBe(200);
    const ofNobody = await startMortalProvider();
    const { id } = await connect(ofNobody);
    await untilState(id, ['healthy']);
    expect((await house.ask(admin, 'PATCH', '/api/status-settings', { everySeconds: 0 })).status).toBe(200);
    await quiet();
    const asked = (): number[] => [provider, off, ofNobody].map((one) => one.asked.length);
    const before = asked();
    clock.move(5 * intervalMs);
    await quiet();
    expect(asked()).toEqual(before);
    expect(before[1]).toBe(0);
    expect((await house.ask(admin, 'PATCH', '/api/status-settings', { everySeconds: 60 })).status).toBe(200);
    await ofNobody.close();
    await off.close();
  });

  test('go around in the time that is set, within a jitter', async () => {
    const { id } = await connect(provider, { health: { everySeconds: 120 } });
    await untilState(id, ['healthy']);
    const askedBefore = provider.asked.length;
    const untilMs = clock.monotonicMs() + 20 * 60_000;
    while (clock.monotonicMs() < untilMs) {
      clock.move(5_000);
      await quiet();
    }
    expect(provider.asked.length - askedBefore).toBeGreaterThanOrEqual(7);
    expect(provider.asked.length - askedBefore).toBeLessThanOrEqual(11);
  });

  test('come at once after the connection was changed', async () => {
    const { id } = await connect(provider, { health: { everySeconds: 3600 } });
    await untilState(id, ['healthy']);
    const askedBefore = provider.asked.length;
    const answer = await house.ask(admin, 'PUT', `/api/configurations/${id}`, { name: `renamed-${id}` });
    expect(answer.status).toBe(200);
    clock.move(3_000);
    await quiet();
    expect(provider.asked.length).toBe(askedBefore + 1);
  });

  test('of many connections at once are bounded, in all and at one server', async () => {
    await provider.become('hanging');
    const others: MortalProvider[] = [];
    for (let count = 0; count < 5; count++) others.push(await startMortalProvider());
    for (const other of others) await other.become('hanging');
    for (let count = 0; count < 18; count++) for (const place of [provider, ...others.slice(0, 4)]) await connect(place);
    let most = 0;
    for (let step = 0; step < 30; step++) {
      clock.move(1_100);
      most = Math.max(most, checks().underWay);
      await expect.poll(() => provider.asked.length + others.reduce((all, { asked }) => all + asked.length, 0)).toBeGreaterThanOrEqual(0);
    }
    expect(most).toBeLessThanOrEqual(underWayMax);
    expect(most).toBeGreaterThan(atOneOriginMax);
    for (const place of [provider, ...others]) await place.become('alive');
    for (const connection of house.deps.keeper.snapshot.connections.values())
      if (connection.origin !== provider.origin && others.every(({ origin }) => origin !== connection.origin)) continue;
      else await house.ask(admin, 'DELETE', `/api/configurations/${connection.id}`);
    for (let step = 0; step < 30; step++) clock.move(1_000);
    await quiet();
    for (const other of others) await other.close();
  });

  test('add up to the strip of the half hour, and to the day', async () => {
    const { id } = await connect(provider);
    await untilState(id, ['healthy']);
    const sums = await stripBuckets(house.database, { spanMs: 86_400_000, fromMs: 0, toMs: clock.nowMs() + 86_400_000, connectionId: id });
    const rows = await newestChecks(house.database, { connectionId: id, limit: 500 });
    expect(sums.reduce((all, { checks: count }) => all + count, 0)).toBe(rows.length);
  });
});
