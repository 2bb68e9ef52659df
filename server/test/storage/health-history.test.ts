/** Sums of checks and incidents over time against an independent recount, on both engines: borders, batches, instances that write at once. */
import { beforeAll, describe, expect, test } from 'vitest';
import { newHealth, type CheckOutcome, type Health, type IllState } from '../../src/domain/health.ts';
import { classOfMs, percentileOfClasses, tookClasses } from '../../src/domain/latency-classes.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import {
  checkSteps,
  halfHourMs,
  incidentsIn,
  incidentsMax,
  newestChecks,
  stripBuckets,
  sweepHealth,
  tookOf,
  type HealthCheckRow,
  type SpanMs,
} from '../../src/storage/health-history.ts';
import { healthOfMany, healthSteps, modelCharsMax, type HealthWrite } from '../../src/storage/health.ts';
import { onBothEngines } from './engines.ts';
import { atMs, hostileTexts, ids, newConnection, newPerson } from './rows.ts';
import { checkRow } from '../support/check-row.ts';

const dayMs = 86_400_000;
const spans: readonly SpanMs[] = [1_800_000, 86_400_000];
const outcomes: readonly CheckOutcome[] = ['ok', 'ok', 'ok', 'failed', 'skipped'];

/** Numbers that look like chance and are the same in every run (a linear congruential generator). */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

onBothEngines('the history of health', (bench) => {
  let database: Database;
  const connections = [ids.uuid(), ids.uuid(), ids.uuid()];
  const check = (part: Partial<HealthCheckRow>): HealthCheckRow =>
    checkRow({
      id: ids.uuid(),
      atMs,
      connectionId: connections[0]!,
      ...part,
    });
  let all: HealthCheckRow[];

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    const draw = drawing(7);
    all = Array.from({ length: 1_500 }, () => {
      const outcome = outcomes[draw(outcomes.length)]!;
      return check({
        atMs: atMs + draw(3 * dayMs),
        connectionId: connections[draw(connections.length)]!,
        outcome,
        isSlow: outcome === 'ok' && draw(10) === 0,
        latencyMs: draw(20_000),
      });
    });
    // In batches of every size, as a busy and an idle house write them.
    for (let from = 0, size = 1; from < all.length; from += size, size = 1 + draw(200))
      await database.driver.write(checkSteps(all.slice(from, from + size)));
  });

  /** What the sums have to be, counted one by one. */
  function recount(
    spanMs: number,
    connectionId: string,
  ): Map<number, { checks: number; failures: number; slow: number; latencyMsSum: number }> {
    const sums = new Map<number, { checks: number; failures: number; slow: number; latencyMsSum: number }>();
    for (const one of all) {
      if (one.connectionId !== connectionId || one.outcome === 'skipped') continue;
      const bucket = one.atMs - (one.atMs % spanMs);
      const sum = sums.get(bucket) ?? { checks: 0, failures: 0, slow: 0, latencyMsSum: 0 };
      sum.checks++;
      if (one.outcome === 'failed') sum.failures++;
      else {
        if (one.isSlow) sum.slow++;
        sum.latencyMsSum += one.latencyMs;
      }
      sums.set(bucket, sum);
    }
    return sums;
  }

  describe.each(spans)('sums over %i ms', (spanMs) => {
    const range = { spanMs, fromMs: 0, toMs: atMs + 10 * dayMs };

    test('are those of an independent recount, for each connection and for all of them', async () => {
      const together = await stripBuckets(database, { ...range, connectionId: null });
      for (const connectionId of connections) {
        const wanted = recount(spanMs, connectionId);
        const own = await stripBuckets(database, { ...range, connectionId });
        expect(
          new Map(own.map(({ atMs: bucket, checks, failures, slow, latencyMsSum }) => [bucket, { checks, failures, slow, latencyMsSum }])),
        ).toEqual(wanted);
        expect(together.filter((one) => one.connectionId === connectionId)).toHaveLength(wanted.size);
      }
      expect(together).toEqual(together.toSorted((a, b) => a.atMs - b.atMs));
    });

    test('have as many times as answers, each in its class, and a percentile within the class of the true one', async () => {
      const took = await tookOf(database, { ...range, connectionId: null });
      for (const connectionId of connections) {
        const times = all.filter((one) => one.connectionId === connectionId && one.outcome === 'ok').map(({ latencyMs }) => latencyMs);
        const wanted = tookClasses.map((_, index) => times.filter((ms) => classOfMs(ms) === index).length);
        expect(took.get(connectionId)).toEqual(wanted);
        const sorted = times.toSorted((a, b) => a - b);
        const p95 = sorted[Math.ceil(0.95 * sorted.length) - 1]!;
        expect(classOfMs(percentileOfClasses(wanted, 0.95)!)).toBe(classOfMs(p95));
      }
    });

    test('of a range begin with its first stretch and end before its last', async () => {
      const buckets = [...recount(spanMs, connections[0]!).keys()].toSorted((a, b) => a - b);
      const [first, second] = [buckets[0]!, buckets[1]!];
      const within = (fromMs: number, toMs: number) => stripBuckets(database, { spanMs, fromMs, toMs, connectionId: connections[0]! });
      expect((await within(first, second)).map((one) => one.atMs)).toEqual([first]);
      expect((await within(first + 1, second + 1)).map((one) => one.atMs)).toEqual([second]);
      expect(await within(first, first)).toEqual([]);
      expect((await tookOf(database, { spanMs, fromMs: first, toMs: first, connectionId: connections[0]! })).size).toBe(0);
    });
  });

  test('sums of instances that write at the same time are all there', async () => {
    const id = ids.uuid();
    const other = ids.uuid();
    const batches = Array.from({ length: 20 }, (_, turn) => {
      const rows = [check({ connectionId: id, latencyMs: 10 }), check({ connectionId: other, latencyMs: 20 })];
      return checkSteps(turn % 2 === 0 ? rows : rows.toReversed());
    });
    await Promise.all(batches.map((steps) => database.driver.write(steps)));
    const question = { spanMs: halfHourMs as SpanMs, fromMs: 0, toMs: atMs + dayMs };
    expect(await stripBuckets(database, { ...question, connectionId: id })).toMatchObject([{ checks: 20, latencyMsSum: 200 }]);
    expect(await stripBuckets(database, { ...question, connectionId: other })).toMatchObject([{ checks: 20, latencyMsSum: 400 }]);
  });

  test('no check at all is no step, and one that was skipped is listed and summed nowhere', async () => {
    expect(checkSteps([])).toEqual([]);
    const id = ids.uuid();
    await database.driver.write(checkSteps([check({ connectionId: id, outcome: 'skipped', fault: 'rate_limited', status: 429 })]));
    expect(await newestChecks(database, { connectionId: id, limit: 5 })).toMatchObject([
      { outcome: 'skipped', fault: 'rate_limited', status: 429 },
    ]);
    for (const spanMs of spans)
      expect(await stripBuckets(database, { spanMs, fromMs: 0, toMs: atMs + dayMs, connectionId: id })).toEqual([]);
  });

  test('the newest checks come first, and no more than were asked for', async () => {
    const id = ids.uuid();
    const rows = [3, 1, 2].map((minutes) => check({ connectionId: id, atMs: atMs + minutes * 60_000 }));
    await database.driver.write(checkSteps(rows));
    const listed = await newestChecks(database, { connectionId: id, limit: 2 });
    expect(listed.map((one) => one.atMs)).toEqual([atMs + 180_000, atMs + 120_000]);
    expect(await newestChecks(database, { connectionId: ids.uuid(), limit: 2 })).toEqual([]);
  });

  test.each(hostileTexts)('a model may be called %j: its check is kept, cut where it is too long', async (text) => {
    const id = ids.uuid();
    await database.driver.write(checkSteps([check({ connectionId: id, model: text, fault: text, outcome: 'failed' })]));
    const [kept] = await newestChecks(database, { connectionId: id, limit: 1 });
    expect(kept!.model.length).toBeLessThanOrEqual(modelCharsMax);
    expect(kept!.model).not.toContain('\0');
    expect(kept!.model.isWellFormed()).toBe(true);
  });

  describe('incidents', () => {
    const ill = (state: IllState, sinceMs: number): Health => ({
      ...newHealth(sinceMs),
      state,
      sinceMs,
      lastFault: 'server_error',
      lastStatus: 500,
    });
    const begin = (connectionId: string, fromMs: number, model = ''): HealthWrite => ({
      key: { connectionId, model },
      before: null,
      after: ill('failing', fromMs),
      incident: { endsAtMs: null, begins: { id: ids.uuid(), state: 'failing', fault: 'server_error', status: 500, fromMs } },
    });
    const write = (...writes: HealthWrite[]) => database.driver.write(healthSteps(database, writes, atMs));

    test('of a connection and of its models are apart: one that ends leaves the others open', async () => {
      const id = ids.uuid();
      await write(begin(id, atMs), begin(id, atMs + 1, 'gpt-4o'));
      const whole = (await healthOfMany(database, [id])).find(({ model }) => model === '')!;
      await write({
        key: { connectionId: id, model: '' },
        before: whole,
        after: { ...newHealth(atMs), state: 'healthy' },
        incident: { endsAtMs: atMs + 5, begins: null },
      });
      const question = { connectionId: id, fromMs: 0, toMs: atMs + dayMs, limit: 10 };
      expect((await incidentsIn(database, question)).map(({ model, untilMs }) => [model, untilMs])).toEqual([
        ['gpt-4o', null],
        ['', atMs + 5],
      ]);
    });

    test('a second one cannot begin while one is open', async () => {
      const id = ids.uuid();
      await write(begin(id, atMs));
      const [row] = await healthOfMany(database, [id]);
      await write({ ...begin(id, atMs + 100), before: row! });
      expect(await incidentsIn(database, { connectionId: id, fromMs: 0, toMs: atMs + dayMs, limit: 10 })).toMatchObject([{ fromMs: atMs }]);
    });

    test('many are listed up to a bound, and of everybody where no connection is named', async () => {
      const many = Array.from({ length: 300 }, (_, index) => begin(ids.uuid(), atMs + 20 * dayMs + index));
      await write(...many);
      const question = { connectionId: null, fromMs: atMs + 20 * dayMs, toMs: atMs + 21 * dayMs };
      const listed = await incidentsIn(database, { ...question, limit: Infinity });
      expect(listed.filter(({ fromMs }) => fromMs >= question.fromMs)).toHaveLength(300);
      expect(listed.length).toBeLessThanOrEqual(incidentsMax);
      expect((await incidentsIn(database, { ...question, limit: 7 })).map(({ fromMs }) => fromMs)).toEqual(
        Array.from({ length: 7 }, (_, index) => atMs + 20 * dayMs + 299 - index),
      );
    });

    test('of connections that are there stay open when the others are swept', async () => {
      const userId = await newPerson(database, { name: 'Sari' });
      const [there, gone] = [await newConnection(database, userId), ids.uuid()];
      await write(begin(there, atMs), begin(gone, atMs));
      await sweepHealth(database, atMs + 1_000);
      const of = async (connectionId: string) => incidentsIn(database, { connectionId, fromMs: 0, toMs: atMs + dayMs, limit: 5 });
      expect(await of(there)).toMatchObject([{ untilMs: null }]);
      expect(await of(gone)).toMatchObject([{ untilMs: atMs + 1_000 }]);
      expect((await healthOfMany(database, [there, gone])).map(({ connectionId }) => connectionId)).toEqual([there]);
      // Sweeping again finds nothing more to do.
      expect(await sweepHealth(database, atMs + 2_000)).toMatchObject({ isDone: true });
      expect(await of(gone)).toMatchObject([{ untilMs: atMs + 1_000 }]);
    });
  });
});
