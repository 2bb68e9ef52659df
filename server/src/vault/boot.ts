/** Decides at start which master keys are used, so that no secret is ever sealed under a key that will be missing tomorrow. */
import { keyCheckValue, WeakMasterKey, type MasterKey } from './keys.ts';
import { weaknessOf } from './weak-keys.ts';

/** One row of the list of master keys; exactly one version is `active`. */
export interface StoredMasterKey {
  version: number;
  /** From `keyCheckValue`. */
  kcv: string;
  status: 'pending' | 'active' | 'decrypt_only' | 'retired';
}

export interface MasterKeyFindings {
  /** The key from the settings, or null. It is checked for strength here once more. */
  given: Uint8Array | null;
  /** The key that an earlier start generated in the data directory, or null. */
  fileKey: Uint8Array | null;
  /** Older keys from the settings, for a rotation; they open boxes and never seal, so their strength is not judged. */
  previous: Uint8Array[];
  stored: StoredMasterKey[];
  /** How many sealed values the database holds. */
  sealedRows: number;
  /** `NODE_ENV=production`: a key that lives and dies with a container's disk must not be made up there. */
  production: boolean;
  /** Whether other instances may share this database; a new key then waits as `pending` until all of them have it. */
  manyInstances: boolean;
}

export type MasterKeyDecision =
  /** Make the vault from `masters` (the last is current), after `changes` are stored in one transaction. */
  | { kind: 'use'; masters: MasterKey[]; changes: StoredMasterKey[]; unusedKcvs: string[] }
  /** Generate a key of this version, write it with mode 0600, store its row as active together with `changes`. */
  | { kind: 'generate'; version: number; changes: StoredMasterKey[] }
  /** Print the line and exit with code 78, having written nothing. The line shows check values alone. */
  | { kind: 'refuse'; line: string };

interface Candidate {
  bytes: Uint8Array;
  kcv: string;
}

const makeOne = 'make one with: openssl rand -base64 32';

/** The boot check of master keys. Pure: nothing is read or written here, and each situation has one answer. */
export function decideMasterKeys(findings: MasterKeyFindings): MasterKeyDecision {
  const chosen = findings.given ?? findings.fileKey;
  // In the order of versions, so that nothing below depends on the order of the database's rows.
  const sorted = { ...findings, stored: findings.stored.toSorted((one, other) => one.version - other.version) };
  if (chosen === null) return withoutKey(sorted);

  const weakness = weaknessOf(chosen);
  if (weakness !== null) return refuse(`${new WeakMasterKey(weakness).message}; ${makeOne}`);

  const candidate = { bytes: chosen, kcv: keyCheckValue(chosen) };
  if (sorted.stored.length > 0) return withStoredKeys(sorted, candidate);
  // Boxes without a recorded key are half a backup. Recording this key as the first would make a wrong one look right.
  const { sealedRows } = findings;
  if (sealedRows > 0) return refuse(`${needs(sealedRows)} a master key of which no version is recorded; restore the whole database`);
  const first: StoredMasterKey = { version: 1, kcv: candidate.kcv, status: 'active' };
  return use(findings, candidate, first, [], [first]);
}

/** No key anywhere: make one where nothing depends on another, else say which one is missing. */
function withoutKey({ stored, sealedRows, production, manyInstances }: MasterKeyFindings): MasterKeyDecision {
  if (sealedRows > 0) {
    const kcvs = stored.filter(isNeeded).map((row) => row.kcv);
    return refuse(`${needs(sealedRows)} the master key with kcv=${kcvs.join(', ') || 'unknown'}; set PATCHBAY_MASTER_KEY to it`);
  }
  const live = stored.filter((row) => row.status !== 'retired');
  // Another instance may hold the recorded key and seal with it at any moment; a second key would split the two.
  if (live.length > 0 && manyInstances) {
    return refuse(`this database needs the master key with kcv=${live.map((row) => row.kcv).join(', ')}; set PATCHBAY_MASTER_KEY to it`);
  }
  if (production) return refuse(`PATCHBAY_MASTER_KEY is not set, and in production no key is generated; ${makeOne}`);
  return { kind: 'generate', version: nextVersion(stored), changes: live.map(retired) };
}

/** The database knows its keys: the right one is used, a new one only where the old one was given beside it on purpose. */
function withStoredKeys(findings: MasterKeyFindings, candidate: Candidate): MasterKeyDecision {
  const { fileKey, stored, previous, manyInstances } = findings;
  const active = stored.findLast((row) => row.status === 'active');
  if (active === undefined) {
    return refuse(`kcv=${candidate.kcv} was given, but no master key version is recorded as active; restore the whole database`);
  }
  const others = stored.filter((row) => row !== active);
  if (candidate.kcv === active.kcv) return use(findings, candidate, active, others, []);
  if (!previous.some((bytes) => keyCheckValue(bytes) === active.kcv)) {
    const isFileKeyRight = fileKey !== null && keyCheckValue(fileKey) === active.kcv;
    const advice = isFileKeyRight ? 'the key file in the data directory has that one' : 'to move to a new key, give the old one too';
    return refuse(
      `wrong master key: kcv=${candidate.kcv} was given, kcv=${active.kcv} is needed; ${advice} (PATCHBAY_MASTER_KEY_PREVIOUS)`,
    );
  }

  const known = others.find((row) => row.kcv === candidate.kcv);
  // An instance still starts with an older key as its first, and has the newer one beside it: the database says which one seals.
  if (known !== undefined && known.status !== 'pending') return use(findings, candidate, active, others, []);
  const version = known?.version ?? nextVersion(stored);
  if (manyInstances) {
    // Boxes made with the new key would be unreadable to instances that do not have it yet, so it only opens for now.
    if (known !== undefined) return use(findings, candidate, active, others, []);
    const pending: StoredMasterKey = { version, kcv: candidate.kcv, status: 'pending' };
    return use(findings, candidate, active, [...others, pending], [pending]);
  }
  const demoted: StoredMasterKey = { ...active, status: 'decrypt_only' };
  const promoted: StoredMasterKey = { version, kcv: candidate.kcv, status: 'active' };
  return use(findings, candidate, promoted, [...others.filter((row) => row !== known), demoted], [demoted, promoted]);
}

/** Collects the keys for the rows as they will be stored, the active one last; refuses where boxes may need one that is missing. */
function use(
  findings: MasterKeyFindings,
  candidate: Candidate,
  active: StoredMasterKey,
  others: StoredMasterKey[],
  changes: StoredMasterKey[],
): MasterKeyDecision {
  const { fileKey, previous, sealedRows } = findings;
  const keys = [...(fileKey === null ? [] : [fileKey]), ...previous, candidate.bytes];
  const byKcv = new Map(keys.map((bytes) => [keyCheckValue(bytes), bytes]));

  const rows = [...others, active];
  const missing = rows.filter((row) => sealedRows > 0 && isNeeded(row) && !byKcv.has(row.kcv));
  if (missing.length > 0) {
    const kcvs = missing.map((row) => row.kcv).join(', ');
    return refuse(`${needs(sealedRows)} also the master key with kcv=${kcvs}; give it as PATCHBAY_MASTER_KEY_PREVIOUS`);
  }
  const masters = rows.flatMap(({ version, kcv }) => {
    const bytes = byKcv.get(kcv);
    return bytes === undefined ? [] : [{ version, bytes }];
  });
  const usedKcvs = new Set(rows.map((row) => row.kcv));
  return { kind: 'use', masters, changes, unusedKcvs: [...byKcv.keys()].filter((kcv) => !usedKcvs.has(kcv)) };
}

/** Whether boxes of this version may exist: a pending key has sealed nothing yet, a retired one has no rows left. */
function isNeeded(row: StoredMasterKey): boolean {
  return row.status === 'active' || row.status === 'decrypt_only';
}

function retired({ version, kcv }: StoredMasterKey): StoredMasterKey {
  return { version, kcv, status: 'retired' };
}

function nextVersion(stored: StoredMasterKey[]): number {
  return 1 + Math.max(0, ...stored.map((row) => row.version));
}

function needs(sealedRows: number): string {
  return sealedRows === 1 ? '1 sealed secret needs' : `${sealedRows} sealed secrets need`;
}

function refuse(line: string): MasterKeyDecision {
  return { kind: 'refuse', line };
}
