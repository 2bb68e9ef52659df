/** Sums of money as every page writes them (ui 2.4): six decimals below a dollar, two from there on, and never a zero for what is not zero. */
import type { useFormatter } from 'use-intl';

const leastShownUsd = 0.000001;

/** US dollars in the language of the formatter: `$12.50`, `US$0,004210`, `<$0.000001`. */
export function moneyText(format: Pick<ReturnType<typeof useFormatter>, 'number'>, usd: number): string {
  const digits = usd > 0 && usd < 1 ? 6 : 2;
  const text = (value: number): string =>
    format.number(value, { style: 'currency', currency: 'USD', minimumFractionDigits: digits, maximumFractionDigits: digits });
  return usd > 0 && usd < leastShownUsd ? `<${text(leastShownUsd)}` : text(usd);
}
