/** The sweeper of kept responses: by the clock, and quiet about a database that is away. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweepOnce } from '../../src/jobs/sweep-responses.ts';
import { findResponse, insertResponse, sweepRowsMax } from '../../src/storage/responses.ts';
import { openHouse, type House } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const owner = { scope: 'user' as const, id: '00000000-0000-7000-8000-000000000001' };

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
