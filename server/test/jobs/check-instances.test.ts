/** Two instances on one database: one checks, both tell their pages, and the other takes over where the first one stops. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HouseEvents } from '@patchbay/contract/events';
import { healthOfMany } from '../../src/storage/health.ts';
import { openConnectionsHouse, type ConnectionsHouse } from '../support/connections-house.ts';
import { startMortalProvider, type MortalProvider } from '../support/mortal-provider.ts';
import { movingClock } from '../support/moving-clock.ts';
import { createDatabase, needs } from '../support/postgres.ts';

needs('postgres')('two instances', () => {
  const clock = movingClock();
  let provider: MortalProvider;
  let houses: ConnectionsHouse[] = [];
  let id = '';

  beforeAll(async () => {
    provider = await startMortalProvider();
    const shared = { databaseUrl: await createDatabase(), masterKey: randomBytes(32).toString('base64'), clock, isChecking: true };
    houses = [await openConnectionsHouse(shared), await openConnectionsHouse(shared)];
    const admin = await houses[0]!.createResident('Admin', 'administrator');
    const body = { name: 'Shared', provider: 'custom', baseUrl: provider.baseUrl, model: 'small-model', apiKey: 'sk-0123456789abcdef' };
    id = (await houses[0]!.ask(admin, 'POST', '/api/configurations', body)).body.data.id;
  });
  afterAll(async () => {
    for (const house of houses) await house.close();
    await provider.close();
  });

  const holders = (): ConnectionsHouse[] => houses.filter(({ deps }) => deps.checks.isHolder);
  /** Time passes only as fast as the database and the provider answer. */
  async function pass(): Promise<void> {
    clock.move(500);
    await expect.poll(() => houses.every(({ deps }) => deps.checks.underWay === 0), { interval: 2 }).toBe(true);
    for (const house of houses) await house.database.driver.rows({ sql: 'SELECT 1', params: [] }, 'write');
  }
  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    await expect
      .poll(
        async () => {
          await pass();
          return isSo();
        },
        { interval: 5 },
      )
      .toBe(true);
  }

  test('one of them checks, and the pages of both hear what it finds', async () => {
    const heard: string[][] = [[], []];
    const stops = houses.map(({ deps }, at) =>
      deps.events.subscribe(
        ({ name, data }) => {
          const { id: of, state } = data as HouseEvents['connection.health'];
          if (name === 'connection.health' && of === id && state !== undefined) heard[at]!.push(state);
        },
        () => undefined,
      ),
    );
    await until(() => holders().length === 1 && heard.every((states) => states.includes('healthy')));
    const before = provider.asked.length;
    for (let step = 0; step < 60; step++) await pass();
    // In half a minute less than one interval is over.
    expect(provider.asked.length - before).toBeLessThanOrEqual(1);
    expect(holders()).toHaveLength(1);
    await provider.become('dead');
    await until(() => heard.every((states) => states.includes('failing')));
    expect(heard[houses.indexOf(holders()[0]!)]).toEqual(['healthy', 'failing']);
    for (const stop of stops) stop();
  });

  test('the other goes on where the first one stops', async () => {
    const [first] = holders();
    houses = houses.filter((house) => house !== first);
    await first!.close();
    await provider.become('alive');
    await until(() => holders().length === 1);
    await until(async () =>
      (await healthOfMany(houses[0]!.database, [id])).some(({ model, state }) => model === '' && state === 'healthy'),
    );
    expect(holders()).toEqual(houses);
  });
});
