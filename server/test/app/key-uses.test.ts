/** Last uses of access keys: seen soon, never a change of configuration, and no reason for anything to fail. */
import { Agent } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { keepKeyUses } from '../../src/app/key-uses.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { clear, completion, demoKey, start, type Started } from './started.ts';

afterEach(clear);

/** A clock that stands still until the test moves it. */
function handClock(): { clock: Clock; pass: (ms: number) => void; running: () => number } {
  let nowMs = Date.UTC(2026, 0, 1);
  const periods = new Set<{ periodMs: number; dueMs: number; run: () => void }>();
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => ({ cancel: () => undefined }),
    every(periodMs, run) {
      const entry = { periodMs, dueMs: nowMs + periodMs, run };
      periods.add(entry);
      return { cancel: () => void periods.delete(entry) };
    },
  };
  return {
    clock,
    running: () => periods.size,
    pass(ms) {
      nowMs += ms;
      for (const entry of periods) {
        if (entry.dueMs > nowMs) continue;
        entry.dueMs += entry.periodMs;
        entry.run();
      }
    },
  };
}

async function keyIdOf(house: Started): Promise<string> {
  const [first] = (await house.call('GET', '/api/access-keys')).body.data as unknown as { id: string }[];
  return first!.id;
}
const usedAt = async (house: Started, id: string): Promise<number | undefined> =>
  (await house.house.database.db.selectFrom('access_key_uses').select('last_used_at').where('access_key_id', '=', id).executeTakeFirst())
    ?.last_used_at;

describe('a use of a key', () => {
  test('is written once a period however often it is noted, with the time of writing', async () => {
    const house = await start();
    await demoKey(house);
    const id = await keyIdOf(house);
    const { clock, pass } = handClock();
    const uses = keepKeyUses({ database: house.house.database, clock, log: house.deps.log });
    for (let count = 0; count < 100; count++) uses.note(id);
    pass(14_999);
    expect(await usedAt(house, id)).toBeUndefined();
    pass(1);
    await expect.poll(() => usedAt(house, id)).toBe(clock.nowMs());
    const before = clock.nowMs();
    pass(60_000);
    expect(await usedAt(house, id)).toBe(before);
    await uses.close();
  });

  test('of a key that does not exist is left out, and the others are written', async () => {
    const house = await start();
    await demoKey(house);
    const id = await keyIdOf(house);
    const { clock } = handClock();
    const uses = keepKeyUses({ database: house.house.database, clock, log: house.deps.log });
    uses.note(house.deps.ids.uuid());
    uses.note(id);
    await uses.close();
    expect(await usedAt(house, id)).toBe(clock.nowMs());
    expect(await house.house.database.db.selectFrom('access_key_uses').selectAll().execute()).toHaveLength(1);
  });

  test('that cannot be written disturbs nobody, the next one neither', async () => {
    const house = await start();
    const { database } = house.house;
    await house.close({ isHurried: true });
    const { clock, pass, running } = handClock();
    const lines: string[] = [];
    const log = createLog('debug', { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
    const uses = keepKeyUses({ database, clock, log });
    const said = 'last uses of access keys could not be written';
    uses.note(house.deps.ids.uuid());
    pass(15_000);
    await expect.poll(() => lines).toEqual([said]);
    uses.note(house.deps.ids.uuid());
    await uses.close();
    expect(lines).toEqual([said, said]);
    expect(running()).toBe(0);
  });

  test('on the data plane is there after an end, and raised no revision', async () => {
    const house = await start();
    const key = await demoKey(house);
    const { configRevision } = (await house.call('GET', '/readyz')).body;
    expect((await completion(house.url, key, new Agent(), { model: 'demo-small' })).status).toBe(200);
    const { dataDir } = house.house.settings;
    await house.close({ isHurried: true });
    const again = await start({ dataDir });
    expect((await again.call('GET', '/readyz')).body['configRevision']).toBe(configRevision);
    const [shown] = (await again.call('GET', '/api/access-keys')).body.data as unknown as { lastUsedAt: string }[];
    expect(shown!.lastUsedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
  });
});
