/** Alerts when something goes wrong on the way: instances that die or hand over, outcomes that are not written, and a database that is away for long. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalState } from '../../src/control/alert-readings.ts';
import { keepAlertPost, type AlertPost } from '../../src/jobs/deliver-alerts.ts';
import { createEvaluator, type Evaluator } from '../../src/jobs/evaluate-alerts.ts';
import { keepAlertWatch, type AlertWatch } from '../../src/jobs/watch-alerts.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { claimDeliveries, deliveriesOf, finishDelivery, perChannelMax } from '../../src/storage/alert-deliveries.ts';
import { listAlerts, resolveAlert } from '../../src/storage/alerts.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { keptLog } from '../storage/engines.ts';
import { openHook, type Hook } from '../support/alert-receivers.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { handClock, settled, type HandClock } from '../support/hand-clock.ts';

const patient = { interval: 10 };
let house: House;
let ada: Resident;
let hook: Hook;
let clock: HandClock;
let channelId: string;
let ruleId: string;
let runs = 0;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  ada = await house.createResident('Ada', 'administrator');
  hook = await openHook();
  // The house's own judges find nothing to do.
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
const channelAt = async (url: string): Promise<string> =>
  (await send('POST', '/api/alert-channels', { scope: 'organization', kind: 'webhook', name: 'Ops', url })).at('data.id');
async function rule(kind: 'disk' | 'database'): Promise<void> {
  for (const { id } of house.deps.keeper.snapshot.alerting.rules.values()) await send('DELETE', `/api/alert-rules/${id}`);
  const body = { scope: 'organization', kind, windowS: 0, ...(kind === 'database' ? { value: 1000 } : {}) };
  ruleId = (await send('POST', '/api/alert-rules', body)).at('data.id');
}
beforeEach(async () => {
  // Each test is a day of its own.
  clock = handClock(systemClock.nowMs() + ++runs * 86_400_000);
  hook.answer(200, 'ok');
  hook.posts.length = 0;
  channelId = await channelAt(hook.url);
  await rule('disk');
});
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await Promise.all([one.close(), settled().then(() => clock.move(1_000))]);
  for (const { id } of house.deps.keeper.snapshot.alerting.channels.values()) await send('DELETE', `/api/alert-channels/${id}`);
});

const local = (part: Partial<LocalState> = {}): LocalState => ({ diskFreePercent: 50, databaseMs: 1, instance: 'one', instanceName: 'gateway-1', ...part }); // prettier-ignore
const full = local({ diskFreePercent: 3 });
/** The way out of the house, which counts what is asked of it; what goes to the given origin is never answered. */
function countedEgress(silentOrigin = '') {
  const seen = { asked: 0 };
  const { egress } = house.deps;
  const fetchWhole: typeof egress.fetchWhole = (request, limits) => {
    seen.asked += 1;
    return request.origin === silentOrigin ? new Promise(() => undefined) : egress.fetchWhole(request, limits);
  };
  const openMail: typeof egress.openMail = (...asked) => egress.openMail(...asked);
  return { seen, egress: { openMail, fetchWhole } };
}
const partsOf = (database: Database, { egress } = countedEgress()) => {
  const { keeper, prices, vault, ids } = house.deps;
  const { log, lines } = keptLog();
  return { database, keeper, prices, vault, egress, clock, ids, log, lines, pageUrl: () => 'http://127.0.0.1/alerts' };
};
const evaluator = (): Evaluator => createEvaluator({ ...partsOf(house.database), runId: house.deps.ids.uuid() });
function post(database = house.database, egress = countedEgress()) {
  const parts = partsOf(database, egress);
  const sender: AlertPost = keepAlertPost(parts);
  opened.push(sender);
  return { sender, said: (msg: string) => parts.lines.filter((line) => line['msg'] === msg).length };
}
/** The first flush may join a claim that the clock began at an earlier moment; the second one cannot. */
async function flushAnew(sender: AlertPost): Promise<void> {
  await sender.flush();
  await sender.flush();
}
const alerts = () => listAlerts(house.database, { owners: 'all', ruleId, limit: 50 });
const deliveries = (of = channelId) => deliveriesOf(house.database, { channelId: of, limit: 50 });
const idsPosted = () => hook.posts.map(({ headers }) => headers['webhook-id']);

/** The house's database: away, or deaf to writes alone, or one that keeps them and never says so, as the test says; claims that it has answered are counted. */
function shaky() {
  const state = { isAway: false, isDeaf: false, isMute: false, claims: 0 };
  const { driver } = house.database;
  const gone = () => Promise.reject(new StorageUnavailable('away'));
  const wrapped = {
    ...driver,
    rows: (...asked: Parameters<typeof driver.rows>) =>
      state.isAway ? gone() : driver.rows(...asked).finally(() => (state.claims += asked[1] === 'write' ? 1 : 0)),
    run: (...asked: Parameters<typeof driver.run>) => (state.isAway ? gone() : driver.run(...asked)),
    write: async (...asked: Parameters<typeof driver.write>) => {
      const written = state.isAway || state.isDeaf ? await gone() : await driver.write(...asked);
      return state.isMute ? gone() : written;
    },
  } as typeof driver;
  return { database: createDatabase(wrapped), state };
}

describe('a delivery', () => {
  test('whose sender died with it is sent by the next one after a minute, and a late word of the first changes nothing', async () => {
    await evaluator().look(full);
    const nowMs = clock.nowMs();
    const [claimed] = await claimDeliveries(house.database, { nowMs, untilMs: nowMs + 60_000, limit: 10, busyChannels: [] });
    const { sender } = post();
    await sender.flush();
    expect([hook.posts.length, claimed?.attemptNo]).toEqual([0, 1]);
    clock.move(60_000);
    await flushAnew(sender);
    const late = { state: 'given_up' as const, nextAtMs: 0, errorCode: 'late', answer: null, finishedAtMs: 0 };
    await house.database.driver.write([finishDelivery(house.database, claimed!, late)]);
    expect(await deliveries()).toMatchObject([{ id: claimed!.id, state: 'sent', attemptNo: 2, errorCode: null }]);
    expect(idsPosted()).toEqual([claimed!.id]);
  });

  test('that was to go out, or to be tried again, by a clock far ahead goes out once the clock is right', async () => {
    const rightMs = clock.nowMs();
    clock = handClock(rightMs + 3_600_000);
    await evaluator().look(full);
    hook.answer(503, 'busy');
    await post().sender.flush();
    clock = handClock(rightMs + 5 * 3_600_000);
    await flushAnew(post().sender);
    expect(await deliveries()).toMatchObject([{ state: 'waiting', attemptNo: 2 }]);
    await evaluator().look({ ...full, instance: 'two' });
    hook.answer(200, 'ok');
    clock = handClock(rightMs);
    const { sender } = post();
    await sender.flush();
    expect(await deliveries()).toMatchObject([{ state: 'sent', attemptNo: 1 }, { state: 'sent', attemptNo: 3 }]); // prettier-ignore
    hook.posts.length = 0;
    // One that is put off by the right clock waits as long as it says.
    hook.answer(503, 'busy');
    await evaluator().look({ ...full, instance: 'three' });
    await flushAnew(sender);
    expect(hook.posts.length).toBe(1);
    hook.answer(200, 'ok');
    clock.move(6_000);
    await flushAnew(sender);
    expect((await deliveries()).map(({ state }) => state)).toEqual(['sent', 'sent', 'sent']);
  });

  test('whose outcome could not be written is sent again, under the same id', async () => {
    await evaluator().look(full);
    const { database, state } = shaky();
    state.isDeaf = true;
    const { sender, said } = post(database);
    await sender.flush();
    expect([hook.posts.length, said('what became of an alert could not be written; it is sent again')]).toEqual([1, 1]);
    expect(await deliveries()).toMatchObject([{ state: 'waiting', attemptNo: 1 }]);
    state.isDeaf = false;
    clock.move(60_000);
    await flushAnew(sender);
    const [delivery] = await deliveries();
    expect([delivery?.state, delivery?.attemptNo, idsPosted()]).toEqual(['sent', 2, [delivery!.id, delivery!.id]]);
  });

  test('to a channel that was switched off meanwhile is given up, and nothing goes out', async () => {
    await evaluator().look(full);
    await send('PATCH', `/api/alert-channels/${channelId}`, { isActive: false });
    await post().sender.flush();
    expect(await deliveries()).toMatchObject([{ state: 'given_up', errorCode: 'channel_gone' }]);
    expect(hook.posts).toEqual([]);
  });

  test('to a channel that answers nothing takes no more than its share, and those of another channel go by', async () => {
    const silent = 'http://127.0.0.1:9';
    const dead = await channelAt(`${silent}/never`);
    const judge = evaluator();
    for (const instance of ['one', 'two', 'three', 'four']) await judge.look({ ...full, instance });
    const { database, state } = shaky();
    const { sender } = post(database, countedEgress(silent));
    const sent = async (): Promise<number> => {
      sender.kick();
      return (await deliveries()).filter((one) => one.state === 'sent').length;
    };
    await expect.poll(sent, patient).toBe(4);
    const claims = state.claims;
    sender.kick();
    await expect.poll(() => state.claims, patient).toBeGreaterThan(claims);
    expect((await deliveries(dead)).filter((one) => one.attemptNo === 1).length).toBe(perChannelMax);
    expect((await deliveries(dead)).filter((one) => one.attemptNo === 0).length).toBe(4 - perChannelMax);
  });

  test('waits while the outbox cannot be read, with one line in the log, and goes by the clock when it can', async () => {
    await evaluator().look(full);
    const { database, state } = shaky();
    state.isAway = true;
    const { said } = post(database);
    for (let tick = 0; tick < 3; tick++) {
      clock.move(2_000);
      await settled();
    }
    expect([said('the outbox of alerts could not be read; tried again'), hook.posts.length]).toEqual([1, 0]);
    state.isAway = false;
    clock.move(2_000);
    await expect.poll(async () => (await deliveries()).map((one) => one.state), patient).toEqual(['sent']);
  });
});

describe('judges', () => {
  test('have one among them that looks after what all share: the next one, when it is silent for long enough or lets go', async () => {
    const [one, two, three] = [evaluator(), evaluator(), evaluator()];
    await one.look(full);
    await send('PATCH', `/api/alert-rules/${ruleId}`, { isActive: false });
    await two.look(local());
    expect((await alerts()).map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([null]);
    clock.move(45_000);
    // An alert whose rule was switched off ends without a word.
    await two.look(local());
    expect((await alerts()).map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([clock.nowMs()]);
    expect((await deliveries()).map(({ event }) => event)).toEqual(['firing']);
    const holder = async () => (await house.database.db.selectFrom('leases').select('owner').where('name', '=', 'alerts').execute()).length;
    await one.release();
    expect(await holder()).toBe(1);
    await two.release();
    expect(await holder()).toBe(0);
    await three.look(local());
    expect(await holder()).toBe(1);
    await three.release();
  });
});

describe('the watch', () => {
  function watch(database: Database, part: { state?: LocalState; egress?: ReturnType<typeof countedEgress> } = {}) {
    const seen = { state: part.state ?? local(), looks: 0, told: [] as string[] };
    const parts = { ...partsOf(database, part.egress), runId: house.deps.ids.uuid() };
    const sender = keepAlertPost(parts);
    const look = async (): Promise<LocalState> => {
      seen.looks += 1;
      return seen.state;
    };
    const made: AlertWatch = keepAlertWatch({ ...parts, local: look, post: sender, tell: ({ id }) => void seen.told.push(id) });
    opened.push(sender, made);
    return { watch: made, seen, lines: parts.lines, sender };
  }

  test('looks once for however many nudges, every fifteen seconds besides, once more for whoever asks meanwhile, and never after its end', async () => {
    const { watch: made, seen } = watch(house.database);
    for (let nudge = 0; nudge < 3; nudge++) made.nudge();
    expect(seen.looks).toBe(0);
    clock.move(250);
    expect(seen.looks).toBe(1);
    await Promise.all([made.look(), made.look(), made.look()]);
    expect(seen.looks).toBe(2);
    clock.move(14_750);
    await made.look();
    expect(seen.looks).toBe(4);
    made.nudge();
    await made.close();
    clock.move(60_000);
    await made.look();
    made.nudge();
    clock.move(60_000);
    expect(seen.looks).toBe(4);
  });

  test('tells pages of each change once, on each instance, whichever made it', async () => {
    const [here, there] = [watch(house.database, { state: full }), watch(house.database, { state: local({ instance: 'two' }) })];
    await here.watch.look();
    const [alert] = await alerts();
    for (const { watch: one } of [here, there, here, there]) await one.tellChanges();
    expect([here.seen.told, there.seen.told]).toEqual([[alert!.id], [alert!.id]]);
    // Another instance, or a person, ends it.
    clock.move(1);
    await house.database.driver.write([resolveAlert(house.database, alert!.id, clock.nowMs(), null)]);
    for (const { watch: one } of [here, there, here, there]) await one.tellChanges();
    expect([here.seen.told, there.seen.told]).toEqual([[alert!.id, alert!.id], [alert!.id, alert!.id]]); // prettier-ignore
  });

  test('tells nobody again, while the database is away, of what they were told before it went', async () => {
    const { database, state } = shaky();
    const { watch: made, seen, sender } = watch(database, { state: full });
    await made.look();
    await sender.flush();
    expect(hook.posts.length).toBe(1);
    state.isAway = true;
    seen.state = { ...full, databaseMs: null };
    for (let look = 0; look < 3; look++) { clock.move(31_000); await made.look(); } // prettier-ignore
    state.isAway = false;
    seen.state = full;
    await made.look();
    await sender.flush();
    expect([(await alerts()).length, hook.posts.length, seen.looks >= 5]).toEqual([1, 1, true]);
  });

  test('tries a receiver that refuses four times while the database is away, and brings that into the books when it is back', async () => {
    await rule('database');
    hook.answer(503, 'busy');
    const { database, state } = shaky();
    state.isAway = true;
    const { watch: made, seen, lines } = watch(database, { state: local({ databaseMs: null }) });
    await made.look();
    const givenUp = (): boolean => lines.some(({ msg }) => msg === 'an alert was not delivered while the database was away');
    await expect.poll(() => (givenUp() || clock.move(10_000), givenUp()), patient).toBe(true);
    expect([hook.posts.length, new Set(idsPosted()).size]).toEqual([4, 1]);
    state.isAway = false;
    seen.state = local();
    await made.look();
    expect(await deliveries()).toMatchObject([{ id: idsPosted()[0], state: 'given_up', attemptNo: 4, errorCode: 'http_503' }]);
    expect([(await alerts()).length, seen.looks > 1]).toEqual([1, true]);
  });

  test('goes on looking where the database kept what was told meanwhile and its answer was lost', async () => {
    const { database, state } = shaky();
    state.isAway = true;
    const { watch: made, seen, sender } = watch(database, { state: { ...full, databaseMs: null } });
    await made.look();
    await expect.poll(() => hook.posts.length, patient).toBe(1);
    // It is over before the database is back.
    seen.state = local({ databaseMs: null });
    for (let look = 0; look < 2; look++) { clock.move(31_000); await made.look(); } // prettier-ignore
    await expect.poll(() => hook.posts.length, patient).toBe(2);
    Object.assign(state, { isAway: false, isMute: true });
    seen.state = local();
    await made.look();
    expect(await alerts()).toMatchObject([{ resolvedAtMs: expect.any(Number) as number }]);
    state.isMute = false;
    // What happens now is looked at again.
    seen.state = full;
    await made.look();
    expect((await alerts()).map(({ resolvedAtMs }) => String(resolvedAtMs === null)).toSorted()).toEqual(['false', 'true']);
    await flushAnew(sender);
    expect(new Set(idsPosted()).size).toBe(3);
  });

  test('that is closed while the database is away leaves the receiver in peace, though it was to be tried again', async () => {
    await rule('database');
    hook.answer(503, 'busy');
    const { database, state } = shaky();
    state.isAway = true;
    const egress = countedEgress();
    const { watch: made, sender } = watch(database, { state: local({ databaseMs: null }), egress });
    const before = clock.waiting;
    await made.look();
    await expect.poll(() => clock.waiting, patient).toBe(before + 1);
    await made.close();
    clock.move(600_000);
    await Promise.all([sender.close(), settled().then(() => clock.move(1_000))]);
    expect([egress.seen.asked, hook.posts.length, clock.waiting]).toEqual([1, 1, 0]);
  });
});
