/** Contents on their way into the database: nothing waits for them, what finds no place is counted, and a database that is away loses nothing. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changeCapture } from '../../src/control/capture.ts';
import type { Captured } from '../../src/domain/capture.ts';
import { keepCaptures, waitingBytesMax, waitingMax, type CaptureDeps } from '../../src/jobs/keep-captures.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { keptLog } from '../storage/engines.ts';
import { openHouse, origin, type House } from '../support/house.ts';

let house: House;
let workspaceId: string;
beforeAll(async () => {
  house = await openHouse();
  const ada = await house.createResident('Ada', 'administrator');
  workspaceId = await house.createWorkspace('Lab', [[ada, 'ADMIN']]);
  await changeCapture(house.deps, { actor: house.deps.keeper.snapshot.actorOf(ada.id, 'token')!, origin }, workspaceId, {
    isOn: true,
    keptDays: 7,
  });
});
afterAll(() => house.close());

let logged: Record<string, unknown>[];
const open = (part: Partial<CaptureDeps> = {}) => {
  const { log, lines } = keptLog();
  logged = lines;
  return keepCaptures({ ...house.deps, log, ...part });
};
const captured = (part: Partial<Captured> = {}): Captured => ({
  requestId: house.deps.ids.uuid(),
  atMs: house.deps.clock.nowMs(),
  workspaceId,
  userId: house.deps.ids.uuid(),
  request: { mediaType: 'application/json', bytes: 2, isTruncated: false, text: '{}' },
  answer: null,
  ...part,
});
const count = async (): Promise<number> =>
  (await house.database.driver.rows<{ count: number }>({ sql: 'SELECT count(*) AS count FROM captured_bodies', params: [] }))[0]!.count;
beforeEach(async () => {
  await house.database.db.deleteFrom('captured_bodies').execute();
});

/** The database, away until it is said to be back. */
function shaky() {
  let isAway = true;
  const { driver } = house.database;
  const write: typeof driver.write = (...steps) => (isAway ? Promise.reject(new StorageUnavailable('away')) : driver.write(...steps));
  return { database: createDatabase({ ...driver, write }), comeBack: () => void (isAway = false) };
}

test('what was noted is there after a flush, in batches, each once', async () => {
  const keeper = open();
  for (let at = 0; at < 53; at++) keeper.note(captured());
  await keeper.flush();
  expect([await count(), keeper.waiting, keeper.lost]).toEqual([53, 0, 0]);
  const twice = captured();
  keeper.note(twice);
  keeper.note(twice);
  await keeper.close();
  expect(await count()).toBe(54);
});

test('while the database is away it waits, and is written once when the database is back', async () => {
  const { database, comeBack } = shaky();
  const keeper = open({ database });
  for (let at = 0; at < 3; at++) keeper.note(captured());
  await keeper.flush();
  expect([keeper.waiting, await count(), logged.length > 0]).toEqual([3, 0, true]);
  comeBack();
  await keeper.flush();
  expect([keeper.waiting, await count()]).toEqual([0, 3]);
  await keeper.close();
});

test('more than can wait is counted and named at the end, by number and by size', async () => {
  const { database } = shaky();
  const keeper = open({ database });
  for (let at = 0; at < waitingMax + 5; at++) keeper.note(captured());
  expect([keeper.waiting, keeper.lost]).toEqual([waitingMax, 5]);
  await keeper.close();
  expect(JSON.stringify(logged.at(-1))).toContain(String(waitingMax));
  const large = open({ database });
  const text = 'x'.repeat(200_000);
  const fits = Math.floor(waitingBytesMax / text.length);
  for (let at = 0; at < fits + 2; at++)
    large.note(captured({ request: { mediaType: 'text/plain', bytes: text.length, isTruncated: false, text } }));
  expect([large.waiting, large.lost]).toEqual([fits, 2]);
  await large.close();
});

test('of a workspace that stopped meanwhile nothing is kept, and without a key nothing either, which is counted', async () => {
  const keeper = open();
  keeper.note(captured({ workspaceId: house.deps.ids.uuid() }));
  await keeper.flush();
  expect([await count(), keeper.lost]).toEqual([0, 0]);
  const keyless = house.deps.ids.uuid();
  house.deps.keeper.snapshot.capture.set(keyless, 7);
  keeper.note(captured({ workspaceId: keyless }));
  await keeper.flush();
  expect([await count(), keeper.lost]).toEqual([0, 1]);
  house.deps.keeper.snapshot.capture.delete(keyless);
  await keeper.close();
});

test('what comes after the end is counted and not kept', async () => {
  const keeper = open();
  await keeper.close();
  keeper.note(captured());
  expect([keeper.waiting, keeper.lost, await count()]).toEqual([0, 1, 0]);
});
