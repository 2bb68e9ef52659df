/** Two instances that hear each other by way of Valkey: answers, targets to be left in peace, word for open pages; and that neither needs it (P11). */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLive } from '../../src/app/live.ts';
import { hearRests, tellingRests } from '../../src/app/valkey.ts';
import { createGroup } from '../../src/control/routing-groups.ts';
import type { KeptEvent } from '../../src/control/events.ts';
import { testSaved } from '../../src/control/connection-test.ts';
import { createHealth, type Health, type SharedHealth } from '../../src/gateway/health.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { openValkey, type Valkey } from '../../src/valkey/valkey.ts';
import { createSharedBox } from '../../src/vault/shared-box.ts';
import { message, openRig, type Rig, type Said } from '../gateway/rig.ts';
import { quiet } from '../storage/engines.ts';
import { needs } from '../support/parts.ts';
import { plain, refusing, startFakeProvider, streaming, type FakeProvider } from '../support/fake-provider.ts';
import { createDatabase } from '../support/postgres.ts';
import { sayTo, startRedis, type Redis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { newMaster } from '../vault/parts.ts';

const ids = createIds(systemClock);
const minute = { 'x-patchbay-cache': '60' };
const wordOf = ({ headers }: Said): unknown => headers['x-patchbay-cache'];

let question = 0;
const fresh = (extra: Record<string, unknown> = {}) => ({ model: 'gpt-4o', messages: message(`Question ${++question}`), ...extra });

needs('redis')('by way of Valkey', () => {
  needs('postgres')('two instances', () => {
    let redis: Redis;
    let provider: FakeProvider;
    let other: FakeProvider;
    let one: Rig;
    let two: Rig;
    let key: string;

    beforeAll(async () => {
      [redis, provider, other] = await Promise.all([startRedis(), startFakeProvider(), startFakeProvider()]);
      const environment = { PATCHBAY_REDIS_URL: redis.url, PATCHBAY_MASTER_KEY: randomBytes(32).toString('base64') };
      const databaseUrl = await createDatabase();
      one = await openRig({ databaseUrl, environment });
      two = await openRig({ databaseUrl, environment });
      key = (await one.issueKey()).text;
      await areUp();
    });
    afterAll(async () => {
      await Promise.all([one?.close(), two?.close()]);
      await Promise.all([redis?.stop(), provider?.close(), other?.close()]);
    });
    beforeEach(() => {
      for (const fake of [provider, other]) {
        fake.answer(plain);
        fake.received.length = 0;
      }
    });

    const readiness = async ({ url }: Rig) => (await (await fetch(`${url}/readyz`)).json()) as { ready: boolean; valkey?: string };
    const areUp = (): Promise<void> =>
      until(async () => (await Promise.all([one, two].map(readiness))).every(({ valkey }) => valkey === 'ok'), 'both are up');
    /** A new connection that both serve. */
    async function connect(name: string, fake = provider): Promise<string> {
      const { id } = await one.connect({ name, providerId: 'custom', baseUrl: fake.baseUrl });
      await until(() => two.deps.keeper.snapshot.connections.has(id), 'the other serves it');
      return id;
    }
    /** Asks until the cache answers: an answer that Valkey did not bring in time is asked of the provider once more. */
    async function hitAt(rig: Rig, body: object): Promise<Said> {
      let said: Said | null = null;
      await until(async () => wordOf((said = await rig.ask(key, body, minute))) === 'hit', 'the answer is given again');
      return said!;
    }

    describe('answers', () => {
      test('that one was given are given again by the other, byte for byte, in the books as a hit', async () => {
        await connect('Answers');
        const body = fresh({ model: 'Answers/gpt-4o' });
        const first = await one.ask(key, body, minute);
        expect([first.status, wordOf(first)]).toEqual([200, 'miss']);
        const again = await hitAt(two, body);
        expect(again.text).toBe(first.text);
        expect(again.headers['x-patchbay-connection']).toBe(first.headers['x-patchbay-connection']);
        expect(Number(again.headers['age'])).toBeGreaterThanOrEqual(0);
        const [row] = await two.rowsOf(String(again.headers['x-request-id']));
        expect(row).toMatchObject({ attemptNo: 0, cost: 0, model: 'gpt-4o' });
      });

      test('that are streams are streams', async () => {
        await connect('Streams');
        provider.answer(streaming());
        const body = fresh({ model: 'Streams/gpt-4o', stream: true });
        const first = await one.ask(key, body, minute);
        expect((await hitAt(two, body)).text).toBe(first.text);
      });

      test('are not given to whoever asks for none, or otherwise, nor after the connection was changed', async () => {
        const id = await connect('Changes');
        const body = fresh({ model: 'Changes/gpt-4o' });
        await one.ask(key, body, minute);
        await hitAt(two, body);
        const calls = provider.received.length;
        expect(wordOf(await two.ask(key, body))).toBe(undefined);
        expect(wordOf(await two.ask(key, { ...body, temperature: 1 }, minute))).toBe('miss');
        expect(provider.received.length).toBe(calls + 2);
        await one.change(id, { name: 'Changes too' });
        const revision = one.deps.keeper.snapshot.connections.get(id)!.revision;
        await until(() => two.deps.keeper.snapshot.connections.get(id)?.revision === revision, 'the other serves the change');
        expect(wordOf(await two.ask(key, { ...body, model: 'Changes too/gpt-4o' }, minute))).toBe('miss');
      });

      test('are not those of a state that had the same number before a backup was restored', async () => {
        const id = await connect('Restored');
        const body = fresh({ model: 'Restored/gpt-4o' });
        await one.ask(key, body, minute);
        await hitAt(two, body);
        // As a restored database would have it: the same revision, written at another time. Both read it as one that is new to them.
        const { driver } = two.started.house.database;
        const set = 'updated_at = updated_at + 1';
        await driver.run({ sql: `UPDATE ai_configurations SET ${set} WHERE CAST(id AS TEXT) = $1`, params: [id] }, 'write');
        const { revision } = two.deps.keeper.snapshot.connections.get(id)!;
        const { loadDelta } = await import('../../src/storage/snapshot.ts');
        const delta = await loadDelta(two.started.house.database, revision - 1);
        two.deps.keeper.snapshot.apply(delta);
        expect(two.deps.keeper.snapshot.connections.get(id)!.revision).toBe(revision);
        expect(wordOf(await two.ask(key, body, minute))).toBe('miss');
      });

      test('cannot be read at the server', async () => {
        await connect('Sealed');
        const body = fresh({ model: 'Sealed/gpt-4o' });
        const { text } = await one.ask(key, body, minute);
        await hitAt(two, body);
        const all = "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do all[#all + 1] = key .. redis.call('GET', key) end";
        const dump = await sayTo(redis.port, `EVAL "${all} return table.concat(all)" 0`);
        expect(dump).toContain('answer:');
        for (const shown of [`Question ${question}`, 'Sealed', 'chatcmpl', 'assistant', text.slice(10, 40)])
          expect(dump).not.toContain(shown);
      });
    });

    describe('targets', () => {
      const restsAt = (rig: Rig, id: string): boolean => rig.deps.health.rank(id) === 1;

      test('that told one to wait are left in peace by the other at once', async () => {
        const [first, second] = [await connect('Limited'), await connect('Spare', other)];
        const targets = [first, second].map((connectionId) => ({ connectionId, weight: 1, isEnabled: true, model: 'gpt-4o' }));
        const owner = { scope: 'organization' as const, id: one.deps.keeper.snapshot.organizationId };
        await createGroup(one.deps, one.caller, owner, { name: 'pair', targets });
        provider.answer(refusing(429, { error: { message: 'slow down' } }, { 'retry-after': '60' }));
        expect((await one.ask(key, fresh({ model: 'pair' }))).status).toBe(200);
        await until(() => restsAt(two, first), 'the other has heard of it');
        const calls = provider.received.length;
        await until(() => two.deps.keeper.snapshot.revision >= one.deps.keeper.snapshot.revision, 'the other serves the group');
        expect((await two.ask(key, fresh({ model: 'pair' }))).status).toBe(200);
        expect(provider.received.length).toBe(calls);
      });

      test('that fail go to the end of the line everywhere, and come back everywhere once one has an answer', async () => {
        const id = await connect('Failing');
        provider.answer(refusing(500, { error: { message: 'broken' } }));
        while (!restsAt(one, id)) expect((await one.ask(key, fresh({ model: 'Failing/gpt-4o' }))).status).toBe(502);
        await until(() => restsAt(two, id), 'the other has heard of it');
        provider.answer(plain);
        expect((await two.ask(key, fresh({ model: 'Failing/gpt-4o' }))).status).toBe(200);
        expect(restsAt(two, id)).toBe(false);
        await until(() => !restsAt(one, id), 'the one has heard of its return');
      });
    });

    test('word that only one has reaches the pages of both, once', async () => {
      const id = await connect('Tested');
      const heard: KeptEvent[][] = [[], []];
      const stops = [one, two].map(({ deps }, at) =>
        deps.events.subscribe(
          (event) => heard[at]!.push(event),
          () => undefined,
        ),
      );
      await testSaved(one.deps, one.caller, id, { maxAgeS: null });
      const statuses = (at: number): KeptEvent[] => heard[at]!.filter(({ name }) => name === 'connection.status');
      await until(() => statuses(1).length > 0, 'the other has heard of it');
      await one.change(id, { name: 'Tested again' });
      const changes = (at: number): KeptEvent[] => heard[at]!.filter(({ name }) => name === 'connection.changed');
      await until(() => changes(0).length > 0 && changes(1).length > 0, 'both know of the change');
      stops.forEach((stop) => stop());
      for (const at of [0, 1]) expect([statuses(at), changes(at)].map(({ length }) => length)).toEqual([1, 1]);
      expect(statuses(1)[0]!.data).toEqual(statuses(0)[0]!.data);
      expect(statuses(1)[0]!.id).not.toBe(statuses(0)[0]!.id);
    });

    test('serve on while it hangs, is gone, and comes back; each says how it is', async () => {
      await connect('Steady');
      const askAll = async (): Promise<number[]> => {
        const asked = [one, two].flatMap((rig) =>
          [undefined, minute].flatMap((headers) => [1, 2, 3].map(() => rig.ask(key, fresh({ model: 'Steady/gpt-4o' }), headers))),
        );
        return (await Promise.all(asked)).map(({ status }) => status);
      };
      const allWell = Array.from({ length: 12 }, () => 200);
      redis.pause();
      expect(await askAll()).toEqual(allWell);
      await until(async () => {
        expect(await askAll()).toEqual(allWell);
        return (await readiness(one)).valkey === 'unreachable';
      }, 'it is missed');
      expect((await readiness(one)).ready).toBe(true);
      redis.resume();
      await areUp();
      await redis.kill();
      await until(async () => (await readiness(two)).valkey === 'unreachable', 'it is missed');
      expect(await askAll()).toEqual(allWell);
      const figure = async ({ url }: Rig): Promise<string | undefined> =>
        /^patchbay_valkey_up (\d)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
      expect(await figure(two)).toBe('0');
      await redis.restart();
      await areUp();
      expect(await figure(two)).toBe('1');
    });
  });
});

needs('redis')('who hears of a rest', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  let installation = 0;
  beforeEach(() => void installation++);
  const master = newMaster(1);

  interface Instance {
    valkey: Valkey;
    health: Health & SharedHealth;
    turned: [string, boolean][];
  }
  const opened: Instance[] = [];
  afterAll(() => opened.forEach(({ valkey }) => valkey.close()));

  /** The parts of an instance that are about this, which knows connections of these revisions. */
  async function instance(revisions: Record<string, number>): Promise<Instance> {
    const valkey = await openValkey({
      url: redis.url,
      name: `rests-${installation}`,
      instance: ids.uuid(),
      sealing: createSharedBox([master], ids),
      clock: systemClock,
      log: quiet,
      limitMs: 5_000,
    });
    const connections = new Map(Object.entries(revisions).map(([id, revision]) => [id, { revision }]));
    const keeper = { snapshot: { connections } } as unknown as Parameters<typeof hearRests>[2];
    const turned: [string, boolean][] = [];
    const health = createHealth(systemClock, { onTurned: (...turn) => void turned.push(turn), ...tellingRests(valkey, keeper) });
    hearRests(valkey, health, keeper);
    await until(() => valkey.isUp(), 'it hears');
    const made = { valkey, health, turned };
    opened.push(made);
    return made;
  }
  /** What was told before this has been heard, or will never be. */
  async function settled(from: Instance, to: Instance): Promise<void> {
    from.health.failed('last', 'rate_limited', 60_000);
    await until(() => to.health.rank('last') === 1, 'the last word is heard');
  }

  test('only who knows the connection as the teller does: what was found of an older or newer one says nothing', async () => {
    const teller = await instance({ same: 1, older: 1, newer: 3, last: 1 });
    const hearer = await instance({ same: 1, older: 2, newer: 2, last: 1 });
    for (const id of ['same', 'older', 'newer', 'unknown', 'environment']) teller.health.failed(id, 'rate_limited', 60_000);
    await settled(teller, hearer);
    expect(['same', 'older', 'newer', 'unknown', 'environment'].map((id) => hearer.health.rank(id))).toEqual([1, 0, 0, 0, 0]);
    expect(hearer.turned).toEqual([
      ['same', true],
      ['last', true],
    ]);
  });

  test('a newcomer, who asks for what it missed', async () => {
    const teller = await instance({ a: 1, b: 1, c: 1 });
    for (let count = 0; count < 5; count++) teller.health.failed('a', 'server_error', null);
    teller.health.failed('b', 'quota_exhausted', null);
    teller.health.failed('c', 'server_error', null);
    const newcomer = await instance({ a: 1, b: 1, c: 1 });
    await until(() => newcomer.health.rests().length === 2, 'it has heard of both');
    expect(
      newcomer.health
        .rests()
        .map(({ connectionId }) => connectionId)
        .toSorted(),
    ).toEqual(['a', 'b']);
    for (const { connectionId, left } of newcomer.health.rests()) {
      const told = teller.health.rests().find((one) => one.connectionId === connectionId)!.left;
      expect(Math.abs(left.openMs - told.openMs) + Math.abs(left.cooledMs - told.cooledMs)).toBeLessThan(5_000);
    }
  });

  test('word of another release, with members that mean nothing here, changes nothing', async () => {
    const [teller, hearer] = [await instance({ a: 1, last: 1 }), await instance({ a: 1, last: 1 })];
    for (const word of [
      { id: 'a' },
      { id: 'a', revision: 1 },
      { id: 'a', revision: 1, openMs: -5, cooledMs: 5 },
      { id: 'a', revision: 1, openMs: 'x', cooledMs: 1 },
      null,
      7,
    ])
      teller.valkey.tell('rest', word);
    teller.valkey.tell('return', null);
    await settled(teller, hearer);
    expect(hearer.health.rank('a')).toBe(0);
  });

  test('pages: of an event with a name that this release does not know nothing is told', async () => {
    const [teller, hearer] = [await instance({}), await instance({})];
    const keeper = { snapshot: {}, onApplied: () => undefined } as unknown as Parameters<typeof openLive>[0]['keeper'];
    const database = {} as Parameters<typeof openLive>[0]['database'];
    const live = openLive({ database, keeper, clock: systemClock, ids, log: quiet }, hearer.valkey);
    const told: string[] = [];
    live.events.subscribe(
      ({ name }) => told.push(name),
      () => undefined,
    );
    for (const name of ['no.such.event', 'limit.met']) teller.valkey.tell('event', { name, data: {}, audience: {} });
    await until(() => told.length > 0, 'it is heard');
    expect(told).toEqual(['limit.met']);
    expect([live.events.listeners, live.events.isClosed, live.events.since(live.events.lastId)]).toEqual([1, false, []]);
    live.events.close();
    expect(live.own.isClosed).toBe(true);
  });
});
