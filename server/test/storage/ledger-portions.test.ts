/** A long batch of the journal is several transactions, each whole: sums stay exact, and the database's one writer is free in between. */
import { beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import type { Numbered } from '../../src/domain/ledger-line.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { onBothEngines } from './engines.ts';
import { expectExactBooks, ids, intentOf, refusedOf, seedConnections, settlementOf, startMs } from './ledger-records.ts';

const numbered = (records: readonly LedgerRecord[]): Numbered[] => records.map((record, index) => ({ seq: index + 1, record }));

/** So many of the largest cost have a sum that is exact in a number, and not more of them. */
const largest = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

onBothEngines('portions of the books', (bench) => {
  let database: Database;
  let connectionId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    connectionId = (await seedConnections(database.driver, 1))[0]!;
  });
  const count = async (table: string, where: string, value: unknown): Promise<number> => {
    const [row] = await database.driver.rows({ sql: `SELECT count(*) AS count FROM ${table} WHERE ${where} = $1`, params: [value] });
    return Number(row!['count']);
  };
  /** The database with its own hand at each record, and what the instance's position was after each transaction. */
  const watched = (books: Books, positions: unknown[], failAt = Infinity): Database => {
    const { driver } = database;
    return {
      ...database,
      driver: {
        ...driver,
        applyLedger: null,
        async write(steps) {
          if (positions.length + 1 === failAt) throw new Error('the disk is full');
          const result = await driver.write(steps);
          const [row] = await driver.rows({ sql: 'SELECT applied_seq FROM instances WHERE id = $1', params: [books.instanceId] });
          positions.push(row!['applied_seq']);
          return result;
        },
      },
    };
  };
  const gapOf = (books: Books): AuditEntry => ({
    id: ids.uuid(),
    atMs: startMs,
    actor: null,
    action: 'journal.gap',
    subjectType: 'instance',
    subjectId: books.instanceId,
    subjectName: null,
    owner: null,
    outcome: 'failed',
    errorCode: null,
    changes: null,
    origin: null,
  });

  test('a thousand closed rows are one transaction, however many open ones come with them; facts are kept with the first', async () => {
    const { books } = await openBooks(database, ids.uuid(), startMs);
    const intents = Array.from({ length: 1_300 }, () => intentOf({ connectionId }));
    const records = numbered([...intents, ...intents.slice(0, 1_200).map((intent) => settlementOf(intent))]);
    const gap = gapOf(books);
    const positions: unknown[] = [];
    const applied = await applyRecords(watched(books, positions), books, records, startMs + 1, [gap]);
    expect(applied).toEqual({ repeated: 0, orphans: 0, unfit: 0 });
    expect(positions).toEqual([2_300, 2_500]);
    expect(books.appliedSeq).toBe(2_500);
    expect(await count('audit_entries', 'id', gap.id)).toBe(1);
    expect(await count('usage_events', 'instance_id', books.instanceId)).toBe(1_300);
    await expectExactBooks(database.driver);
    // Once more, and nothing is left to do.
    expect(await applyRecords(watched(books, positions), books, records, startMs + 2)).toEqual({ repeated: 0, orphans: 0, unfit: 0 });
    expect(positions).toHaveLength(2);
  });

  test('what was written before a transaction failed stays, the position says so, and the rest comes with the next try', async () => {
    const { books } = await openBooks(database, ids.uuid(), startMs);
    const records = numbered(Array.from({ length: 2_100 }, () => refusedOf()));
    const positions: unknown[] = [];
    await expect(applyRecords(watched(books, positions, 2), books, records, startMs + 1)).rejects.toThrow('the disk is full');
    expect([positions, books.appliedSeq]).toEqual([[1_000], 1_000]);
    await applyRecords(database, books, records, startMs + 2);
    expect(books.appliedSeq).toBe(2_100);
    expect(await count('usage_events', 'instance_id', books.instanceId)).toBe(2_100);
    await expectExactBooks(database.driver);
  });

  test('the largest costs that a row can hold are added to the last digit', async () => {
    const { books } = await openBooks(database, ids.uuid(), startMs);
    const intents = Array.from({ length: 1_400 }, () => intentOf({ connectionId, atMs: startMs + 41 * 86_400_000 }));
    const settled = intents.map((intent) => settlementOf(intent, { costNanoUsd: largest }));
    await applyRecords(database, books, numbered([...intents, ...settled]), startMs + 3);
    const days = await database.driver.rows<{ cost: string }>({
      sql: 'SELECT CAST(cost_nano_usd AS TEXT) AS cost FROM usage_days WHERE shard = $1',
      params: [books.shard],
    });
    expect(days.map(({ cost }) => BigInt(cost))).toEqual([BigInt(largest) * 1_400n]);
  });
});
