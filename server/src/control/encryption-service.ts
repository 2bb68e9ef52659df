/** S2's EncryptionService: sealing for one owner, and the rotations that keep every sealed value readable while they run. */
import type { Owner } from '../domain/owner.ts';
import type { WriteStep } from '../storage/driver.ts';
import { UniqueViolation } from '../storage/errors.ts';
import { masterKeys, retireMasterKeyStep } from '../storage/master-keys.ts';
import { listOwnerKeys, type StoredOwnerKey } from '../storage/owner-keys.ts';
import { decodeMasterKey, keyCheckValue } from '../vault/keys.ts';
import type { Place } from '../vault/place.ts';
import { SecretUnreadable } from '../vault/vault.ts';
import { commit, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import type { SealedValue } from './sealed-table.ts';
import { createOwnerKeys, sealedPages, takeCensus } from './sealed-values.ts';
import { freshKeyOf, sealingKeyOf } from './secrets.ts';

/** Rows that one transaction seals anew. */
export const batchRows = 500;
/** Two rotations of one owner at the same moment: the second takes the next version. */
const keyTriesMax = 3;

export interface RotationReport {
  /** Sealed values that were made anew. */
  resealed: number;
  /** Sealed values that do not open; they stay as they are, and need to be entered again. */
  unreadable: { table: string; id: string; column: string }[];
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
    return this.#reseal(owner, (box) => this.#deps.vault.versionsOf(box).owner !== active.version);
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
    const report = await this.#reseal(null, (box) => this.#deps.vault.versionsOf(box).master === oldVersion);
    const { byMaster } = await takeCensus(this.#deps, { isOpening: false, pageRows: batchRows });
    if (report.unreadable.length === 0 && !byMaster.has(oldVersion)) {
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

  /** Walks everything that is sealed once, page by page. A value that changes meanwhile keeps what its writer gave it. */
  async #reseal(owner: Owner | null, isOld: (box: string) => boolean): Promise<RotationReport> {
    const report: RotationReport = { resealed: 0, unreadable: [] };
    for await (const page of sealedPages(this.#deps.database, batchRows, owner)) {
      const keysOf = createOwnerKeys(this.#deps.database);
      const steps: WriteStep[] = [];
      for (const value of page) {
        const step = await this.#resealed(value, isOld, keysOf, report);
        if (step) steps.push(step);
      }
      if (steps.length === 0) continue;
      await commit(this.#deps, this.#caller, steps, deedOf('secrets.reseal', owner, { count: { after: steps.length } }));
      report.resealed += steps.length;
    }
    if (report.resealed > 0) await scrubSecrets(this.#deps);
    return report;
  }

  /** Null for what is sealed as it should be, and for what does not open, which is reported and left alone. */
  async #resealed(
    { place, box, replaceBy }: SealedValue,
    isOld: (box: string) => boolean,
    keysOf: ReturnType<typeof createOwnerKeys>,
    report: RotationReport,
  ): Promise<WriteStep | null> {
    try {
      if (!isOld(box)) return null;
      const keys = await keysOf(place.owner);
      const active = keys.findLast((key) => key.isActive);
      if (!active) throw new SecretUnreadable('owner_key_missing');
      return replaceBy(this.#deps.vault.reseal(box, place, lookup(keys), active));
    } catch (cause) {
      if (!(cause instanceof SecretUnreadable)) throw cause;
      const { table, rowId: id, column } = place;
      this.#deps.log.warn({ table, id, column, err: cause }, 'a sealed value does not open');
      report.unreadable.push({ table, id, column });
      return null;
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
