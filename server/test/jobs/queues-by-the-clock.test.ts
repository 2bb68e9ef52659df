/** The two queues behind the requests, by their own clock: written without being asked, batch after batch, and honest about what found no place. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeCapture } from '../../src/control/capture.ts';
import type { Captured } from '../../src/domain/capture.ts';
import type { Violation } from '../../src/domain/policy.ts';
import { keepCaptures, waitingBytesMax, waitingMax, type CaptureKeeper } from '../../src/jobs/keep-captures.ts';
import { keepViolations, waitingMax as violationsMax, type ViolationKeeper } from '../../src/jobs/keep-violations.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { keptLog } from '../storage/engines.ts';
import { openHouse, origin, type House } from '../support/house.ts';
import { handClock } from '../support/hand-clock.ts';

const patient = { interval: 10 };
const keptDays = 7;
const dayMs = 86_400_000;

let house: House;
let workspaceId: string;
beforeAll(async () => {
  house = await openHouse();
  const ada = await house.createResident('Ada', 'administrator');
  workspaceId = await house.createWorkspace('Lab', [[ada, 'ADMIN']]);
  const context = { actor: house.deps.keeper.snapshot.actorOf(ada.id, 'token')!, origin };
  await changeCapture(house.deps, context, workspaceId, { isOn: true, keptDays });
});
afterAll(() => house.close());
beforeEach(async () => {
  await house.database.db.deleteFrom('captured_bodies').execute();
  await house.database.db.deleteFrom('policy_violations').execute();
});

const count = async (table: 'captured_bodies' | 'policy_violations'): Promise<number> =>
  (await house.database.driver.rows<{ n: number }>({ sql: `SELECT count(*) AS n FROM ${table}`, params: [] }))[0]!.n;

/** The database; it takes so many writes more, and counts them. */
function rationed(writesLeft: number) {
  const { driver } = house.database;
  const state = { writesLeft, taken: 0 };
  const write: typeof driver.write = (...steps) => {
    if (state.writesLeft <= 0) return Promise.reject(new StorageUnavailable('away'));
    state.writesLeft -= 1;
    state.taken += 1;
    return driver.write(...steps);
  };
  return { database: createDatabase({ ...driver, write }), state };
}

/** The database; each write waits at the gate until it is opened. */
function gated() {
  const { driver } = house.database;
  let open = (): void => undefined;
  let arrived = 0;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const write: typeof driver.write = async (...steps) => {
    arrived += 1;
    await gate;
    return driver.write(...steps);
  };
  return { database: createDatabase({ ...driver, write }), open: () => open(), arrived: () => arrived };
}

function start<Keeper>(make: (deps: House['deps']) => Keeper, database: Database = house.database) {
  const { log, lines } = keptLog();
  const clock = handClock(house.deps.clock.nowMs());
  return {
    keeper: make({ ...house.deps, database, clock, log }),
    clock,
    said: (msg: string) => lines.filter((line) => line['msg'] === msg),
  };
}
const captures = (database?: Database) => start((deps): CaptureKeeper => keepCaptures(deps), database);
const violations = (database?: Database) => start((deps): ViolationKeeper => keepViolations(deps), database);

const captured = (text = '{}'): Captured => ({
  requestId: house.deps.ids.uuid(),
  atMs: house.deps.clock.nowMs(),
  workspaceId,
  userId: house.deps.ids.uuid(),
  request: { mediaType: 'application/json', bytes: text.length, isTruncated: false, text },
  answer: null,
});
const violation = (): Violation => ({
  id: house.deps.ids.uuid(), atMs: house.deps.clock.nowMs(), policyId: house.deps.ids.uuid(), policyName: 'Rule', action: 'log', isBlocked: false,
  severity: 'LOW', stage: 'prompt', facts: [], requestId: house.deps.ids.uuid(), workspaceId: null, repositoryId: null, accessKeyId: null,
  userId: null, connectionId: null, provider: null, model: null, host: null,
}); // prettier-ignore

describe('contents of requests', () => {
  test('are written by the clock, without being asked, and end as many days later as are kept when they are written', async () => {
    const { keeper, clock } = captures();
    const one = captured();
    keeper.note(one);
    expect([keeper.waiting, await count('captured_bodies')]).toEqual([1, 0]);
    house.deps.keeper.snapshot.capture.set(workspaceId, 2);
    clock.move(250);
    await expect.poll(() => keeper.waiting, patient).toBe(0);
    house.deps.keeper.snapshot.capture.set(workspaceId, keptDays);
    const rows = await house.database.db.selectFrom('captured_bodies').select(['request_id', 'expires_at']).execute();
    expect(rows).toEqual([{ request_id: one.requestId, expires_at: one.atMs + 2 * dayMs }]);
    await keeper.close();
  });

  test('stay in the queue from the batch on that was not taken, and are each there once in the end', async () => {
    const { database, state } = rationed(1);
    const { keeper } = captures(database);
    for (let at = 0; at < 40; at++) keeper.note(captured());
    await keeper.flush();
    expect([keeper.waiting, await count('captured_bodies')]).toEqual([24, 16]);
    state.writesLeft = 100;
    await keeper.flush();
    expect([keeper.waiting, await count('captured_bodies'), state.taken]).toEqual([0, 40, 3]);
    await keeper.close();
  });

  test('that come while a batch is being written go with the next one', async () => {
    const { database, open, arrived } = gated();
    const { keeper } = captures(database);
    for (let at = 0; at < 3; at++) keeper.note(captured());
    const flushed = keeper.flush();
    await expect.poll(arrived, patient).toBe(1);
    for (let at = 0; at < 2; at++) keeper.note(captured());
    expect(keeper.waiting).toBe(5);
    open();
    await flushed;
    await keeper.close();
    expect([keeper.waiting, keeper.lost, await count('captured_bodies')]).toEqual([0, 0, 5]);
  });

  test('that found no place are named once for each time that there are more of them', async () => {
    const { database } = rationed(0);
    const { keeper, clock, said } = captures(database);
    const named = () => said('more contents of requests than can be kept').map((line) => line['lost']);
    for (let at = 0; at < waitingMax + 2; at++) keeper.note(captured());
    for (let tick = 0; tick < 4; tick++) clock.move(250);
    expect(named()).toEqual([2]);
    keeper.note(captured());
    for (let tick = 0; tick < 4; tick++) clock.move(250);
    expect(named()).toEqual([2, 3]);
    await keeper.close();
    expect(clock.waiting).toBe(0);
  });

  test('have all of their place again when the database took them', async () => {
    const { database, state } = rationed(0);
    const { keeper } = captures(database);
    for (let at = 0; at < 5; at++) keeper.note(captured('x'.repeat(10_000)));
    await keeper.flush();
    keeper.note(captured('x'.repeat(waitingBytesMax - 49_999)));
    expect([keeper.waiting, keeper.lost]).toEqual([5, 1]);
    state.writesLeft = 100;
    await keeper.flush();
    state.writesLeft = 0;
    keeper.note(captured('x'.repeat(waitingBytesMax)));
    expect([keeper.waiting, keeper.lost]).toEqual([1, 1]);
  });
});

describe('what policies found', () => {
  test('is written by the clock in batches of five hundred, and stays from the batch on that was not taken', async () => {
    const { database, state } = rationed(1);
    const { keeper, clock, said } = violations(database);
    for (let at = 0; at < 1_203; at++) keeper.note(violation());
    clock.move(250);
    await expect.poll(() => said('what policies found could not be written; tried again').length, patient).toBe(1);
    expect([keeper.waiting, await count('policy_violations')]).toEqual([703, 500]);
    state.writesLeft = 100;
    clock.move(250);
    await expect.poll(() => count('policy_violations'), patient).toBe(1_203);
    expect([keeper.waiting, keeper.lost, state.taken]).toEqual([0, 0, 3]);
    await keeper.close();
    expect(clock.waiting).toBe(0);
  });

  test('keeps its order when a batch goes back to the queue', async () => {
    const { database, state } = rationed(0);
    const { keeper } = violations(database);
    const noted = [violation(), violation(), violation()];
    keeper.note(noted[0]!);
    await keeper.flush();
    keeper.note(noted[1]!);
    await keeper.flush();
    keeper.note(noted[2]!);
    state.writesLeft = 100;
    await keeper.close();
    const rows = await house.database.driver.rows<{ id: string }>({ sql: 'SELECT id FROM policy_violations ORDER BY rowid', params: [] });
    expect(rows.map(({ id }) => id)).toEqual(noted.map(({ id }) => id));
  });

  test('beyond what can wait is named in the log by the clock, once', async () => {
    const { keeper, clock, said } = violations(rationed(0).database);
    const one = violation();
    for (let at = 0; at < violationsMax + 3; at++) keeper.note(one);
    for (let tick = 0; tick < 4; tick++) clock.move(250);
    expect(said('what policies found was more than can wait for the database').map((line) => line['lost'])).toEqual([3]);
    await keeper.close();
    expect(said('what policies found last could not be written before the end').map((line) => line['lost'])).toEqual([violationsMax]);
  });
});
