/** The key of the audit log at work: links and signatures that nobody makes without it, and that are never taken for one another. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { auditKeyBytes, createAuditSeal } from '../../src/vault/audit-seal.ts';

const key = Uint8Array.from({ length: auditKeyBytes }, (_, at) => (at * 37 + 5) % 256);
const previous = 'a'.repeat(64);

describe('a seal', () => {
  test('links an entry by HMAC-SHA256 over the previous hash, the length and the entry', () => {
    const entry = '["x",1,"é"]';
    const length = Buffer.byteLength(entry).toString(16).padStart(8, '0');
    const expected = createHmac('sha256', key).update(`e${previous}${length}${entry}`).digest('hex');
    expect(createAuditSeal(key).link(previous, entry)).toBe(expected);
    expect(expected).toMatch(/^[0-9a-f]{64}$/);
  });

  test('answers something else for another key, another hash before, another entry', () => {
    const seal = createAuditSeal(key);
    const other = createAuditSeal(key.with(3, key[3]! ^ 1));
    const all = [
      seal.link(previous, 'x'),
      other.link(previous, 'x'),
      seal.link('b'.repeat(64), 'x'),
      seal.link(previous, 'y'),
      seal.link(previous, ''),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(seal.link(previous, 'x')).toBe(all[0]);
  });

  test('never signs a text as it links an entry', () => {
    const seal = createAuditSeal(key);
    const entry = 'x';
    expect(seal.mac(`${previous}00000001${entry}`)).not.toBe(seal.link(previous, entry));
    expect(seal.mac(`e${previous}00000001${entry}`)).not.toBe(seal.link(previous, entry));
  });

  test('keeps a copy of the key: whoever wipes theirs changes nothing', () => {
    const bytes = Uint8Array.from(key);
    const seal = createAuditSeal(bytes);
    const before = seal.link(previous, 'x');
    bytes.fill(0);
    expect(seal.link(previous, 'x')).toBe(before);
  });

  test('is not made of an empty key, nor of one of another length', () => {
    for (const length of [0, 16, 31, 33, 64]) expect(() => createAuditSeal(new Uint8Array(length))).toThrow(RangeError);
  });

  test('shows nothing of its key', () => {
    const seal = createAuditSeal(key);
    const shown = JSON.stringify(seal) + Object.values(seal).map(String).join();
    expect(shown).not.toContain(Buffer.from(key).toString('hex').slice(0, 12));
    expect(shown).not.toContain(Buffer.from(key).toString('base64').slice(0, 12));
  });
});
