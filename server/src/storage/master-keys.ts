/** Which master keys this database was sealed with: versions and check values, never a key. */
import { sql } from 'kysely';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface MasterKeyRow {
  version: number;
  /** First 8 bytes of an HMAC under the key, in hex; tells keys apart without showing them. */
  kcv: string;
  status: 'pending' | 'active' | 'decrypt_only' | 'retired';
}

/** A row with the key itself, sealed under another one, where a rotation has put it there. */
export interface WrappedKeyRow extends MasterKeyRow {
  wrapped: string | null;
  wrappedBy: number | null;
}

/** All versions, oldest first, that changed above a revision. */
export async function wrappedKeys({ db }: Database, above = -1): Promise<WrappedKeyRow[]> {
  const rows = await db.selectFrom('master_keys').selectAll().where('revision', '>', above).orderBy('version').execute();
  return rows.map(({ version, kcv, status, wrapped, wrapped_by: wrappedBy }) => ({ version, kcv, status, wrapped, wrappedBy }));
}

/**
 * Adds a key that opens and does not seal yet, and puts the active one under it: each of the two opens the other from now on.
 * The whole write fails with UniqueViolation where its version or check value is taken, with StaleWrite where another key is active.
 */
export const addMasterKeySteps = (
  { db, compile }: Database,
  row: { version: number; kcv: string; wrapped: string; wrappedBy: number },
  activeWrapped: string,
  nowMs: number,
): Statement[] => [
  compile(
    db.insertInto('master_keys').values({
      version: row.version,
      kcv: row.kcv,
      status: 'pending',
      created_at: nowMs,
      wrapped: row.wrapped,
      wrapped_by: row.wrappedBy,
      revision: thisRevision,
    }),
  ),
  compile(
    db
      .updateTable('master_keys')
      .set({ wrapped: activeWrapped, wrapped_by: row.version, revision: thisRevision })
      .where('version', '=', row.wrappedBy)
      .where('status', '=', 'active'),
    { expectRows: 1, label: 'master_keys' },
  ),
];

/** The pending key seals from now on, and the one before only opens. Fails with StaleWrite where neither is so any more. */
export const promoteMasterKeySteps = ({ db, compile }: Database, change: { from: number; to: number }): Statement[] =>
  (
    [
      [change.from, 'active', 'decrypt_only'],
      [change.to, 'pending', 'active'],
    ] as const
  ).map(([version, before, after]) =>
    compile(
      db
        .updateTable('master_keys')
        .set({ status: after, revision: thisRevision })
        .where('version', '=', version)
        .where('status', '=', before),
      { expectRows: 1, label: 'master_keys' },
    ),
  );

/** The key is no longer to be had from another one: whoever starts must be given it. */
export const unwrapMasterKeyStep = ({ db, compile }: Database, version: number): Statement =>
  compile(db.updateTable('master_keys').set({ wrapped: null, wrapped_by: null, revision: thisRevision }).where('version', '=', version));

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
