/** The instances of this installation: how far each one's journal is in the books, and its shard of the roll-ups. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { StaleWrite, UniqueViolation } from './errors.ts';
import type { LedgerRow } from './ledger-rows.ts';

/** One instance's place in the books. Whoever writes for an instance holds this and moves it on; a second writer fails its guard. */
export interface Books {
  instanceId: string;
  shard: number;
  /** Everything up to here is in the books. */
  appliedSeq: number;
  /** As it stands in the row: part of the guard. */
  seenAtMs: number;
  /** Ids of dimensions that are known to be in the database, by hash. */
  dimensionIds: Map<string, number>;
  /** Open rows by id, as the last batch left them: only where nobody but the holder writes to the books, and he says so by having a list. */
  open?: ReadonlyMap<string, LedgerRow>;
}

interface InstanceRow {
  shard: number;
  applied_seq: number;
  seen_at: number;
}

const triesMax = 10;

const findInstance = async ({ driver }: Database, id: string): Promise<InstanceRow | undefined> => {
  const [row] = await driver.rows<InstanceRow>({ sql: 'SELECT shard, applied_seq, seen_at FROM instances WHERE id = $1', params: [id] });
  return row;
};

/** The guard of every write to the books: it fails with StaleWrite where anybody else wrote for this instance since. */
export const guardStep = (books: Books, appliedSeq: number, nowMs: number): Statement => ({
  sql: 'UPDATE instances SET applied_seq = $1, seen_at = $2 WHERE id = $3 AND applied_seq = $4 AND seen_at = $5',
  params: [appliedSeq, nowMs, books.instanceId, books.appliedSeq, books.seenAtMs],
  expectRows: 1,
  label: 'instance',
});

/** Says that this instance lives. */
export async function touchInstance({ driver }: Database, books: Books, nowMs: number): Promise<void> {
  await driver.write([guardStep(books, books.appliedSeq, nowMs)]);
  books.seenAtMs = nowMs;
}

/**
 * Opens the books for an instance, making its row at the first time, with `appliedSeqIfNew` as its beginning. `lastSeenMs` is when an
 * earlier run was seen last; null for a new one. Throws the storage errors.
 */
export async function openBooks(
  database: Database,
  instanceId: string,
  nowMs: number,
  appliedSeqIfNew = 0,
): Promise<{ books: Books; lastSeenMs: number | null }> {
  for (let tries = 1; ; tries++) {
    const found = await findInstance(database, instanceId);
    try {
      if (!found) {
        // The next shard; two instances that take the same one at once differ at the second try.
        const sql = `INSERT INTO instances (id, shard, started_at, seen_at, applied_seq)
          SELECT CAST($1 AS UUID), COALESCE(max(shard), 0) + 1, CAST($2 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM instances`;
        const portable = database.driver.engine === 'sqlite' ? sql.replace('AS UUID', 'AS TEXT') : sql;
        await database.driver.write([{ sql: portable, params: [instanceId, nowMs, appliedSeqIfNew], expectRows: 1 }]);
      } else {
        const sql = 'UPDATE instances SET started_at = $1, seen_at = $1 WHERE id = $2 AND seen_at = $3 AND applied_seq = $4';
        await database.driver.write([{ sql, params: [nowMs, instanceId, found.seen_at, found.applied_seq], expectRows: 1 }]);
      }
    } catch (error) {
      if ((error instanceof UniqueViolation || error instanceof StaleWrite) && tries < triesMax) continue;
      throw error;
    }
    const row = await findInstance(database, instanceId);
    if (row) {
      const books: Books = { instanceId, shard: row.shard, appliedSeq: row.applied_seq, seenAtMs: row.seen_at, dimensionIds: new Map() };
      return { books, lastSeenMs: found?.seen_at ?? null };
    }
    if (tries >= triesMax) throw new StaleWrite('instance', 0);
  }
}

/** Reads again how far the books are: after a write whose outcome is not known. */
export async function rereadBooks(database: Database, books: Books): Promise<void> {
  const row = await findInstance(database, books.instanceId);
  if (!row) return;
  books.appliedSeq = row.applied_seq;
  books.seenAtMs = row.seen_at;
}

/** Every instance that ever wrote into these books. */
export const listInstanceIds = async ({ driver }: Database): Promise<string[]> =>
  (await driver.rows<{ id: string }>({ sql: 'SELECT id FROM instances ORDER BY shard', params: [] })).map(({ id }) => id);
