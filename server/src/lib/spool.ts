/** Bytes that are too many to hold in memory: kept in a file without a name, so that nobody else can read them and nothing stays behind. */
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** What all spools of this process may hold together. */
export const spooledBytesMax = 2 * 1024 * 1024 * 1024;
let spooledBytes = 0;

const pieceBytes = 65_536;

/** The process holds as much as it may. */
export class SpoolFull extends Error {
  override readonly name = 'SpoolFull';
}

export interface Extent {
  start: number;
  length: number;
}

export interface Spool {
  /** Where the bytes lie once the promise has resolved. The place is taken at once, so writes may overlap. Rejects with SpoolFull. */
  write(bytes: Uint8Array): { extent: Extent; written: Promise<void> };
  /** The bytes of one place, piece by piece. */
  read(extent: Extent): AsyncGenerator<Buffer>;
  /** Gives the space back. Reads that are under way end first; later ones reject. */
  close(): Promise<void>;
}

/** A disk that is nearly full takes a part of a write without a word; the next write says what is wrong. */
async function writeWhole(file: FileHandle, bytes: Uint8Array, start: number): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at, start + at)).bytesWritten;
}

/** `name` must be no other spool's. The folder is made where it is missing. */
export async function openSpool(dir: string, name: string): Promise<Spool> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, name);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  let length = 0;
  let isClosed = false;
  return {
    write(bytes) {
      const extent = { start: length, length: bytes.length };
      if (isClosed || spooledBytes + bytes.length > spooledBytesMax) return { extent, written: Promise.reject(new SpoolFull()) };
      length += bytes.length;
      spooledBytes += bytes.length;
      return { extent, written: writeWhole(file, bytes, extent.start) };
    },
    async *read({ start, length: wanted }) {
      for (let at = start; at < start + wanted;) {
        const piece = Buffer.allocUnsafe(Math.min(pieceBytes, start + wanted - at));
        const { bytesRead } = await file.read(piece, 0, piece.length, at);
        if (bytesRead === 0) throw new Error('a spool ended before its bytes did');
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      spooledBytes -= length;
      await file.close();
    },
  };
}

/** Bytes in all spools of this process. */
export const bytesInSpools = (): number => spooledBytes;
