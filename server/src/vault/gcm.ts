/** AES-256-GCM as one run of bytes: iv(12), cipher text, tag(16). The vault's own boxes have a header besides, and are taken apart by `box.ts`. */
import { createCipheriv, createDecipheriv, type CipherKey } from 'node:crypto';
import { ivBytes, tagBytes } from './box.ts';

const algorithm = 'aes-256-gcm';
const cipherOptions = { authTagLength: tagBytes };

/** Bytes that are no contents. */
export const gcmOverheadBytes = ivBytes + tagBytes;

/** `iv` are 12 random bytes that no other value under this key had; `boundTo` has to be the same to open it. */
export function gcmSealed(contents: Uint8Array, key: CipherKey, boundTo: Uint8Array, iv: Uint8Array): Buffer {
  const cipher = createCipheriv(algorithm, key, iv, cipherOptions);
  cipher.setAAD(boundTo);
  return Buffer.concat([iv, cipher.update(contents), cipher.final(), cipher.getAuthTag()]);
}

/** Null for what was not sealed so. @param bytes at least `gcmOverheadBytes` */
export function gcmOpened(bytes: Buffer, key: CipherKey, boundTo: Uint8Array): Buffer | null {
  const tagAt = bytes.length - tagBytes;
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), cipherOptions);
  decipher.setAAD(boundTo);
  decipher.setAuthTag(bytes.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes, tagAt)), decipher.final()]);
  } catch {
    return null;
  }
}
