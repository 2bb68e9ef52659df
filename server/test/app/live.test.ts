/** What the house tells open pages by itself: health that turns, and tasks that outlive a restart of the whole house. */
import { expect, test } from 'vitest';
import { openLive } from '../../src/app/live.ts';
import { keepSnapshot } from '../../src/app/snapshot-keeper.ts';
import type { KeptEvent } from '../../src/control/events.ts';
import { createHealth } from '../../src/gateway/health.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { onBothEngines, quiet } from '../storage/engines.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { openHouse } from '../support/house.ts';

onBothEngines('health that turns', (bench) => {
  test('a connection nobody knows is told to nobody', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const parts = { database, clock: systemClock, ids: createIds(systemClock), log: quiet };
    const keeper = await keepSnapshot(parts);
    const live = openLive({ ...parts, keeper });
    const told: KeptEvent[] = [];
    live.events.subscribe(
      (event) => told.push(event),
      () => undefined,
    );
    live.onHealthTurned('unknown', true);
    expect(told).toEqual([]);
    await live.close();
    keeper.close();
    expect(live.events.isClosed).toBe(true);
  });
});

test('five failures in a row turn a connection once, and the first success turns it back', () => {
  const turned: [string, boolean][] = [];
  const health = createHealth(systemClock, { onTurned: (id, isResting) => void turned.push([id, isResting]) });
  health.succeeded('c');
  for (let failure = 0; failure < 5; failure++) health.failed('c', 'unreachable', null);
  expect(turned).toEqual([['c', true]]);
  health.succeeded('c');
  health.succeeded('c');
  expect(turned).toEqual([
    ['c', true],
    ['c', false],
  ]);
});

test('real traffic that fails is told to those who may use the connection, and to nobody else', async () => {
  const provider = await startFakeProvider();
  const house = await openHouse({ egressAllow: '127.0.0.1:*' });
  const ada = await house.createResident('Ada');
  const ben = await house.createResident('Ben');
  const told: KeptEvent[] = [];
  house.deps.events.subscribe(
    (event) => told.push(event),
    () => undefined,
  );
  const body = { name: 'Dead', baseUrl: 'http://127.0.0.1:9/v1', provider: 'custom', defaultModel: 'gpt-4o' };
  const id = (await house.request('POST', '/api/ai-connections', { token: ben.token, body })).at('id');
  const key = (await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: 'x' } })).at('data.key');
  for (let call = 0; call < 6; call++) {
    const messages = [{ role: 'user', content: 'hi' }];
    await house.request('POST', '/v1/chat/completions', { token: key, body: { model: 'Dead/gpt-4o', messages } });
  }
  const turned = told.find(({ name }) => name === 'connection.health');
  expect(turned?.data).toEqual({ id, isResting: true });
  expect(turned?.audience).toEqual({ owners: [{ scope: 'user', id: ben.id }] });
  expect(ada.id).not.toBe(ben.id);
  await house.close();
  await provider.close();
});
