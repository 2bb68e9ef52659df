/** Judging and delivering by a clock that the test owns: once per cause on however many instances, again when it is due, and without the database. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalState } from '../../src/control/alert-readings.ts';
import type { AlertRule } from '../../src/domain/alert.ts';
import { attemptsMax, delayAfter, keepAlertPost, outcomeOf, type AlertPost } from '../../src/jobs/deliver-alerts.ts';
import { createEvaluator, type Evaluator } from '../../src/jobs/evaluate-alerts.ts';
import { keepAlertWatch, type AlertWatch } from '../../src/jobs/watch-alerts.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { deliveriesOf } from '../../src/storage/alert-deliveries.ts';
import { listAlerts } from '../../src/storage/alerts.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { keptLog } from '../storage/engines.ts';
import { openHook, openSilence, type Hook } from '../support/alert-receivers.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { ownTimeOf } from '../support/own-time.ts';

let nowMs = systemClock.nowMs();
/** Periods never come by themselves: the test asks for each look. */
const clock: Clock = { ...systemClock, nowMs: () => nowMs, every: () => ({ cancel: () => undefined }) };
const patient = { interval: 50 };

let house: House;
let ada: Resident;
let hook: Hook;
let channelId: string;
let ruleId: string;
beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  ada = await house.createResident('Ada', 'administrator');
  hook = await openHook();
  // The house's own judges find nothing to do, and its post sends nothing by a clock that is days behind the test's.
  await house.deps.alertWatch.close();
});
afterAll(async () => {
  await house.close();
  await hook.close();
});
const send = async (method: string, path: string, body?: unknown) => {
  const reply = await house.request(method, path, { token: ada.token, body });
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply;
};
const local = (part: Partial<LocalState> = {}): LocalState => ({
  diskFreePercent: 50,
  databaseMs: 1,
  instance: 'one',
  instanceName: 'gateway-1',
  ...part,
});
const full = local({ diskFreePercent: 3 });

/** Each test has one rule and one channel. */
async function rule(part: Record<string, unknown> = {}): Promise<void> {
  for (const { id } of house.deps.keeper.snapshot.alerting.rules.values()) await send('DELETE', `/api/alert-rules/${id}`);
  ruleId = (await send('POST', '/api/alert-rules', { scope: 'organization', kind: 'disk', windowS: 0, ...part })).at('data.id');
}
beforeEach(async () => {
  channelId = (await send('POST', '/api/alert-channels', { scope: 'organization', kind: 'webhook', name: 'Ops', url: hook.url })).at(
    'data.id',
  );
  await rule();
});
afterEach(async () => {
  await send('DELETE', `/api/alert-channels/${channelId}`);
  hook.answer(200, 'ok');
  nowMs += 86_400_000;
});

const partsOf = (database = house.database) => ({
  database,
  keeper: house.deps.keeper,
  prices: house.deps.prices,
  vault: house.deps.vault,
  egress: house.deps.egress,
  clock,
  ids: house.deps.ids,
  log: keptLog().log,
  pageUrl: () => 'http://127.0.0.1/alerts',
});
let runs = 0;
const evaluator = (): Evaluator => createEvaluator({ ...partsOf(), runId: `run ${++runs}` });
const post = (): AlertPost => keepAlertPost(partsOf());
const alerts = () => listAlerts(house.database, { owners: 'all', ruleId, limit: 50 });
const events = async () => (await deliveriesOf(house.database, { channelId, limit: 50 })).map(({ event }) => event).toReversed();
const after = (ms: number): void => void (nowMs += ms);

describe('judging', () => {
  test('a cause opens one alert, whatever number of instances look, and a restart changes nothing', async () => {
    const [one, two] = [evaluator(), evaluator()];
    await Promise.all([one.look(full), two.look(full)]);
    await one.look(full);
    await evaluator().look(full);
    expect([(await alerts()).length, await events()]).toEqual([1, ['firing']]);
    after(20_000);
    await one.look(local());
    after(31_000);
    await one.look(local());
    await two.look(local());
    expect([(await alerts())[0]?.resolvedAtMs !== null, await events()]).toEqual([true, ['firing', 'resolved']]);
  });
  test('it holds for as long as the rule says, and what comes and goes is one alert', async () => {
    await rule({ windowS: 60 });
    const one = evaluator();
    for (const [ms, state] of [[0, full], [30_000, full], [15_000, local()], [15_000, full], [45_000, full]] as const) { after(ms); await one.look(state); } // prettier-ignore
    expect(await alerts()).toEqual([]);
    after(15_000);
    await one.look(full);
    for (const state of [local(), full, local(), full]) { after(15_000); await one.look(state); } // prettier-ignore
    expect([(await alerts()).length, await events()]).toEqual([1, ['firing']]);
  });
  test('it is told again after the repeat, until somebody looks after it', async () => {
    await rule({ repeatS: 3600 });
    const one = evaluator();
    await one.look(full);
    after(3_599_000);
    await one.look(full);
    expect(await events()).toEqual(['firing']);
    after(1_000);
    await one.look(full);
    expect(await events()).toEqual(['firing', 'repeated']);
    await send('POST', `/api/alerts/${(await alerts())[0]!.id}/acknowledge`, {});
    after(7_200_000);
    await one.look(full);
    expect(await events()).toEqual(['firing', 'repeated']);
  });
  test('nobody is told while the rule is muted, and everybody at the end of that', async () => {
    const until = new Date(systemClock.nowMs() + 3_600_000).toISOString();
    await send('POST', `/api/alert-rules/${ruleId}/mute`, { until });
    nowMs = systemClock.nowMs();
    const one = evaluator();
    await one.look(full);
    expect([(await alerts()).length, await events()]).toEqual([1, []]);
    after(3_601_000);
    await one.look(full);
    expect(await events()).toEqual(['firing']);
  });
  test('what nobody was told of ends without a word', async () => {
    await send('POST', `/api/alert-rules/${ruleId}/mute`, { until: new Date(systemClock.nowMs() + 3_600_000).toISOString() });
    nowMs = systemClock.nowMs();
    const one = evaluator();
    for (const state of [full, local(), local()]) { await one.look(state); after(31_000); } // prettier-ignore
    expect([(await alerts())[0]?.resolvedAtMs !== null, await events()]).toEqual([true, []]);
  });
  test('the quiet time after an alert, and a rule whose alerts do not end by themselves', async () => {
    await rule({ cooldownS: 3600, isAutoResolved: false });
    const one = evaluator();
    for (const state of [full, local(), local()]) { await one.look(state); after(31_000); } // prettier-ignore
    const [open] = await alerts();
    expect(open?.resolvedAtMs).toBe(null);
    await send('POST', `/api/alerts/${open!.id}/resolve`);
    nowMs = systemClock.nowMs() + 1_000;
    await one.look(full);
    after(3_590_000);
    await one.look(full);
    expect((await alerts()).length).toBe(1);
    after(20_000);
    await one.look(full);
    expect((await alerts()).length).toBe(2);
  });
  test('an instance leaves alone what another one sees of its own machine', async () => {
    const [one, two] = [evaluator(), evaluator()];
    await one.look(full);
    for (let look = 0; look < 3; look++) { after(31_000); await two.look(local({ instance: 'two' })); } // prettier-ignore
    expect((await alerts()).map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([null]);
    await two.look({ ...full, instance: 'two' });
    expect((await alerts()).length).toBe(2);
  });
});

describe('delivering', () => {
  test('what is refused is tried again, later each time, under the same id', async () => {
    hook.posts.length = 0;
    hook.answer(503, 'busy');
    await evaluator().look(full);
    const sender = post();
    await sender.flush();
    await sender.flush();
    expect(hook.posts.length).toBe(1);
    after(6_000);
    hook.answer(200, 'ok');
    await sender.flush();
    const [delivery] = await deliveriesOf(house.database, { channelId, limit: 5 });
    expect(delivery).toMatchObject({ state: 'sent', attemptNo: 2, answer: '200 ok' });
    expect(hook.posts.map(({ headers }) => headers['webhook-id'])).toEqual([delivery!.id, delivery!.id]);
    await sender.close();
  });
  test('a receiver that is gone for good is given up at once, and so is a channel that was deleted', async () => {
    hook.answer(410, 'gone');
    await evaluator().look(full);
    const sender = post();
    await sender.flush();
    expect((await deliveriesOf(house.database, { channelId, limit: 5 }))[0]).toMatchObject({ state: 'given_up', errorCode: 'http_410' });
    await sender.close();
  });
  test('a channel that never answers holds up nobody, and a stop does not wait for it', async () => {
    const silence = await openSilence();
    hook.posts.length = 0;
    const dead = (await send('POST', '/api/alert-channels', { scope: 'organization', kind: 'slack', name: 'Dead', url: silence.url })).at(
      'data.id',
    );
    await evaluator().look(full);
    const sender = post();
    sender.kick();
    await expect.poll(() => hook.posts.length, patient).toBe(1);
    expect((await deliveriesOf(house.database, { channelId: dead, limit: 5 }))[0]?.state).toBe('waiting');
    const { ownMs } = await ownTimeOf(() => sender.close());
    // Ten seconds are what the dead one may take.
    expect(ownMs).toBeLessThan(9_000);
    await send('DELETE', `/api/alert-channels/${dead}`);
    await silence.close();
  });
  test('waits grow up to hours, are never the same for all, and end', () => {
    expect([1, 2, 3, 4, 9].map((attempt) => delayAfter(attempt, 1, null))).toEqual([5_000, 20_000, 80_000, 320_000, 14_400_000]);
    expect([delayAfter(1, 0, null), delayAfter(1, 0, 60_000)]).toEqual([2_500, 60_000]);
    const failed = { isSent: false, code: 'http_500', answer: '', isFinal: false, retryAfterMs: null };
    expect(outcomeOf({ attemptNo: attemptsMax - 1 }, failed, 0, 0.5).state).toBe('waiting');
    expect(outcomeOf({ attemptNo: attemptsMax }, failed, 0, 0.5)).toMatchObject({ state: 'given_up', finishedAtMs: 0 });
  });
});

describe('while the database is away', () => {
  /** The house's database, away until it is said to be back. */
  function shaky() {
    let isAway = true;
    const { driver } = house.database;
    const gone = () => Promise.reject(new StorageUnavailable('away'));
    const wrapped = {
      ...driver,
      rows: (...asked: Parameters<typeof driver.rows>) => (isAway ? gone() : driver.rows(...asked)),
      run: (...asked: Parameters<typeof driver.run>) => (isAway ? gone() : driver.run(...asked)),
      write: (...asked: Parameters<typeof driver.write>) => (isAway ? gone() : driver.write(...asked)),
    } as typeof driver;
    return { database: createDatabase(wrapped), comeBack: () => void (isAway = false) };
  }

  test('people are told at once, from memory, and the books learn of it when it is back', async () => {
    await rule({ kind: 'database', value: 1000, severity: 'critical' });
    hook.posts.length = 0;
    const { database, comeBack } = shaky();
    let state = local({ databaseMs: null });
    const told: string[] = [];
    const sender = keepAlertPost(partsOf(database));
    const parts = {
      ...partsOf(database),
      runId: 'away',
      local: async () => state,
      post: sender,
      tell: ({ id }: { id: string }) => void told.push(id),
    };
    const watch: AlertWatch = keepAlertWatch(parts);
    await watch.look();
    await expect.poll(() => hook.posts.length, patient).toBe(1);
    expect(hook.posts[0]?.json).toMatchObject({ type: 'alert.firing', data: { kind: 'database', reason: 'away', severity: 'critical' } });
    after(15_000);
    await watch.look();
    expect([hook.posts.length, await alerts()]).toEqual([1, []]);
    comeBack();
    state = local();
    for (let look = 0; look < 3; look++) { after(31_000); await watch.look(); } // prettier-ignore
    await sender.flush();
    expect((await alerts()).map(({ kind, resolvedAtMs }) => [kind, resolvedAtMs !== null])).toEqual([['database', true]]);
    expect(hook.posts.map(({ json }) => json['type'])).toEqual(['alert.firing', 'alert.resolved']);
    expect((await deliveriesOf(house.database, { channelId, limit: 5 })).map(({ event, state: one }) => [event, one])).toEqual([['resolved', 'sent'], ['firing', 'sent']]); // prettier-ignore
    expect(told).toContain((await alerts())[0]!.id);
    await watch.close();
    await sender.close();
  });
  test('a look that fails on the way is one, too, and nothing is thrown', async () => {
    const { database } = shaky();
    const { log, lines } = keptLog();
    const sender = keepAlertPost({ ...partsOf(database), log });
    const watch = keepAlertWatch({
      ...partsOf(database),
      log,
      runId: 'blind',
      local: async () => local(),
      post: sender,
      tell: () => undefined,
    });
    await watch.look();
    await watch.look();
    expect(lines.filter(({ msg }) => msg === 'alerts could not be looked at; tried again').length).toBe(1);
    await watch.close();
    await sender.close();
  });
});

describe('whoever is disabled or deleted', () => {
  /** Somebody with a webhook of their own and a rule about the key of a connection that is everybody's. */
  async function watching(
    name: string,
  ): Promise<{ id: string; own: string; about: string; come: (disabled: boolean) => Promise<unknown> }> {
    const { id, token } = await house.createResident(name, 'user');
    const make = async (path: string, body: unknown, by = token): Promise<string> => {
      const reply = await house.request('POST', path, { token: by, body });
      expect(reply.status, reply.text).toBe(201);
      return reply.at(path === '/api/ai-connections' ? 'id' : 'data.id');
    };
    const line = { name, scope: 'organization', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'sk-of-the-house-1234', defaultModel: 'm' };
    const connectionId = await make('/api/ai-connections', line, ada.token);
    const own = await make('/api/alert-channels', { scope: 'user', kind: 'webhook', name, url: hook.url });
    const about = await make('/api/alert-rules', { scope: 'user', kind: 'key-age', value: 1, connectionId });
    after(2 * 86_400_000);
    hook.posts.length = 0;
    return { id, own, about, come: (disabled) => send('PATCH', `/api/admin/users/${id}`, { disabled }) };
  }
  const ofRule = (id: string) => listAlerts(house.database, { owners: 'all', ruleId: id, limit: 50 });
  const fates = async (id: string) =>
    (await deliveriesOf(house.database, { channelId: id, limit: 9 })).map(({ event, state, errorCode }) => [event, state, errorCode]);

  test('is told nothing while disabled, neither of what is new nor of what was on its way, and again once they are back', async () => {
    const [budi, look, sender] = [await watching('Budi'), evaluator(), post()];
    await budi.come(true);
    await look.look(local());
    expect([await ofRule(budi.about), await fates(budi.own)]).toEqual([[], []]);
    await budi.come(false);
    hook.answer(503, 'busy');
    await look.look(local());
    await sender.flush();
    expect([(await ofRule(budi.about)).length, hook.posts.length]).toEqual([1, 1]);
    await budi.come(true);
    hook.answer(200, 'ok');
    after(400_000);
    await look.look(local());
    await sender.flush();
    expect(hook.posts.length).toBe(1);
    expect(await fates(budi.own)).toEqual([['firing', 'given_up', 'channel_gone']]);
    expect((await ofRule(budi.about)).map(({ resolvedAtMs }) => resolvedAtMs !== null)).toEqual([true]);
    await budi.come(false);
    after(400_000);
    await look.look(local());
    await sender.flush();
    expect(hook.posts.map(({ json }) => json['type'])).toEqual(['alert.firing', 'alert.firing']);
    await send('DELETE', `/api/admin/users/${budi.id}`);
    await sender.close();
  });
  test('is sent nothing more once deleted, and no sealed value of theirs is left', async () => {
    const [eve, look, sender] = [await watching('Eve'), evaluator(), post()];
    hook.answer(503, 'busy');
    await look.look(local());
    await sender.flush();
    expect(hook.posts.length).toBe(1);
    await send('DELETE', `/api/admin/users/${eve.id}`);
    hook.answer(200, 'ok');
    after(400_000);
    await look.look(local());
    await sender.flush();
    expect([hook.posts.length, await fates(eve.own)]).toEqual([1, [['firing', 'given_up', 'channel_gone']]]);
    expect((await ofRule(eve.about)).map(({ resolvedAtMs }) => resolvedAtMs !== null)).toEqual([true]);
    const { alerting } = house.deps.keeper.snapshot;
    expect([alerting.rules.has(eve.about), alerting.channels.has(eve.own), alerting.sealed.has(eve.own)]).toEqual([false, false, false]);
    const rows = await house.database.db.selectFrom('alert_channels').selectAll().where('owner_id', '=', eve.id).execute();
    expect(rows).toMatchObject([{ id: eve.own, secret_encrypted: null, settings: '{}', is_active: false }]);
    expect(rows[0]!.deleted_at).not.toBeNull();
    await sender.close();
  });
});

test('the rule of the test is what the snapshot holds', () => {
  const held: AlertRule | undefined = house.deps.keeper.snapshot.alerting.rules.get(ruleId);
  expect(held).toMatchObject({ isActive: true, channelIds: null });
});
