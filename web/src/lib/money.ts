/** Sums of money as every page writes them (ui 2.4): six decimals below a dollar, two from there on, and never a zero for what is not zero. */
import type { useFormatter } from 'use-intl';

const leastShownUsd = 0.000001;

type Numbers = Pick<ReturnType<typeof useFormatter>, 'number'>;

/** Sums below one another: each with as many decimals as the smallest of them needs, so that they can be compared by their length. */
export function moneyColumn(format: Numbers, column: readonly number[]): (usd: number) => string {
  const digits = column.some((usd) => usd > 0 && usd < 1) ? 6 : 2;
  const text = (value: number): string =>
    format.number(value, { style: 'currency', currency: 'USD', minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (usd) => (usd > 0 && usd < leastShownUsd ? `<${text(leastShownUsd)}` : text(usd));
}

/** US dollars in the language of the formatter: `$12.50`, `US$0,004210`, `<$0.000001`. */
export const moneyText = (format: Numbers, usd: number): string => moneyColumn(format, [usd])(usd);

const priceDigitsMax = 9;

/** A price per million tokens, with every digit that counts. @param usd a decimal text */
export const priceText = (format: Numbers, usd: string): string =>
  format.number(Number(usd), { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: priceDigitsMax });
