/** Work that one instance does for all: by the clock, in bounded rounds, given up when the turn is lost, and no hindrance to a stop. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AnchorNote } from '../../src/control/audit-keep.ts';
import { countOldUsage } from '../../src/jobs/count-old-usage.ts';
import { followHealth } from '../../src/jobs/follow-health.ts';
import { anchorPeriodMs, keepAudit } from '../../src/jobs/keep-audit.ts';
import { keepHealth, type CheckDone } from '../../src/jobs/keep-health.ts';
import { keepRetention } from '../../src/jobs/retention.ts';
import { sweepOnce } from '../../src/jobs/sweep-responses.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { listAnchors } from '../../src/storage/audit-anchors.ts';
import { writeAudit } from '../../src/storage/changes.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { StorageUnavailable } from '../../src/storage/errors.ts';
import { healthOfMany } from '../../src/storage/health.ts';
import { holdLease } from '../../src/storage/leases.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { freshPlace, keptLog, openAt, quiet } from '../storage/engines.ts';
import { entryOf, ids } from '../storage/rows.ts';
import { openAudited } from '../support/audited.ts';
import { handClock, settled, type HandClock } from '../support/hand-clock.ts';

const patient = { interval: 10 };
const minuteMs = 60_000;

let driver: Driver;
let database: Database;
let clock: HandClock;
beforeAll(async () => {
  driver = await openAt(await freshPlace('sqlite'));
  await migrate(driver, { clock: systemClock, log: quiet });
  database = createDatabase(driver);
});
afterAll(() => driver.close());
beforeEach(async () => {
  clock = handClock();
  await driver.script('DELETE FROM leases; DELETE FROM retention_runs');
});

const leaseOwner = async (name: string): Promise<string | null> =>
  (await driver.rows<{ owner: string }>({ sql: 'SELECT owner FROM leases WHERE name = $1', params: [name] }))[0]?.owner ?? null;

/** The database, which counts the questions that it is asked and has answered or refused, and refuses them while it is away. */
function counting() {
  const state = { isAway: false, begun: 0, ended: 0 };
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    state.begun += 1;
    try {
      if (state.isAway) throw new StorageUnavailable('away');
      return await work();
    } finally {
      state.ended += 1;
    }
  };
  const counted: Driver = {
    ...driver,
    rows: (...asked: Parameters<Driver['rows']>) => ask(() => driver.rows(...asked)) as never,
    run: (...asked) => ask(() => driver.run(...asked)),
  };
  return { state, database: createDatabase(counted) };
}

describe('retention', () => {
  const open = (besides: { noun: string; sweep: (stop: () => boolean) => Promise<number> }[], on = database) =>
    keepRetention({ database: on, clock, ids, log: quiet, retentionDays: {}, besides });

  test('begins nothing more once its turn went to another instance in the middle of a round', async () => {
    const swept: string[] = [];
    const retention = open([
      {
        noun: 'slow',
        async sweep() {
          swept.push('slow');
          clock.move(11 * minuteMs);
          expect(await holdLease(database, 'retention', 'another instance', clock.nowMs(), 10 * minuteMs)).toBe(true);
          return 0;
        },
      },
      { noun: 'late', sweep: async () => swept.push('late') },
    ]);
    expect(await retention.round(true)).toBe(true);
    await retention.close();
    // Nor does the stop take the turn away from whoever has it now.
    expect([swept, await leaseOwner('retention')]).toEqual([['slow'], 'another instance']);
  });

  test('is one round however many ask for it, and whoever asks later gets another one', async () => {
    let swept = 0;
    const retention = open([{ noun: 'thing', sweep: async () => (swept += 1) }]);
    expect(await Promise.all([retention.round(true), retention.round(true), retention.round()])).toEqual([true, true, true]);
    expect(swept).toBe(1);
    await retention.round(true);
    expect(swept).toBe(2);
    await retention.close();
    expect(await leaseOwner('retention')).toBe(null);
  });

  test('comes ten minutes after the start and then once an hour, and a stopped one never', async () => {
    let swept = 0;
    const { state, database: counted } = counting();
    const retention = open([{ noun: 'thing', sweep: async () => (swept += 1) }], counted);
    clock.move(10 * minuteMs - 1);
    expect(state.begun).toBe(0);
    clock.move(1);
    expect(state.begun).toBe(1);
    await retention.round();
    expect(swept).toBe(1);
    clock.move(59 * minuteMs);
    await retention.round();
    expect(swept).toBe(1);
    clock.move(minuteMs);
    await retention.round();
    await retention.round();
    expect(swept).toBe(2);
    await retention.close();
    expect(clock.waiting).toBe(0);
  });
});

describe('kept responses', () => {
  const fill = (count: number, owner: string, expiresAtMs: number) =>
    driver.script(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      INSERT INTO stored_responses (owner_scope, owner_id, id, previous_id, input, response, created_at, expires_at)
      SELECT 'user', '${owner}', 'resp_' || i, NULL, '[]', '{}', i, ${expiresAtMs} FROM n`);
  const left = async (): Promise<number> =>
    (await driver.rows<{ n: number }>({ sql: 'SELECT count(*) AS n FROM stored_responses', params: [] }))[0]!.n;

  test('that are over go forty batches a round, and what is left of them with the next', async () => {
    await fill(20_300, ids.uuid(), clock.nowMs());
    await fill(7, ids.uuid(), clock.nowMs() + 1);
    expect([await sweepOnce({ database, clock }), await left()]).toEqual([20_000, 307]);
    expect([await sweepOnce({ database, clock }), await left()]).toEqual([300, 7]);
    clock.move(1);
    expect([await sweepOnce({ database, clock }), await left()]).toEqual([7, 0]);
  });

  test('of one owner have their bound whatever others keep', async () => {
    const [greedy, modest] = [ids.uuid(), ids.uuid()];
    await fill(30, greedy, clock.nowMs() + minuteMs);
    await fill(10, modest, clock.nowMs() + minuteMs);
    expect(await sweepOnce({ database, clock }, 10)).toBe(20);
    const rows = await driver.rows<{ owner_id: string; n: number; oldest: number }>({
      sql: 'SELECT owner_id, count(*) AS n, min(created_at) AS oldest FROM stored_responses GROUP BY owner_id',
      params: [],
    });
    expect(new Map(rows.map((row) => [row.owner_id, [row.n, row.oldest]]))).toEqual(new Map([[greedy, [10, 21]], [modest, [10, 1]]])); // prettier-ignore
  });
});

describe('the look after the audit log', () => {
  const begin = async (tell: ((note: AnchorNote) => Promise<void>) | null, isHealthy = true) => {
    const audited = await openAudited(driver, { clock });
    const { log, lines } = keptLog();
    const seen = { ...audited.database, driver: { ...driver, isHealthy: () => isHealthy } };
    await writeAudit(audited.database, entryOf());
    return { job: keepAudit({ database: seen, keeper: audited.keeper, retentionDays: {}, clock, ids, log, tell }), lines };
  };
  const lastWords = async (): Promise<number> => (await listAnchors(database)).filter(({ kind }) => kind === 'shutdown').length;

  test('comes by the clock, an anchor an hour', async () => {
    const told: AnchorNote[] = [];
    const { job } = await begin(async (note) => void told.push(note));
    clock.move(anchorPeriodMs - 1);
    await settled();
    expect(told).toEqual([]);
    for (const hours of [1, 2]) {
      clock.move(hours === 1 ? 1 : anchorPeriodMs);
      await job.round();
      expect(told.length).toBe(hours);
    }
    await job.close();
    // The last word had 800 ms; the period is over with the stop.
    clock.move(anchorPeriodMs);
    expect([clock.waiting, told.length]).toEqual([0, 3]);
  });

  test('is not held up at its end by a place that never hears the anchor: the books have it', async () => {
    const { job, lines } = await begin(() => new Promise(() => undefined));
    const before = await lastWords();
    let isClosed = false;
    const closing = job.close().then(() => (isClosed = true));
    await expect.poll(lastWords, patient).toBe(before + 1);
    expect(isClosed).toBe(false);
    clock.move(800);
    await closing;
    expect(lines).toEqual([]);
  });

  test('asks nothing of a database that does not answer when it stops', async () => {
    const { job } = await begin(null, false);
    const before = await lastWords();
    await job.close();
    expect([await lastWords(), clock.waiting]).toEqual([before, 0]);
  });
});

describe('the counting of old usage', () => {
  test('rests for ten minutes when nothing is left, and takes no turn for that', async () => {
    const { state, database: counted } = counting();
    const job = countOldUsage({ database: counted, clock, ids, log: quiet });
    clock.move(500);
    await expect.poll(() => state.ended, patient).toBe(1);
    await settled();
    clock.move(10 * minuteMs - 1);
    await settled();
    expect(state.ended).toBe(1);
    clock.move(500);
    await expect.poll(() => state.ended, patient).toBe(2);
    expect(await leaseOwner('count-old-usage')).toBe(null);
    await job.close();
    expect(clock.waiting).toBe(0);
  });

  test('leaves a database that is away alone for half a minute each time', async () => {
    const { state, database: counted } = counting();
    state.isAway = true;
    const { log, lines } = keptLog();
    const job = countOldUsage({ database: counted, clock, ids, log });
    for (let at = 0; at < 2 * 61; at++) {
      clock.move(500);
      await settled();
    }
    // At half a second, and then half a minute after each refusal.
    expect([state.ended, lines.length]).toEqual([3, 3]);
    await job.close();
  });
});

test('a start while the database is away learns of ill connections as soon as it is back, so that their recovery is no old news', async () => {
  const id = ids.uuid();
  const { log, lines } = keptLog();
  const keeper = () => keepHealth({ database, clock, ids, log, isKnown: () => true });
  const bad = (): CheckDone => ({
    connectionId: id,
    finding: { atMs: clock.nowMs(), isWhole: false, fault: 'unreachable', status: null },
    row: { id: ids.uuid(), kind: 'models', model: '', fault: 'unreachable', status: null, latencyMs: 1, costNanoUsd: 0, requestId: null },
  });
  const before = keeper();
  await before.record([bad(), bad()]);
  await before.close();

  const { state, database: counted } = counting();
  state.isAway = true;
  const heard: string[] = [];
  const health = keeper();
  const following = followHealth({ database: counted, clock, log, health, onTurned: ({ to }) => heard.push(to) });
  await expect.poll(() => lines.length, patient).toBe(1);
  state.isAway = false;
  await settled();
  clock.move(3_000);
  await expect.poll(() => state.ended, patient).toBe(2);
  await settled();
  health.succeeded(id, 'small-model', 5);
  clock.move(1_000);
  await expect.poll(async () => (await healthOfMany(database, [id])).find(({ model }) => model === '')?.consecutiveSuccesses, patient).toBe(1); // prettier-ignore
  // What was there before the start is no turn.
  expect(heard).toEqual([]);
  following.close();
  await health.close();
  expect(clock.waiting).toBe(0);
});
