/** The key of the audit log: made once, whoever comes first, sealed at its place, carried over to each new master key. */
import { expect, test } from 'vitest';
import { loadAuditSeal, resealAuditKey, storedAuditSeal, type AuditKeyDeps } from '../../src/control/audit-key.ts';
import { sealedPages } from '../../src/control/sealed-values.ts';
import { auditKeyPlace } from '../../src/domain/sealing.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { auditKeyOf } from '../../src/storage/audit-anchors.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { createVault, SecretUnreadable, type Vault } from '../../src/vault/vault.ts';
import { masterBytes } from '../support/audited.ts';
import { keptLog, onBothEngines } from '../storage/engines.ts';

const ids = createIds(systemClock);
const previous = 'a'.repeat(64);
const bytesOf = (version: number): Uint8Array => Uint8Array.from(masterBytes, (byte, at) => (byte * 31 + at * version * 7 + version) % 256);
const vaultOf = (...versions: number[]): Vault =>
  createVault(
    versions.map((version) => ({ version, bytes: bytesOf(version) })),
    ids,
  );

onBothEngines('the key of the audit log', (bench, engine) => {
  const fresh = async (vault: Vault): Promise<AuditKeyDeps & { lines: Record<string, unknown>[] }> => {
    const { log, lines } = keptLog();
    return { database: createDatabase(await bench.open({ isMigrated: true })), vault, clock: systemClock, ids, log, lines };
  };
  const linkOf = async (deps: Pick<AuditKeyDeps, 'database' | 'vault'>): Promise<string | undefined> =>
    (await storedAuditSeal(deps))?.link(previous, 'x');

  test('is there after the first start, and the same for every start after it', async () => {
    const deps = await fresh(vaultOf(1));
    expect(await storedAuditSeal(deps)).toBe(null);
    const link = (await loadAuditSeal(deps)).link(previous, 'x');
    expect((await loadAuditSeal(deps)).link(previous, 'x')).toBe(link);
    expect(await linkOf(deps)).toBe(link);
  });

  test('is one key where several instances start at the same moment', async () => {
    const deps = await fresh(vaultOf(1));
    const seals = await Promise.all(Array.from({ length: 5 }, () => loadAuditSeal(deps)));
    expect(new Set(seals.map((seal) => seal.link(previous, 'x'))).size).toBe(1);
  });

  test('is another one in every installation', async () => {
    const [one, other] = [await fresh(vaultOf(1)), await fresh(vaultOf(1))];
    expect((await loadAuditSeal(one)).link(previous, 'x')).not.toBe((await loadAuditSeal(other)).link(previous, 'x'));
  });

  test('lies in a box that opens at its place alone', async () => {
    const deps = await fresh(vaultOf(1));
    await loadAuditSeal(deps);
    const box = (await auditKeyOf(deps.database))!;
    expect(box).toMatch(/^v1\./);
    const keys = await listOwnerKeys(deps.database, auditKeyPlace.owner);
    const keyOf = (version: number) => keys.find((key) => key.version === version);
    expect(deps.vault.open(box, auditKeyPlace, keyOf).reveal().length).toBe(43);
    for (const place of [
      { ...auditKeyPlace, column: 'salt' },
      { ...auditKeyPlace, purpose: 'provider-secret' },
      { ...auditKeyPlace, owner: { scope: 'organization', id: ids.uuid() } as const },
    ])
      expect(() => deps.vault.open(box, place, keyOf)).toThrow(SecretUnreadable);
  });

  test('goes over to a new master key with the next start, and the old one is not needed any more', async () => {
    const deps = await fresh(vaultOf(1));
    const link = (await loadAuditSeal(deps)).link(previous, 'x');
    const both = { ...deps, vault: vaultOf(1, 2) };
    expect((await loadAuditSeal(both)).link(previous, 'x')).toBe(link);
    expect(await linkOf({ ...deps, vault: vaultOf(2) })).toBe(link);
  });

  test('goes over while a master key is retired, where it was under that one, and stays where it was not', async () => {
    const deps = await fresh(vaultOf(1));
    const link = (await loadAuditSeal(deps)).link(previous, 'x');
    const both = { ...deps, vault: vaultOf(1, 2) };
    const before = await auditKeyOf(deps.database);
    await resealAuditKey(both, 7);
    expect(await auditKeyOf(deps.database)).toBe(before);
    await resealAuditKey(both, 1);
    expect(await auditKeyOf(deps.database)).not.toBe(before);
    expect(await linkOf({ ...deps, vault: vaultOf(2) })).toBe(link);
  });

  test('is among the values that a rotation walks', async () => {
    const deps = await fresh(vaultOf(1));
    await loadAuditSeal(deps);
    const tables: string[] = [];
    for await (const values of sealedPages(deps.database, 100)) tables.push(...values.map(({ place }) => place.table));
    expect(tables).toContain('audit_keys');
  });

  test('without its master key', async () => {
    const deps = await fresh(vaultOf(1));
    await loadAuditSeal(deps);
    const lost = { ...deps, vault: vaultOf(2) };
    await expect(storedAuditSeal(lost)).rejects.toBeInstanceOf(SecretUnreadable);
    // Another instance may have it on PostgreSQL; nobody else can on the embedded database.
    if (engine === 'postgres') await expect(loadAuditSeal(lost)).rejects.toBeInstanceOf(SecretUnreadable);
    else {
      const again = await loadAuditSeal(lost);
      expect(again.link(previous, 'x')).toBe(await linkOf(lost));
      expect(deps.lines.some(({ level }) => level === 50)).toBe(true);
    }
  });
});
