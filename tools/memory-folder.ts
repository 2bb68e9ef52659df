/** A folder in memory for what the tests write: no commit of theirs waits for a disk, and nothing of it outlives the machine. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';

const place = '/dev/shm';
const prefix = 'patchbay-tests-';
/** The type of a file system that lies in memory, Linux' TMPFS_MAGIC. */
const tmpfs = 0x01021994;
/** A run holds half a gigabyte at most at once; what has less than eight times that to give is left alone. */
const roomBytesMin = 4 * 1024 ** 3;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** What a run left that was killed; folders of runs that go on stay. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : NaN;
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

const hasRoom = (parent: string, bytes: number): boolean => {
  const { type, bavail, bsize } = statfsSync(parent);
  return type === tmpfs && bavail * bsize >= bytes && freemem() >= bytes;
};

/**
 * A new folder in memory, to be removed by who asks; null where the system has no memory to give for it, or somebody has said with
 * TMPDIR where temporary files belong.
 */
export function folderInMemory(environment: { TMPDIR?: string } = process.env, parent = place, roomBytes = roomBytesMin): string | null {
  if (environment.TMPDIR !== undefined || !existsSync(parent) || !hasRoom(parent, roomBytes)) return null;
  try {
    sweep(parent);
    const dir = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
    // Servers that tests start as other users go through it to folders of their own.
    chmodSync(dir, 0o711);
    return dir;
  } catch {
    return null; // It is not ours to write to.
  }
}
