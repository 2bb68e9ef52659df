/** Money, shares and times as the overview writes them: fixed decimals, and never a zero for what is not zero. */
import { useFormatter } from 'use-intl';
import { moneyColumn, moneyText } from '../../lib/money.ts';

export function useFigures() {
  const format = useFormatter();
  return {
    money: (value: number): string => moneyText(format, value),
    moneyColumn: (values: readonly number[]): ((value: number) => string) => moneyColumn(format, values),
    count: (value: number): string => format.number(value),
    share: (value: number): string => format.number(value, { style: 'percent', maximumFractionDigits: 1 }),
    change: (value: number): string => format.number(value, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'always' }),
    day: (date: string): string => format.dateTime(new Date(`${date}T12:00:00Z`), { day: 'numeric', month: 'short', timeZone: 'UTC' }),
  };
}
