/**
 * Seals what instances of one installation leave for each other in a store that others may read and write: whoever holds no master key of
 * this installation can neither read nor make it. Bound to its place; nothing that is kept for good is sealed so.
 */
import { createSecretKey } from 'node:crypto';
import { ivBytes } from './box.ts';
import { gcmOpened, gcmOverheadBytes, gcmSealed } from './gcm.ts';
import { deriveLabel, type MasterKey } from './keys.ts';
import { lengthPrefixed } from './place.ts';
import type { RandomBytes } from './vault.ts';

const versionBytes = 4;
const label = 'shared';

export interface SharedBox {
  /** version(4) iv(12) cipher text tag(16). Differs each time. */
  seal(contents: Uint8Array, place: string): Buffer;
  /** Null for what was not sealed here: cut, altered, of another place, or under a key that this process does not have. */
  open(bytes: Uint8Array, place: string): Buffer | null;
}

/** `masters` are all in use, the current one last, which seals. */
export function createSharedBox(masters: readonly MasterKey[], random: RandomBytes): SharedBox {
  const keys = new Map(masters.map((master) => [master.version, createSecretKey(deriveLabel(master, label))]));
  const current = masters.at(-1)!.version;
  const boundTo = (version: number, place: string): Buffer => lengthPrefixed(['patchbay/shared/v1', String(version), place]);
  return {
    seal(contents, place) {
      const head = Buffer.alloc(versionBytes);
      head.writeUInt32BE(current);
      return Buffer.concat([head, gcmSealed(contents, keys.get(current)!, boundTo(current, place), random.bytes(ivBytes))]);
    },
    open(bytes, place) {
      if (bytes.length < versionBytes + gcmOverheadBytes) return null;
      const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const version = sealed.readUInt32BE();
      const key = keys.get(version);
      return key === undefined ? null : gcmOpened(sealed.subarray(versionBytes), key, boundTo(version, place));
    },
  };
}
