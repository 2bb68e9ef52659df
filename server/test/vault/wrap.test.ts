/** Master keys that stand in for one another: either opens both, nobody else opens any, and a line that was moved opens nothing. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyCheckValue, type MasterKey } from '../../src/vault/keys.ts';
import { createVault, SecretUnreadable } from '../../src/vault/vault.ts';
import { unwrapAll, unwrapMasterKey, wrapMasterKey } from '../../src/vault/wrap.ts';

const bytesOf = (seed: string): Uint8Array => new Uint8Array(createHash('sha256').update(seed).digest());
const key = (version: number, seed = `key ${version}`): MasterKey => ({ version, bytes: bytesOf(seed) });
let drawn = 0;
const random = { bytes: (count: number) => bytesOf(`random ${++drawn}`).subarray(0, count) };
const iv = (): Uint8Array => random.bytes(12);
const named = ({ version, bytes }: MasterKey) => ({ version, kcv: keyCheckValue(bytes) });

const place = {
  table: 'ai_configurations',
  column: 'api_key_encrypted',
  rowId: 'row-1',
  owner: { scope: 'user' as const, id: 'user-1' },
  purpose: 'provider-secret',
  provider: 'openai',
  origin: 'https://api.openai.com',
};

describe('a master key under another', () => {
  const [old, fresh] = [key(1), key(2)];

  test('opens with exactly the one that it was sealed under', () => {
    const text = wrapMasterKey(fresh, old, iv());
    expect(unwrapMasterKey(text, named(fresh), old)).toEqual(fresh.bytes);
    expect(unwrapMasterKey(text, named(fresh), key(1, 'another'))).toBeNull();
    expect(unwrapMasterKey(text, named(fresh), { ...old, version: 3 })).toBeNull();
  });

  test('does not hold the key as it is, and looks different each time', () => {
    const [one, other] = [wrapMasterKey(fresh, old, iv()), wrapMasterKey(fresh, old, iv())];
    expect(one).not.toBe(other);
    expect(Buffer.from(one.slice(3), 'base64url').includes(Buffer.from(fresh.bytes))).toBe(false);
  });

  test('is bound to its row: as another version or another key it opens nothing', () => {
    const text = wrapMasterKey(fresh, old, iv());
    expect(unwrapMasterKey(text, { ...named(fresh), version: 3 }, old)).toBeNull();
    expect(unwrapMasterKey(text, { version: 2, kcv: named(key(5)).kcv }, old)).toBeNull();
  });

  test('with any character changed opens nothing, and no text does more than open nothing', () => {
    const text = wrapMasterKey(fresh, old, iv());
    for (let at = 3; at < text.length; at++) {
      const altered = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      const opened = unwrapMasterKey(altered, named(fresh), old);
      // The last character has spare bits: an altered one may spell the same bytes, and then it is the same key.
      if (opened !== null) expect([at, opened]).toEqual([text.length - 1, fresh.bytes]);
    }
    for (const bad of ['', 'w1.', 'w2.AAAA', 'v1.AAAA', `w1.${'A'.repeat(80)}`, 'w1.\u0000'])
      expect(unwrapMasterKey(bad, named(fresh), old)).toBeNull();
  });
});

describe('all keys that can be had', () => {
  const [a, b, c] = [key(1), key(2), key(3)];
  const row = (inner: MasterKey, outer: MasterKey | null) => ({
    ...named(inner),
    wrapped: outer === null ? null : wrapMasterKey(inner, outer, iv()),
    wrappedBy: outer?.version ?? null,
  });

  test('one key opens a chain, in whatever order its rows come', () => {
    const rows = [row(a, b), row(b, c), row(c, null)];
    expect(unwrapAll(rows, [c.bytes])).toEqual([b.bytes, a.bytes]);
    expect(unwrapAll(rows.toReversed(), [c.bytes])).toEqual([b.bytes, a.bytes]);
    expect(unwrapAll(rows, [a.bytes])).toEqual([]);
  });

  test('two that stand for one another end', () => {
    const rows = [row(a, b), row(b, a)];
    expect(unwrapAll(rows, [a.bytes])).toEqual([b.bytes]);
    expect(unwrapAll(rows, [b.bytes])).toEqual([a.bytes]);
    expect(unwrapAll(rows, [])).toEqual([]);
  });

  test('a line that does not open is passed over', () => {
    const rows = [{ ...row(a, b), wrapped: 'w1.broken' }, row(b, null)];
    expect(unwrapAll(rows, [b.bytes])).toEqual([]);
  });
});

describe('a vault that learns a key while it works', () => {
  test('opens what the new key sealed, and seals with it from the moment it is told', () => {
    const [old, fresh] = [key(1), key(2)];
    const [here, there] = [createVault([old], random), createVault([old, fresh], random)];
    const owner = here.newOwnerKey(1);
    const [before, after] = [here.seal('secret', place, owner), there.seal('secret', place, owner)];
    expect(() => here.open(after, place, () => owner)).toThrow(SecretUnreadable);
    const line = there.wrap(2, 1);
    expect(here.learnWrapped({ ...named(fresh), wrapped: line, wrappedBy: 1 })).toBe(true);
    expect(here.open(after, place, () => owner).reveal()).toBe('secret');
    expect(here.current).toBe(1);
    here.promote(2);
    expect(here.current).toBe(2);
    expect(here.versionsOf(here.seal('secret', place, owner)).master).toBe(2);
    expect(here.versionsOf(here.reseal(before, place, () => owner, owner)).master).toBe(2);
    expect(here.masterVersions()).toEqual([1, 2]);
  });

  test('says no to a key that it cannot open, and to another key of a known version', () => {
    const vault = createVault([key(1)], random);
    expect(vault.learnWrapped({ ...named(key(2)), wrapped: null, wrappedBy: null })).toBe(false);
    expect(vault.learnWrapped({ ...named(key(2)), wrapped: wrapMasterKey(key(2), key(7), iv()), wrappedBy: 7 })).toBe(false);
    expect(vault.learnWrapped({ ...named(key(2)), wrapped: wrapMasterKey(key(2), key(1, 'other'), iv()), wrappedBy: 1 })).toBe(false);
    expect(() => vault.learn(key(1, 'another'))).toThrow('the same version');
    expect(() => vault.learn(key(1))).not.toThrow();
    expect(() => vault.promote(9)).toThrow('not loaded');
    expect(() => vault.wrap(1, 9)).toThrow('not loaded');
  });

  test('gives a key as text to the key file alone, and prints nothing of it by accident', () => {
    const vault = createVault([key(1)], random);
    const text = vault.masterKeyText(1);
    expect(text.reveal()).toBe(Buffer.from(key(1).bytes).toString('base64'));
    expect(`${String(text)} ${JSON.stringify({ text, vault })}`).not.toContain(text.reveal());
  });
});

test('two vaults that learn each other’s keys open everything that either sealed', () => {
  const [here, there] = [createVault([key(1)], random), createVault([key(2)], random)];
  const owner = here.newOwnerKey(1);
  const boxes = [here.seal('one', place, owner), there.seal('two', place, owner)];
  expect(here.learnWrapped({ ...named(key(2)), wrapped: here.wrap(key(2), 1), wrappedBy: 1 })).toBe(true);
  expect(there.learnWrapped({ ...named(key(1)), wrapped: there.wrap(key(1), 2), wrappedBy: 2 })).toBe(true);
  for (const vault of [here, there]) expect(boxes.map((box) => vault.open(box, place, () => owner).reveal())).toEqual(['one', 'two']);
  // What seals is not changed by what opens.
  expect([here.current, there.current]).toEqual([1, 2]);
  expect(here.learnWrapped({ ...named(key(2)), wrapped: null, wrappedBy: null })).toBe(true);
});
