/** Finds this installation's master keys at start and makes the vault from them; generates the first one where that is safe. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sealedColumns } from '../domain/sealing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { StaleWrite, UniqueViolation } from '../storage/errors.ts';
import { countSealed, masterKeys, storeMasterKeys } from '../storage/master-keys.ts';
import { decideMasterKeys, type MasterKeyDecision, type StoredMasterKey } from '../vault/boot.ts';
import { decodeMasterKey, keyCheckValue, parseMasterKey, type MasterKey } from '../vault/keys.ts';
import { createVault, type Vault } from '../vault/vault.ts';
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

/** The decision for what is found now, without carrying it out; `patchbay doctor` asks too. @throws StartRefused, StorageUnavailable */
export async function decide(
  deps: Pick<MasterKeyDeps, 'database' | 'settings'>,
): Promise<{ decision: MasterKeyDecision; stored: StoredMasterKey[]; sealedRows: number }> {
  const { database, settings } = deps;
  const stored = await masterKeys(database);
  const sealedRows = await countSealed(database, sealedColumns);
  const decision = decideMasterKeys({
    given: settings.masterKey === null ? null : parseMasterKey(settings.masterKey.reveal()),
    fileKey: readKeyFile(keyFileOf(settings.dataDir)),
    previous: settings.masterKeysPrevious.map(decodeMasterKey),
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
