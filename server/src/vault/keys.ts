/** Reads master keys, and derives from them every other key of the house, each under its own label. */
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { lengthPrefixed, type OwnerRef } from './place.ts';
import { masterKeyBytes, weaknessOf, type Weakness } from './weak-keys.ts';

/** One row of table `owner_keys`: no key, only the salt one is derived with. Deleting the row shreds what it sealed. */
export interface OwnerKey {
  version: number;
  /** 32 bytes. */
  salt: Uint8Array;
}

export interface MasterKey {
  version: number;
  /** 32 bytes. */
  bytes: Uint8Array;
}

/**
 * Of all keys in use, the current one last: those up to it by their age. One that an instance was given ahead of a rotation is newer, opens for
 * that instance alone, and must not become what it has in common with the others.
 */
export function upToCurrent(masters: readonly MasterKey[]): MasterKey[] {
  const current = masters.at(-1)!.version;
  return masters.filter(({ version }) => version <= current).toSorted((a, b) => a.version - b.version);
}

export const saltBytes = 32;
const versionMax = 0xffff_ffff;
const derivedKeyBytes = 32;
const checkValueBytes = 8;
const hexPattern = /^[0-9a-f]{64}$/i;
const base64Pattern = /^[A-Za-z0-9+/_-]{43}=?$/;

const weaknessTexts: Record<Weakness, string> = {
  length: 'it must be exactly 32 bytes',
  encoding: 'it must be base64, base64url or hex of exactly 32 bytes',
  all_equal: 'all its bytes are equal',
  sequential: 'its bytes form a sequence',
  repeating: 'its bytes repeat',
  low_entropy: 'its bytes are not random',
  sample: 'it is a published sample or the digest of a common word',
};

/** A master key that must not be used. Says why, never what it was. */
export class WeakMasterKey extends Error {
  override readonly name = 'WeakMasterKey';
  readonly weakness: Weakness;

  constructor(weakness: Weakness) {
    super(`the master key is refused: ${weaknessTexts[weakness]}`);
    this.weakness = weakness;
  }
}

/** Whether a number fits a box header's version field: 1 to 2^32 - 1. */
export function isKeyVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= versionMax;
}

/**
 * Tells master keys apart without showing them: the first 8 bytes of HMAC-SHA256(root, "patchbay-kcv") in hex.
 * It is kept beside the key's version, printed in boot refusals, and reveals nothing usable about the key.
 */
export function keyCheckValue(bytes: Uint8Array): string {
  return createHmac('sha256', bytes).update('patchbay-kcv').digest().subarray(0, checkValueBytes).toString('hex');
}

/**
 * Reads a master key from base64, base64url or hex, without judging its strength: for old keys, which must open what they
 * sealed even where a later release would refuse them. Throws WeakMasterKey('encoding').
 */
export function decodeMasterKey(text: string): Uint8Array {
  const trimmed = text.trim();
  if (hexPattern.test(trimmed)) return new Uint8Array(Buffer.from(trimmed, 'hex'));
  if (!base64Pattern.test(trimmed)) throw new WeakMasterKey('encoding');
  const bytes = Buffer.from(trimmed, 'base64');
  const spelled = trimmed.replace('=', '').replaceAll('+', '-').replaceAll('/', '_');
  // The last character has two spare bits. A key with those set was mistyped or cut, and would be accepted as another text's key.
  if (bytes.toString('base64url') !== spelled) throw new WeakMasterKey('encoding');
  return new Uint8Array(bytes);
}

/**
 * Reads the current master key: base64, base64url or hex of exactly 32 bytes, white space around it ignored.
 * Throws WeakMasterKey for another length or spelling, and for keys that can be guessed (all equal, sequential, repeating,
 * text, published samples). The error never carries the text.
 */
export function parseMasterKey(text: string): Uint8Array {
  const bytes = decodeMasterKey(text);
  const weakness = weaknessOf(bytes);
  if (weakness !== null) throw new WeakMasterKey(weakness);
  return bytes;
}

/**
 * A 32-byte key for one use (audit MAC, cookie secret, webhook signing), by HKDF-SHA256 with the label as info. One key per
 * use: a signature made for one can never be taken for another, and none of them can open a box.
 */
export function deriveLabel(master: MasterKey, label: string): Uint8Array {
  if (master.bytes.length !== masterKeyBytes) throw new RangeError('a master key has 32 bytes');
  if (label === '') throw new RangeError('a derived key needs a label');
  const info = lengthPrefixed(['patchbay/label/v1', label]);
  return new Uint8Array(hkdfSync('sha256', master.bytes, new Uint8Array(0), info, derivedKeyBytes));
}

/**
 * The key one owner's values are sealed with: HKDF-SHA256(master, owner's salt, label | scope | id | version). It is never
 * stored; the random salt is what makes rotation and shredding of one owner possible.
 */
export function deriveOwnerKey(root: KeyObject, owner: OwnerRef, ownerKey: OwnerKey): KeyObject {
  const info = lengthPrefixed(['patchbay/owner-key/v1', owner.scope, owner.id, String(ownerKey.version)]);
  const bytes = new Uint8Array(hkdfSync('sha256', root, ownerKey.salt, info, derivedKeyBytes));
  const key = createSecretKey(bytes);
  bytes.fill(0); // The key object keeps its own copy, which nothing can print.
  return key;
}
