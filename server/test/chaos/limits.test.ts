/** Limits hold where it counts: in real servers that are killed, and on many of them at once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, needs } from '../support/postgres.ts';
import { fire, openFleet, spendUnderFire, type Fleet } from './limits.ts';

describe('one instance', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await openFleet(1, null);
  });
  afterAll(() => fleet?.close());

  test('of 1,000 simultaneous requests against a limit of 100 a minute exactly 100 are admitted', async () => {
    const { statuses, asked } = await fire(fleet, await fleet.newKey({ rpm: 100 }), 1_000);
    expect([statuses.get(200), statuses.get(429), asked]).toEqual([100, 900, 100]);
  });

  test('200 parallel requests never spend more than their budget, also after kill -9 in the middle', async () => {
    const { volleys, spentNanoUsd, budgetNanoUsd } = await spendUnderFire(fleet, 2);
    expect(spentNanoUsd).toBeGreaterThan(0);
    expect(spentNanoUsd).toBeLessThanOrEqual(budgetNanoUsd);
    expect(volleys[0]!.statuses.get(0)).toBeGreaterThan(0);
    expect(volleys.at(-1)!.statuses.get(402)).toBeGreaterThan(0);
  });
});

needs('postgres')('two instances on one PostgreSQL', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await openFleet(2, await createDatabase());
  });
  afterAll(() => fleet?.close());

  test('1,000 simultaneous requests are never admitted above the limit that both share', async () => {
    const { statuses, asked } = await fire(fleet, await fleet.newKey({ rpm: 100 }), 1_000);
    expect(asked).toBeLessThanOrEqual(100);
    expect(asked).toBeGreaterThanOrEqual(90);
    expect((statuses.get(200) ?? 0) + (statuses.get(429) ?? 0)).toBe(1_000);
  });

  test('never spend more than the budget that both share, whichever of them dies', async () => {
    const { spentNanoUsd, budgetNanoUsd, volleys } = await spendUnderFire(fleet, 2);
    expect(spentNanoUsd).toBeGreaterThan(0);
    expect(spentNanoUsd).toBeLessThanOrEqual(budgetNanoUsd);
    expect(volleys.at(-1)!.statuses.get(402)).toBeGreaterThan(0);
  });
});
