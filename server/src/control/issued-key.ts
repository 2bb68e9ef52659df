/** Makes the keys that Patchbay issues: prefix, 256 random bits, a checksum. Only a SHA-256 of the whole text is kept. */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Ids } from '../lib/ids.ts';

const randomByteCount = 32;

export interface IssuedKey {
  /** The key itself, for the one answer that shows it. */
  text: string;
  /** Hex SHA-256 of the whole text: what is stored and looked up. No salt is needed, because nobody can guess 256 bits. */
  hash: string;
  last4: string;
}

export const hashOfKey = (text: string): string => hash('sha256', text);

/** Six characters that tell a mistyped or cut key from a real one without a look-up; scanners for leaked keys use it too. */
export function checksumOf(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString('base64url');
}

export function issueKey(ids: Pick<Ids, 'bytes'>, prefix: string): IssuedKey {
  const body = prefix + Buffer.from(ids.bytes(randomByteCount)).toString('base64url');
  const text = body + checksumOf(body);
  return { text, hash: hashOfKey(text), last4: text.slice(-4) };
}
