/** Larger contents under a key of their own: they open at their place with that key, and nowhere else. */
import { describe, expect, test } from 'vitest';
import { randomBytes } from 'node:crypto';
import { newDataKey, openContents, sealContents, type EnvelopePlace } from '../../src/vault/envelope.ts';
import { SecretUnreadable } from '../../src/vault/vault.ts';

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) };
const place: EnvelopePlace = { table: 'captured_bodies', column: 'request', rowId: 'r1' };
const key = newDataKey(random);
const contents = (text: string): Uint8Array => Buffer.from(text);
const seal = (text: string, at = place, under = key): string => sealContents(contents(text), under, at, random);
const reasonOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof SecretUnreadable) return error.reason;
    throw error;
  }
  return 'opened';
};

describe('contents', () => {
  test.each(['', 'a', 'ünïcödé ☃', 'x'.repeat(300_000)])('of any length open again word for word', (text) => {
    expect(openContents(seal(text), key, place).toString()).toBe(text);
  });

  test('look like nothing, and differently each time', () => {
    const [one, other] = [seal('the same words'), seal('the same words')];
    expect(one).not.toBe(other);
    expect(Buffer.from(one.slice(3), 'base64').toString('latin1')).not.toContain('same');
  });

  test('do not open at another place', () => {
    const sealed = seal('mine');
    for (const other of [
      { ...place, rowId: 'r2' },
      { ...place, column: 'answer' },
      { ...place, table: 'other' },
    ])
      expect(reasonOf(() => openContents(sealed, key, other))).toBe('not_authentic');
  });

  test('do not open with another key, nor with what is no key', () => {
    const sealed = seal('mine');
    expect(reasonOf(() => openContents(sealed, newDataKey(random), place))).toBe('not_authentic');
    for (const bad of ['', 'short', `${key}AA`]) expect(reasonOf(() => openContents(sealed, bad, place))).toBe('malformed');
  });

  test('do not open where one bit of them was changed, wherever it stands', () => {
    const bytes = Buffer.from(seal('every bit counts').slice(3), 'base64');
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at]! ^= 1;
      expect(
        reasonOf(() => openContents(`e1.${altered.toString('base64')}`, key, place)),
        `byte ${at}`,
      ).toBe('not_authentic');
    }
  });

  test.each(['', 'e1.', 'e1.AAAA', 'e2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'plain text'])('%j is no envelope', (text) => {
    expect(reasonOf(() => openContents(text, key, place))).toBe('malformed');
  });

  test('cut at any place are refused and never half opened', () => {
    const sealed = seal('all of it or nothing');
    for (let length = 0; length < sealed.length - 1; length += 3)
      expect(['malformed', 'not_authentic']).toContain(reasonOf(() => openContents(sealed.slice(0, length), key, place)));
  });
});

test('a new key is another one each time, and long enough', () => {
  expect(newDataKey(random)).not.toBe(newDataKey(random));
  expect(Buffer.from(key, 'base64url')).toHaveLength(32);
});

describe('many envelopes', () => {
  const seeded = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => String.fromCodePoint(0x20 + (index % 90)).repeat(1 + ((index * 37) % 500)));

  test('of one key open each at its own row alone', () => {
    const texts = seeded(40);
    const rows = texts.map((text, index) => ({ text, at: { ...place, rowId: `row ${index}` } }));
    const sealed = rows.map(({ text, at }) => seal(text, at));
    for (const [index, { text, at }] of rows.entries()) {
      expect(openContents(sealed[index]!, key, at).toString()).toBe(text);
      const neighbour = rows[(index + 1) % rows.length]!.at;
      expect(reasonOf(() => openContents(sealed[index]!, key, neighbour))).toBe('not_authentic');
    }
  });

  test('never use a nonce twice', () => {
    const nonces = new Set(Array.from({ length: 500 }, () => Buffer.from(seal('same').slice(3), 'base64').subarray(0, 12).toString('hex')));
    expect(nonces.size).toBe(500);
  });

  test('of different keys share nothing, though their texts do', () => {
    const keys = Array.from({ length: 20 }, () => newDataKey(random));
    const sealed = keys.map((one) => seal('the same words', place, one));
    expect(new Set(sealed).size).toBe(sealed.length);
    for (const [index, text] of sealed.entries())
      for (const [other, one] of keys.entries())
        expect(reasonOf(() => openContents(text, one, place))).toBe(index === other ? 'opened' : 'not_authentic');
  });

  test('put together from the parts of two do not open', () => {
    const [one, other] = [seal('first text'), seal('other text')].map((text) => Buffer.from(text.slice(3), 'base64'));
    for (const cut of [12, 12 + 'first text'.length]) {
      const mixed = Buffer.concat([one!.subarray(0, cut), other!.subarray(cut)]);
      expect(reasonOf(() => openContents(`e1.${mixed.toString('base64')}`, key, place))).toBe('not_authentic');
    }
  });

  test('whose error is logged tell nothing of key, place or text', () => {
    let said = '';
    try {
      openContents(seal('a very private text'), newDataKey(random), { ...place, rowId: 'private row' });
    } catch (error) {
      said = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack ?? ''}`;
    }
    expect(said).toContain('altered or belongs to another place');
    for (const word of ['private', key]) expect(said).not.toContain(word);
  });
});

test('a source of randomness that gives too little makes no key that would open anything', () => {
  const poor = { bytes: () => new Uint8Array(4) };
  expect(() => sealContents(contents('x'), newDataKey(poor), place, random)).toThrow(SecretUnreadable);
});

describe('what a thief of the database would try', () => {
  const nonce = (bytes: Buffer): Buffer => bytes.subarray(0, 12);
  const bytesOf = (sealed: string): Buffer => Buffer.from(sealed.slice(3), 'base64');

  test('a request shown in the place of an answer does not open', () => {
    const sealed = seal('what was asked', { ...place, column: 'request' });
    expect(reasonOf(() => openContents(sealed, key, { ...place, column: 'answer' }))).toBe('not_authentic');
  });

  test('an older text put back in the place of a newer one opens only where its key is put back, too', () => {
    const [olderKey, newerKey] = [newDataKey(random), newDataKey(random)];
    const older = seal('before', place, olderKey);
    expect(reasonOf(() => openContents(older, newerKey, place))).toBe('not_authentic');
    expect(openContents(older, olderKey, place).toString()).toBe('before');
  });

  test('another nonce, or none, opens nothing', () => {
    const bytes = bytesOf(seal('all of it'));
    const swapped = Buffer.concat([Buffer.alloc(12), bytes.subarray(12)]);
    expect(nonce(swapped).equals(nonce(bytes))).toBe(false);
    expect(reasonOf(() => openContents(`e1.${swapped.toString('base64')}`, key, place))).toBe('not_authentic');
  });

  test('a tag cut short is no tag', () => {
    const bytes = bytesOf(seal('all of it'));
    for (const missing of [1, 4, 12])
      expect(reasonOf(() => openContents(`e1.${bytes.subarray(0, -missing).toString('base64')}`, key, place))).not.toBe('opened');
  });

  test('two places whose names run together are two places', () => {
    const sealed = seal('mine', { table: 'ab', column: 'c', rowId: 'r' });
    expect(reasonOf(() => openContents(sealed, key, { table: 'a', column: 'bc', rowId: 'r' }))).toBe('not_authentic');
  });
});

test('contents that are no text open byte for byte', () => {
  const bytes = Uint8Array.from({ length: 1_024 }, (_, at) => (at * 131) % 256);
  const sealed = sealContents(bytes, key, place, random);
  expect([...openContents(sealed, key, place)]).toEqual([...bytes]);
});

test('a key in another spelling opens nothing', () => {
  const sealed = seal('mine');
  expect(reasonOf(() => openContents(sealed, key.slice(0, -1), place))).not.toBe('opened');
  expect(reasonOf(() => openContents(sealed, key.toUpperCase(), place))).not.toBe('opened');
});
