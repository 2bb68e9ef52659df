/** Which master keys are accepted and in which spellings, and that derived keys have nothing to do with each other. */
import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { decodeMasterKey, deriveLabel, isKeyVersion, keyCheckValue, parseMasterKey, WeakMasterKey } from '../../src/vault/keys.ts';
import { weaknessOf, type Weakness } from '../../src/vault/weak-keys.ts';
import { errorOf, newMaster } from './parts.ts';

const good = new Uint8Array(Buffer.from('d4173fa09b5c62e81f0a7be3946dc85203b1fe6dcc479a2815730ed2a9f85e31', 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const from = (make: (index: number) => number): Uint8Array => Uint8Array.from({ length: 32 }, (_, index) => make(index));

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);
const digest = (word: string): Uint8Array => new Uint8Array(createHash('sha256').update(word).digest());

function weaknessOfText(spelled: string, read = parseMasterKey): Weakness {
  const error = errorOf(() => read(spelled));
  if (error instanceof WeakMasterKey) return error.weakness;
  throw error;
}

describe('spellings', () => {
  test.each([
    ['base64', base64Of(good)],
    ['base64 without padding', base64Of(good).replace('=', '')],
    ['base64url', Buffer.from(good).toString('base64url')],
    ['hex', hexOf(good)],
    ['upper-case hex', hexOf(good).toUpperCase()],
    ['a file with a line break at its end', `${base64Of(good)}\n`],
    ['white space around it', `  ${hexOf(good)} \r\n`],
  ])('%s is read', (_name, text) => {
    expect(hexOf(parseMasterKey(text))).toBe(hexOf(good));
  });

  test('1,000 random keys are read back from all three spellings', () => {
    for (let round = 0; round < 1000; round += 1) {
      const bytes = new Uint8Array(randomBytes(32));
      for (const text of [base64Of(bytes), Buffer.from(bytes).toString('base64url'), hexOf(bytes)])
        expect(hexOf(parseMasterKey(text))).toBe(hexOf(bytes));
    }
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a passphrase', 'correct horse battery staple'],
    ['16 bytes', base64Of(good.subarray(0, 16))],
    ['31 bytes', base64Of(good.subarray(0, 31))],
    ['33 bytes', base64Of(Uint8Array.from([...good, 1]))],
    ['64 bytes of hex', hexOf(good) + hexOf(good)],
    ['hex with one digit missing', hexOf(good).slice(1)],
    ['hex with a letter beyond f', `g${hexOf(good).slice(1)}`],
    ['a space inside', `${base64Of(good).slice(0, 20)} ${base64Of(good).slice(20)}`],
    ['a prefix', `base64:${base64Of(good)}`],
    ['quotes', `"${base64Of(good)}"`],
    ['double padding', `${base64Of(good)}=`],
    ['spare bits in the last character', `${base64Of(good).slice(0, -2)}F=`],
    ['characters beyond ASCII', `é${base64Of(good).slice(1)}`],
  ])('%s is refused', (_name, text) => {
    expect(weaknessOfText(text)).toBe('encoding');
    expect(weaknessOfText(text, decodeMasterKey)).toBe('encoding');
  });

  test('a refusal says why and never shows the text', () => {
    const sample = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
    for (const text of [`${base64Of(good)}!`, sample]) {
      const error = errorOf(() => parseMasterKey(text));
      expect(error).toBeInstanceOf(WeakMasterKey);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(text.slice(0, 12));
      expect(String(error)).toMatch(/^WeakMasterKey: the master key is refused: .+/);
      expect(String(error)).not.toContain('\n');
    }
  });
});

describe('weak keys', () => {
  test.each([
    ['zeros', from(() => 0), 'all_equal'],
    ['0xff everywhere', from(() => 255), 'all_equal'],
    ['the letter a', from(() => 0x61), 'all_equal'],
    ['counting up', from((index) => index), 'sequential'],
    ['counting from 1', from((index) => index + 1), 'sequential'],
    ['counting down', from((index) => 255 - index), 'sequential'],
    ['counting over the edge of a byte', from((index) => 240 + index), 'sequential'],
    ['counting by seven', from((index) => index * 7), 'sequential'],
    ['a random half and a counted half', from((index) => (index < 16 ? (good[index] ?? 0) : index)), 'sequential'],
    ['eight zeros in a random key', from((index) => (index > 8 && index < 17 ? 0 : (good[index] ?? 0))), 'sequential'],
    ['two bytes in turn', from((index) => index % 2), 'repeating'],
    ['deadbeef', from((index) => [0xde, 0xad, 0xbe, 0xef][index % 4] ?? 0), 'repeating'],
    ['three bytes in turn', from((index) => [9, 200, 77][index % 3] ?? 0), 'repeating'],
    ['0123456789abcdef as hex, again and again', Buffer.from('0123456789abcdef'.repeat(4), 'hex'), 'repeating'],
    ['a 128-bit key twice', from((index) => good[index % 16] ?? 0), 'repeating'],
    ['a passphrase of 32 letters', text('correct horse battery staple 12!'), 'low_entropy'],
    ['hex digits that were encoded once more', text(hexOf(good).slice(0, 32)), 'low_entropy'],
    ['fifteen different bytes', from((index) => good[(index * index + (index >> 3)) % 15] ?? 0), 'low_entropy'],
    ['the key of the NIST examples', Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex'), 'sample'],
    ['a key from an RFC', Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'), 'sample'],
    ['a key from set-up guides', Buffer.from('81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs=', 'base64'), 'sample'],
    ['another', Buffer.from('46BKJoQYlPPOexq0OhDZnIlNepKFf87WFwLbfzqDDho=', 'base64'), 'sample'],
    ['the digest of nothing', digest(''), 'sample'],
    ['the digest of "changeme"', digest('changeme'), 'sample'],
    ['the digest of "patchbay"', digest('patchbay'), 'sample'],
  ] as [string, Uint8Array, Weakness][])('%s', (_name, bytes, weakness) => {
    expect(bytes.length).toBe(32);
    expect(weaknessOf(bytes)).toBe(weakness);
    expect(weaknessOfText(hexOf(bytes))).toBe(weakness);
    expect(weaknessOfText(base64Of(bytes))).toBe(weakness);
    // An old key of this kind can still be read, to open what it sealed.
    expect(hexOf(decodeMasterKey(hexOf(bytes)))).toBe(hexOf(bytes));
  });

  test('the limits are exact: one step less is still accepted, so that random keys are not refused by chance', () => {
    const withStretch = (length: number): Uint8Array => from((index) => (index < length ? 250 + index : (good[index] ?? 0)));
    expect(weaknessOf(withStretch(7))).toBeNull();
    expect(weaknessOf(withStretch(8))).toBe('sequential');
    const fifteen = from((index) => good[index < 15 ? index : (index * index) % 11] ?? 0);
    const sixteen = Uint8Array.from([...fifteen.subarray(0, 31), 0xee]);
    expect([new Set(fifteen).size, new Set(sixteen).size]).toEqual([15, 16]);
    expect(weaknessOf(fifteen)).toBe('low_entropy');
    expect(weaknessOf(sixteen)).toBeNull();
    const almostText = from((index) => (index === 31 ? 0x1f : 'correct horse battery staple 12!'.charCodeAt(index)));
    expect(weaknessOf(almostText)).toBeNull();
  });

  test('another length is a weakness', () => {
    for (const length of [0, 1, 16, 31, 33, 64]) expect(weaknessOf(new Uint8Array(length))).toBe('length');
  });

  test('20,000 random keys are all accepted', () => {
    const pool = new Uint8Array(randomBytes(32 * 1000));
    let refused = 0;
    for (let round = 0; round < 20_000; round += 1) {
      if (round % 1000 === 0) pool.set(randomBytes(pool.length));
      const at = (round % 1000) * 32;
      if (weaknessOf(pool.subarray(at, at + 32)) !== null) refused += 1;
    }
    expect(refused).toBe(0);
  });
});

describe('derived keys', () => {
  const master = newMaster(1);

  test('a check value is 16 hex digits, the same for the same key alone', () => {
    expect(keyCheckValue(master.bytes)).toMatch(/^[0-9a-f]{16}$/);
    expect(keyCheckValue(Uint8Array.from(master.bytes))).toBe(keyCheckValue(master.bytes));
    expect(keyCheckValue(newMaster(1).bytes)).not.toBe(keyCheckValue(master.bytes));
    expect(keyCheckValue(good)).toBe('dc89c338d8ff99a4');
  });

  test('each label and each master key gives a key of its own, 32 bytes long', () => {
    const labels = ['audit-mac', 'cookie-secret', 'webhook-signing', 'audit-mac ', 'a', 'udit-mac'];
    const derived = [master, newMaster(1)].flatMap((key) => labels.map((label) => hexOf(deriveLabel(key, label))));
    expect(new Set(derived).size).toBe(labels.length * 2);
    expect(derived.every((key) => key.length === 64)).toBe(true);
    expect(derived).not.toContain(hexOf(master.bytes));
    expect(hexOf(deriveLabel(master, 'audit-mac'))).toBe(derived[0]);
    expect(hexOf(deriveLabel({ version: 9, bytes: master.bytes }, 'audit-mac'))).toBe(derived[0]);
  });

  test('no check value is the beginning of a derived key', () => {
    for (const label of ['patchbay-kcv', 'audit-mac'])
      expect(hexOf(deriveLabel(master, label)).startsWith(keyCheckValue(master.bytes))).toBe(false);
  });

  test('a label or a master key that is missing is a bug, not a key', () => {
    expect(() => deriveLabel(master, '')).toThrow(RangeError);
    expect(() => deriveLabel({ version: 1, bytes: new Uint8Array(0) }, 'audit-mac')).toThrow(RangeError);
  });

  test('versions are whole numbers from 1 to 2^32 - 1', () => {
    expect([1, 2, 4_294_967_295].every(isKeyVersion)).toBe(true);
    expect([0, -1, 0.5, 4_294_967_296, Number.NaN, Infinity].some(isKeyVersion)).toBe(false);
  });
});
