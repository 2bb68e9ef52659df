/** S2's EncryptionService: sealing for one owner, and the rotations that keep every sealed value readable while they run. */
import { ownerKey, type Owner } from '../domain/owner.ts';
import { placeOf, sealedColumns, type SecretColumn } from '../domain/sealing.ts';
import { resealStep, sealedRows, type SealedRow } from '../storage/connections.ts';
import type { WriteStep } from '../storage/driver.ts';
import { UniqueViolation } from '../storage/errors.ts';
import { masterKeys, retireMasterKeyStep } from '../storage/master-keys.ts';
import { listOwnerKeys, type StoredOwnerKey } from '../storage/owner-keys.ts';
import { decodeMasterKey, keyCheckValue } from '../vault/keys.ts';
import type { Place } from '../vault/place.ts';
import { resealAuditKey } from './audit-key.ts';
import { commit, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import { freshKeyOf, sealingKeyOf } from './secrets.ts';

/** Rows that one transaction seals anew. */
export const batchRows = 500;
/** Two rotations of one owner at the same moment: the second takes the next version. */
const keyTriesMax = 3;

export interface RotationReport {
  /** Sealed values that were made anew. */
  resealed: number;
  /** Sealed values that do not open; they stay as they are, and their connections need their keys entered again. */
  unreadable: { connectionId: string; column: string }[];
}

/** One per caller: every rotation is audited under their name. */
export class EncryptionService {
  readonly #deps: ControlDeps;
  readonly #caller: Caller;

  constructor(deps: ControlDeps, caller: Caller) {
    this.#deps = deps;
    this.#caller = caller;
  }

  /** Seals a key for its owner (a user, workspace or organization id, C-42) at its place (row, provider, origin). */
  async encryptApiKey(apiKey: string, ownerId: string, place: Place): Promise<string> {
    const owned = ownedBy(place, ownerId);
    const { key, steps } = await sealingKeyOf(this.#deps, owned.owner);
    if (steps.length > 0) await commit(this.#deps, this.#caller, steps, deedOf('owner-key.create', owned.owner, null));
    return this.#deps.vault.seal(apiKey, owned, key);
  }

  /** The same text again; with another owner or place it throws SecretUnreadable. */
  async decryptApiKey(encryptedKey: string, ownerId: string, place: Place): Promise<string> {
    const owned = ownedBy(place, ownerId);
    return this.#deps.vault.open(encryptedKey, owned, lookup(await listOwnerKeys(this.#deps.database, owned.owner))).reveal();
  }

  /** Gives a user a new key and seals everything of theirs under it, online and resumable. */
  async rotateUserKey(userId: string): Promise<RotationReport> {
    return this.rotateOwnerKey({ scope: 'user', id: userId });
  }

  /** As `rotateUserKey`, for a workspace or the organization. */
  async rotateOwnerKey(owner: Owner): Promise<RotationReport> {
    await this.#activateFreshKey(owner);
    return this.resumeOwnerKey(owner);
  }

  /** Seals anew what is not yet under the owner's active key: the second half of a rotation, and its resumption after a crash. */
  async resumeOwnerKey(owner: Owner): Promise<RotationReport> {
    const keys = await listOwnerKeys(this.#deps.database, owner);
    const active = keys.findLast((key) => key.isActive);
    if (!active) return { resealed: 0, unreadable: [] };
    return this.#resealRows(owner, (box) => this.#deps.vault.versionsOf(box).owner !== active.version);
  }

  /**
   * Moves every sealed value to the current master key, online and resumable. Both keys are given as the operator
   * keeps them, and both must be loaded already: an instance that lacks one could not open what others seal.
   * The old key is retired when nothing needs it any more.
   */
  async migrateEncryption(oldKey: string, newKey: string): Promise<RotationReport> {
    const oldVersion = await this.#versionOf(oldKey);
    const newVersion = await this.#versionOf(newKey);
    if (newVersion !== this.#deps.vault.current)
      throw new Error('the new master key is not the current one; start with it as PATCHBAY_MASTER_KEY');
    if (oldVersion === newVersion) return { resealed: 0, unreadable: [] };
    const report = await this.#resealRows(null, (box) => this.#deps.vault.versionsOf(box).master === oldVersion);
    await resealAuditKey(this.#deps, oldVersion);
    if (report.unreadable.length === 0 && (await this.#countUnder(oldVersion)) === 0) {
      await commit(
        this.#deps,
        this.#caller,
        [retireMasterKeyStep(this.#deps.database, oldVersion)],
        deedOf('master-key.retire', null, { version: { before: oldVersion } }),
      );
    }
    return report;
  }

  async #versionOf(key: string): Promise<number> {
    const kcv = keyCheckValue(decodeMasterKey(key));
    const stored = (await masterKeys(this.#deps.database)).find((row) => row.kcv === kcv);
    if (!stored || !this.#deps.vault.masterVersions().includes(stored.version)) {
      throw new Error(`the master key with kcv=${kcv} is not loaded; give it as PATCHBAY_MASTER_KEY or PATCHBAY_MASTER_KEY_PREVIOUS`);
    }
    return stored.version;
  }

  async #activateFreshKey(owner: Owner): Promise<void> {
    for (let tried = 1; ; tried++) {
      const { key, steps } = await freshKeyOf(this.#deps, owner);
      try {
        await commit(this.#deps, this.#caller, steps, deedOf('owner-key.rotate', owner, { version: { after: key.version } }));
        return;
      } catch (error) {
        if (!(error instanceof UniqueViolation) || tried >= keyTriesMax) throw error;
      }
    }
  }

  /** Walks all rows once, in the order of ids. A row that changes meanwhile keeps what its writer gave it. */
  async #resealRows(owner: Owner | null, isOld: (box: string) => boolean): Promise<RotationReport> {
    const report: RotationReport = { resealed: 0, unreadable: [] };
    let afterId = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const rows = await sealedRows(this.#deps.database, { owner, afterId, limit: batchRows });
      const steps: WriteStep[] = [];
      const keysOf = new Map<string, StoredOwnerKey[]>();
      for (const row of rows) steps.push(...(await this.#resealRow(row, isOld, keysOf, report)));
      if (steps.length > 0) {
        await commit(this.#deps, this.#caller, steps, deedOf('secrets.reseal', owner, { count: { after: steps.length } }));
        report.resealed += steps.length;
      }
      const last = rows.at(-1);
      if (!last || rows.length < batchRows) break;
      afterId = last.id;
    }
    if (report.resealed > 0) await scrubSecrets(this.#deps);
    return report;
  }

  async #resealRow(
    row: SealedRow,
    isOld: (box: string) => boolean,
    keysOf: Map<string, StoredOwnerKey[]>,
    report: RotationReport,
  ): Promise<WriteStep[]> {
    const steps: WriteStep[] = [];
    const name = ownerKey(row.owner);
    for (const { column } of sealedColumns) {
      const box = row.boxes[column];
      if (box === undefined || !this.#isToReseal(box, isOld, row, column, report)) continue;
      const keys = keysOf.get(name) ?? (await listOwnerKeys(this.#deps.database, row.owner));
      keysOf.set(name, keys);
      const active = keys.findLast((key) => key.isActive);
      try {
        if (!active) throw new Error('the owner has no active key');
        const again = this.#deps.vault.reseal(box, placeOf(row, column), lookup(keys), active);
        steps.push(resealStep(this.#deps.database, row.id, column, box, again));
      } catch (cause) {
        this.#deps.log.warn({ connectionId: row.id, column, err: cause }, 'a sealed value does not open');
        report.unreadable.push({ connectionId: row.id, column });
      }
    }
    return steps;
  }

  /** A damaged box has no versions to read; it is reported and left alone. */
  #isToReseal(box: string, isOld: (box: string) => boolean, row: SealedRow, column: SecretColumn, report: RotationReport): boolean {
    try {
      return isOld(box);
    } catch {
      report.unreadable.push({ connectionId: row.id, column });
      return false;
    }
  }

  async #countUnder(masterVersion: number): Promise<number> {
    let count = 0;
    let afterId = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const rows = await sealedRows(this.#deps.database, { owner: null, afterId, limit: batchRows });
      for (const row of rows)
        for (const box of Object.values(row.boxes)) if (this.#deps.vault.versionsOf(box).master === masterVersion) count++;
      const last = rows.at(-1);
      if (!last || rows.length < batchRows) return count;
      afterId = last.id;
    }
  }
}

const lookup =
  (keys: readonly StoredOwnerKey[]) =>
  (version: number): StoredOwnerKey | undefined =>
    keys.find((key) => key.version === version);

/** The place as it is for this owner: with another owner's id nothing opens. */
const ownedBy = (place: Place, ownerId: string): Place => ({ ...place, owner: { ...place.owner, id: ownerId } });

const deedOf = (action: string, owner: Owner | null, changes: Record<string, { before?: unknown; after?: unknown }> | null) => ({
  action,
  subjectType: 'owner_key',
  subjectId: owner?.id ?? null,
  subjectName: null,
  owner,
  changes,
});
