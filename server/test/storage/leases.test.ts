/** Turns that one of many takes, on both engines: held, given back, over by themselves, and no longer held by a clock that was wrong. */
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { holdLease, releaseLease } from '../../src/storage/leases.ts';
import { onBothEngines } from './engines.ts';
import { atMs, ids } from './rows.ts';

onBothEngines('leases', (bench) => {
  const [one, other] = [ids.uuid(), ids.uuid()];
  const forMs = 60_000;
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('a turn belongs to one until it ends or is given back', async () => {
    expect(await holdLease(database, 'turn', one, atMs, forMs)).toBe(true);
    expect(await holdLease(database, 'turn', other, atMs + forMs - 1, forMs)).toBe(false);
    expect(await holdLease(database, 'turn', one, atMs + forMs - 1, forMs)).toBe(true);
    expect(await holdLease(database, 'turn', other, atMs + 2 * forMs - 1, forMs)).toBe(true);
    await releaseLease(database, 'turn', one);
    expect(await holdLease(database, 'turn', one, atMs + 2 * forMs - 1, forMs)).toBe(false);
    await releaseLease(database, 'turn', other);
    expect(await holdLease(database, 'turn', one, atMs + 2 * forMs - 1, forMs)).toBe(true);
  });

  test("a turn that was taken by a clock far ahead is anybody's once the clock is right; one a little ahead holds it", async () => {
    const aDay = 86_400_000;
    expect(await holdLease(database, 'ahead', one, atMs + aDay, forMs)).toBe(true);
    expect(await holdLease(database, 'ahead', other, atMs, forMs)).toBe(true);
    expect(await holdLease(database, 'ahead', one, atMs, forMs)).toBe(false);
    expect(await holdLease(database, 'a little', one, atMs + forMs, forMs)).toBe(true);
    expect(await holdLease(database, 'a little', other, atMs, forMs)).toBe(false);
  });
});
