/** Second factors at rest, as better-auth keeps them: encrypted texts that storage only moves. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface StoredFactor {
  id: string;
  secret: string;
  backupCodes: string;
}

/** Factors after an id, in the order of ids; of one person or of all. */
export async function storedFactors(
  { db }: Database,
  asked: { userId: string | null; afterId: string | null; limit: number },
): Promise<StoredFactor[]> {
  let query = db.selectFrom('two_factors').select(['id', 'secret', 'backup_codes']);
  if (asked.userId !== null) query = query.where('user_id', '=', asked.userId);
  if (asked.afterId !== null) query = query.where('id', '>', asked.afterId);
  const rows = await query.orderBy('id').limit(asked.limit).execute();
  return rows.map((row) => ({ id: row.id, secret: row.secret, backupCodes: row.backup_codes }));
}

/** Puts new texts in the place of exactly the old ones; where somebody wrote others meanwhile, nothing happens. */
export const moveFactor = ({ db, compile }: Database, old: StoredFactor, next: Omit<StoredFactor, 'id'>): Statement =>
  compile(
    db
      .updateTable('two_factors')
      .set({ secret: next.secret, backup_codes: next.backupCodes })
      .where('id', '=', old.id)
      .where('secret', '=', old.secret)
      .where('backup_codes', '=', old.backupCodes),
  );

/** Takes a person's second factor away; it fails the batch as `second-factor` where there is none. */
export const dropFactor = ({ db, compile }: Database, userId: string): Statement[] => [
  compile(db.updateTable('users').set({ two_factor_enabled: null }).where('id', '=', userId).where('two_factor_enabled', 'is not', null), {
    expectRows: 1,
    label: 'second-factor',
  }),
  compile(db.deleteFrom('two_factors').where('user_id', '=', userId)),
];

/**
 * Writes down that a code was used; FALSE where it was used after `goodSinceMs` already, here or at another instance. Of two who come at
 * once one is the first. What is older is forgotten.
 */
export async function takeCode({ driver }: Database, digest: string, nowMs: number, goodSinceMs: number): Promise<boolean> {
  await driver.run({ sql: 'DELETE FROM used_codes WHERE used_at <= $1', params: [goodSinceMs] }, 'write');
  const { touched } = await driver.run(
    { sql: 'INSERT INTO used_codes (digest, used_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING', params: [digest, nowMs] },
    'write',
  );
  return touched === 1;
}
