/** A deploy under load: the server that is asked to end finishes what it began, refuses nothing that it had accepted, and ends with 0 (P8). */
import { rmSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { startFakeProvider, plain, streaming, type FakeProvider } from '../support/fake-provider.ts';
import { freePort, freshDir } from '../support/throwaway.ts';
import { until } from '../support/wait.ts';
import { judge, openBooksOf } from './books.ts';
import { furnish, startInstance, type Instance, type Place } from './instance.ts';
import { startLoad } from './load.ts';

let dataDir = '';
let fake: FakeProvider | undefined;
let instance: Instance | undefined;
afterEach(async () => {
  await instance?.kill();
  await fake?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test('streams under way end well, no request is cut, and every one of them is in the books', async () => {
  dataDir = freshDir('drain');
  const provider = (fake = await startFakeProvider());
  // Each stream takes about half a second, so that many are in the middle when the signal comes.
  provider.answer((turn) => (turn.call.json['stream'] === true ? streaming(undefined, 60)(turn) : plain(turn)));
  const place: Place = { dataDir, port: await freePort(), databaseUrl: null };
  const server = (instance = await startInstance(place));
  const load = startLoad(await furnish(server, provider.baseUrl));
  load.aim(server.url);
  const underWay = (): number => provider.received.filter((call) => call.json['stream'] === true && !call.isAnswered).length;
  // So many in their middle, and more than the first ones.
  await until(() => provider.received.length > 30 && underWay() > 5, 'streams are under way');
  const exitCode = await server.stop();
  load.aim(null);
  await load.stop();
  expect(exitCode, server.output()).toBe(0);
  const begun = load.told.filter((one) => one.status !== 0);
  expect(begun.filter((one) => !one.isComplete)).toEqual([]);
  expect(begun.filter((one) => one.isStream).length).toBeGreaterThan(5);
  const driver = await openBooksOf(place);
  try {
    const verdict = await judge(driver, load.told, provider.received);
    expect(verdict.faults).toEqual([]);
    expect(verdict.unknown).toBe(0);
    expect(verdict.rows).toBe(begun.length);
  } finally {
    await driver.close();
  }
});
