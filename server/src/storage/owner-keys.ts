/** Owner keys as rows: only the random salts that keys are derived with. Dropping one shreds what it sealed. */
import type { Owner } from '../domain/owner.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface StoredOwnerKey {
  version: number;
  /** 32 bytes. */
  salt: Uint8Array;
  isActive: boolean;
}

/** All key versions of an owner, oldest first. */
export async function listOwnerKeys({ db }: Database, owner: Owner): Promise<StoredOwnerKey[]> {
  const rows = await db
    .selectFrom('owner_keys')
    .selectAll()
    .where('scope', '=', owner.scope)
    .where('owner_id', '=', owner.id)
    .orderBy('version')
    .execute();
  return rows.map((row) => ({ version: row.version, salt: Buffer.from(row.salt, 'base64url'), isActive: row.status === 'active' }));
}

/**
 * Makes a key the one that seals; older versions only open from then on. The key is stored in the same transaction as the
 * first box made with it. A version that somebody else stored first fails the whole write with UniqueViolation.
 */
export function activateOwnerKeySteps(
  { db, compile }: Database,
  owner: Owner,
  key: { version: number; salt: Uint8Array },
  nowMs: number,
): Statement[] {
  return [
    compile(
      db
        .updateTable('owner_keys')
        .set({ status: 'decrypt_only', revision: thisRevision })
        .where('scope', '=', owner.scope)
        .where('owner_id', '=', owner.id)
        .where('status', '=', 'active'),
    ),
    compile(
      db.insertInto('owner_keys').values({
        scope: owner.scope,
        owner_id: owner.id,
        version: key.version,
        salt: Buffer.from(key.salt).toString('base64url'),
        status: 'active',
        created_at: nowMs,
        revision: thisRevision,
      }),
    ),
  ];
}
