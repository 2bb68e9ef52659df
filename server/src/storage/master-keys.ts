/** Which master keys this database was sealed with: versions and check values, never a key. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface MasterKeyRow {
  version: number;
  /** First 8 bytes of an HMAC under the key, in hex; tells keys apart without showing them. */
  kcv: string;
  status: 'pending' | 'active' | 'decrypt_only' | 'retired';
}

/** All versions, oldest first. */
export async function masterKeys({ db }: Database): Promise<MasterKeyRow[]> {
  return db.selectFrom('master_keys').select(['version', 'kcv', 'status']).orderBy('version').execute();
}

/** Says that nothing needs this version any more; the active one is never retired. */
export function retireMasterKeyStep({ db, compile }: Database, version: number): Statement {
  return compile(
    db.updateTable('master_keys').set({ status: 'retired' }).where('version', '=', version).where('status', '=', 'decrypt_only'),
  );
}

/** How many sealed values the given columns hold, in every row: also a switched-off connection's box needs its key. */
export async function countSealed({ db }: Database, columns: readonly { table: string; column: string }[]): Promise<number> {
  let count = 0;
  for (const { table, column } of columns) {
    const { rows } = await sql<{ held: number | bigint }>`SELECT COUNT(${sql.ref(column)}) AS held FROM ${sql.table(table)}`.execute(db);
    count += Number(rows[0]?.held ?? 0);
  }
  return count;
}

/**
 * Carries a decision about the given rows out in one transaction: versions that are not among them are inserted, others change their status.
 * @throws UniqueViolation, StaleWrite where the list was changed meanwhile; nothing was kept then
 */
export async function storeMasterKeys(
  { db, driver, compile }: Database,
  known: readonly MasterKeyRow[],
  changes: readonly MasterKeyRow[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  await driver.write(
    changes.map((row) => {
      const before = known.find(({ version }) => version === row.version);
      if (before === undefined) return compile(db.insertInto('master_keys').values({ ...row, created_at: nowMs }));
      const update = db.updateTable('master_keys').set({ status: row.status }).where('version', '=', row.version);
      return compile(update.where('kcv', '=', before.kcv).where('status', '=', before.status), { expectRows: 1, label: 'master_keys' });
    }),
  );
}
