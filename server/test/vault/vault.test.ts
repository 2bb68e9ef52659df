/** What sealing and opening promise: the same text back at the same place, and nothing at all anywhere else. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { boxHeader } from '../../src/vault/box.ts';
import { associatedData, type Place } from '../../src/vault/place.ts';
import { createVault, SecretUnreadable } from '../../src/vault/vault.ts';
import { bytesOf, canary, keyRing, newMaster, place, reasonOf, seeded, strongRandom } from './parts.ts';

const master = newMaster(1);
const vault = createVault([master], strongRandom);
const ownerKey = vault.newOwnerKey(1);
const keys = keyRing(ownerKey);

describe('round trip', () => {
  test.each([
    ['a provider key', canary],
    ['an empty text', ''],
    ['one character', 'x'],
    ['4,096 characters', 'k'.repeat(4096)],
    ['the largest text, 65,536 bytes', 'z'.repeat(65_536)],
    ['text beyond ASCII, with a byte order mark, NUL and line breaks', '\uFEFFkunci-\u{1F511}\0\r\n\u200bé'],
    ['a JSON file of a service account', JSON.stringify({ private_key: '-----BEGIN-----\nabc\n-----END-----\n' })],
  ])('%s comes back exactly', (_name, text) => {
    expect(vault.open(vault.seal(text, place, ownerKey), place, keys).reveal()).toBe(text);
  });

  test('random well-formed texts come back exactly', () => {
    const next = seeded(20_260_101);
    for (let round = 0; round < 300; round += 1) {
      const length = Math.floor(next() * 200);
      const text = String.fromCodePoint(
        ...Array.from({ length }, () => {
          const point = Math.floor(next() * 0x11_0000);
          return point >= 0xd800 && point <= 0xdfff ? 0x20 : point;
        }),
      );
      expect(vault.open(vault.seal(text, place, ownerKey), place, keys).reveal()).toBe(text);
    }
  });

  test('a box is one line of URL-safe text that shows nothing of the secret', () => {
    const box = vault.seal(canary, place, ownerKey);
    expect(box).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
    expect(bytesOf(box).length).toBe(10 + 12 + canary.length + 16);
    expect(bytesOf(box).includes(canary.slice(0, 6))).toBe(false);
    expect(box).not.toContain(Buffer.from(canary).toString('base64url').slice(0, 12));
  });

  test('a vault that was made again from the same keys opens what the first one sealed', () => {
    const again = createVault([{ version: 1, bytes: Uint8Array.from(master.bytes) }], strongRandom);
    const stored = { version: 1, salt: Uint8Array.from(ownerKey.salt) };
    expect(again.open(vault.seal(canary, place, ownerKey), place, keyRing(stored)).reveal()).toBe(canary);
  });

  test('the vault keeps its own copy of a master key: wiping the given bytes changes nothing', () => {
    const given = newMaster(1);
    const own = createVault([given], strongRandom);
    const box = own.seal(canary, place, ownerKey);
    given.bytes.fill(0);
    expect(own.open(box, place, keys).reveal()).toBe(canary);
    expect(reasonOf(createVault([given], strongRandom), box, place, keys)).toBe('not_authentic');
  });
});

describe('every seal is new', () => {
  test('10,000 seals of one text give 10,000 nonces and 10,000 boxes', () => {
    const boxes = new Set<string>();
    const nonces = new Set<string>();
    for (let count = 0; count < 10_000; count += 1) {
      const box = vault.seal(canary, place, ownerKey);
      boxes.add(box);
      nonces.add(bytesOf(box).subarray(10, 22).toString('hex'));
    }
    expect(boxes.size).toBe(10_000);
    expect(nonces.size).toBe(10_000);
  });

  test('a source of randomness that repeats itself seals nothing more', () => {
    const stuck = createVault([master], { bytes: (count) => new Uint8Array(count).fill(7) });
    stuck.seal(canary, place, ownerKey);
    expect(() => stuck.seal(canary, place, ownerKey)).toThrow('repeats itself');
  });

  test('a source of randomness that gives too few or too many bytes seals nothing', () => {
    for (const offset of [-12, -1, 1]) {
      const short = createVault([master], { bytes: (count) => new Uint8Array(randomBytes(count + offset)) });
      expect(() => short.seal(canary, place, ownerKey)).toThrow('another number of bytes');
      expect(() => short.newOwnerKey(1)).toThrow('another number of bytes');
    }
  });

  test('a source that fills one buffer again and again is not mistaken for a stuck one, and does not change salts later', () => {
    const shared = Buffer.alloc(32);
    const reusing = createVault([master], { bytes: (count) => shared.subarray(0, count).fill(randomBytes(count)) });
    const first = reusing.newOwnerKey(1);
    const kept = Buffer.from(first.salt).toString('hex');
    const second = reusing.newOwnerKey(2);
    expect(Buffer.from(first.salt).toString('hex')).toBe(kept);
    expect(Buffer.from(second.salt).toString('hex')).not.toBe(kept);
    expect(reusing.seal(canary, place, first)).not.toBe(reusing.seal(canary, place, first));
  });
});

describe('a sealed secret opens at its own place alone', () => {
  const box = vault.seal(canary, place, ownerKey);
  const moved: [string, Place][] = [
    ['table', { ...place, table: 'webhooks' }],
    ['column', { ...place, column: 'headers_sealed' }],
    ['row', { ...place, rowId: '01980000-0000-7000-8000-000000000002' }],
    ['owner', { ...place, owner: { scope: 'user', id: '01980000-0000-7000-8000-00000000000b' } }],
    ['scope with the same id', { ...place, owner: { scope: 'workspace', id: place.owner.id } }],
    ['organization', { ...place, owner: { scope: 'organization', id: place.owner.id } }],
    ['purpose', { ...place, purpose: 'custom-header' }],
    ['provider', { ...place, provider: 'custom' }],
    ['host', { ...place, origin: 'https://api.openai.com.evil.example' }],
    ['scheme', { ...place, origin: 'http://api.openai.com' }],
    ['port', { ...place, origin: 'https://api.openai.com:8443' }],
    ['missing origin', { ...place, origin: '' }],
    ['missing provider', { ...place, provider: '' }],
    ['letter case', { ...place, origin: 'https://API.openai.com' }],
  ];

  test.each(moved)('it does not open with another %s', (_name, elsewhere) => {
    expect(reasonOf(vault, box, elsewhere, keys)).toBe('not_authentic');
    expect(vault.open(box, place, keys).reveal()).toBe(canary);
  });

  test('the place is bound even where the derived key is the same: only the associated data differs', () => {
    const other = vault.seal('sk-other', { ...place, rowId: 'other-row' }, ownerKey);
    expect(reasonOf(vault, other, place, keys)).toBe('not_authentic');
    expect(reasonOf(vault, box, { ...place, rowId: 'other-row' }, keys)).toBe('not_authentic');
  });

  test('fields cannot borrow characters from each other', () => {
    const one = vault.seal(canary, { ...place, table: 'ab', column: 'c' }, ownerKey);
    expect(reasonOf(vault, one, { ...place, table: 'a', column: 'bc' }, keys)).toBe('not_authentic');
    const two = vault.seal(canary, { ...place, provider: 'x', origin: '' }, ownerKey);
    expect(reasonOf(vault, two, { ...place, provider: '', origin: 'x' }, keys)).toBe('not_authentic');
    const three = vault.seal(canary, { ...place, purpose: 'p\0\0\0\u0001q' }, ownerKey);
    expect(reasonOf(vault, three, { ...place, purpose: 'p', provider: 'q' }, keys)).toBe('not_authentic');
  });

  test('associated data of different places is different for every way to cut a text in two', () => {
    const header = boxHeader(1, 1);
    const seen = new Set<string>();
    for (let cut = 1; cut < 8; cut += 1) {
      const at = { ...place, table: 'abcdefgh'.slice(0, cut), column: 'abcdefgh'.slice(cut) };
      seen.add(associatedData(header, at).toString('hex'));
    }
    expect(seen.size).toBe(7);
  });
});

describe('keys that are not there', () => {
  const box = vault.seal(canary, place, ownerKey);

  test('another master key of the same version does not open it', () => {
    expect(reasonOf(createVault([newMaster(1)], strongRandom), box, place, keys)).toBe('not_authentic');
  });

  test('a master key version that is not loaded is named as the reason', () => {
    expect(reasonOf(createVault([newMaster(2)], strongRandom), box, place, keys)).toBe('master_key_missing');
  });

  test('a shredded owner key is the end of what it sealed, although its derived key was in use a moment ago', () => {
    expect(vault.open(box, place, keys).reveal()).toBe(canary);
    expect(reasonOf(vault, box, place, () => undefined)).toBe('owner_key_missing');
  });

  test('an owner key made again after shredding opens nothing of the old one', () => {
    const again = vault.newOwnerKey(1);
    expect(reasonOf(vault, box, place, keyRing(again))).toBe('not_authentic');
    const anew = vault.seal('sk-new', place, again);
    expect(vault.open(anew, place, keyRing(again)).reveal()).toBe('sk-new');
    expect(reasonOf(vault, anew, place, keys)).toBe('not_authentic');
  });

  test('a look-up that answers with another version or a broken salt is as good as none', () => {
    expect(reasonOf(vault, box, place, () => ({ version: 2, salt: ownerKey.salt }))).toBe('owner_key_missing');
    for (const length of [0, 31, 33]) {
      expect(reasonOf(vault, box, place, () => ({ version: 1, salt: new Uint8Array(length) }))).toBe('owner_key_missing');
    }
  });

  test('two owners who were given the same salt still have different keys', () => {
    const elsewhere: Place = { ...place, owner: { scope: 'user', id: 'another' } };
    const theirs = vault.seal(canary, elsewhere, ownerKey);
    expect(reasonOf(vault, theirs, place, keys)).toBe('not_authentic');
    expect(vault.open(theirs, elsewhere, keys).reveal()).toBe(canary);
  });

  test('owner ids with the separator of the key cache in them do not share a key', () => {
    const one: Place = { ...place, owner: { scope: 'user', id: 'a|workspace|b' } };
    const two: Place = { ...place, owner: { scope: 'user', id: 'a' } };
    const sealed = vault.seal(canary, one, ownerKey);
    vault.seal(canary, two, ownerKey);
    expect(vault.open(sealed, one, keys).reveal()).toBe(canary);
    expect(reasonOf(vault, sealed, two, keys)).toBe('not_authentic');
  });

  test('what the key cache remembers never changes which key is used: a fresh vault opens every box', () => {
    const warm = createVault([master, newMaster(2), { version: 3, bytes: master.bytes }], strongRandom);
    const sameSalt = { version: 2, salt: ownerKey.salt };
    const scopes = ['user', 'workspace', 'organization'] as const;
    const sealed = scopes.flatMap((scope) =>
      [ownerKey, sameSalt].map((key) => {
        const at: Place = { ...place, owner: { scope, id: 'same-id' } };
        return { at, key, box: warm.seal(canary, at, key) };
      }),
    );
    for (const { at, key, box: text } of sealed) {
      const cold = createVault([{ version: 3, bytes: master.bytes }], strongRandom);
      expect(cold.open(text, at, keyRing(key)).reveal()).toBe(canary);
    }
  });

  test('more owners than the key cache holds: all still open', () => {
    const sealed = Array.from({ length: 1200 }, (_, index) => {
      const at: Place = { ...place, owner: { scope: 'workspace', id: `workspace-${index}` } };
      return { at, box: vault.seal(`sk-${index}`, at, ownerKey) };
    });
    expect(sealed.map(({ at, box: text }) => vault.open(text, at, keys).reveal())).toEqual(sealed.map((_, index) => `sk-${index}`));
  });
});

describe('rotation', () => {
  test('versionsOf says which keys a box needs, up to the largest version', () => {
    const high = createVault([newMaster(4_294_967_295)], strongRandom);
    const key = high.newOwnerKey(4_294_967_295);
    expect(high.versionsOf(high.seal(canary, place, key))).toEqual({ master: 4_294_967_295, owner: 4_294_967_295 });
    expect(vault.versionsOf(vault.seal(canary, place, ownerKey))).toEqual({ master: 1, owner: 1 });
    expect(() => vault.versionsOf('v1.AAAA')).toThrow(SecretUnreadable);
  });

  test('a new master key seals, the old one still opens, and resealing moves a box over (R-102)', () => {
    const next = newMaster(2);
    const both = createVault([master, next], strongRandom);
    expect(both.current).toBe(2);
    expect(both.masterVersions()).toEqual([1, 2]);
    const old = vault.seal(canary, place, ownerKey);
    expect(both.open(old, place, keys).reveal()).toBe(canary);
    const fresh = both.reseal(old, place, keys, ownerKey);
    expect(both.versionsOf(fresh)).toEqual({ master: 2, owner: 1 });
    const onlyNew = createVault([next], strongRandom);
    expect(onlyNew.open(fresh, place, keys).reveal()).toBe(canary);
    expect(reasonOf(onlyNew, old, place, keys)).toBe('master_key_missing');
    expect(reasonOf(vault, fresh, place, keys)).toBe('master_key_missing');
  });

  test('the last key of the list is current, whatever its number', () => {
    const waiting = createVault([newMaster(9), master], strongRandom);
    expect(waiting.current).toBe(1);
    expect(waiting.versionsOf(waiting.seal(canary, place, ownerKey)).master).toBe(1);
  });

  test('a new owner key: everything reseals, and the old key is then needed no more (R-101)', () => {
    const second = vault.newOwnerKey(2);
    const old = vault.seal(canary, place, ownerKey);
    const fresh = vault.reseal(old, place, keyRing(ownerKey, second), second);
    expect(vault.versionsOf(fresh).owner).toBe(2);
    expect(vault.open(fresh, place, keyRing(second)).reveal()).toBe(canary);
    expect(reasonOf(vault, old, place, keyRing(second))).toBe('owner_key_missing');
  });

  test('resealing under the same keys gives another box of the same text (C-11)', () => {
    const old = vault.seal(canary, place, ownerKey);
    const fresh = vault.reseal(old, place, keys, ownerKey);
    expect(fresh).not.toBe(old);
    expect(vault.open(fresh, place, keys).reveal()).toBe(canary);
  });

  test('resealing cannot move a secret to another place, and a box that does not open is not replaced', () => {
    const old = vault.seal(canary, place, ownerKey);
    expect(() => vault.reseal(old, { ...place, origin: 'https://evil.example' }, keys, ownerKey)).toThrow(SecretUnreadable);
    expect(() => vault.reseal('v1.', place, keys, ownerKey)).toThrow(SecretUnreadable);
  });

  test('owner keys have a fresh salt of 32 bytes each', () => {
    const salts = new Set(Array.from({ length: 200 }, () => Buffer.from(vault.newOwnerKey(1).salt).toString('hex')));
    expect(salts.size).toBe(200);
    expect([...salts].every((salt) => salt.length === 64)).toBe(true);
  });

  test('the list of master versions is a copy', () => {
    vault.masterVersions().push(99);
    expect(vault.masterVersions()).toEqual([1]);
  });
});

describe('what could not be opened again is not sealed', () => {
  test.each([
    ['table', { ...place, table: '' }],
    ['column', { ...place, column: '' }],
    ['rowId', { ...place, rowId: '' }],
    ['owner.scope', { ...place, owner: { scope: '' as 'user', id: 'x' } }],
    ['owner.id', { ...place, owner: { scope: 'user', id: '' } }],
    ['purpose', { ...place, purpose: '' }],
    ['table', { ...place, table: 't'.repeat(2049) }],
    ['origin', { ...place, origin: 'o'.repeat(2049) }],
    ['provider', { ...place, provider: 'p'.repeat(2049) }],
    ['owner.id', { ...place, owner: { scope: 'user', id: 'i'.repeat(513) } }],
    ['rowId', { ...place, rowId: '\ud800' }],
    ['origin', { ...place, origin: 'https://\udfff' }],
  ] as [string, Place][])('a place with a bad %s (%#)', (field, bad) => {
    expect(() => vault.seal(canary, bad, ownerKey)).toThrow(
      new RangeError(`a secret cannot be bound to this place: ${field} is empty, too long or malformed`),
    );
    expect(reasonOf(vault, vault.seal(canary, place, ownerKey), bad, keys)).toBe('place_invalid');
  });

  test('the longest place is bound and opens', () => {
    const long = 'l'.repeat(2048);
    const longest: Place = {
      table: long,
      column: long,
      rowId: long,
      owner: { scope: 'organization', id: 'i'.repeat(512) },
      purpose: long,
      provider: long,
      origin: long,
    };
    expect(vault.open(vault.seal(canary, longest, ownerKey), longest, keys).reveal()).toBe(canary);
  });

  test('broken UTF-16 and more than 65,536 bytes, without quoting them', () => {
    expect(() => vault.seal(`${canary}\ud800`, place, ownerKey)).toThrow(new RangeError('a secret must be well-formed text'));
    expect(() => vault.seal('z'.repeat(65_537), place, ownerKey)).toThrow(new RangeError('a secret has at most 65536 bytes'));
    expect(() => vault.seal('é'.repeat(32_769), place, ownerKey)).toThrow(RangeError);
  });

  test('an owner key with a bad version or salt', () => {
    for (const version of [0, -1, 1.5, 4_294_967_296, Number.NaN]) {
      expect(() => vault.seal(canary, place, { version, salt: ownerKey.salt })).toThrow(RangeError);
      expect(() => vault.newOwnerKey(version)).toThrow(RangeError);
    }
    for (const length of [0, 16, 31, 33]) {
      expect(() => vault.seal(canary, place, { version: 1, salt: new Uint8Array(length) })).toThrow(RangeError);
    }
  });

  test('a vault needs keys of 32 bytes, each with a version of its own', () => {
    expect(() => createVault([], strongRandom)).toThrow('at least one master key');
    expect(() => createVault([{ version: 1, bytes: new Uint8Array(16) }], strongRandom)).toThrow('32 bytes');
    expect(() => createVault([{ version: 0, bytes: master.bytes }], strongRandom)).toThrow('whole number');
    expect(() => createVault([newMaster(1), newMaster(1)], strongRandom)).toThrow('same version');
  });
});
