/** The key of the audit log at work: links and signatures that nobody makes without it, and that are never taken for one another. */
import { createHash, createHmac } from 'node:crypto';
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

  test('links entries of every length and script alike, one after the other, as the standard says', () => {
    const seal = createAuditSeal(key);
    const chars = ['x', 'é', '漢', '😀'.slice(0, 2), '\n', '"'];
    for (const length of [0, 1, 46, 47, 55, 56, 63, 64, 65, 1_000, 16_383, 16_384, 16_385, 100_000])
      for (const char of chars) {
        const entry = char
          .repeat(Math.ceil(length / char.length))
          .slice(0, length)
          .toWellFormed();
        const bytes = Buffer.byteLength(entry).toString(16).padStart(8, '0');
        const expected = createHmac('sha256', key).update(`e${previous}${bytes}${entry}`).digest('hex');
        expect(seal.link(previous, entry), `${length} of ${char}`).toBe(expected);
      }
    // A place that is none is linked all the same, and to nothing else.
    const odd = createHmac('sha256', key).update('eshort00000001x').digest('hex');
    expect(seal.link('short', 'x')).toBe(odd);
  });

  test('links are those of an HMAC that is known to the world (RFC 2104), for made-up chains of entries', () => {
    const reference = (bytes: Uint8Array, text: string): string => {
      const block = (fill: number): Buffer => Buffer.from(Array.from({ length: 64 }, (_, at) => (bytes[at] ?? 0) ^ fill));
      const inner = createHash('sha256').update(block(0x36)).update(text).digest();
      return createHash('sha256').update(block(0x5c)).update(inner).digest('hex');
    };
    // Case 2 of RFC 4231: the reference itself is right.
    expect(reference(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    for (const seed of [1, 2, 3]) {
      const bytes = Uint8Array.from({ length: auditKeyBytes }, (_, at) => (at * 59 + seed * 101) % 256);
      const seal = createAuditSeal(bytes);
      let [place, expected] = ['0'.repeat(64), '0'.repeat(64)];
      for (let n = 0; n < 200; n++) {
        const entry = JSON.stringify([n, 'ж'.repeat((n * 37 * seed) % 700), null, { after: '"\\' }]);
        const length = Buffer.byteLength(entry).toString(16).padStart(8, '0');
        expected = reference(bytes, `e${expected}${length}${entry}`);
        place = seal.link(place, entry);
        expect(place).toBe(expected);
      }
    }
  });

  test('two seals at work at once do not touch each other, and a long entry leaves nothing behind for the next', () => {
    const [one, other] = [createAuditSeal(key), createAuditSeal(key.with(0, key[0]! ^ 255))];
    const alone = [one.link(previous, 'a'), other.link(previous, 'b')];
    one.link(previous, 'x'.repeat(16_384));
    other.link(previous, 'y'.repeat(50_000));
    expect([one.link(previous, 'a'), other.link(previous, 'b')]).toEqual(alone);
  });

  test('a signature between two links changes neither', () => {
    const seal = createAuditSeal(key);
    const [link, mac] = [seal.link(previous, 'x'), seal.mac('x')];
    expect([seal.mac('x'), seal.link(previous, 'x'), seal.mac('x')]).toEqual([mac, link, mac]);
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
