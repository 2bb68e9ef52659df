/** Sums of money in both languages: the same digits everywhere, and nothing that is not nothing looks like nothing. */
import { createFormatter } from 'use-intl/core';
import { describe, expect, test } from 'vitest';
import { moneyColumn, moneyText } from '../src/lib/money.ts';

/** Languages write a blank that does not break between sign and sum. */
const plain = (text: string): string => text.replaceAll(/[\u00A0\u202F]/g, ' ');

describe.each([
  ['en', ['$0.00', '<$0.000001', '$0.000001', '$0.004210', '$0.999999', '$1.00', '$12.50', '$1,234,567.89']],
  ['id', ['US$0,00', '<US$0,000001', 'US$0,000001', 'US$0,004210', 'US$0,999999', 'US$1,00', 'US$12,50', 'US$1.234.567,89']],
] as const)('in %s', (locale, texts) => {
  const format = createFormatter({ locale, timeZone: 'Asia/Jakarta' });
  const sums = [0, 0.0000004, 0.000001, 0.00421, 0.999999, 1, 12.5, 1_234_567.891];

  test.each(sums.map((sum, at) => [sum, texts[at]!] as const))('%d is written %s', (sum, text) => {
    expect(plain(moneyText(format, sum))).toBe(text);
  });

  test('sums below one another have the same number of decimals, whatever the largest and the least of them are', () => {
    const decimals = (column: readonly number[]): Set<number> =>
      new Set(column.map((sum) => /[.,](\d+)$/.exec(moneyColumn(format, column)(sum))![1]!.length));
    expect(decimals([0, 0.0000004, 0.00421, 12.5, 1_234_567.891])).toEqual(new Set([6]));
    expect(decimals([0, 12.5, 1_234_567.891])).toEqual(new Set([2]));
    expect(plain(moneyColumn(format, [0.0000004, 12.5])(0.0000004))).toBe(texts[1]);
  });

  test('what is below a dollar has six decimals, and what is above has two, so that a column is even', () => {
    const decimals = (text: string): number => /[.,](\d+)$/.exec(text)![1]!.length;
    for (const sum of [0.5, 0.25, 0.000002, 0.1]) expect(decimals(moneyText(format, sum))).toBe(6);
    for (const sum of [1, 1.005, 99.999, 1e9]) expect(decimals(moneyText(format, sum))).toBe(2);
  });
});
