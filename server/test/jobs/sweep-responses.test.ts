/** The sweeper of kept responses: by the clock, and quiet about a database that is away. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepResponsesSwept, sweepOnce } from '../../src/jobs/sweep-responses.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { findResponse, insertResponse, sweepRowsMax } from '../../src/storage/responses.ts';
import { freshPlace, openAt } from '../storage/engines.ts';
import { openHouse, type House } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const owner = { scope: 'user' as const, id: '00000000-0000-7000-8000-000000000001' };

/** A clock whose timers run when the test says so. */
function handClock(): { clock: Clock; ring: () => void; timers: () => number } {
  const runs = new Set<() => void>();
  const clock: Clock = {
    ...house.deps.clock,
    every(_periodMs, run) {
      runs.add(run);
      return { cancel: () => void runs.delete(run) };
    },
  };
  return { clock, ring: () => runs.forEach((run) => run()), timers: () => runs.size };
}

test('what is over is swept when the clock rings, and not after closing', async () => {
  const { clock, ring, timers } = handClock();
  const kept = { id: 'resp_1', previousId: null, input: [], response: {}, createdAtMs: 0 };
  await insertResponse(house.database, owner, kept, clock.nowMs() - 1);
  const sweeper = keepResponsesSwept({ database: house.database, clock, log: house.deps.log });
  ring();
  await expect.poll(() => findResponse(house.database, owner, 'resp_1', 0)).toBeNull();
  sweeper.close();
  expect(timers()).toBe(0);
});

test('what is not over stays', async () => {
  const kept = { id: 'resp_2', previousId: null, input: [], response: {}, createdAtMs: 0 };
  await insertResponse(house.database, owner, kept, house.deps.clock.nowMs() + 60_000);
  expect(await sweepOnce({ database: house.database, clock: house.deps.clock })).toBe(0);
  expect(await findResponse(house.database, owner, 'resp_2', house.deps.clock.nowMs())).toMatchObject({ id: 'resp_2' });
});

test('whoever keeps more than one batch too much has the bound at the end of one round, and the newest stay', async () => {
  const many = sweepRowsMax * 2 + 10;
  const greedy = { scope: 'user' as const, id: '00000000-0000-7000-8000-000000000002' };
  const until = house.deps.clock.nowMs() + 60_000;
  for (let at = 0; at < many; at++)
    await insertResponse(house.database, greedy, { id: `resp_${at}`, previousId: null, input: [], response: {}, createdAtMs: at }, until);
  expect(await sweepOnce({ database: house.database, clock: house.deps.clock }, 5)).toBe(many - 5);
  const left = await house.database.db
    .selectFrom('stored_responses')
    .select('id')
    .where('owner_id', '=', greedy.id)
    .orderBy('created_at')
    .execute();
  expect(left.map(({ id }) => id)).toEqual([5, 4, 3, 2, 1].map((back) => `resp_${many - back}`));
});

test('a database that is away is noted and tried again, and nothing is thrown', async () => {
  const { clock, ring } = handClock();
  const noted: unknown[] = [];
  const driver = await openAt(await freshPlace('sqlite'));
  await driver.close();
  const broken = createDatabase(driver);
  const log = { ...house.deps.log, warn: (...said: unknown[]) => void noted.push(said) } as typeof house.deps.log;
  const sweeper = keepResponsesSwept({ database: broken, clock, log });
  ring();
  await expect.poll(() => noted.length).toBe(1);
  ring();
  await expect.poll(() => noted.length).toBe(2);
  sweeper.close();
});
