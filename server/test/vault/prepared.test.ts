/** A box that has been opened before is opened by a shorter way. That way must promise exactly what the long one does. */
import { describe, expect, test } from 'vitest';
import type { OwnerKey } from '../../src/vault/keys.ts';
import type { Place } from '../../src/vault/place.ts';
import { createVault } from '../../src/vault/vault.ts';
import { canary, keyRing, newMaster, place, reasonOf, strongRandom } from './parts.ts';

const vault = createVault([newMaster(1)], strongRandom);
const ownerKey = vault.newOwnerKey(1);
const keys = keyRing(ownerKey);

/** Sealed, and opened once, so that everything that can be remembered is. */
function openedBox(at: Place = place): string {
  const box = vault.seal(canary, at, ownerKey);
  expect(vault.open(box, at, keys).reveal()).toBe(canary);
  return box;
}

describe('a box that was opened before', () => {
  test('opens again and again at its place', () => {
    const box = openedBox();
    for (let round = 0; round < 100; round++) expect(vault.open(box, { ...place, owner: { ...place.owner } }, keys).reveal()).toBe(canary);
  });

  test.each<[string, Partial<Place>]>([
    ['another row', { rowId: '01980000-0000-7000-8000-000000000002' }],
    ['another column', { column: 'headers_sealed' }],
    ['another table', { table: 'webhooks' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another provider', { provider: 'custom' }],
    ['another purpose', { purpose: 'provider-headers' }],
    ['another owner', { owner: { scope: 'user', id: '01980000-0000-7000-8000-00000000000b' } }],
    ['an owner of another kind', { owner: { scope: 'workspace', id: place.owner.id } }],
  ])('does not open for %s', (_name, part) => {
    const box = openedBox();
    expect(reasonOf(vault, box, { ...place, ...part }, keys)).toBe('not_authentic');
    expect(vault.open(box, place, keys).reveal()).toBe(canary);
  });

  test('does not open once its owner key is gone, which is what shredding is', () => {
    expect(reasonOf(vault, openedBox(), place, keyRing())).toBe('owner_key_missing');
  });

  test('does not open under another salt of the same version', () => {
    expect(reasonOf(vault, openedBox(), place, keyRing(vault.newOwnerKey(1)))).toBe('not_authentic');
  });

  test('opens under the same owner key when it was loaded anew', () => {
    const loaded: OwnerKey = { version: 1, salt: Uint8Array.from(ownerKey.salt) };
    const box = openedBox();
    expect(vault.open(box, place, keyRing(loaded)).reveal()).toBe(canary);
    expect(vault.open(box, place, keys).reveal()).toBe(canary);
  });

  test('is not led astray by a place that is changed after it was opened', () => {
    const moving = { ...place, owner: { ...place.owner } };
    const box = openedBox(moving);
    moving.origin = 'https://evil.example';
    expect(reasonOf(vault, box, moving, keys)).toBe('not_authentic');
    moving.origin = place.origin;
    moving.owner.id = '01980000-0000-7000-8000-00000000000b';
    expect(reasonOf(vault, box, moving, keys)).toBe('not_authentic');
  });

  test('with one character altered is another box and does not open', () => {
    const box = openedBox();
    const altered = `${box.slice(0, -1)}${box.endsWith('A') ? 'B' : 'A'}`;
    expect(['malformed', 'not_authentic']).toContain(reasonOf(vault, altered, place, keys));
  });

  test('gives a secret of its own each time: wiping one leaves the other', () => {
    const box = openedBox();
    const [first, second] = [vault.open(box, place, keys), vault.open(box, place, keys)];
    expect(first).not.toBe(second);
    expect(second.reveal()).toBe(canary);
  });

  test('is one of many: two thousand boxes open, whatever is forgotten meanwhile', () => {
    const boxes = Array.from({ length: 2000 }, (_, at) => {
      const there = { ...place, rowId: `01980000-0000-7000-8000-${String(at).padStart(12, '0')}` };
      return { box: vault.seal(`secret ${at}`, there, ownerKey), at: there, plain: `secret ${at}` };
    });
    for (const { box, at, plain } of [...boxes, ...boxes]) expect(vault.open(box, at, keys).reveal()).toBe(plain);
  });
});
