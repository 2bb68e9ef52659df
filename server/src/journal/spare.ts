/**
 * The next segment, made before it is needed: a file of zeros that lines are then written over. A sync of such a file has nothing to do but
 * to write them; a file that grows costs the file system a transaction of its own with each sync, which takes twice as long.
 */
import { renameSync, unlinkSync } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const pieceBytes = 262_144;
/** Room is made where the disk has so many times as much left: the last of it belongs to lines and to the database. */
const leftTimesMin = 4;

const pieces = function* (bytes: number): Generator<Buffer> {
  const zeros = Buffer.alloc(Math.min(pieceBytes, bytes));
  for (let left = bytes; left > 0; left -= zeros.length) yield zeros.subarray(0, Math.min(zeros.length, left));
};

/** Fills a new file with zeros, which outlive a power failure. Rejects where the disk has none to spare. */
async function fillLater(path: string, bytes: number, isGoingOn: () => boolean): Promise<boolean> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < bytes * leftTimesMin) throw new Error('the disk is nearly full');
  const file = await open(path, 'w', 0o600);
  try {
    for (const piece of pieces(bytes)) {
      if (!isGoingOn()) return false;
      await file.appendFile(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return true;
}

export class SpareSegment {
  readonly #path: string;
  #readyBytes = 0;
  #filling: Promise<void> | null = null;
  /** Of the disk; it is asked again when the next segment begins. */
  #wasRefused = false;
  #isClosed = false;

  constructor(dir: string) {
    this.#path = join(dir, 'spare');
    // What an earlier run left may be half done.
    this.#remove();
  }

  /** Begins to make it, unless it is there or under way. Where that fails, as on a full disk, segments grow as they are written. */
  prepare(bytes: number): void {
    if (this.#isClosed || this.#wasRefused || this.isReady || this.isFilling) return;
    this.#filling = fillLater(this.#path, bytes, () => !this.#isClosed)
      .then((isFull) => {
        if (isFull) this.#readyBytes = bytes;
      })
      .catch(() => {
        this.#wasRefused = true;
        this.#remove();
      })
      .finally(() => (this.#filling = null));
  }

  get isFilling(): boolean {
    return this.#filling !== null;
  }

  get isReady(): boolean {
    return this.#readyBytes > 0;
  }

  /** Gives it the name of a segment; the bytes that it has room for, or 0 where there was none to take. */
  become(path: string): number {
    const bytes = this.#readyBytes;
    this.#readyBytes = 0;
    this.#wasRefused = false;
    if (bytes > 0) renameSync(this.#path, path);
    return bytes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#filling;
    this.#readyBytes = 0;
    this.#remove();
  }

  #remove(): void {
    try {
      unlinkSync(this.#path);
    } catch {
      // There is none.
    }
  }
}
