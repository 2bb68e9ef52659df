/** The format as an outsider reads it: our boxes open with another implementation, and its boxes open with ours. */
import { createHmac } from 'node:crypto';
import { gcm } from '@noble/ciphers/aes.js';
import { describe, expect, test } from 'vitest';
import { deriveLabel, keyCheckValue, type OwnerKey } from '../../src/vault/keys.ts';
import type { Place } from '../../src/vault/place.ts';
import { createVault } from '../../src/vault/vault.ts';
import { boxOfBytes, bytesOf, canary, keyRing, newMaster, place, seeded, strongRandom, unreadableOf } from './parts.ts';

/** Written out by hand from the description of the format, sharing no line with the code under test. */
function framed(parts: (string | Uint8Array)[]): Uint8Array {
  const out: number[] = [];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part;
    out.push((bytes.length >>> 24) & 255, (bytes.length >>> 16) & 255, (bytes.length >>> 8) & 255, bytes.length & 255, ...bytes);
  }
  return Uint8Array.from(out);
}

/** HKDF-SHA256 for one block of output, RFC 5869 sections 2.2 and 2.3. */
function hkdf32(key: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  const extracted = createHmac('sha256', salt.length === 0 ? new Uint8Array(32) : salt)
    .update(key)
    .digest();
  return new Uint8Array(createHmac('sha256', extracted).update(info).update(Uint8Array.of(1)).digest());
}

function cipherFor(masterBytes: Uint8Array, ownerKey: OwnerKey, at: Place, header: Uint8Array, iv: Uint8Array) {
  const key = hkdf32(masterBytes, ownerKey.salt, framed(['patchbay/owner-key/v1', at.owner.scope, at.owner.id, String(ownerKey.version)]));
  const aad = framed([
    'patchbay/secret/v1',
    header,
    at.table,
    at.column,
    at.rowId,
    at.owner.scope,
    at.owner.id,
    at.purpose,
    at.provider,
    at.origin,
  ]);
  return gcm(key, iv, aad);
}

const places: Place[] = [
  place,
  {
    ...place,
    owner: { scope: 'workspace', id: 'ruang-kerja-é' },
    provider: 'azure-openai',
    origin: 'https://example.openai.azure.com',
  },
  { ...place, owner: { scope: 'organization', id: 'o' }, provider: '', origin: '', purpose: 'webhook-signing' },
];

describe('an independent implementation', () => {
  test.each(places)('opens what the vault sealed (%#)', (at) => {
    const master = newMaster(3);
    const vault = createVault([master], strongRandom);
    const ownerKey = vault.newOwnerKey(258);
    const bytes = bytesOf(vault.seal(canary, at, ownerKey));
    const header = bytes.subarray(0, 10);
    expect([...header]).toEqual([1, 1, 0, 0, 0, 3, 0, 0, 1, 2]);
    const plain = cipherFor(master.bytes, ownerKey, at, header, bytes.subarray(10, 22)).decrypt(bytes.subarray(22));
    expect(new TextDecoder().decode(plain)).toBe(canary);
  });

  test.each(places)('seals what the vault opens (%#)', (at) => {
    const master = newMaster(3);
    const vault = createVault([master], strongRandom);
    const ownerKey = vault.newOwnerKey(258);
    const header = Uint8Array.of(1, 1, 0, 0, 0, 3, 0, 0, 1, 2);
    const iv = strongRandom.bytes(12);
    const sealed = cipherFor(master.bytes, ownerKey, at, header, iv).encrypt(new TextEncoder().encode(canary));
    expect(vault.open(boxOfBytes(Buffer.concat([header, iv, sealed])), at, keyRing(ownerKey)).reveal()).toBe(canary);
  });

  test.each([
    [65_536, 'opened'],
    [65_537, 'malformed'],
  ])('a genuine box of %i bytes: %s, so that nobody makes us decode what we would never have sealed', (length, outcome) => {
    const master = newMaster(3);
    const vault = createVault([master], strongRandom);
    const ownerKey = vault.newOwnerKey(258);
    const header = Uint8Array.of(1, 1, 0, 0, 0, 3, 0, 0, 1, 2);
    const iv = strongRandom.bytes(12);
    const sealed = cipherFor(master.bytes, ownerKey, place, header, iv).encrypt(new Uint8Array(length).fill(0x6b));
    const box = boxOfBytes(Buffer.concat([header, iv, sealed]));
    const open = (): number => vault.open(box, place, keyRing(ownerKey)).reveal().length;
    expect(outcome === 'opened' ? open() : unreadableOf(open).reason).toBe(outcome === 'opened' ? length : outcome);
  });

  test('agrees on the key check value and on keys derived by label', () => {
    const master = newMaster(1);
    expect(keyCheckValue(master.bytes)).toBe(createHmac('sha256', master.bytes).update('patchbay-kcv').digest('hex').slice(0, 16));
    const expected = hkdf32(master.bytes, new Uint8Array(0), framed(['patchbay/label/v1', 'audit-mac']));
    expect(Buffer.from(deriveLabel(master, 'audit-mac')).equals(expected)).toBe(true);
  });
});

test('the format is frozen: fixed keys, nonce and place give exactly this box for ever', () => {
  const next = seeded(8484);
  const draw = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
  const vault = createVault([{ version: 1, bytes: draw(32) }], { bytes: draw });
  const ownerKey = vault.newOwnerKey(1);
  const box = vault.seal('sk-frozen', place, ownerKey);
  expect(box).toBe('v1.AQEAAAABAAAAAU9HasO3EjBFJRYSZNN0hLCNqJm5K3RlHSYjemOJtnKKPiKbJs8');
  expect(vault.open(box, place, keyRing(ownerKey)).reveal()).toBe('sk-frozen');
});
