/** Each detector by itself: what it takes, what it leaves, and that no text keeps it long. */
import { describe, expect, test } from 'vitest';
import { detectorNames, type DetectorName } from '../../src/domain/policy.ts';
import { detectorReachChars, findPersonalData } from '../../src/domain/policy-detectors.ts';
import { cpuMsOf } from '../support/cpu.ts';

const foundBy = (name: DetectorName, text: string): string[] =>
  findPersonalData(new Set([name]), text, 0, text.length).map(({ start, end }) => text.slice(start, end));

describe('a detector alone', () => {
  test.each([
    ['email', 'a@b.co', ['a@b.co']],
    ['email', '<a@b.co>', ['a@b.co']],
    ['email', 'mailto:a@b.co?x', ['a@b.co']],
    ['email', 'a@b', []],
    ['email', `${'a'.repeat(65)}@b.co`, []],
    ['phone', '+6281234567890', ['+6281234567890']],
    ['phone', '08123456789012345', []],
    ['phone', '12345678', []],
    ['phone', '+0000000000', []],
    ['card', '4242424242424242', ['4242424242424242']],
    ['card', '4242-4242-4242-4242', ['4242-4242-4242-4242']],
    ['card', '4242424242424241', []],
    ['card', '9999999999999995', []],
    ['iban', 'gb82west12345698765432', []],
    ['iban', 'GB82WEST12345698765432', ['GB82WEST12345698765432']],
    ['ip', '255.255.255.255', ['255.255.255.255']],
    ['ip', '256.1.1.1', []],
    ['ip', '01.02.03.04', []],
    ['ip', 'fe80::1ff:fe23:4567:890a', ['fe80::1ff:fe23:4567:890a']],
    ['ip', '12:30:45', []],
    ['nik', '3171234567890123', []],
    ['nik', '5105105105105100', ['5105105105105100']],
    ['npwp', '01.234.567.8-901.000', ['01.234.567.8-901.000']],
    ['npwp', '012345678901000', []],
    ['account', 'BCA: 123-456-7890', ['123-456-7890']],
    ['account', '1234567890', []],
    ['passport', 'paspor A1234567', ['A1234567']],
    ['passport', 'A1234567', []],
    ['secret', 'AKIAIOSFODNN7EXAMPLE', ['AKIAIOSFODNN7EXAMPLE']],
    ['secret', 'AKIAIOSFODNN7', []],
  ] as const)('%s in %s finds %o', (name, text, expected) => {
    expect(foundBy(name, text)).toEqual([...expected]);
  });

  test('two that would take the same digits take them once', () => {
    const all = findPersonalData(new Set(detectorNames), 'NPWP 3174051209900001', 0, 100);
    expect(all.map(({ name }) => name)).toEqual(['npwp']);
  });

  test('only what begins in the part that is asked for is told', () => {
    const text = 'a@b.co c@d.co e@f.co';
    const found = findPersonalData(new Set(['email'] as const), text, 1, 14);
    expect(found.map(({ start }) => start)).toEqual([7]);
  });
});

test.each([
  ['letters', 'a'],
  ['digits', '1'],
  ['digits and blanks', '1 '],
  ['dots', '1.'],
  ['signs of addresses', 'a@'],
  ['colons', 'a:'],
  ['hyphens', '1-'],
  ['words before numbers', 'rek '],
  ['capitals', 'GB82'],
  ['beginnings of keys', 'eyJ'],
])('a hundred thousand %s keep no detector for a second', async (_, part) => {
  const text = part.repeat(100_000 / part.length);
  const find = () => findPersonalData(new Set(detectorNames), text.slice(0, 16_384 + detectorReachChars), 0, 16_384);
  expect(await cpuMsOf(find)).toBeLessThan(1_000);
});
