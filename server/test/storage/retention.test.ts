/** Retention: what is over goes, in chunks and by whole months, what is open or still counted stays, and no sum changes. */
import { beforeAll, expect, test } from 'vitest';
import { dayMs } from '../../src/domain/rollup.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { ensurePartitions } from '../../src/storage/partitions.ts';
import { dropMonth, forgetChunk, sweptRowsMax, type Place } from '../../src/storage/retention.ts';
import { usageBy, type UsageSum } from '../../src/storage/usage.ts';
import { onBothEngines } from './engines.ts';
import { ids, intentOf, refusedOf, settlementOf } from './ledger-records.ts';

const nowMs = Date.UTC(2026, 5, 20, 12);
const beforeMs = nowMs - 90 * dayMs;

onBothEngines('retention of the books', (bench, engine) => {
  let database: Database;
  let books: Books;
  let appliedMs = 1_000;
  const apply = (records: Parameters<typeof applyRecords>[2][number]['record'][]): Promise<unknown> =>
    applyRecords(
      database,
      books,
      records.map((record, index) => ({ seq: books.appliedSeq + index + 1, record })),
      (appliedMs += 1),
    );
  const sums = (): Promise<UsageSum[]> =>
    usageBy(database, { range: { fromMs: 0, toMs: nowMs + dayMs }, groupBy: 'model', zone: 'UTC', visibility: 'all' });
  const requestIds = async (): Promise<Set<string>> => {
    const rows = await database.driver.rows<{ id: string }>({ sql: 'SELECT CAST(request_id AS TEXT) AS id FROM usage_events', params: [] });
    return new Set(rows.map(({ id }) => id));
  };
  const partitions = async (): Promise<string[]> => {
    const sql = "SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('usage_events') ORDER BY 1";
    return engine === 'sqlite' ? [] : (await database.driver.rows<{ name: string }>({ sql, params: [] })).map(({ name }) => name);
  }; // prettier-ignore
  const forgetAll = async (): Promise<number> => {
    let removed = 0;
    for (let months = 0; months < 30; months++) {
      const gone = await dropMonth(database, 'requests', beforeMs);
      if (gone === null) break;
      removed += gone;
    }
    let from: Place | null = null;
    for (let chunks = 0; chunks < 50; chunks++) {
      const chunk: Awaited<ReturnType<typeof forgetChunk>> = await forgetChunk(database, 'requests', beforeMs, from);
      removed += chunk.removed;
      from = chunk.next;
      if (from === null) return removed;
    }
    throw new Error('the chunks do not end');
  };
  const settledAt = (atMs: number, part: Partial<Parameters<typeof settlementOf>[1]> = {}, intentPart: Parameters<typeof intentOf>[0] = {}) => {
    const intent = intentOf({ atMs, ...intentPart });
    return { intent, records: [intent, settlementOf(intent, part)] };
  }; // prettier-ignore

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    // Months of the past have tables of their own, as in a house that has run through them.
    for (const month of [1, 2, 3, 4, 5]) await ensurePartitions(database.driver, Date.UTC(2026, month, 1), 0);
    ({ books } = await openBooks(database, ids.uuid(), appliedMs));
  });

  test('old entries go and no sum changes; what is open, set aside or counted one by one by a budget stays', async () => {
    const groupId = ids.uuid();
    await database.driver.run(
      {
        sql: `INSERT INTO limits (id, subject_kind, subject_id, kind, period, value, level, created_at, updated_at) VALUES ($1, 'group', $2, 'money', 'total', 5, 'owner', 1, 1)`,
        params: [ids.uuid(), groupId],
      },
      'write',
    );
    const months = [1, 2, 3, 4, 5].map((month) => Date.UTC(2026, month, 10));
    const plain = months.flatMap((atMs) => Array.from({ length: 700 }, (_, at) => settledAt(atMs + at)));
    for (let from = 0; from < plain.length; from += 700) await apply(plain.slice(from, from + 700).flatMap(({ records }) => records));
    const old = months[0]!;
    const open = intentOf({ atMs: old });
    const unpriced = settledAt(old + 1, { costNanoUsd: null, prices: null }, { reservedNanoUsd: 900 });
    const ofGroup = settledAt(old + 2, {}, { routingGroupId: groupId });
    const otherGroup = settledAt(old + 3, {}, { routingGroupId: ids.uuid() });
    const refused = refusedOf({ atMs: old + 4 });
    await apply([open, ...unpriced.records, ...ofGroup.records, ...otherGroup.records, refused]);
    const [before, ids0] = [await sums(), await requestIds()];

    expect(await forgetAll()).toBeGreaterThanOrEqual(engine === 'postgres' ? 700 : 1_400);
    expect(await sums()).toEqual(before);
    const left = await requestIds();
    const isKeptLonger = (atMs: number): boolean => atMs >= beforeMs || (engine === 'postgres' && atMs >= Date.UTC(2026, 2, 1));
    for (const { intent } of plain) expect(left.has(intent.requestId), new Date(intent.atMs).toISOString()).toBe(isKeptLonger(intent.atMs));
    for (const { requestId } of [open, unpriced.intent, ofGroup.intent]) expect(left.has(requestId)).toBe(true);
    for (const { requestId } of [otherGroup.intent, refused]) expect([ids0.has(requestId), left.has(requestId)]).toEqual([true, false]);
    if (engine === 'postgres') expect(await partitions()).not.toContain('usage_events_m202602');

    // What was open is settled late, and is then counted and forgotten like any other.
    await apply([settlementOf(open, { costNanoUsd: 77 })]);
    expect(await forgetAll()).toBe(1);
    expect((await requestIds()).has(open.requestId)).toBe(false);
    expect((await sums()).reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n)).toBe(before.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n) + 77n); // prettier-ignore
  });

  test('a second look finds nothing, and a chunk is never longer than its bound', async () => {
    expect(await forgetAll()).toBe(0);
    const many = Array.from({ length: sweptRowsMax + 10 }, (_, at) => refusedOf({ atMs: Date.UTC(2025, 0, 1) + at }));
    await apply(many);
    const first = await forgetChunk(database, 'requests', beforeMs, null);
    expect([first.removed, first.next === null]).toEqual([sweptRowsMax, false]);
    expect(await forgetChunk(database, 'requests', beforeMs, first.next)).toEqual({ removed: 10, next: null });
  });
});
