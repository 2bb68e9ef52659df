/** Figures as the page writes them: fixed decimals in a column, no zero for what is not zero, a dash for what nobody knows. */
import { useFormatter, useLocale } from 'use-intl';
import { dayTime } from '../../lib/day-time.ts';
import { moneyColumn, moneyText } from '../../lib/money.ts';
import type { Bucket } from './view.ts';

export const dash = '—';
const billion = 1_000_000_000;

export function useFigures(zone: string) {
  const format = useFormatter();
  const language = useLocale();
  const isIndonesian = language === 'id';
  const compact = (value: number): string => {
    if (value < billion || !isIndonesian) return format.number(value, { notation: 'compact', maximumFractionDigits: 1 });
    // The short form of a milliard in Indonesian is what everybody reads as a million (ui 2.4).
    const [size, word] = value >= 1000 * billion ? [1000 * billion, 'triliun'] : [billion, 'miliar'];
    return `${format.number(value / size, { maximumFractionDigits: 1 })} ${word}`;
  };
  return {
    money: (value: number): string => moneyText(format, value),
    moneyColumn: (values: readonly number[]): ((value: number) => string) => moneyColumn(format, values),
    count: (value: number): string => format.number(value),
    compact,
    share: (value: number): string => format.number(value, { style: 'percent', maximumFractionDigits: 2 }),
    change: (value: number): string => format.number(value, { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' }),
    ms: (value: number | null | undefined): string =>
      value === null || value === undefined ? dash : `${format.number(Math.round(value))} ms`,
    moment: (iso: string): string => format.dateTime(new Date(iso), { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }),
    days: (from: string, to: string): string =>
      // The end is the first moment that does not belong to it.
      format.dateTimeRange(new Date(from), new Date(Date.parse(to) - 1), { dateStyle: 'medium', timeZone: zone }),
    moments: (from: string, to: string): string =>
      format.dateTimeRange(new Date(from), new Date(to), { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }),
    label: (bucket: Bucket, from: string): string => {
      const at = new Date(from);
      if (bucket === 'hour') return format.dateTime(at, { ...dayTime(language), timeZone: zone });
      if (bucket === 'month') return format.dateTime(at, { month: 'short', year: 'numeric', timeZone: zone });
      return format.dateTime(at, { day: 'numeric', month: 'short', timeZone: zone });
    },
  };
}

export type Figures = ReturnType<typeof useFigures>;
