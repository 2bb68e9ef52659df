/** An authenticator app of the tests' own, straight from RFC 6238 and RFC 4648: the product's code is not asked. */
import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const periodMs = 30_000;

function bytesOfBase32(text: string): Buffer {
  let bits = '';
  for (const letter of text.replace(/=+$/, '')) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** The six digits that an app would show at a moment for the secret in Base32. */
export function codeAt(secret: string, atMs: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / periodMs)));
  const digest = createHmac('sha1', bytesOfBase32(secret)).update(counter).digest();
  const offset = digest.at(-1)! & 0xf;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const shown = new Set<string>();

/**
 * A code of this half minute or the next, which is good however late it comes through: each that was shown before may have been used.
 * The one of the half minute before ends at any moment, and is shown only where chance has made two the same.
 */
export function freshCode(secret: string): string {
  const code = [0, 1, -1].map((step) => codeAt(secret, Date.now() + step * periodMs)).find((one) => !shown.has(`${secret} ${one}`));
  if (code === undefined) throw new Error('every code of this moment was shown');
  shown.add(`${secret} ${code}`);
  return code;
}

/** Six digits that are no code of this moment. */
export function wrongCode(secret: string): string {
  const good = new Set([-2, -1, 0, 1, 2].map((step) => codeAt(secret, Date.now() + step * periodMs)));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !good.has(code))!;
}
