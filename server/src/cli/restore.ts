/** `patchbay restore`: brings a backup into an empty place, after everything about it was checked. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandFailed, exitConfig, exitOk } from '../app/ends.ts';
import { holdsAnotherKey, installKeyFile, keysAtHand, neededKeyFault } from '../app/master-key.ts';
import type { Settings } from '../app/settings.ts';
import { takeCensus } from '../control/sealed-values.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { listInstanceIds, openBooks } from '../storage/instances.ts';
import { markUnknown } from '../storage/ledger.ts';
import { migrate, migrationsFor } from '../storage/migrate.ts';
import { extractDatabase, readBackup, settleFile, type Backup } from '../storage/portable/backup-file.ts';
import { copyToPostgres } from '../storage/portable/to-postgres.ts';
import { openSqlite } from '../storage/sqlite/engine.ts';
import { lockFile } from '../storage/sqlite/lock.ts';
import { withControl } from './offline.ts';
import { report, type Terminal } from './output.ts';

export interface RestoreWish {
  file: string;
  /** In the place of the data directory of the settings. */
  dataDir: string | null;
  /** A file with the master key, which becomes the one of the data directory. */
  keyFile: string | null;
  /** Puts what is there aside, in place of refusing. */
  isForced: boolean;
  isJson: boolean;
}

/** What belongs to one installation in a data directory. */
const ownNames = ['patchbay.db', 'patchbay.db-wal', 'patchbay.db-shm', 'patchbay.running', 'journal'] as const;
const keyName = 'master.key';
const censusRows = 1_000;

/** Exit code 0 when everything is in place and opens; 78 and one line where it is not, with nothing changed. */
export async function restore(ambient: Settings, terminal: Terminal, wish: RestoreWish): Promise<number> {
  const settings: Settings = wish.dataDir === null ? ambient : { ...ambient, dataDir: wish.dataDir };
  const backup = await readBackup(resolve(wish.file));
  const { manifest } = backup;
  const newest = (await migrationsFor('sqlite')).at(-1)?.id ?? 0;
  if (manifest.schema > newest)
    throw new CommandFailed(
      `the backup has schema ${manifest.schema}, this version knows ${newest}; restore it with a newer version`,
      exitConfig,
    );
  const keyText = wish.keyFile === null ? null : readKey(wish.keyFile);
  const keys = keysAtHand(settings, keyText);
  const fault = manifest.sealedValues === 0 ? null : neededKeyFault(manifest.masterKeys, keys);
  if (fault !== null) throw new CommandFailed(fault, exitConfig);
  const found: string[] = ownNames.filter(
    (name) => existsSync(join(settings.dataDir, name)) && !isEmptyFolder(join(settings.dataDir, name)),
  );
  // The key of what is put aside goes with it: the two are of no use without each other.
  if (keyText !== null && holdsAnotherKey(settings.dataDir, keyText)) {
    if (!wish.isForced)
      throw new CommandFailed(
        `${join(settings.dataDir, keyName)} holds another master key; move it away first, or --force to put it aside`,
        exitConfig,
      );
    found.push(keyName);
  }
  if (found.length > 0 && !wish.isForced)
    throw new CommandFailed(
      `${settings.dataDir} is not empty (${found.join(', ')}); give another place with --data, or --force to put it aside`,
      exitConfig,
    );
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  const result = await putInPlace(settings, wish, backup, found, terminal);
  report(terminal, wish.isJson, { file: resolve(wish.file), dataDir: settings.dataDir, ...result }, linesOf(settings, backup, result));
  return result.unreadable === 0 ? exitOk : exitConfig;
}

interface Restored {
  rows: number;
  secrets: number;
  unreadable: number;
  /** Requests that were under way at the moment of the backup: nobody will settle them any more. */
  unknown: number;
  putAside: string | null;
}

const isEmptyFolder = (path: string): boolean => {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
};

function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new CommandFailed(
      `the key file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`,
      exitConfig,
    );
  }
}

async function putInPlace(
  settings: Settings,
  wish: RestoreWish,
  backup: Backup,
  found: readonly string[],
  terminal: Terminal,
): Promise<Restored> {
  const scratch = join(settings.dataDir, `restoring-${process.pid}`);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  try {
    const database = join(scratch, 'patchbay.db');
    await extractDatabase(resolve(wish.file), backup, database);
    const deps = { clock: systemClock, log: createLog('silent') };
    // Held from here on, so that no server starts on what is being put there.
    let putAside: string | null = null;
    if (settings.databaseUrl === null) {
      const lock = lockFile(join(settings.dataDir, 'patchbay.lock'));
      try {
        if (found.length > 0) putAside = setAside(settings.dataDir, found);
        renameSync(database, join(settings.dataDir, 'patchbay.db'));
      } finally {
        lock.release();
      }
    } else {
      await bringToThisVersion(deps, scratch);
      const tell = (table: string, rows: number): void => (wish.isJson ? undefined : terminal.out(`${table}: ${rows} rows`));
      await copyToPostgres(deps, { file: database, databaseUrl: settings.databaseUrl, scratchDir: scratch, tell });
    }
    // Beside PostgreSQL the files of the directory stay, but for a key that is replaced.
    if (settings.databaseUrl !== null && found.includes(keyName)) putAside = setAside(settings.dataDir, [keyName]);
    if (wish.keyFile !== null) installKeyFile(settings.dataDir, readKey(wish.keyFile));
    const rows = Object.values(backup.manifest.tables).reduce((sum, count) => sum + count, 0);
    return { rows, putAside, ...(await lookAt(settings)) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Moves what is there into a folder of its own beside it; nothing is deleted. */
function setAside(dataDir: string, names: readonly string[]): string {
  const folder = join(dataDir, `replaced-${systemClock.nowMs()}`);
  mkdirSync(folder, { mode: 0o700 });
  for (const name of names) renameSync(join(dataDir, name), join(folder, name));
  return folder;
}

/** The copy goes into the tables of this version, so it is one of this version first. */
async function bringToThisVersion(deps: { clock: typeof systemClock; log: ReturnType<typeof createLog> }, dir: string): Promise<void> {
  const driver = await openSqlite(deps, dir);
  try {
    await migrate(driver, deps);
  } finally {
    await driver.close();
  }
  settleFile(join(dir, 'patchbay.db'));
}

/** Opens what was restored as a start would, tries every secret, and closes what nobody will settle. */
function lookAt(settings: Settings): Promise<Pick<Restored, 'secrets' | 'unreadable' | 'unknown'>> {
  return withControl(settings, async (deps) => {
    const { values, unreadable } = await takeCensus(deps, { isOpening: true, pageRows: censusRows });
    let unknown = 0;
    const nowMs = deps.clock.nowMs();
    for (const id of await listInstanceIds(deps.database)) {
      const { books, lastSeenMs } = await openBooks(deps.database, id, nowMs);
      unknown += await markUnknown(deps.database, books, Number.MAX_SAFE_INTEGER, lastSeenMs ?? nowMs, nowMs);
    }
    return { secrets: values, unreadable: unreadable.length, unknown };
  });
}

function linesOf(settings: Settings, { manifest }: Backup, { rows, secrets, unreadable, unknown, putAside }: Restored): string[] {
  const place = settings.databaseUrl === null ? settings.dataDir : 'PostgreSQL';
  return [
    `Restored into ${place}: the state of ${manifest.createdAt}, ${rows} rows; counts and sums are those of the backup.`,
    unreadable === 0
      ? `All ${secrets} stored secrets open with the master key given.`
      : `${unreadable} of ${secrets} stored secrets do not open; they were unreadable before the backup, or it was altered.`,
    ...(unknown > 0 ? [`${unknown} requests were under way at that moment; they are marked as unknown in the books.`] : []),
    ...(putAside === null ? [] : [`What was there before is in ${putAside}.`]),
  ];
}
