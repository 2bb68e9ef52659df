/** What policies found is written behind the requests: nothing is lost while the database is away, and what finds no place is counted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Violation } from '../../src/domain/policy.ts';
import { keepViolations, waitingMax } from '../../src/jobs/keep-violations.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { listViolations } from '../../src/storage/violations.ts';
import { keptLog } from '../storage/engines.ts';
import { openHouse, type House } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const violation = (policyId: string, atMs = house.deps.clock.nowMs()): Violation => ({
  id: house.deps.ids.uuid(),
  atMs,
  policyId,
  policyName: 'Rule',
  action: 'log',
  isBlocked: false,
  severity: 'LOW',
  stage: 'prompt',
  facts: [],
  requestId: house.deps.ids.uuid(),
  workspaceId: null,
  repositoryId: null,
  accessKeyId: null,
  userId: null,
  connectionId: null,
  provider: null,
  model: null,
  host: null,
});
const count = async (policyId: string): Promise<number> =>
  (await listViolations(house.database, { visibility: 'all', policyId, skip: 0, take: 1 })).total;

/** The database, away until it is said to be back. */
function shaky(): { database: Database; comeBack: () => void } {
  let isAway = true;
  const { driver } = house.database;
  const wrapped = {
    ...driver,
    write: (...steps: Parameters<typeof driver.write>) =>
      isAway ? Promise.reject(new StorageUnavailable('away')) : driver.write(...steps),
  };
  return { database: createDatabase(wrapped), comeBack: () => void (isAway = false) };
}

test('what was noted is there after a flush, in batches, and at the end', async () => {
  const { log } = keptLog();
  const policyId = house.deps.ids.uuid();
  const keeper = keepViolations({ database: house.database, clock: house.deps.clock, log });
  for (let at = 0; at < 1_203; at++) keeper.note(violation(policyId));
  await keeper.flush();
  expect(await count(policyId)).toBe(1_203);
  keeper.note(violation(policyId));
  await keeper.close();
  expect(await count(policyId)).toBe(1_204);
});

test('while the database is away it waits, and is written once when the database is back', async () => {
  const { log, lines } = keptLog();
  const { database, comeBack } = shaky();
  const policyId = house.deps.ids.uuid();
  const keeper = keepViolations({ database, clock: house.deps.clock, log });
  for (let at = 0; at < 3; at++) keeper.note(violation(policyId));
  await keeper.flush();
  expect([keeper.waiting, lines.length > 0]).toEqual([3, true]);
  comeBack();
  await keeper.flush();
  expect([keeper.waiting, keeper.lost, await count(policyId)]).toEqual([0, 0, 3]);
  await keeper.close();
});

test('what finds no place any more is counted, and the log names it at the end', async () => {
  const { log, lines } = keptLog();
  const keeper = keepViolations({ database: shaky().database, clock: house.deps.clock, log });
  const one = violation(house.deps.ids.uuid());
  for (let at = 0; at < waitingMax + 7; at++) keeper.note(one);
  expect([keeper.waiting, keeper.lost]).toEqual([waitingMax, 7]);
  await keeper.close();
  expect(JSON.stringify(lines.at(-1))).toContain(String(waitingMax));
});
