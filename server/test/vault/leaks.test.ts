/** What must never show a plaintext: the Secret class, the vault itself, and every error it throws. */
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { isSecretText, Secret } from '../../src/lib/secret.ts';
import { createVault, SecretUnreadable } from '../../src/vault/vault.ts';
import { boxOfBytes, bytesOf, canary, errorOf, keyRing, newMaster, place, seeded, strongRandom, unreadableOf } from './parts.ts';

const master = newMaster(1);
const vault = createVault([master], strongRandom);
const ownerKey = vault.newOwnerKey(1);
const keys = keyRing(ownerKey);

/** The spellings in which a key turns up in logs. */
const spellings = (text: string): string[] => [
  text,
  text.slice(0, 12),
  encodeURIComponent(text),
  Buffer.from(text).toString('base64').slice(0, -4),
  Buffer.from(text).toString('base64url').slice(0, -4),
  Buffer.from(text).toString('hex'),
  JSON.stringify(text).slice(1, -1),
];

/** Every way this process has to print a value. */
const printings = (value: unknown): string[] => [
  String(value),
  `in a text: ${value as string}`,
  inspect(value),
  inspect(value, { showHidden: true, depth: 9, getters: true, showProxy: true }),
  inspect(value, { customInspect: false, showHidden: true, depth: 9 }),
  inspect({ nested: [value] }, { depth: 9 }),
  JSON.stringify({ value }) ?? '',
];

describe('Secret', () => {
  const secret = new Secret(canary);

  test('only reveal gives the plaintext', () => {
    expect(secret.reveal()).toBe(canary);
  });

  test('text, template, concatenation, JSON and inspect give [secret]', () => {
    expect(String(secret)).toBe('[secret]');
    expect(`key: ${secret as unknown as string}!`).toBe('key: [secret]!');
    expect('key: ' + (secret as unknown as string)).toBe('key: [secret]');
    expect([secret, secret].join()).toBe('[secret],[secret]');
    expect(JSON.stringify({ secret, list: [secret] })).toBe('{"secret":"[secret]","list":["[secret]"]}');
    expect(inspect(secret)).toBe('[secret]');
    expect(inspect({ authorization: secret })).toBe('{ authorization: [secret] }');
    expect(inspect(new Map([['key', secret]]), { depth: 5 })).toContain('[secret]');
  });

  test('no printing shows it in any spelling', () => {
    for (const printed of [...printings(secret), ...printings(new Proxy(secret, {})).slice(3)]) {
      for (const spelling of spellings(canary)) expect(printed).not.toContain(spelling);
    }
  });

  test('no error that carries it shows it', () => {
    const errors = [
      new Error(`refused ${String(secret)}`),
      new Error('refused', { cause: secret }),
      Object.assign(new Error('refused'), { secret }),
    ];
    for (const error of errors) {
      for (const printed of [...printings(error), error.stack ?? '']) expect(printed).not.toContain(canary.slice(0, 12));
    }
  });

  test('keys, spreading, cloning and serialising give an empty object', () => {
    expect(Reflect.ownKeys(secret)).toEqual([]);
    expect(Object.assign({}, secret)).toEqual({});
    expect(Object.entries(secret)).toEqual([]);
    expect(structuredClone({ secret })).toEqual({ secret: {} });
    expect(serialize({ secret }).includes(canary)).toBe(false);
  });
});

describe('isSecretText', () => {
  test.each([canary, 'x', '!', '~', 'k'.repeat(4096)])('accepts visible ASCII (%#)', (text) => {
    expect(isSecretText(text)).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['4,097 characters', 'k'.repeat(4097)],
    ['a space', 'sk abc'],
    ['a line break at the end', 'sk-abc\n'],
    ['a line break inside', 'sk-abc\ndef'],
    ['a carriage return', 'sk-abc\r'],
    ['NUL', 'sk\0abc'],
    ['DEL', 'sk\x7fabc'],
    ['a zero-width space', 'sk-\u200babc'],
    ['a typographic quote', '\u201csk-abc\u201d'],
    ['a letter beyond ASCII', 'sk-é'],
    ['a byte order mark', '\uFEFFsk-abc'],
    ['a tab', '\tsk-abc'],
  ])('refuses %s', (_name, text) => {
    expect(isSecretText(text)).toBe(false);
  });

  test('what it accepts can stand in a header without an error that quotes it', () => {
    const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 0x21 + index));
    expect(isSecretText(visible)).toBe(true);
    expect(new Headers({ authorization: `Bearer ${visible}` }).get('authorization')).toBe(`Bearer ${visible}`);
  });
});

describe('the vault', () => {
  test('printing a vault shows no key bytes', () => {
    vault.seal(canary, place, ownerKey);
    const hex = Buffer.from(master.bytes).toString('hex');
    const spaced = hex.match(/../g)?.slice(0, 8).join(' ') ?? '';
    const decimal = [...master.bytes.subarray(0, 6)].join(', ');
    for (const printed of printings(vault)) {
      for (const part of [hex.slice(0, 16), spaced, decimal, Buffer.from(master.bytes).toString('base64').slice(0, 16)])
        expect(printed).not.toContain(part);
    }
  });

  test('opening gives a Secret, never a text', () => {
    const opened = vault.open(vault.seal(canary, place, ownerKey), place, keys);
    expect(opened).toBeInstanceOf(Secret);
    for (const printed of printings(opened)) expect(printed).not.toContain(canary.slice(0, 12));
  });

  test('errors carry a reason and no part of box, place or plaintext', () => {
    const box = vault.seal(canary, place, ownerKey);
    const damaged = bytesOf(box);
    damaged[30] = (damaged[30] ?? 0) ^ 1;
    const cases: (() => unknown)[] = [
      () => vault.open(canary, place, keys),
      () => vault.open(boxOfBytes(damaged), place, keys),
      () => vault.open(box, { ...place, rowId: '' }, keys),
      () => vault.open(box, place, () => undefined),
      () => createVault([newMaster(7)], strongRandom).open(box, place, keys),
      () => vault.versionsOf(canary),
    ];
    const errors = cases.map(unreadableOf);
    const parts = [...spellings(canary), box.slice(0, 20), boxOfBytes(damaged).slice(24, 44), place.rowId, place.origin];
    for (const error of errors) {
      expect(error.name).toBe('SecretUnreadable');
      expect(error.cause).toBeUndefined();
      for (const printed of [...printings(error), error.stack ?? '']) {
        for (const part of parts) expect(printed).not.toContain(part);
      }
    }
    const reasons = errors.map((error) => error.reason);
    expect(reasons).toEqual(['malformed', 'not_authentic', 'place_invalid', 'owner_key_missing', 'master_key_missing', 'malformed']);
  });

  test('a refusal to seal does not quote the secret', () => {
    for (const run of [() => vault.seal(`${canary}\ud800`, place, ownerKey), () => vault.seal(canary, { ...place, table: '' }, ownerKey)]) {
      const error = errorOf(run);
      expect(error).toBeInstanceOf(RangeError);
      for (const printed of printings(error)) expect(printed).not.toContain(canary.slice(0, 12));
    }
  });
});

/** How opening ends, in one word. */
function attempt(text: string): string {
  try {
    vault.open(text, place, () => ownerKey);
    return 'opened';
  } catch (error) {
    return error instanceof SecretUnreadable ? 'unreadable' : `unexpected ${String(error)}`;
  }
}

describe('random input', () => {
  test('5,000 random boxes: none opens, and nothing but SecretUnreadable comes out', () => {
    const next = seeded(4711);
    const outcomes = new Set<string>();
    for (let round = 0; round < 5000; round += 1) {
      const bytes = Buffer.from(Array.from({ length: Math.floor(next() * 120) }, () => Math.floor(next() * 256)));
      // Half of them with a sound header, so that they reach the cipher.
      if (round % 2 === 0 && bytes.length >= 10) Buffer.from([1, 1, 0, 0, 0, 1, 0, 0, 0, 1]).copy(bytes);
      outcomes.add(attempt(boxOfBytes(bytes)));
    }
    expect([...outcomes]).toEqual(['unreadable']);
  });

  test('5,000 random edits of a real box: it opens only where nothing changed', () => {
    const next = seeded(1972);
    const box = vault.seal(canary, place, ownerKey);
    const outcomes = new Map<boolean, Set<string>>([
      [true, new Set()],
      [false, new Set()],
    ]);
    for (let round = 0; round < 5000; round += 1) {
      const at = Math.floor(next() * (box.length + 1));
      const removed = Math.floor(next() * 4);
      const added = String.fromCharCode(...Array.from({ length: Math.floor(next() * 4) }, () => Math.floor(next() * 256)));
      const edited = box.slice(0, at) + added + box.slice(at + removed);
      outcomes.get(edited === box)?.add(attempt(edited));
    }
    expect([...(outcomes.get(true) ?? [])]).toEqual(['opened']);
    expect([...(outcomes.get(false) ?? [])]).toEqual(['unreadable']);
  });
});
