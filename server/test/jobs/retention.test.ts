/** The clock of retention: what is due is forgotten by one instance at a time, noted, and a database that is away is waited out. */
import { beforeAll, describe, expect, test } from 'vitest';
import { dayMs } from '../../src/domain/rollup.ts';
import { keepRetention, type Retention, type RetentionDeps } from '../../src/jobs/retention.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { insertCaptured } from '../../src/storage/captured-bodies.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { writeLimitEvents } from '../../src/storage/limit-events.ts';
import { putRetentionSettings, retentionRuns, retentionSettingsOf } from '../../src/storage/retention.ts';
import { insertResponse } from '../../src/storage/responses.ts';
import { onBothEngines, quiet } from '../storage/engines.ts';
import { ids } from '../storage/ledger-records.ts';
import { change } from '../storage/rows.ts';

const nowMs = Date.UTC(2026, 5, 20, 12);

onBothEngines('the clock of retention', (bench) => {
  let database: Database;
  let hand: { clock: Clock; nowMs: number };
  const opened: Retention[] = [];
  const open = (on = database, part: Partial<RetentionDeps> = {}): Retention => {
    const retention = keepRetention({ database: on, clock: hand.clock, ids, log: quiet, retentionDays: { 'limit-events': 10 }, ...part });
    opened.push(retention);
    return retention;
  };
  const eventAt = (atMs: number) => ({
    id: ids.uuid(), atMs, limitId: null, subject: { kind: 'user' as const, id: ids.uuid() }, kind: 'requests' as const, period: 'minute' as const,
    event: 'refused' as const, times: 1, used: 1, value: 1,
  }); // prettier-ignore
  const count = async (table: string): Promise<number> =>
    (await database.driver.rows<{ count: number }>({ sql: `SELECT count(*) AS count FROM ${table}`, params: [] }))[0]!.count;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    const moving = { clock: systemClock, nowMs };
    moving.clock = { ...systemClock, nowMs: () => moving.nowMs, every: () => ({ cancel: () => undefined }) };
    hand = moving;
    return async () => {
      for (const retention of opened) await retention.close();
    };
  });

  test('forgets by the days that the environment says, notes what it did, and adds it up over the looks', async () => {
    await writeLimitEvents(database, [eventAt(nowMs - 11 * dayMs), eventAt(nowMs - 9 * dayMs)]);
    await insertCaptured(database, [
      { requestId: ids.uuid(), atMs: 1, expiresAtMs: nowMs - 1, workspaceId: ids.uuid(), userId: null, dataKeySealed: 'x', factsJson: '{}', request: null, answer: null },
      { requestId: ids.uuid(), atMs: 1, expiresAtMs: nowMs + 1, workspaceId: ids.uuid(), userId: null, dataKeySealed: 'x', factsJson: '{}', request: null, answer: null },
    ]); // prettier-ignore
    const retention = open();
    expect(await retention.round(true)).toBe(true);
    expect([await count('limit_events'), await count('captured_bodies')]).toEqual([1, 1]);
    hand.nowMs += 2 * dayMs;
    expect(await retention.round(true)).toBe(true);
    const runs = await retentionRuns(database);
    expect(runs.find(({ noun }) => noun === 'limit-events')).toEqual({ noun: 'limit-events', ranAtMs: hand.nowMs, keptDays: 10, removed: 1, removedTotal: 2, isBehind: false }); // prettier-ignore
    expect(runs.find(({ noun }) => noun === 'requests')).toMatchObject({ keptDays: 90, removed: 0 });
    expect(runs.map(({ noun }) => noun)).toContain('contents');
  });

  test('looks again after an hour and not before, and one of two instances has the turn', async () => {
    const [first, second] = [opened[0]!, open()];
    await writeLimitEvents(database, [eventAt(nowMs - 100 * dayMs)]);
    const before = await count('limit_events');
    expect([await first.round(), await second.round()]).toEqual([true, false]);
    expect(await count('limit_events')).toBe(before);
    hand.nowMs += 3_600_000;
    // The lease of the first has run out by now: whoever comes first has it.
    expect([await second.round(), await first.round()]).toEqual([true, false]);
    expect(await count('limit_events')).toBe(before - 1);
    await second.close();
    expect(await first.round()).toBe(true);
    await first.close();
  });

  test('a database that is away is waited out, and nothing is thrown', async () => {
    const broken = createDatabase(await bench.open());
    const retention = open(broken);
    expect(await retention.round(true)).toBe(false);
    await retention.close();
  });

  test('what is saved counts where the environment says nothing, and responses end sooner by it', async () => {
    const settings = await retentionSettingsOf(database);
    await change(database, putRetentionSettings(database, { ...settings, days: { responses: 5, 'limit-events': 1 } }, nowMs));
    const owner = { scope: 'user' as const, id: ids.uuid() };
    const keep = (id: string, daysAgo: number): Promise<void> => {
      const createdAtMs = hand.nowMs - daysAgo * dayMs;
      return insertResponse(database, owner, { id, previousId: null, input: [], response: {}, createdAtMs }, createdAtMs + 30 * dayMs);
    };
    await keep('old', 6);
    await keep('young', 4);
    const retention = open();
    expect(await retention.round(true)).toBe(true);
    const left = await database.db.selectFrom('stored_responses').select('id').where('owner_id', '=', owner.id).execute();
    expect(left.map(({ id }) => id)).toEqual(['young']);
    const runs = await retentionRuns(database);
    // The environment's word stands.
    expect(runs.find(({ noun }) => noun === 'limit-events')!.keptDays).toBe(10);
    expect(runs.find(({ noun }) => noun === 'responses')).toMatchObject({ keptDays: 5, removed: 1 });
    await retention.close();
  });

  test('rows that other rooms keep go by the same clock, and are noted beside the others', async () => {
    let asked = 0;
    const retention = open(database, { besides: [{ noun: 'audit', sweep: async () => (asked += 1) }] });
    expect(await retention.round(true)).toBe(true);
    expect(asked).toBe(1);
    expect((await retentionRuns(database)).find(({ noun }) => noun === 'audit')).toMatchObject({ removed: 1, keptDays: 0 });
    await retention.close();
  });

  test('nothing is old for an instance whose clock is years ahead of the database, and its look keeps nobody waiting', async () => {
    const rightMs = hand.nowMs;
    await writeLimitEvents(database, [eventAt(rightMs - 9 * dayMs), eventAt(rightMs - 11 * dayMs)]);
    await database.driver.write([{ sql: 'DELETE FROM limit_events WHERE at < $1', params: [rightMs - 12 * dayMs] }]);
    const before = await count('limit_events');
    hand.nowMs += 1_000 * dayMs;
    const wrong = open(database, { otherNowMs: async () => rightMs });
    expect(await wrong.round(true)).toBe(true);
    expect(await count('limit_events')).toBe(before - 1);
    await wrong.close();
    hand.nowMs = rightMs + 3_600_000;
    await writeLimitEvents(database, [eventAt(rightMs - 11 * dayMs)]);
    const right = open();
    expect(await right.round()).toBe(true);
    expect(await count('limit_events')).toBe(before - 1);
    await right.close();
  });

  test('one that fails does not keep the others from being looked at', async () => {
    const retention = open(database, { besides: [{ noun: 'broken', sweep: () => Promise.reject(new Error('no')) }, { noun: 'whole', sweep: async () => 2 }] }); // prettier-ignore
    expect(await retention.round(true)).toBe(true);
    const nouns = new Set((await retentionRuns(database)).map(({ noun }) => noun));
    expect([nouns.has('broken'), nouns.has('whole')]).toEqual([false, true]);
    await retention.close();
  });

  test('a round that is under way when the server stops ends after its chunk, and begins no other', async () => {
    let looked = 0;
    const slow = { noun: 'slow', sweep: async (stop: () => boolean) => {
      const closing = retention.close();
      expect(stop()).toBe(true);
      void closing;
      return 1;
    } }; // prettier-ignore
    const late = { noun: 'late', sweep: async () => (looked += 1) };
    const retention: Retention = open(database, { besides: [slow, late] });
    expect(await retention.round(true)).toBe(true);
    await retention.close();
    expect(looked).toBe(0);
  });
});

describe('the first look', () => {
  test('waits a while after the start, and comes by the clock', async () => {
    let tick = (): void => undefined;
    let monotonicMs = 0;
    let asked = 0;
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => monotonicMs,
      every(_periodMs, run) {
        tick = run;
        return { cancel: () => void (tick = () => undefined) };
      },
    };
    const database = { driver: { run: () => Promise.reject(new Error(`asked ${(asked += 1)}`)) } } as unknown as Database;
    const retention = keepRetention({ database, clock, ids, log: quiet, retentionDays: {} });
    tick();
    expect(asked).toBe(0);
    monotonicMs = 600_000;
    tick();
    await expect.poll(() => asked).toBe(1);
    await retention.close();
    tick();
    // The last question gives the lease back.
    expect(asked).toBe(2);
  });
});
