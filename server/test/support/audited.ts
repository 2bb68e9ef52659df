/** A database whose audit log is a chain, as a running house has it, and ways to tamper with it behind the house's back. */
import { openAudit, type AuditKeeper } from '../../src/control/audit-keep.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { createVault, type Vault } from '../../src/vault/vault.ts';

export interface Audited {
  database: Database;
  vault: Vault;
  keeper: AuditKeeper;
}

const ids = createIds(systemClock);
export const masterBytes = Uint8Array.from({ length: 32 }, (_, at) => (at * 73 + 41) % 256);
export const testVault = (masters = [{ version: 1, bytes: masterBytes }]): Vault => createVault(masters, ids);

/** One process's view of the database: open two on one database and there are two instances. */
export async function openAudited(
  driver: Driver,
  { vault = testVault(), clock = systemClock }: { vault?: Vault; clock?: Clock } = {},
): Promise<Audited> {
  const database = createDatabase(driver);
  const keeper = await openAudit({ database, vault, clock, ids, log: createLog('silent') });
  return { database, vault, keeper };
}

/** What an intruder with the database's password does first. */
export async function withoutTriggers({ driver }: Database): Promise<void> {
  if (driver.engine === 'postgres')
    await driver.script('ALTER TABLE audit_entries DISABLE TRIGGER USER; ALTER TABLE audit_anchors DISABLE TRIGGER USER');
  else
    for (const name of ['audit_entries_unchanged', 'audit_entries_kept', 'audit_entries_linked', 'audit_anchors_unchanged'])
      await driver.script(`DROP TRIGGER IF EXISTS ${name}`);
}
