/** Kept responses on both engines: found by their owner alone, for as long as they are kept. */
import { beforeAll, expect, test } from 'vitest';
import { sweepOnce } from '../../src/jobs/sweep-responses.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import {
  deleteResponse,
  findResponse,
  insertResponse,
  sweepResponses,
  sweepRowsMax,
  type ResponseOwner,
  type StoredResponse,
} from '../../src/storage/responses.ts';
import { onBothEngines } from './engines.ts';
import { ids } from './rows.ts';

const nowMs = 1_800_000_000_000;
const newOwner = (scope: ResponseOwner['scope'] = 'user'): ResponseOwner => ({ scope, id: ids.uuid() });
const stored = (id: string, more: Partial<StoredResponse> = {}): StoredResponse => ({
  id,
  previousId: null,
  input: [{ role: 'user', content: 'ü \u0000 \ud83d\ude00' }],
  response: { id, output: [{ type: 'message', content: [] }] },
  createdAtMs: nowMs,
  ...more,
});

onBothEngines('a kept response', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('comes back to its owner as it was kept', async () => {
    const owner = newOwner();
    const kept = stored('resp_1', { previousId: 'resp_0' });
    await insertResponse(database, owner, kept, nowMs + 1);
    expect(await findResponse(database, owner, 'resp_1', nowMs)).toEqual(kept);
  });

  test('exists for nobody else, not even under the same id in another scope', async () => {
    const owner = newOwner();
    await insertResponse(database, owner, stored('resp_1'), nowMs + 1);
    for (const other of [newOwner(), { scope: 'workspace' as const, id: owner.id }]) {
      expect(await findResponse(database, other, 'resp_1', nowMs)).toBeNull();
      expect(await deleteResponse(database, other, 'resp_1')).toBe(false);
    }
    const workspace = newOwner('workspace');
    await insertResponse(database, workspace, stored('resp_1', { input: [] }), nowMs + 1);
    expect((await findResponse(database, owner, 'resp_1', nowMs))?.input).toHaveLength(1);
    expect((await findResponse(database, workspace, 'resp_1', nowMs))?.input).toEqual([]);
  });

  test('is not overwritten by another one of the same id', async () => {
    const owner = newOwner();
    await insertResponse(database, owner, stored('resp_1'), nowMs + 1);
    await insertResponse(database, owner, stored('resp_1', { input: ['changed'] }), nowMs + 1);
    expect((await findResponse(database, owner, 'resp_1', nowMs))?.input).toEqual(stored('x').input);
  });

  test('is gone once it is deleted, and deleting it again finds nothing', async () => {
    const owner = newOwner();
    await insertResponse(database, owner, stored('resp_1'), nowMs + 1);
    expect(await deleteResponse(database, owner, 'resp_1')).toBe(true);
    expect(await findResponse(database, owner, 'resp_1', nowMs)).toBeNull();
    expect(await deleteResponse(database, owner, 'resp_1')).toBe(false);
  });

  test('is gone when its time is over, before and after it is swept away', async () => {
    const owner = newOwner();
    await insertResponse(database, owner, stored('resp_old'), nowMs);
    await insertResponse(database, owner, stored('resp_new'), nowMs + 1);
    expect(await findResponse(database, owner, 'resp_old', nowMs)).toBeNull();
    expect(await sweepResponses(database, nowMs)).toBe(1);
    expect(await sweepResponses(database, nowMs)).toBe(0);
    expect(await findResponse(database, owner, 'resp_new', nowMs)).not.toBeNull();
  });

  test('a round of sweeping goes on until nothing is left', async () => {
    const owner = newOwner();
    const many = sweepRowsMax + 20;
    for (let at = 0; at < many; at++) await insertResponse(database, owner, stored(`resp_${at}`, { input: [] }), nowMs - 1);
    await insertResponse(database, owner, stored('resp_stays'), Number.MAX_SAFE_INTEGER);
    const clock = { ...systemClock, nowMs: () => nowMs };
    expect(await sweepOnce({ database, clock })).toBeGreaterThanOrEqual(many);
    expect(await findResponse(database, owner, 'resp_stays', nowMs)).not.toBeNull();
  });

  test('of an owner who has too many, the oldest go, and nobody else loses any', async () => {
    const [hoarder, modest] = [newOwner(), newOwner('workspace')];
    for (let at = 0; at < 7; at++)
      await insertResponse(database, hoarder, stored(`resp_${at}`, { createdAtMs: nowMs + at }), Number.MAX_SAFE_INTEGER);
    for (let at = 0; at < 5; at++) await insertResponse(database, modest, stored(`resp_${at}`), Number.MAX_SAFE_INTEGER);
    const clock = { ...systemClock, nowMs: () => nowMs };
    expect(await sweepOnce({ database, clock }, 5)).toBe(2);
    const left = await Promise.all(Array.from({ length: 7 }, (_, at) => findResponse(database, hoarder, `resp_${at}`, nowMs)));
    expect(left.map((row) => row !== null)).toEqual([false, false, true, true, true, true, true]);
    expect(await findResponse(database, modest, 'resp_0', nowMs)).not.toBeNull();
    expect(await sweepOnce({ database, clock }, 5)).toBe(0);
  });
});
