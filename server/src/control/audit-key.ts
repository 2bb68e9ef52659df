/** The key of the audit log: made once, sealed by the vault, sealed anew under each new master key, so that the chain goes on. */
import { auditKeyPlace } from '../domain/sealing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { auditKeyOf, putAuditKey, replaceAuditKey } from '../storage/audit-anchors.ts';
import type { Database } from '../storage/database.ts';
import type { WriteStep } from '../storage/driver.ts';
import { StaleWrite, UniqueViolation } from '../storage/errors.ts';
import { listOwnerKeys } from '../storage/owner-keys.ts';
import { auditKeyBytes, createAuditSeal, type AuditSeal } from '../vault/audit-seal.ts';
import { SecretUnreadable, type Vault } from '../vault/vault.ts';
import { openBox, sealingKeyOf } from './secrets.ts';

export interface AuditKeyDeps {
  database: Database;
  vault: Vault;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** Another instance can be first a few times: each time there is one key more to read. */
const triesMax = 4;

async function sealOf({ database, vault }: Pick<AuditKeyDeps, 'database' | 'vault'>, box: string): Promise<AuditSeal> {
  const text = (await openBox({ database, vault }, auditKeyPlace, box)).reveal();
  return createAuditSeal(Buffer.from(text, 'base64url'));
}

/** The seal of the chain as it is stored; null where there is none yet. @throws SecretUnreadable where its master key is not loaded */
export async function storedAuditSeal(deps: Pick<AuditKeyDeps, 'database' | 'vault'>): Promise<AuditSeal | null> {
  const box = await auditKeyOf(deps.database);
  return box === undefined ? null : sealOf(deps, box);
}

/** Seals the key under the current master key where it is under an older one, or under the one named. It must run before that one is retired. */
export async function resealAuditKey({ database, vault }: Pick<AuditKeyDeps, 'database' | 'vault'>, from?: number): Promise<void> {
  const box = await auditKeyOf(database);
  if (box === undefined) return;
  const { master } = vault.versionsOf(box);
  if (master === vault.current || (from !== undefined && master !== from)) return;
  const keys = await listOwnerKeys(database, auditKeyPlace.owner);
  const active = keys.findLast((key) => key.isActive);
  if (!active) return;
  const again = vault.reseal(box, auditKeyPlace, (version) => keys.find((key) => key.version === version), active);
  await database.driver.write([replaceAuditKey(database, box, again)]);
}

/** FALSE where another instance was first. */
async function store(database: Database, steps: readonly WriteStep[]): Promise<boolean> {
  try {
    await database.driver.write(steps);
    return true;
  } catch (error) {
    if (error instanceof StaleWrite || error instanceof UniqueViolation) return false;
    throw error;
  }
}

/**
 * The seal that entries are linked with; the first time, a new one. Where the stored key cannot be opened (its master key is lost), a new one
 * takes its place, and the chain begins again behind what can no longer be verified. @throws SecretUnreadable, StorageUnavailable
 */
export async function loadAuditSeal(deps: AuditKeyDeps): Promise<AuditSeal> {
  const { database, vault, ids, clock, log } = deps;
  for (let tries = 1; ; tries++) {
    const box = await auditKeyOf(database);
    if (box !== undefined) {
      try {
        const seal = await sealOf(deps, box);
        await resealAuditKey(deps);
        return seal;
      } catch (error) {
        if (!(error instanceof SecretUnreadable)) throw error;
        // Another instance may have the master key that this one lacks, and would be shut out of its own chain.
        if (error.reason === 'master_key_missing' && database.driver.engine === 'postgres') throw error;
        log.error({ reason: error.reason }, 'the key of the audit log cannot be opened; its entries so far can no longer be verified');
      }
    }
    const { key, steps } = await sealingKeyOf(deps, auditKeyPlace.owner);
    const bytes = ids.bytes(auditKeyBytes);
    const sealed = vault.seal(Buffer.from(bytes).toString('base64url'), auditKeyPlace, key);
    if (await store(database, [...steps, putAuditKey(database, sealed, box, clock.nowMs())])) return createAuditSeal(bytes);
    if (tries >= triesMax) throw new StaleWrite('audit-key', 0);
  }
}
