/** Tells master keys that somebody could guess: typed, counted, hashed from a word, or copied from a document. */
import { createHash } from 'node:crypto';

export type Weakness = 'length' | 'encoding' | 'all_equal' | 'sequential' | 'repeating' | 'low_entropy' | 'sample';

export const masterKeyBytes = 32;

// Each limit refuses fewer than one in ten billion truly random keys: 32 random bytes have about 30 distinct values.
const distinctBytesMin = 16;
const steadyStretchMax = 7;
const periodMax = 16;

/** Keys printed in standards and in other products' documentation; whoever holds one of them holds no secret. */
const samples = [
  '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', // NIST SP 800-38A, AES-256 examples.
  '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', // RFC 8032, first Ed25519 test key.
  'f351ea0ed6ea032c0a48eba64a16b706158d39d436eac953e8ad18699799c8fb', // Set-up guides of a task scheduler, copied into many projects.
  'e3a04a26841894f3ce7b1ab43a10d99c894d7a92857fced61702db7f3a830e1a', // The same, in its container images.
];

/** Words whose SHA-256 digest people take for a key: `echo -n changeme | sha256sum`. */
const words = [
  '',
  'password',
  'secret',
  'changeme',
  'change-me',
  'change_me',
  'test',
  'admin',
  'patchbay',
  'master',
  'masterkey',
  'master-key',
  'key',
  'default',
  'example',
  'development',
  'production',
  '123456',
  '12345678',
  'qwerty',
  'letmein',
  'hello',
  'foo',
  'root',
  'dev',
];

const guessable = new Set([...samples, ...words.map((word) => createHash('sha256').update(word).digest('hex'))]);

/** The first reason to refuse these bytes as a master key, or null. Not a proof of randomness: it catches what people do. */
export function weaknessOf(bytes: Uint8Array): Weakness | null {
  if (bytes.length !== masterKeyBytes) return 'length';
  if (bytes.every((byte) => byte === bytes[0])) return 'all_equal';
  if (hasPeriod(bytes)) return 'repeating';
  if (longestSteadyStretch(bytes) > steadyStretchMax) return 'sequential';
  if (guessable.has(Buffer.from(bytes).toString('hex'))) return 'sample';
  // Text, also hex digits or a passphrase put through base64, carries far fewer bits than its length says.
  const isText = bytes.every((byte) => byte >= 0x20 && byte <= 0x7e);
  return isText || new Set(bytes).size < distinctBytesMin ? 'low_entropy' : null;
}

function hasPeriod(bytes: Uint8Array): boolean {
  for (let period = 2; period <= periodMax; period += 1) {
    if (bytes.every((byte, index) => index < period || byte === bytes[index - period])) return true;
  }
  return false;
}

/** The length of the longest run whose bytes rise, fall or stay by one constant step (modulo 256). */
function longestSteadyStretch(bytes: Uint8Array): number {
  let longest = 0;
  let run = 0;
  let before = 0;
  let stepBefore = Number.NaN; // No step is equal to this one, so the first pair starts a run of two.
  for (const [index, byte] of bytes.entries()) {
    const step = (byte - before) & 0xff;
    if (index > 0) {
      run = step === stepBefore ? run + 1 : 2;
      stepBefore = step;
    }
    before = byte;
    longest = Math.max(longest, run);
  }
  return longest;
}
