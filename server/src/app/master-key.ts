/** Finds this installation's master keys at start and makes the vault from them; generates the first one where that is safe. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { furtherSealedColumns, sealedColumns } from '../domain/sealing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import type { Database } from '../storage/database.ts';
import { StaleWrite, UniqueViolation } from '../storage/errors.ts';
import { countSealed, storeMasterKeys, wrappedKeys } from '../storage/master-keys.ts';
import { decideMasterKeys, type MasterKeyDecision, type StoredMasterKey } from '../vault/boot.ts';
import { decodeMasterKey, keyCheckValue, parseMasterKey, type MasterKey } from '../vault/keys.ts';
import { createVault, type Vault } from '../vault/vault.ts';
import { unwrapAll } from '../vault/wrap.ts';
import type { Settings } from './settings.ts';
import { StartRefused } from './start-refused.ts';

export interface MasterKeyDeps {
  /** Open and migrated. */
  database: Database;
  settings: Pick<Settings, 'dataDir' | 'masterKey' | 'masterKeysPrevious' | 'isProduction'>;
  ids: Ids;
  clock: Clock;
  log: Log;
}

export interface LoadedVault {
  vault: Vault;
  /** All keys in use, the current one last; other keys of the house are derived from them (`deriveLabel`). */
  masters: MasterKey[];
}

const keyBytes = 32;
/** Another instance that starts at the same time can be first a few times at most: each of its changes settles something. */
const decisionsMax = 3;

export const keyFileOf = (dataDir: string): string => join(dataDir, 'master.key');

/**
 * The boot check: which master keys are used is decided before anything is sealed, and stored in one transaction.
 * @throws StartRefused where the right key is missing; nothing has been written then. StorageUnavailable
 */
export async function loadVault(deps: MasterKeyDeps): Promise<LoadedVault> {
  for (let tries = 0; tries < decisionsMax; tries++) {
    const { decision, stored } = await decide(deps);
    if (decision.kind === 'refuse') throw new StartRefused(decision.line);
    const masters = await carryOut(deps, stored, decision);
    if (masters !== null) return { vault: createVault(masters, deps.ids), masters };
  }
  throw new StartRefused('other instances keep changing the list of master keys; start this one again');
}

/** Takes in the master keys that a rotation brought above a revision, before anything that they sealed is served. */
export const followingKeys =
  ({ database, vault, log }: { database: Database; vault: Vault; log: Log }) =>
  async (above: number): Promise<void> => {
    for (const row of await wrappedKeys(database, above)) {
      const isKnown = vault.learnWrapped(row);
      if (isKnown && row.status === 'active') vault.promote(row.version);
      if (!isKnown && row.status !== 'retired')
        log.error({ kcv: row.kcv }, 'a master key is in use that this instance does not have and cannot open; give it and start again');
    }
  };

/**
 * Puts a key in the place of the one in the data directory; the one before stays beside it, for backups from its time.
 * @returns the path of the one before; null where it was this key already. @throws StartRefused where a file cannot be written
 */
export function replaceKeyFile(dataDir: string, text: Secret): string | null {
  const [file, bytes] = [keyFileOf(dataDir), decodeMasterKey(text.reveal())];
  const before = readKeyFile(file);
  if (before !== null && keyCheckValue(before) === keyCheckValue(bytes)) return null;
  const kept = join(dataDir, `master-${before === null ? 'none' : keyCheckValue(before)}.key`);
  if (before !== null) writeKeyFile(dataDir, kept, before);
  writeKeyFile(dataDir, file, bytes);
  return before === null ? null : kept;
}

/** The decision for what is found now, without carrying it out; `patchbay doctor` asks too. @throws StartRefused, StorageUnavailable */
export async function decide(
  deps: Pick<MasterKeyDeps, 'database' | 'settings'>,
): Promise<{ decision: MasterKeyDecision; stored: StoredMasterKey[]; sealedRows: number }> {
  const { database, settings } = deps;
  const rows = await wrappedKeys(database);
  const stored = rows.map(({ version, kcv, status }) => ({ version, kcv, status }));
  const sealedRows = await countSealed(database, [...sealedColumns, ...furtherSealedColumns]);
  const given = settings.masterKey === null ? null : parseMasterKey(settings.masterKey.reveal());
  const fileKey = readKeyFile(keyFileOf(settings.dataDir));
  const previous = settings.masterKeysPrevious.map(decodeMasterKey);
  // A rotation leaves each key sealed under the other, so that a start in the middle of one needs either of them.
  const wrapped = unwrapAll(
    rows,
    [given, fileKey, ...previous].filter((bytes) => bytes !== null),
  );
  const decision = decideMasterKeys({
    given,
    fileKey,
    previous: [...previous, ...wrapped],
    stored,
    sealedRows,
    production: settings.isProduction,
    // Nobody can tell how many instances a PostgreSQL database has, and SQLite has exactly one.
    manyInstances: database.driver.engine === 'postgres',
  });
  return { decision, stored, sealedRows };
}

/** Stores what was decided; null where another instance was first, so that what it left must be looked at again. */
async function carryOut(
  deps: MasterKeyDeps,
  stored: StoredMasterKey[],
  decision: Exclude<MasterKeyDecision, { kind: 'refuse' }>,
): Promise<MasterKey[] | null> {
  const { settings, log } = deps;
  if (decision.kind === 'use') {
    if (!(await store(deps, stored, decision.changes))) return null;
    for (const kcv of decision.unusedKcvs) log.warn({ kcv }, 'a master key was given that nothing needs');
    warnOfOpenFile(deps);
    return decision.masters;
  }
  const bytes = deps.ids.bytes(keyBytes);
  const file = keyFileOf(settings.dataDir);
  // The file comes first: a row without its key would lock the database, a key without its row is simply found at the next start.
  writeKeyFile(settings.dataDir, file, bytes);
  const kcv = keyCheckValue(bytes);
  if (!(await store(deps, stored, [...decision.changes, { version: decision.version, kcv, status: 'active' }]))) {
    rmSync(file, { force: true });
    return null;
  }
  log.warn({ file, kcv }, 'a master key was generated; back it up apart from the database, without it no stored secret can be read');
  return [{ version: decision.version, bytes }];
}

async function store({ database, clock }: MasterKeyDeps, stored: StoredMasterKey[], changes: StoredMasterKey[]): Promise<boolean> {
  try {
    await storeMasterKeys(database, stored, changes, clock.nowMs());
    return true;
  } catch (error) {
    if (error instanceof UniqueViolation || error instanceof StaleWrite) return false;
    throw error;
  }
}

/** The key of an earlier start; null where there is no file. A damaged file is refused: a new key in its place would hide the loss. */
function readKeyFile(file: string): Uint8Array | null {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new StartRefused(`the master key file ${file} cannot be read (${code ?? 'unknown reason'})`, { cause: error });
  }
  try {
    return decodeMasterKey(text);
  } catch {
    throw new StartRefused(`the master key file ${file} is damaged; restore it from its backup`);
  }
}

/** Appears whole or not at all, also after a power failure, and never readable to others. */
function writeKeyFile(dataDir: string, file: string, bytes: Uint8Array): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const unfinished = `${file}.new`;
    rmSync(unfinished, { force: true });
    const descriptor = openSync(unfinished, 'wx', 0o600);
    try {
      writeSync(descriptor, `${Buffer.from(bytes).toString('base64')}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, file);
    const directory = openSync(dataDir, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartRefused(`the master key file ${file} cannot be written (${code ?? 'unknown reason'})`, { cause: error });
  }
}

function warnOfOpenFile({ settings, log }: MasterKeyDeps): void {
  const file = keyFileOf(settings.dataDir);
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) !== 0) log.warn({ file }, 'the master key file can be read by others on this machine; run: chmod 600 on it');
}

/** The master keys that a start here would find, and the one of a further file. @throws StartRefused for a file that cannot be read */
export function keysAtHand(settings: MasterKeyDeps['settings'], further: string | null): Uint8Array[] {
  const fileKey = readKeyFile(keyFileOf(settings.dataDir));
  return [
    ...(further === null ? [] : [parseMasterKey(further)]),
    ...(settings.masterKey === null ? [] : [parseMasterKey(settings.masterKey.reveal())]),
    ...(fileKey === null ? [] : [fileKey]),
    ...settings.masterKeysPrevious.map(decodeMasterKey),
  ];
}

/** Why none of these keys opens what a list of master keys sealed; null where one may. A key that only opens older values is not enough by itself. */
export function neededKeyFault(listed: readonly { kcv: string; status: string }[], keys: readonly Uint8Array[]): string | null {
  const given = keys.map(keyCheckValue);
  const needed = listed.filter(({ status }) => status === 'active' || status === 'decrypt_only').map(({ kcv }) => kcv);
  if (needed.some((kcv) => given.includes(kcv))) return null;
  const active = listed.find(({ status }) => status === 'active')?.kcv ?? 'unknown';
  if (given.length === 0)
    return `no master key was given: the secrets in it need the one with kcv=${active} (PATCHBAY_MASTER_KEY, or --key-file)`;
  return `wrong master key: kcv=${given.join(', ')} was given, kcv=${active} is needed; nothing was written`;
}

/** Whether a data directory has a key file of its own that holds another key than this text. */
export function holdsAnotherKey(dataDir: string, text: string): boolean {
  const known = readKeyFile(keyFileOf(dataDir));
  return known !== null && keyCheckValue(known) !== keyCheckValue(decodeMasterKey(text));
}

/** Makes a key the one of a data directory. @throws StartRefused where another one is there, or it cannot be written */
export function installKeyFile(dataDir: string, text: string): void {
  const file = keyFileOf(dataDir);
  if (holdsAnotherKey(dataDir, text)) throw new StartRefused(`${file} holds another master key; move it away first`);
  if (readKeyFile(file) === null) writeKeyFile(dataDir, file, parseMasterKey(text));
}
