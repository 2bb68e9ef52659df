/** A small fleet for a few seconds: two instances on one PostgreSQL and one Valkey, changed and asked from all sides, and one kill. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectExactBooks } from '../storage/ledger-records.ts';
import { available } from '../support/parts.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { startRedis, type Redis } from '../support/redis.ts';
import { createListener } from './fleet/lines.ts';
import { runFleet } from './fleet/run.ts';
import { mostWithin } from './fleet/traffic.ts';

test('a listener tells errors that nobody expects and secrets in any line, and counts warnings', () => {
  const listener = createListener();
  listener.keepOut('sk-pb-0123456789abcdefghijklmnopqrstuvwxyz');
  const hear = listener.of(1);
  hear('{"level":30,"msg":"serving"}\n{"level":40,"msg":"slow"}\n{"level":50,"msg":"bro');
  hear(
    'ken"}\n{"level":40,"msg":"slow"}\nTypeError: not a function\n{"level":30,"msg":"key ijklmnopqrstuvwxyz, cdefghijklmnopqrstuvwxyz"}\n',
  );
  const { faults, warnings } = listener.heard();
  expect([faults.length, [...warnings]]).toEqual([3, [['slow', 2]]]);
  expect(faults.join('\n')).toMatch(/told an error: .*broken[^]*told an error: TypeError[^]*told a secret/);
});

test('the most calls within a stretch of time', () => {
  expect(mostWithin([], 100)).toBe(0);
  expect(mostWithin([0, 99, 100, 199, 200], 100)).toBe(2);
  expect(mostWithin([500, 0, 510, 520, 599], 100)).toBe(4);
});

needs('postgres')('two instances on one PostgreSQL', () => {
  let redis: Redis | null = null;
  beforeAll(async () => {
    redis = available('redis') ? await startRedis() : null;
  });
  afterAll(() => redis?.stop());

  test('keep every promise while they are changed and asked from all sides and one is killed', async () => {
    const verdict = await runFleet({
      instances: 2,
      seconds: 8,
      seed: 20_261_122,
      kills: 1,
      databaseUrl: await createDatabase(),
      redisUrl: redis?.url ?? null,
      onBooks: expectExactBooks,
    });
    expect(verdict.faults).toEqual([]);
    expect(verdict.held.size).toBeGreaterThan(3);
    expect(verdict.complete).toBeGreaterThan(20);
  });
});
