/** Proves that no nano-dollar is lost between the words of people and the books. */
import { describe, expect, test } from 'vitest';
import { decimalUsdOf, nanoUsdOf } from '../../src/domain/money.ts';

describe('dollars become nano-dollars', () => {
  test.each<[string | number, number | null]>([
    ['0', 0],
    [0, 0],
    [-0, 0],
    ['1', 1_000_000_000],
    ['12.5', 12_500_000_000],
    ['012.50', 12_500_000_000],
    [' 3 ', 3_000_000_000],
    ['0.000000001', 1],
    ['0.1000000000000', 100_000_000],
    [0.1, 100_000_000],
    [0.3, 300_000_000],
    [1e-9, 1],
    [1.5e-8, 15],
    [1e-7, 100],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
    ['9007199.254740992', null],
    ['0.0000000001', null],
    [1e-10, null],
    [1.00000000001e-7, null],
    [0.1 + 0.2, null],
    [1e21, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ['', null],
    ['.', null],
    ['1.', null],
    ['.5', null],
    ['-1', null],
    [-1, null],
    ['+1', null],
    ['1e3', null],
    ['1,5', null],
    ['1_000', null],
    ['0x10', null],
    ['Infinity', null],
    ['1 2', null],
    ['9'.repeat(400), null],
  ])('%s is %s', (amount, nano) => {
    expect(nanoUsdOf(amount)).toBe(nano);
  });
});

describe('nano-dollars become dollars', () => {
  test.each([
    [0, '0'],
    [1, '0.000000001'],
    [100_000_000, '0.1'],
    [1_000_000_000, '1'],
    [12_500_000_000, '12.5'],
    [Number.MAX_SAFE_INTEGER, '9007199.254740991'],
    [-1_500_000_000, '-1.5'],
  ])('%i is %s', (nano, text) => {
    expect(decimalUsdOf(nano)).toBe(text);
  });

  test('and back again, for amounts of every size', () => {
    for (let nano = 1; nano < Number.MAX_SAFE_INTEGER; nano = nano * 3 + 1) expect(nanoUsdOf(decimalUsdOf(nano))).toBe(nano);
  });
});
