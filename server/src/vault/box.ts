/** The outer shape of a sealed value: its header, and how it travels as one line of text. */
import { isKeyVersion } from './keys.ts';

/** A box taken apart; nothing in it has been authenticated yet. */
export interface Box {
  masterVersion: number;
  ownerVersion: number;
  header: Uint8Array;
  iv: Uint8Array;
  cipherText: Uint8Array;
  tag: Uint8Array;
}

export const ivBytes = 12;
export const tagBytes = 16;
/** Large enough for a service account's JSON file; a provider's key has at most 4,096 bytes. */
export const plainBytesMax = 65_536;

const prefix = 'v1.';
const formatVersion = 1;
const algorithmAes256Gcm = 1;
const headerBytes = 10;
const overheadBytes = headerBytes + ivBytes + tagBytes;
const textLengthMax = prefix.length + Math.ceil(((overheadBytes + plainBytesMax) * 4) / 3);

/** ver(1) alg(1) masterVersion(4) ownerVersion(4), big endian. */
export function boxHeader(masterVersion: number, ownerVersion: number): Uint8Array {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(formatVersion, 0);
  header.writeUInt8(algorithmAes256Gcm, 1);
  header.writeUInt32BE(masterVersion, 2);
  header.writeUInt32BE(ownerVersion, 6);
  return header;
}

/** `v1.` and base64url of header, iv, cipher text and tag: one text value for one column. */
export function boxText(header: Uint8Array, iv: Uint8Array, cipherText: Uint8Array, tag: Uint8Array): string {
  return prefix + Buffer.concat([header, iv, cipherText, tag]).toString('base64url');
}

/** Takes a box apart; null where the text is not a box of this version in its one spelling. */
export function parseBox(text: string): Box | null {
  if (text.length > textLengthMax || !text.startsWith(prefix)) return null;
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64url');
  // Node's decoder skips what it does not know. Comparing leaves one text per box, so an altered character never goes unseen.
  if (bytes.length < overheadBytes || bytes.toString('base64url') !== encoded) return null;
  if (bytes[0] !== formatVersion || bytes[1] !== algorithmAes256Gcm) return null;
  const masterVersion = bytes.readUInt32BE(2);
  const ownerVersion = bytes.readUInt32BE(6);
  if (!isKeyVersion(masterVersion) || !isKeyVersion(ownerVersion)) return null;
  const tagAt = bytes.length - tagBytes;
  return {
    masterVersion,
    ownerVersion,
    header: bytes.subarray(0, headerBytes),
    iv: bytes.subarray(headerBytes, headerBytes + ivBytes),
    cipherText: bytes.subarray(headerBytes + ivBytes, tagAt),
    tag: bytes.subarray(tagAt),
  };
}
