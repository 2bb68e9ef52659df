/** A file that was given to us and is read later: taken in piece by piece within a bound, and known by its hash. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge';
}

export interface KeptFile {
  bytes: number;
  /** SHA-256 in hex. */
  hash: string;
}

const pathOf = (dir: string, name: string): string => join(dir, name);

/** Writes the pieces to a file of this name, which must be new and nobody else's to read. Rejects with FileTooLarge; nothing stays then. */
export async function keepFile(dir: string, name: string, pieces: AsyncIterable<Uint8Array>, bytesMax: number): Promise<KeptFile> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = await open(pathOf(dir, name), 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > bytesMax) throw new FileTooLarge();
      hash.update(piece);
      // Goes on after a write that the disk took a part of, where a plain write would call it done.
      await file.writeFile(piece);
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await dropFile(dir, name);
    throw error;
  }
  await file.close();
  return { bytes, hash: hash.digest('hex') };
}

export const hasFile = (dir: string, name: string): boolean => existsSync(pathOf(dir, name));

/** Its bytes from the beginning, piece by piece. */
export const readKept = (dir: string, name: string): AsyncIterable<Buffer> => createReadStream(pathOf(dir, name));

/** Removes it; one that is not there is no fault. */
export const dropFile = (dir: string, name: string): Promise<void> => rm(pathOf(dir, name), { force: true });
