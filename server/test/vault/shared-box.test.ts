/** What instances leave for each other: opened by whoever holds the same master key, at its place, whole, and by nobody else. */
import { describe, expect, test } from 'vitest';
import { createSharedBox, type SharedBox } from '../../src/vault/shared-box.ts';
import { canary, newMaster, strongRandom } from './parts.ts';

const first = newMaster(1);
const second = newMaster(2);
const boxOf = (...masters: Parameters<typeof createSharedBox>[0][number][]): SharedBox => createSharedBox(masters, strongRandom);
const contents = Buffer.from(canary);
const place = 'answer:abc';

describe('what is sealed', () => {
  test.each([0, 1, 15, 16, 17, 100_000])('of %i bytes opens again as it was', (length) => {
    const bytes = Buffer.from(strongRandom.bytes(length));
    expect(boxOf(first).open(boxOf(first).seal(bytes, place), place)).toEqual(bytes);
  });

  test('shows nothing of itself, and looks different each time', () => {
    const [one, other] = [boxOf(first).seal(contents, place), boxOf(first).seal(contents, place)];
    expect(one.includes(canary.slice(0, 6))).toBe(false);
    expect(one.equals(other)).toBe(false);
    expect(one).toHaveLength(4 + 12 + contents.length + 16);
    expect(one.readUInt32BE()).toBe(1);
  });

  test('opens from a piece of a larger buffer as well: what a socket brings begins anywhere', () => {
    const sealed = boxOf(first).seal(contents, place);
    const within = Buffer.concat([Buffer.alloc(7, 1), sealed, Buffer.alloc(9, 2)]).subarray(7, 7 + sealed.length);
    expect(boxOf(first).open(new Uint8Array(within.buffer, within.byteOffset, within.length), place)).toEqual(contents);
  });
});

describe('what does not open', () => {
  const sealed = boxOf(first).seal(contents, place);

  test('what lay elsewhere', () => {
    for (const other of ['answer:abd', '', `${place}\0`, 'patchbay:x:word']) expect(boxOf(first).open(sealed, other)).toBe(null);
  });

  test('what was altered, in any of its bytes', () => {
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered[at]! ^= 1;
      expect(boxOf(first).open(altered, place)).toBe(null);
    }
  });

  test('nothing at all', () => {
    expect(boxOf(first).open(new Uint8Array(0), place)).toBe(null);
    expect(boxOf(first).open(Buffer.alloc(32), place)).toBe(null);
  });

  test('what was cut, at any place, or has more behind it', () => {
    for (let length = 0; length < sealed.length; length++) expect(boxOf(first).open(sealed.subarray(0, length), place)).toBe(null);
    expect(boxOf(first).open(Buffer.concat([sealed, Buffer.of(0)]), place)).toBe(null);
  });

  test('what another installation sealed under the same number', () => {
    expect(boxOf(newMaster(1)).open(sealed, place)).toBe(null);
  });

  test('what another use of the same master key sealed: each has a key of its own', () => {
    const versionless = Buffer.concat([sealed.subarray(0, 4), strongRandom.bytes(sealed.length - 4)]);
    expect(boxOf(first).open(versionless, place)).toBe(null);
  });
});

describe('while a master key is replaced', () => {
  test('the newest seals, and what the older one sealed still opens', () => {
    const both = boxOf(first, second);
    expect(both.seal(contents, place).readUInt32BE()).toBe(2);
    expect(both.open(boxOf(first).seal(contents, place), place)).toEqual(contents);
    expect(both.open(boxOf(second).seal(contents, place), place)).toEqual(contents);
  });

  test('an instance that does not have the newest yet has no answer, and no error', () => {
    expect(boxOf(first).open(boxOf(first, second).seal(contents, place), place)).toBe(null);
  });
});

describe('the store that it lies in', () => {
  /** Somebody who may write there, and has seen all that was ever sealed. */
  const seen = Array.from({ length: 50 }, (_, at) => {
    const at0 = `place ${at}`;
    const bytes = Buffer.from(`value ${at}`);
    return { place: at0, bytes, sealed: boxOf(first).seal(bytes, at0) };
  });

  test('cannot give one value for another, whichever it takes', () => {
    for (const one of seen)
      for (const other of seen) expect(boxOf(first).open(one.sealed, other.place)).toEqual(one === other ? one.bytes : null);
  });

  test('cannot put two together', () => {
    for (let at = 1; at < seen.length; at++) {
      const [one, other] = [seen[at - 1]!, seen[at]!];
      for (const cut of [16, 20]) {
        const mixed = Buffer.concat([one.sealed.subarray(0, cut), other.sealed.subarray(cut)]);
        expect(boxOf(first).open(mixed, one.place)).toBe(null);
        expect(boxOf(first).open(mixed, other.place)).toBe(null);
      }
    }
  });

  test('cannot choose the key: a number that nobody has, none, or that of another key opens nothing', () => {
    const [one] = seen as [(typeof seen)[number]];
    for (const version of [0, 2, 3, 0xffff_ffff]) {
      const renamed = Buffer.from(one.sealed);
      renamed.writeUInt32BE(version);
      expect(boxOf(first, second).open(renamed, one.place)).toBe(null);
    }
  });

  test('learns nothing from the length but the length', () => {
    for (const length of [0, 1, 100, 4_096]) expect(boxOf(first).seal(Buffer.alloc(length), place)).toHaveLength(length + 32);
  });

  test('sees no nonce twice', () => {
    const nonces = new Set(Array.from({ length: 500 }, () => boxOf(first).seal(contents, place).subarray(4, 16).toString('hex')));
    expect(nonces.size).toBe(500);
  });
});
