/** One process per SQLite file: a lock that the operating system takes back when the process dies, however it dies. */
import { DatabaseSync } from 'node:sqlite';
import { DataDirectoryLocked, StorageStartError } from '../errors.ts';

export interface FileLock {
  release(): void;
}

/**
 * Holds an exclusive lock on a sibling file. It is never opened by other means in this process: closing any other
 * descriptor of the file would drop a POSIX lock.
 * @throws StorageStartError where another process holds it
 */
export function lockFile(path: string): FileLock {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    if (database?.isOpen) database.close();
    const primary = Number((error as { errcode?: unknown }).errcode) & 0xff;
    const isHeld = primary === 5 || primary === 6;
    const reason = isHeld ? 'another Patchbay process uses it' : (error as Error).message;
    const Refused = isHeld ? DataDirectoryLocked : StorageStartError;
    throw new Refused(`the data directory is locked (${path}): ${reason}`, { cause: error });
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}
