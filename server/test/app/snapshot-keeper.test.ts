/** The snapshot follows the database: its own changes at once, those of others within a second, and none is left out however they fall. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keepSnapshot, pollMs, type OwnedKeeper } from '../../src/app/snapshot-keeper.ts';
import type { OtherWorkers } from '../../src/app/worker.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { createDatabase as openDatabase, type Database } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { turns } from '../support/wait.ts';

const log = createLog('silent');
/** Time passes, and the slow poll never comes: what arrives came by word of the database. */
const clock: Clock = { ...systemClock, every: (periodMs, run) => systemClock.every(periodMs === pollMs ? 86_400_000 : periodMs, run) };

describe('a keeper', () => {
  let house: House;
  let ada: Resident;
  const keepers: OwnedKeeper[] = [];
  beforeAll(async () => {
    house = await openHouse();
    ada = await house.createResident('Ada');
  });
  afterEach(() => {
    for (const keeper of keepers.splice(0)) keeper.close();
  });
  afterAll(() => house.close());

  const keep = async (database: Database = house.database, lines: string[] = []): Promise<OwnedKeeper> => {
    const keeper = await keepSnapshot({ database, clock, log: createLog('warn', { write: (line) => void lines.push(line) }) });
    keepers.push(keeper);
    return keeper;
  };
  const addKey = async (name: string): Promise<string> =>
    (await house.request('POST', '/api/access-keys', { token: ada.token, body: { name } })).at('data.id');
  const namesIn = (keeper: OwnedKeeper): string[] => [...keeper.snapshot.accessKeys.values()].map((key) => key.name);

  test('has everything when it is made', async () => {
    await addKey('before');
    const keeper = await keep();
    expect(namesIn(keeper)).toContain('before');
    expect(keeper.snapshot.revision).toBe(house.deps.keeper.snapshot.revision);
    expect(keeper.snapshot.actorOf(ada.id, 'token')).toMatchObject({ name: 'Ada', role: 'administrator' });
  });

  test('has a change when it was asked to catch up with it, and not before it had to', async () => {
    const keeper = await keep();
    await addKey('caught');
    await keeper.catchUp(house.deps.keeper.snapshot.revision);
    expect(namesIn(keeper)).toContain('caught');
    await keeper.catchUp(0);
  });

  test('has caught up once all other workers have, and catches up for them when asked', async () => {
    const asked: number[] = [];
    const reached = Promise.withResolvers<readonly null[]>();
    let answer: (revision: number) => Promise<null> = () => expect.unreachable();
    const others = {
      ask(_: 'revision', revision: number) {
        asked.push(revision);
        return reached.promise;
      },
      onAsked: (_: 'revision', run: typeof answer) => void (answer = run),
    } as unknown as OtherWorkers;
    const keeper = await keepSnapshot({ database: house.database, clock, log, others });
    keepers.push(keeper);
    await addKey('for all');
    const { revision } = house.deps.keeper.snapshot;
    let isCaughtUp = false;
    const catching = keeper.catchUp(revision).then(() => (isCaughtUp = true));
    await expect.poll(() => namesIn(keeper)).toContain('for all');
    await turns();
    expect({ asked, isCaughtUp }).toEqual({ asked: [revision], isCaughtUp: false });
    reached.resolve([null]);
    await catching;
    await addKey('for another');
    expect(await answer(house.deps.keeper.snapshot.revision)).toBe(null);
    expect(namesIn(keeper)).toContain('for another');
    // Whoever is asked asks nobody.
    expect(asked).toEqual([revision]);
  });

  test('hears of changes by itself', async () => {
    const keeper = await keep();
    await addKey('heard');
    await expect.poll(() => namesIn(keeper)).toContain('heard');
  });

  test('misses no change of many at once, also those that are written while it reads', async () => {
    const keeper = await keep();
    const names = Array.from({ length: 25 }, (_, index) => `burst ${index}`);
    await Promise.all(names.map(addKey));
    await expect.poll(() => namesIn(keeper)).toEqual(expect.arrayContaining(names));
    expect(keeper.snapshot.revision).toBe(house.deps.keeper.snapshot.revision);
  });

  test('reads again for word that comes while it reads, although what it reads is older', async () => {
    const { driver } = house.database;
    let tell = (): void => undefined;
    let hold: Promise<void> | null = null;
    const held: typeof driver = {
      ...driver,
      async run(statement, lane) {
        const answer = await driver.run<never>(statement, lane);
        // The revision is known by now, and what is written from here on is beyond it.
        await hold;
        return answer;
      },
      onConfigChange(listener) {
        tell = listener;
        return () => undefined;
      },
    };
    const keeper = await keep(openDatabase(held));
    const gate = Promise.withResolvers<void>();
    hold = gate.promise;
    await addKey('first word');
    tell();
    await turns();
    await addKey('second word');
    tell();
    hold = null;
    gate.resolve();
    await expect.poll(() => keeper.snapshot.revision).toBe(house.deps.keeper.snapshot.revision);
    expect(namesIn(keeper)).toEqual(expect.arrayContaining(['first word', 'second word']));
  });

  test('does not read a second time beside a read, and reads again after it for whoever came meanwhile', async () => {
    let reads = 0;
    let atOnce = 0;
    let most = 0;
    const silent = { ...house.database.driver, onConfigChange: () => () => undefined };
    const keeper = await keep({ ...house.database, driver: silent });
    const apply = keeper.snapshot.apply.bind(keeper.snapshot);
    keeper.snapshot.apply = (delta) => {
      reads++;
      most = Math.max(most, ++atOnce);
      apply(delta);
      atOnce--;
    };
    await addKey('one');
    const revision = house.deps.keeper.snapshot.revision;
    await Promise.all(Array.from({ length: 20 }, () => keeper.catchUp(revision)));
    expect([most, keeper.snapshot.revision]).toEqual([1, revision]);
    expect(reads).toBeLessThanOrEqual(2);
  });

  test('tells which connections changed, and nothing when none did', async () => {
    const keeper = await keep();
    const told: string[] = [];
    keeper.onChanged((ids) => told.push(...ids));
    await addKey('no connection');
    await keeper.catchUp(house.deps.keeper.snapshot.revision);
    expect(told).toEqual([]);
    const made = await house.request('POST', '/api/configurations', {
      token: ada.token,
      body: { name: 'New', provider: 'openai', model: 'gpt-4o', apiKey: 'sk-0123456789abcdef' },
    });
    await keeper.catchUp(house.deps.keeper.snapshot.revision);
    expect([...new Set(told)]).toEqual([made.at('data.id')]);
    expect((await house.request('DELETE', `/api/configurations/${made.at('data.id')}`, { token: ada.token })).status).toBeLessThan(300);
    await keeper.catchUp(house.deps.keeper.snapshot.revision);
    expect(keeper.snapshot.connections.has(made.at('data.id'))).toBe(false);
    expect(keeper.snapshot.sealed.has(made.at('data.id'))).toBe(false);
  });

  test('says so where the database does not show what was written, instead of asking for ever', async () => {
    const keeper = await keep();
    await expect(keeper.catchUp(keeper.snapshot.revision + 1_000)).rejects.toThrow(StorageUnavailable);
    // It still works afterwards.
    await addKey('after');
    await keeper.catchUp(house.deps.keeper.snapshot.revision);
    expect(namesIn(keeper)).toContain('after');
  });

  test('that is closed hears nothing more', async () => {
    const keeper = await keep();
    keeper.close();
    const { revision } = keeper.snapshot;
    await addKey('unheard');
    await turns(100);
    expect(keeper.snapshot.revision).toBe(revision);
  });

  test('cannot be made of a database that is closed', async () => {
    const other = await openHouse();
    await other.close();
    await expect(keepSnapshot({ database: openDatabase(other.database.driver), clock: systemClock, log })).rejects.toThrow(/not running/);
  });
});

needs('postgres')('two houses on one PostgreSQL', () => {
  let first: House;
  let second: House;
  let ada: Resident;
  beforeAll(async () => {
    const shared = { databaseUrl: await createDatabase(), masterKey: randomBytes(32).toString('base64'), isDemoOffered: true, clock };
    first = await openHouse(shared);
    ada = await first.createResident('Ada', 'administrator');
    second = await openHouse(shared);
  });
  afterAll(async () => {
    await first?.close();
    await second?.close();
  });

  const often = { interval: 10 };
  const complete = async (house: House, key: string): Promise<number> =>
    (
      await house.request('POST', '/v1/chat/completions', {
        token: key,
        body: { model: 'demo-small', messages: [{ role: 'user', content: 'hello' }] },
      })
    ).status;

  test('a change in one is served by the other within a second, both ways', async () => {
    const made = await second.request('POST', '/api/configurations', {
      token: ada.token,
      body: { name: 'Shared', provider: 'demo', model: 'demo-small' },
    });
    expect(made.status).toBe(201);
    const path = `/api/configurations/${made.at('data.id')}`;
    await expect.poll(async () => (await first.request('GET', path, { token: ada.token })).status, often).toBe(200);
    expect((await first.request('PUT', path, { token: ada.token, body: { name: 'Renamed' } })).status).toBe(200);
    await expect.poll(async () => (await second.request('GET', path, { token: ada.token })).body.data?.['name'], often).toBe('Renamed');
  });

  test('a new access key opens the other at once, and a revoked one is dead there within a second', async () => {
    const made = await second.request('POST', '/api/access-keys', { token: ada.token, body: { name: 'app' } });
    const key = made.at('data.key');
    await expect.poll(() => complete(first, key), often).toBe(200);
    expect(await complete(second, key)).toBe(200);
    expect((await second.request('DELETE', `/api/access-keys/${made.at('data.id')}`, { token: ada.token })).status).toBeLessThan(300);
    expect(await complete(second, key)).toBe(401);
    await expect.poll(() => complete(first, key), often).toBe(401);
  });

  test('what each served is in the books that both show', async () => {
    const { key, id } = (await first.request('POST', '/api/access-keys', { token: ada.token, body: { name: 'both' } })).body
      .data as unknown as { key: string; id: string };
    await expect.poll(() => complete(second, key), often).toBe(200);
    expect(await complete(first, key)).toBe(200);
    const served = async (house: House): Promise<unknown> =>
      ((await house.request('GET', `/api/requests?keyId=${id}`, { token: ada.token })).body.data as unknown as { state: string }[]).map(
        ({ state }) => state,
      );
    for (const house of [first, second]) await expect.poll(() => served(house)).toEqual(['settled', 'settled']);
  });

  test('a revoked personal token is dead in the other within a second', async () => {
    const made = await first.request('POST', '/api/tokens', { token: ada.token, body: { name: 'laptop' } });
    const me = async (): Promise<number> => (await second.request('GET', '/api/me', { token: made.at('data.token') })).status;
    await expect.poll(me, often).toBe(200);
    await first.request('DELETE', `/api/tokens/${made.at('data.id')}`, { token: ada.token });
    await expect.poll(me, often).toBe(401);
  });

  test('many changes at once in both end in the same state, without the slow poll', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `key ${index}`);
    await Promise.all(
      names.map((name, index) =>
        (index % 2 === 0 ? first : second).request('POST', '/api/access-keys', { token: ada.token, body: { name } }),
      ),
    );
    const known = (house: House): string[] => [...house.deps.keeper.snapshot.accessKeys.values()].map((key) => key.name);
    for (const house of [first, second]) await expect.poll(() => known(house), often).toEqual(expect.arrayContaining(names));
    // A load reads the number before the rows, so the last names can be known one load before the last number is.
    const revisions = (): number[] => [first, second].map((house) => house.deps.keeper.snapshot.revision);
    await expect.poll(() => new Set(revisions()).size, often).toBe(1);
  });
});
