/** A backup as a file: one line that says what it is, and the bytes of a SQLite database behind it. `tail -n +2` takes the line off. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StorageStartError } from '../errors.ts';
import { backupFormat, backupFormatVersion, contentsFault, contentsOf, parseManifest, type Manifest } from './manifest.ts';
import { openPortableFile } from './sqlite-file.ts';

/** Counts of a hundred tables and sums of thirty years are far below this. */
const lineBytesMax = 8 * 1_048_576;
const chunkBytes = 65_536;
const lineFeed = 10;

/** Makes a copy of a database fit to travel: all in one file, without a log beside it. */
export function settleFile(path: string): void {
  const file = openPortableFile(path, { isReadOnly: false });
  try {
    file.run('PRAGMA journal_mode=DELETE');
    file.check();
  } finally {
    file.close();
  }
}

/** Writes the backup beside `target` first, then renames: there is never half a backup under its name. */
export async function writeBackup(
  database: string,
  target: string,
  facts: { engine: Manifest['engine']; createdAt: string },
): Promise<Manifest> {
  const file = openPortableFile(database, { isReadOnly: true });
  let manifest: Manifest;
  try {
    const { size } = await stat(database);
    const sha256 = await hashOf(createReadStream(database));
    const { createdAt, engine } = facts;
    const head = { format: backupFormat, formatVersion: backupFormatVersion, createdAt, engine } as const;
    manifest = { ...head, ...(await contentsOf(file)), bytes: size, sha256 };
  } finally {
    file.close();
  }
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { force: true });
  const parts = async function* (): AsyncGenerator<Buffer | string> {
    yield `${JSON.stringify(manifest)}\n`;
    yield* createReadStream(database) as AsyncIterable<Buffer>;
  };
  await pipeline(Readable.from(parts()), createWriteStream(unfinished, { mode: 0o600, flags: 'wx' }));
  await chmod(unfinished, 0o600);
  await syncPath(unfinished);
  await rename(unfinished, target);
  await syncPath(dirname(target));
  return manifest;
}

async function hashOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface Backup {
  manifest: Manifest;
  /** Where the database begins. */
  offset: number;
}

/** Reads the first line alone. @throws StorageStartError for a file that is no backup, or of a newer format */
export async function readBackup(path: string): Promise<Backup> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new StorageStartError(`${path} cannot be read (${error.code ?? 'unknown reason'})`, { cause: error });
  });
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    while (length < lineBytesMax) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, length);
      if (bytesRead === 0) break;
      const end = buffer.subarray(0, bytesRead).indexOf(lineFeed);
      chunks.push(buffer.subarray(0, end < 0 ? bytesRead : end));
      length += end < 0 ? bytesRead : end;
      if (end < 0) continue;
      const manifest = parseManifest(Buffer.concat(chunks).toString('utf8'));
      if (manifest === null) break;
      return { manifest, offset: length + 1 };
    }
    throw new StorageStartError(`${path} is no backup of Patchbay, or one of a newer version`);
  } finally {
    await handle.close();
  }
}

/**
 * Takes the database out of a backup and compares it with what the backup says of itself, byte by byte and sum by sum.
 * @throws StorageStartError where they differ; `to` is gone then
 */
export async function extractDatabase(path: string, { manifest, offset }: Backup, to: string): Promise<void> {
  try {
    const { size } = await stat(path);
    if (size - offset !== manifest.bytes)
      throw new StorageStartError(`${path} is not whole: ${size - offset} bytes instead of ${manifest.bytes}`);
    const hash = createHash('sha256');
    const hashed = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(createReadStream(path, { start: offset }), hashed, createWriteStream(to, { mode: 0o600, flags: 'wx' }));
    if (hash.digest('hex') !== manifest.sha256) throw new StorageStartError(`${path} was altered: its checksum is another one`);
    await syncPath(to);
    const file = openPortableFile(to, { isReadOnly: true });
    try {
      file.check();
      const fault = contentsFault(manifest, await contentsOf(file));
      if (fault !== null) throw new StorageStartError(`${path} was altered: its ${fault} are not what it says`);
    } finally {
      file.close();
    }
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}
