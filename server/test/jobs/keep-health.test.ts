/** What brings findings into the kept health: nothing lost by a database that is away, nothing overwritten between instances, each turn told once. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kindOfFault, type HealthTurn } from '../../src/domain/health.ts';
import { keepHealth, modelSilentMs, type CheckDone, type HealthKeeper } from '../../src/jobs/keep-health.ts';
import { followHealth } from '../../src/jobs/follow-health.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { incidentsIn, newestChecks, stripBuckets } from '../../src/storage/health-history.ts';
import { healthOfMany } from '../../src/storage/health.ts';
import { keptLog, onBothEngines } from '../storage/engines.ts';
import { ids } from '../storage/rows.ts';
import { movingClock } from '../support/moving-clock.ts';

const minute = 60_000;
const stripMs = 1_800_000;

onBothEngines('kept health', (bench, engine) => {
  const clock = movingClock();
  // What is summed falls into one half hour, whenever this runs.
  clock.move(stripMs - (clock.nowMs() % stripMs));
  const { log, lines } = keptLog();
  let database: Database;
  const open: HealthKeeper[] = [];
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  afterEach(async () => {
    for (const keeper of open.splice(0)) await keeper.close();
  });

  const keeper = (part: { database?: Database; isKnown?: (id: string) => boolean } = {}): HealthKeeper => {
    const made = keepHealth({ database, clock, ids, log, isKnown: () => true, ...part });
    open.push(made);
    return made;
  };
  const done = (connectionId: string, isGood: boolean, atMs = clock.nowMs()): CheckDone => {
    const row = { id: ids.uuid(), kind: 'models' as const, model: '', status: null, latencyMs: 100, costNanoUsd: 0, requestId: null };
    return isGood
      ? { connectionId, finding: { atMs, isWhole: false, fault: null, latencyMs: 100 }, row: { ...row, fault: null } }
      : { connectionId, finding: { atMs, isWhole: false, fault: 'unreachable', status: null }, row: { ...row, fault: 'unreachable' } };
  };
  const rowOf = async (id: string, model = '') => (await healthOfMany(database, [id])).find((row) => row.model === model);
  /** As the driver is while the database does not answer. */
  const away = (isAway: () => boolean): Database => ({
    ...database,
    driver: {
      ...database.driver,
      write: (steps) => (isAway() ? Promise.reject(new StorageUnavailable('gone')) : database.driver.write(steps)),
    },
  });

  describe('checks', () => {
    test('of one batch are told of in their order, summed, and turn the state once', async () => {
      const [id, other] = [ids.uuid(), ids.uuid()];
      const kept = keeper();
      const turns: HealthTurn[] = [];
      kept.onTurned((turn) => turns.push(turn));
      await kept.record([done(id, true), done(other, true), done(id, false), done(id, false)]);
      expect(await rowOf(id)).toMatchObject({ state: 'failing', consecutiveFailures: 2, version: 1 });
      expect(turns.map(({ connectionId, from, to }) => [connectionId, from, to])).toEqual([
        [id, 'unknown', 'failing'],
        [other, 'unknown', 'healthy'],
      ]);
      expect(await newestChecks(database, { connectionId: id, limit: 10 })).toHaveLength(3);
      const question = { connectionId: id, spanMs: stripMs, fromMs: 0, toMs: clock.nowMs() + minute } as const;
      expect(await stripBuckets(database, question)).toMatchObject([{ checks: 3, failures: 2 }]);
    });

    test('that the database kept and never said so are brought again and count once', async () => {
      const id = ids.uuid();
      let isMute = true;
      const mute: Database = {
        ...database,
        driver: {
          ...database.driver,
          async write(steps) {
            const written = await database.driver.write(steps);
            if (isMute) throw new StorageUnavailable('no answer');
            return written;
          },
        },
      };
      const kept = keeper({ database: mute });
      const batch = [done(id, false)];
      await expect(kept.record(batch)).rejects.toBeInstanceOf(StorageUnavailable);
      isMute = false;
      // One failure is one, and no illness.
      expect(await rowOf(id)).toMatchObject({ state: 'unknown', consecutiveFailures: 1 });
      await kept.record([...batch, done(id, true)]);
      expect(await rowOf(id)).toMatchObject({ state: 'healthy' });
      const question = { connectionId: id, spanMs: stripMs, fromMs: 0, toMs: clock.nowMs() + minute } as const;
      expect(await stripBuckets(database, question)).toMatchObject([{ checks: 2, failures: 1 }]);
      await kept.record([done(id, false)]);
      expect(await newestChecks(database, { connectionId: id, limit: 10 })).toHaveLength(3);
    });

    test('of a connection that is gone are dropped', async () => {
      const [id, gone] = [ids.uuid(), ids.uuid()];
      await keeper({ isKnown: (known) => known === id }).record([done(id, true), done(gone, true)]);
      expect(await healthOfMany(database, [id, gone])).toHaveLength(1);
      expect(await newestChecks(database, { connectionId: gone, limit: 1 })).toEqual([]);
    });

    test('that cannot be written are the checker’s to bring again, and are told to nobody', async () => {
      const id = ids.uuid();
      let isAway = true;
      const kept = keeper({ database: away(() => isAway) });
      const turns: HealthTurn[] = [];
      kept.onTurned((turn) => turns.push(turn));
      const batch = [done(id, true)];
      await expect(kept.record(batch)).rejects.toBeInstanceOf(StorageUnavailable);
      expect(turns).toEqual([]);
      isAway = false;
      await kept.record(batch);
      expect(turns).toHaveLength(1);
    });

    test('of two instances at once are both in the state', async () => {
      const id = ids.uuid();
      const instances = [keeper(), keeper(), keeper()];
      await Promise.all(instances.map((instance) => instance.record([done(id, true)])));
      expect(await rowOf(id)).toMatchObject({ state: 'healthy', consecutiveSuccesses: 3, version: 3 });
      expect(await newestChecks(database, { connectionId: id, limit: 10 })).toHaveLength(3);
    });
  });

  describe('traffic', () => {
    test('five failures of a model make it and its connection ill, with one incident each', async () => {
      const id = ids.uuid();
      const kept = keeper();
      for (let count = 0; count < 5; count++) kept.failed(id, 'gpt-4o', 'server_error', 503);
      await kept.flush();
      expect(await rowOf(id)).toMatchObject({ state: 'failing', lastStatus: 503 });
      expect(await rowOf(id, 'gpt-4o')).toMatchObject({ state: 'failing' });
      const incidents = await incidentsIn(database, { connectionId: id, fromMs: 0, toMs: clock.nowMs() + 1, limit: 10 });
      expect(incidents.map(({ model, untilMs }) => `${model} ${untilMs}`).toSorted()).toEqual([' null', 'gpt-4o null']);
    });

    test('a model that is gone is ill by itself', async () => {
      const id = ids.uuid();
      const kept = keeper();
      for (let count = 0; count < 5; count++) {
        kept.succeeded(id, 'gpt-4o', null);
        kept.failed(id, 'gpt-none', 'model_not_found', 404);
      }
      await kept.flush();
      expect(await rowOf(id)).toMatchObject({ state: 'healthy' });
      expect(await rowOf(id, 'gpt-none')).toMatchObject({ state: 'failing', lastFault: 'model_not_found' });
      expect(await rowOf(id, 'gpt-4o')).toBeUndefined();
    });

    test('an illness of a model is forgotten when nobody asked it for an hour', async () => {
      const id = ids.uuid();
      const kept = keeper();
      for (let count = 0; count < 5; count++) kept.failed(id, 'm', 'server_error', 500);
      await kept.flush();
      clock.move(modelSilentMs + minute);
      kept.failed(id, 'm', 'server_error', 500);
      await kept.flush();
      expect(await rowOf(id, 'm')).toMatchObject({ state: 'unknown' });
    });

    test('what callers do wrong, and what goes to the environment, is written nowhere', async () => {
      const id = ids.uuid();
      const kept = keeper();
      kept.failed(id, 'm', 'bad_request', 400);
      kept.failed('environment', 'm', 'server_error', 500);
      kept.succeeded('environment', 'm', 5);
      await kept.flush();
      expect(await healthOfMany(database, [id])).toEqual([]);
    });

    test('failures are written within a look; what goes well at a well connection waits', async () => {
      const [well, ill] = [ids.uuid(), ids.uuid()];
      const kept = keeper();
      kept.succeeded(well, 'm', null);
      await kept.flush();
      const before = (await rowOf(well))!.version;
      kept.succeeded(well, 'm', null);
      for (let count = 0; count < 5; count++) kept.failed(ill, 'm', 'dns', null);
      await expect
        .poll(async () => {
          clock.move(1_100);
          return (await rowOf(ill))?.state;
        })
        .toBe('failing');
      expect((await rowOf(well))!.version - before).toBeLessThanOrEqual(1);
      // Once it is ill, every success is news.
      kept.succeeded(ill, 'm', null);
      kept.succeeded(ill, 'm', null);
      await expect
        .poll(async () => {
          clock.move(1_100);
          return (await rowOf(ill))?.state;
        })
        .toBe('healthy');
    });

    test('what a database that is away did not take is written later, in its order', async () => {
      const id = ids.uuid();
      let isAway = true;
      const kept = keeper({ database: away(() => isAway) });
      for (let count = 0; count < 3; count++) kept.failed(id, 'm', 'dns', null);
      await kept.flush();
      expect(lines.some((line) => line['msg'] === 'the health of connections could not be written; tried again')).toBe(true);
      expect(await rowOf(id)).toBeUndefined();
      for (let count = 0; count < 2; count++) kept.failed(id, 'm', 'tls', null);
      isAway = false;
      await kept.flush();
      expect(await rowOf(id)).toMatchObject({ state: 'failing', consecutiveFailures: 5, lastFault: 'tls' });
    });

    test('of more models than are kept apart tells of the connection alone', async () => {
      const id = ids.uuid();
      const kept = keeper();
      for (let count = 0; count < 150; count++) kept.failed(id, `model-${count}`, 'server_error', 500);
      kept.failed(id, 'x'.repeat(300), 'server_error', 500);
      await kept.flush();
      const rows = await healthOfMany(database, [id]);
      expect(rows.filter(({ model }) => model !== '')).toHaveLength(100);
      expect(rows.find(({ model }) => model === '')).toMatchObject({ consecutiveFailures: 151 });
    });
  });

  test('a listener that fails keeps no other one from hearing', async () => {
    const kept = keeper();
    const heard: string[] = [];
    kept.onTurned(() => {
      throw new Error('of my own');
    });
    const stop = kept.onTurned(({ to }) => heard.push(to));
    const id = ids.uuid();
    await kept.record([done(id, true)]);
    stop();
    await kept.record([done(id, false), done(id, false)]);
    expect(heard).toEqual(['healthy']);
    expect(lines.some((line) => line['msg'] === 'a listener of health failed')).toBe(true);
  });

  test('a connection that was changed begins with a new history, and one that nothing is known of gets no row', async () => {
    const [id, unknown] = [ids.uuid(), ids.uuid()];
    const kept = keeper();
    await kept.record([done(id, true)]);
    expect(await rowOf(id)).toMatchObject({ p50Ms: 100 });
    await kept.changed([id, unknown]);
    expect(await rowOf(id)).toMatchObject({ p50Ms: null, state: 'healthy' });
    expect(await rowOf(unknown)).toBeUndefined();
  });

  test('a restart goes on where it stopped: one failure before it and one after it are two in a row', async () => {
    const id = ids.uuid();
    await keeper().record([done(id, true), done(id, false)]);
    await keeper().record([done(id, false)]);
    expect(await rowOf(id)).toMatchObject({ state: 'failing', consecutiveFailures: 2 });
  });

  test('another instance hears of a turn, unless the database has one process alone', async () => {
    const [here, there] = [keeper(), keeper()];
    const heard: string[] = [];
    const id = ids.uuid();
    // A look ends with who was found unwell.
    let looks = 0;
    const note = there.noteUnwell.bind(there);
    there.noteUnwell = (found) => {
      looks++;
      note(found);
    };
    const following = followHealth({
      database,
      clock,
      log,
      health: there,
      onTurned: ({ connectionId, to }) => connectionId === id && heard.push(to),
    });
    // What was there before it began is no turn; on a server no other statement waits for that look.
    await expect.poll(() => looks).toBe(1);
    await here.record([done(id, true)]);
    await here.record([done(id, false), done(id, false)]);
    if (engine === 'sqlite') {
      clock.move(10_000);
      await database.driver.rows({ sql: 'SELECT 1', params: [] });
      expect(heard).toEqual([]);
    } else {
      await expect
        .poll(() => {
          clock.move(3_100);
          return heard;
        })
        .toContain('failing');
    }
    following.close();
    expect(kindOfFault('unreachable')).toBe('failing');
  });
});
