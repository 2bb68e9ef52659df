/** How the house is wired: what is locked, what each part is handed, and that everything opened is closed. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { buildHouse } from '../../src/app/build.ts';
import type { House, HouseIo } from '../../src/app/house.ts';
import { readSettings, type Settings } from '../../src/app/settings.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { DataDirectoryLocked, StorageStartError } from '../../src/storage/errors.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { freshDir } from '../support/throwaway.ts';

const dirs: string[] = [];
const houses = new Set<House>();
const folder = (): string => {
  const dir = freshDir('build');
  dirs.push(dir);
  return dir;
};
afterEach(async () => {
  for (const house of houses) await house.close();
  houses.clear();
});
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

const settingsOf = (environment: Record<string, string> = {}): Settings =>
  readSettings({ PATCHBAY_DATA_DIR: folder(), PATCHBAY_PORT: '0', ...environment }, null);
const ioWith = (clock: Clock = systemClock): HouseIo => ({ clock, ids: createIds(clock), log: createLog('silent') });

async function build(settings: Settings, io: HouseIo = ioWith()): Promise<House> {
  const house = await buildHouse(settings, io);
  houses.add(house);
  return house;
}
async function end(house: House): Promise<void> {
  houses.delete(house);
  await house.close();
}

describe('a data directory', () => {
  test('belongs to one house at a time', async () => {
    const settings = settingsOf();
    const first = await build(settings);
    await expect(build(settings)).rejects.toThrow(DataDirectoryLocked);
    await end(first);
    await expect(build(settings)).resolves.toBeDefined();
  });

  test('holds the database, the journal and the master key, and nothing that others may read', async () => {
    const settings = settingsOf();
    await build(settings);
    expect(readdirSync(settings.dataDir)).toEqual(expect.arrayContaining(['journal', 'master.key']));
    expect(existsSync(join(settings.dataDir, 'journal'))).toBe(true);
  });
});

needs('postgres')('beside PostgreSQL', () => {
  test('a data directory belongs to one house at a time, because its journal does', async () => {
    const settings = settingsOf({ PATCHBAY_DATABASE_URL: await createDatabase() });
    const first = await build(settings);
    await expect(build(settings)).rejects.toThrow(DataDirectoryLocked);
    await end(first);
    await expect(build(settings)).resolves.toBeDefined();
  });

  test('a house that could not be built gives its directory back', async () => {
    const url = await createDatabase();
    const settings = settingsOf({ PATCHBAY_DATABASE_URL: url });
    const wrong = { ...settings, databaseUrl: url.replace(/\/[^/]+$/, '/there_is_no_such_database') };
    await expect(build(wrong)).rejects.toThrow(StorageStartError);
    expect((await build(settings)).deps.ops.state()).toMatchObject({ engine: 'postgres', isDatabaseHealthy: true });
  });
});

describe('the parts', () => {
  test('are one object: what the control plane changes is what the gateway reads', async () => {
    const { deps, database } = await build(settingsOf());
    expect(deps.database).toBe(database);
    expect(deps.ops.state()).toMatchObject({ engine: 'sqlite', configRevision: deps.keeper.snapshot.revision, isDatabaseHealthy: true });
    expect(deps.sessions).toBe(deps.auth);
  });

  test('know the demo provider only from the moment its address is known, with a key of this run alone', async () => {
    const settings = settingsOf();
    const first = await build(settings);
    expect(first.deps.demo).toBeNull();
    first.setOwnUrl('http://127.0.0.1:45678');
    expect(first.deps.demo).toMatchObject({ baseUrl: 'http://127.0.0.1:45678/demo/v1' });
    expect(first.deps.demo?.secret.reveal()).toBe(first.demoKey);
    expect(Buffer.from(first.demoKey, 'base64url')).toHaveLength(32);
    await end(first);
    expect((await build(settings)).demoKey).not.toBe(first.demoKey);
  });

  test('have no demo provider where it is not offered', async () => {
    const house = await build(settingsOf({ PATCHBAY_DEMO: 'off' }));
    house.setOwnUrl('http://127.0.0.1:45678');
    expect(house.deps.demo).toBeNull();
    expect(house.deps.isDemoOffered).toBe(false);
  });

  test("take the limits of a test for their own and the house's for the rest", async () => {
    const house = await build(settingsOf(), { ...ioWith(), timeouts: { idleMs: 5 } });
    expect(house.deps.timeouts).toMatchObject({ idleMs: 5, heartbeatMs: 15_000, totalMs: 900_000 });
  });

  test("judge addresses by the operator's list alone where there is one", async () => {
    const usual = (await build(settingsOf())).deps;
    const listed = (await build(settingsOf({ PATCHBAY_EGRESS_ALLOW: '10.0.0.5:8443' }))).deps;
    const local = new URL('http://127.0.0.1:11434');
    const internal = new URL('https://10.0.0.5:8443');
    expect(usual.isAllowListed?.(internal)).toBe(false);
    expect(listed.isAllowListed?.(internal)).toBe(true);
    expect(listed.isAllowListed?.(local)).toBe(false);
  });
});

describe('the own origin', () => {
  test.each([
    ['http://127.0.0.1:45678', '127.0.0.1:45678', true],
    ['https://ai.example.org', '10.0.0.2:8484', true],
    ['http://ai.lan:8484', 'ai.lan:8484', true],
    ['https://evil.example', '127.0.0.1:45678', false],
    ['https://ai.example.org.evil.example', '10.0.0.2:8484', false],
    ['https://ai.example.org:444', '10.0.0.2:8484', false],
    ['null', undefined, false],
    ['null', 'null', false],
    ['', '', false],
    ['nonsense', 'nonsense', false],
  ])('%j with the host %j: %s', async (origin, host, isOwn) => {
    const house = await build(settingsOf({ PATCHBAY_PUBLIC_URL: 'https://ai.example.org/' }));
    house.setOwnUrl('http://127.0.0.1:45678');
    expect(house.deps.isOwnOrigin(origin, host)).toBe(isOwn);
  });
});

describe('an end', () => {
  test('leaves no timer running', async () => {
    const timers = new Set<object>();
    const counted: Clock = {
      ...systemClock,
      every(periodMs, run) {
        const timer = systemClock.every(periodMs, run);
        timers.add(timer);
        return {
          cancel() {
            timers.delete(timer);
            timer.cancel();
          },
        };
      },
    };
    const house = await build(settingsOf(), ioWith(counted));
    expect(timers.size).toBeGreaterThan(1);
    await end(house);
    expect(timers.size).toBe(0);
  });

  test('closes the other parts although one fails, and says what failed', async () => {
    const settings = settingsOf();
    const house = await build(settings);
    const { journal } = house.deps;
    journal.close = () => Promise.reject(new Error('the disk went away'));
    houses.delete(house);
    await expect(house.close()).rejects.toThrow('the disk went away');
    await expect(house.database.driver.rows({ sql: 'SELECT 1 AS one', params: [] })).rejects.toThrow(/not running/);
    expect((await build(settings)).deps.ops.state()).toMatchObject({ engine: 'sqlite' });
  });
});
