/** Answers that are given again, at rest: who wants them, what they saved to the last nano-dollar, and where they do not count. */
import { beforeAll, expect, test } from 'vitest';
import type { CacheHit, LedgerRecord } from '../../src/domain/ledger.ts';
import { dayMs, quarterMs } from '../../src/domain/rollup.ts';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { accessKeyById, revokeAccessKey, rotateAccessKey, updateAccessKey } from '../../src/storage/access-keys.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { recentAttempts } from '../../src/storage/limit-recent.ts';
import { spentByInstance } from '../../src/storage/limit-spent.ts';
import { attemptsOf, listRequests } from '../../src/storage/requests.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { usageBy, type GroupBy, type UsageSum } from '../../src/storage/usage.ts';
import { onBothEngines } from './engines.ts';
import { expectExactBooks, hitOf, ids, intentOf, seedConnections, settlementOf, startMs } from './ledger-records.ts';
import { atMs, change, keyOf, newHash, newKey, newPerson } from './rows.ts';

onBothEngines('how old an answer a key takes', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  const kept = async (id: string): Promise<number | null | undefined> => (await accessKeyById(database, id))!.cacheS;

  test.each([[null], [0], [1], [86_400], [Number.MAX_SAFE_INTEGER]])('%s is kept as it was asked for', async (cacheS) => {
    const { id } = await newKey(database, userId, { cacheS });
    expect(await kept(id)).toBe(cacheS);
  });

  test('is nothing where a key says nothing, as with every key from before there were such answers', async () => {
    expect(await kept((await newKey(database, userId)).id)).toBeNull();
    const id = ids.uuid();
    const columns = ['id', 'user_id', 'name', 'hash', 'last4'];
    await database.driver.write([{ insertInto: 'access_keys', columns, rows: [[id, userId, 'old', newHash(), 'abcd']] }]);
    expect(await kept(id)).toBeNull();
  });

  test('is changed with the key’s other limits, by one revision, and every instance hears of it', async () => {
    const key = await newKey(database, userId, { cacheS: 60, rpm: 3, models: ['m'] });
    const snapshot = new Snapshot();
    snapshot.apply(await loadDelta(database, -1));
    expect(snapshot.accessKeyById(key.id)).toMatchObject({ cacheS: 60, rpm: 3 });
    const { revision } = (await accessKeyById(database, key.id))!;
    await change(database, updateAccessKey(database, { ...key, cacheS: 300 }, atMs, revision));
    const stale = change(database, updateAccessKey(database, { ...key, cacheS: 900 }, atMs, revision));
    await expect(stale).rejects.toMatchObject({ name: 'StaleWrite', label: 'access-key' });
    snapshot.apply(await loadDelta(database, snapshot.revision));
    expect(snapshot.accessKeyById(key.id)).toMatchObject({ cacheS: 300, rpm: 3, models: ['m'] });
    await change(database, updateAccessKey(database, { ...key, cacheS: null }, atMs));
    snapshot.apply(await loadDelta(database, snapshot.revision));
    expect(snapshot.accessKeyById(key.id)?.cacheS).toBeNull();
  });

  test('outlives a rotation of the key, and no other key takes it over', async () => {
    const [key, other] = [await newKey(database, userId, { cacheS: 60 }), await newKey(database, userId, { cacheS: 7 })];
    const record = (await accessKeyById(database, key.id))!;
    await change(database, rotateAccessKey(database, record, { hash: newHash(), last4: 'next', previousUntilMs: atMs + 1 }, atMs));
    expect([await kept(key.id), await kept(other.id)]).toEqual([60, 7]);
    await change(database, revokeAccessKey(database, key.id, atMs));
    const late = change(database, updateAccessKey(database, { ...keyOf(userId), id: key.id, cacheS: 1 }, atMs));
    await expect(late).rejects.toMatchObject({ label: 'access-key' });
    expect(await kept(other.id)).toBe(7);
  });
});

onBothEngines('what answers from the cache saved', (bench) => {
  let database: Database;
  let books: Books;
  let connectionId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    ({ books } = await openBooks(database, ids.uuid(), 1_000));
    [connectionId] = (await seedConnections(database.driver, 1)) as [string];
  });
  const recordsAtOnce = 400;
  const apply = async (records: readonly LedgerRecord[]): Promise<void> => {
    for (let from = 0; from < records.length; from += recordsAtOnce) {
      const part = records.slice(from, from + recordsAtOnce).map((record, at) => ({ seq: books.appliedSeq + at + 1, record }));
      await applyRecords(database, books, part, 1_001 + books.appliedSeq);
    }
  };
  const sumsOf = (accessKeyId: string, groupBy: GroupBy, fromMs = startMs - dayMs, toMs = startMs + 9 * dayMs): Promise<UsageSum[]> =>
    usageBy(database, { range: { fromMs, toMs }, groupBy, zone: 'UTC', visibility: 'all', accessKeyIds: [accessKeyId] });
  const hits = (count: number, part: (at: number) => Partial<CacheHit>): LedgerRecord[] =>
    Array.from({ length: count }, (_, at) => hitOf({ connectionId, ...part(at) }));

  test('is exact beyond what a number holds: nine million dollars and one nano-dollar', async () => {
    const accessKeyId = ids.uuid();
    // The largest amount that one row takes, more often than 2^53 has room for.
    const largest = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
    await apply([...hits(1_200, () => ({ accessKeyId, savedNanoUsd: largest })), ...hits(1, () => ({ accessKeyId, savedNanoUsd: 1 }))]);
    const expected = BigInt(largest) * 1_200n + 1n;
    expect(expected > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
    for (const by of ['key', 'connection', 'model', 'day'] as const)
      expect(await sumsOf(accessKeyId, by)).toMatchObject([{ savedNanoUsd: expected, cacheHits: 1_201, costNanoUsd: 0n, attempts: 0 }]);
    await expectExactBooks(database.driver);
  });

  test('stands apart from what the same key spent, day by day and in the quarter-hours at the edges', async () => {
    const accessKeyId = ids.uuid();
    const asked = Array.from({ length: 6 }, (_, at) => intentOf({ accessKeyId, connectionId, atMs: startMs + at * quarterMs }));
    await apply([
      ...asked.flatMap((intent) => [intent, settlementOf(intent, { costNanoUsd: 10 })]),
      ...hits(6, (at) => ({ accessKeyId, atMs: startMs + at * quarterMs, savedNanoUsd: 10 ** at })),
    ]);
    const brief = ({ key, requests, attempts, cacheHits, costNanoUsd, savedNanoUsd }: UsageSum): unknown[] =>
      [key, requests, attempts, cacheHits, costNanoUsd, savedNanoUsd]; // prettier-ignore
    // The first quarter-hour is the last one of its day.
    expect((await sumsOf(accessKeyId, 'day')).map(brief)).toEqual([
      ['2026-05-10', 2, 1, 1, 10n, 1n],
      ['2026-05-11', 10, 5, 5, 50n, 111_110n],
    ]);
    const part = await sumsOf(accessKeyId, 'key', startMs - 5 * 60_000, startMs + 10 * 60_000 + 2 * quarterMs);
    expect(part.map(brief)).toEqual([[accessKeyId, 6, 3, 3, 30n, 111n]]);
  });

  test('an answer that cost nothing saved nothing, and is a hit all the same; what cannot be an amount is none', async () => {
    const accessKeyId = ids.uuid();
    const odd = [0, -5, Number.NaN, Number.POSITIVE_INFINITY, 2.9];
    await apply(hits(odd.length, (at) => ({ accessKeyId, savedNanoUsd: odd[at]! })));
    expect(await sumsOf(accessKeyId, 'key')).toMatchObject([{ cacheHits: odd.length, savedNanoUsd: 2n }]);
  });

  test('such an answer is in the list of requests with what it saved, and takes nothing from rates or budgets', async () => {
    const accessKeyId = ids.uuid();
    const asked = intentOf({ accessKeyId, connectionId, atMs: startMs + 5 * dayMs });
    const hit = hitOf({ accessKeyId, connectionId, atMs: startMs + 5 * dayMs + 1, savedNanoUsd: 777 });
    await apply([asked, settlementOf(asked, { costNanoUsd: 777 }), hit]);
    const { rows } = await listRequests(database, { visibility: 'all', cursor: null, limit: 10, accessKeyId });
    expect(rows.map(({ last, attempts, costNanoUsd }) => [last.requestId, last.savedNanoUsd, attempts, costNanoUsd])).toEqual([
      [hit.requestId, 777, 0, 0],
      [asked.requestId, null, 1, 777],
    ]);
    expect(await attemptsOf(database, hit.requestId, 'all')).toMatchObject([{ attemptNo: 0, savedNanoUsd: 777, isLast: true }]);
    const recent = await recentAttempts(database, startMs + 5 * dayMs - 1);
    expect(recent.filter((one) => one.accessKeyId === accessKeyId).map(({ requestId }) => requestId)).toEqual([asked.requestId]);
    expect(await spentByInstance(database, { kind: 'access-key', id: accessKeyId }, 0)).toMatchObject([
      { settledNanoUsd: 777, unknownNanoUsd: 0, openNanoUsd: 0 },
    ]);
  });
});
