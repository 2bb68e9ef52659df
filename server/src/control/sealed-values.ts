/** Every sealed value of the installation, page by page: what a rotation of the master key walks, and what proves that all of them open. */
import { auditKeyPlace, placeOf, placeOfCaptured, type SecretColumn } from '../domain/sealing.ts';
import { ownerKey, type Owner } from '../domain/owner.ts';
import { auditKeyOf, replaceAuditKey } from '../storage/audit-anchors.ts';
import { resealCapturedStep, sealedKeysAfter } from '../storage/captured-bodies.ts';
import { resealStep, sealedRows } from '../storage/connections.ts';
import type { Database } from '../storage/database.ts';
import { listOwnerKeys, type StoredOwnerKey } from '../storage/owner-keys.ts';
import { SecretUnreadable, type Vault } from '../vault/vault.ts';
import { alertTables } from './sealed-alert-values.ts';
import { nextOf, type SealedPage, type SealedTable, type SealedValue } from './sealed-table.ts';

const firstId = '00000000-0000-0000-0000-000000000000';
const columns: readonly SecretColumn[] = ['api_key_encrypted', 'access_key_encrypted', 'headers_encrypted'];

const connections: SealedTable = {
  table: 'ai_configurations',
  async page(database, afterId, limit, owner) {
    const rows = await sealedRows(database, { owner, afterId, limit });
    const values = rows.flatMap((row) =>
      columns.flatMap((column): SealedValue[] => {
        const box = row.boxes[column];
        if (box === undefined) return [];
        return [{ place: placeOf(row, column), box, replaceBy: (after) => resealStep(database, row.id, column, box, after) }];
      }),
    );
    return { values, next: nextOf(rows, limit, (row) => row.id) };
  },
};

const captured: SealedTable = {
  table: 'captured_bodies',
  async page(database, afterId, limit) {
    const rows = await sealedKeysAfter(database, afterId, limit);
    const values = rows.map(({ requestId, workspaceId, dataKeySealed: box }): SealedValue => ({
      place: placeOfCaptured(requestId, workspaceId),
      box,
      replaceBy: (after) => resealCapturedStep(database, requestId, box, after),
    }));
    return { values, next: nextOf(rows, limit, (row) => row.requestId) };
  },
};

/** One row: the key that the audit log is linked with. */
const auditKey: SealedTable = {
  table: auditKeyPlace.table,
  async page(database) {
    const box = await auditKeyOf(database);
    const values: SealedValue[] =
      box === undefined ? [] : [{ place: auditKeyPlace, box, replaceBy: (after) => replaceAuditKey(database, box, after) }];
    return { values, next: null };
  },
};

/** Every table whose columns hold boxes; a test compares the list with the schema. */
export const sealedTables: readonly SealedTable[] = [connections, captured, ...alertTables, auditKey];

/** All sealed values, or those of one owner, at most `limit` rows at a time. */
export async function* sealedPages(database: Database, limit: number, owner: Owner | null = null): AsyncGenerator<SealedValue[]> {
  const wanted = owner && ownerKey(owner);
  for (const { page } of sealedTables) {
    let after: string | null = firstId;
    while (after !== null) {
      const { values, next }: SealedPage = await page(database, after, limit, owner);
      const own = wanted === null ? values : values.filter(({ place }) => ownerKey(place.owner) === wanted);
      if (own.length > 0) yield own;
      after = next;
    }
  }
}

/** Looks owners' keys up, each owner's once. */
export function createOwnerKeys(database: Database): (owner: Owner) => Promise<readonly StoredOwnerKey[]> {
  const known = new Map<string, readonly StoredOwnerKey[]>();
  return async (owner) => {
    const key = ownerKey(owner);
    const keys = known.get(key) ?? (await listOwnerKeys(database, owner));
    known.set(key, keys);
    return keys;
  };
}

export interface SealedCensus {
  values: number;
  /** How many each version of the master key sealed; what is damaged is under none. */
  byMaster: Map<number, number>;
  /** Of these, how many open; only where they were tried. */
  openByMaster: Map<number, number>;
  unreadable: { table: string; column: string; id: string }[];
}

/** Which unreadable values are named; all of them are counted in `values`. */
const namedMax = 100;

/** Counts all sealed values, and with `isOpening` opens each of them. Nothing that opens is kept. */
export async function takeCensus(
  { database, vault }: { database: Database; vault: Vault },
  { isOpening, pageRows, between }: { isOpening: boolean; pageRows: number; between?: () => Promise<void> },
): Promise<SealedCensus> {
  const census: SealedCensus = { values: 0, byMaster: new Map(), openByMaster: new Map(), unreadable: [] };
  const keysOf = createOwnerKeys(database);
  for await (const values of sealedPages(database, pageRows)) {
    for (const { place, box } of values) {
      census.values += 1;
      try {
        const { master } = vault.versionsOf(box);
        census.byMaster.set(master, (census.byMaster.get(master) ?? 0) + 1);
        if (!isOpening) continue;
        const keys = await keysOf(place.owner);
        vault.open(box, place, (version) => keys.find((key) => key.version === version));
        census.openByMaster.set(master, (census.openByMaster.get(master) ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof SecretUnreadable)) throw error;
        if (census.unreadable.length < namedMax) census.unreadable.push({ table: place.table, column: place.column, id: place.rowId });
      }
    }
    await between?.();
  }
  return census;
}
