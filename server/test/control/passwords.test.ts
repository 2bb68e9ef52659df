/** Proves how passwords are hashed, compared and kept from using up the machine. */
import { argon2Sync, scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createPasswords } from '../../src/control/people/passwords.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';

const ids = createIds(systemClock);
const passwords = createPasswords(ids);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

describe('a password', () => {
  test('is hashed with Argon2id, 19 MiB, two passes, one lane, and a salt of its own', async () => {
    const [first, second] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')];
    expect(first).not.toBe(second);
    const [, kind, version, cost, salt, key] = first.split('$');
    expect([kind, version, cost]).toEqual(['argon2id', 'v=19', 'm=19456,t=2,p=1']);
    const nonce = Buffer.from(salt!, 'base64');
    expect(nonce).toHaveLength(16);
    // The oracle is Node's own synchronous function, called with the figures written out.
    const expected = argon2Sync('argon2id', { message: 'correct horse', nonce, parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 });
    expect(key).toBe(base64(expected));
  });

  test('opens with itself alone', async () => {
    const phc = await passwords.hash('correct horse');
    expect(await passwords.verify(phc, 'correct horse')).toBe(true);
    for (const other of ['correct hors', 'correct horse ', 'Correct horse', '', 'correct horse\0'])
      expect(await passwords.verify(phc, other), other).toBe(false);
  });

  test('is the same however its letters were composed', async () => {
    expect(await passwords.verify(await passwords.hash('pässwörd'), 'pa\u0308sswo\u0308rd')).toBe(true);
  });

  test('hashed with scrypt by a runtime without Argon2 opens too', async () => {
    const phc = await createPasswords(ids, 'scrypt').hash('correct horse');
    expect(phc).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const [, , , salt, key] = phc.split('$');
    expect(key).toBe(base64(scryptSync('correct horse', Buffer.from(salt!, 'base64'), 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })));
    expect(await passwords.verify(phc, 'correct horse')).toBe(true);
    expect(await passwords.verify(phc, 'wrong horse')).toBe(false);
  });
});

test('a stored text that is no hash opens for nobody, and is no error', async () => {
  const good = await passwords.hash('x');
  const bad = [
    '',
    'x',
    '$argon2id$',
    '$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA',
    '$2b$10$abcdefghijklmnopqrstuv',
    good.replace('v=19', 'v=16'),
    `${good}$`,
    `${good}=`,
  ];
  for (const phc of bad) expect(await passwords.verify(phc, 'x'), phc).toBe(false);
});

test('beyond four at once and a short line, further work is refused rather than piled up', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 80 }, () => passwords.verify('no hash', 'x')));
  const refused = settled.filter((one) => one.status === 'rejected').map((one) => one.reason as unknown);
  expect(settled.filter((one) => one.status === 'fulfilled')).toHaveLength(68);
  expect(refused).toHaveLength(12);
  for (const reason of refused) expect(reason).toMatchObject({ name: 'Refusal', code: 'OVERLOADED', retryAfterS: 2 });
  expect(refused[0]).toBeInstanceOf(Refusal);
  expect(await passwords.verify('no hash', 'x')).toBe(false);
});
