/** Figures as people read them: money with as many digits as it needs, times with their unit, shares with one decimal. */
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../../lib/money.ts';

export interface Figures {
  count: (value: number) => string;
  /** US dollars: six decimals below one dollar, two above; what is too small to be shown is said to be so. */
  usd: (value: number) => string;
  /** 0 to 1. */
  share: (value: number) => string;
  ms: (value: number | null) => string;
  /** `2026-11-20` or an ISO time, as a day. */
  day: (date: string) => string;
  /** An ISO time, as hour and minute. */
  time: (iso: string) => string;
}

export function useFigures(): Figures {
  const format = useFormatter();
  const t = useTranslations();
  return {
    count: (value) => format.number(value),
    usd: (value) => moneyText(format, value),
    share: (value) => format.number(value, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    ms: (value) => (value === null ? '—' : t('trace.ms', { ms: format.number(value) })),
    day: (date) => format.dateTime(new Date(date.length === 10 ? `${date}T12:00:00` : date), { day: 'numeric', month: 'short' }),
    time: (iso) => format.dateTime(new Date(iso), { timeStyle: 'short' }),
  };
}

/** The last days in the zone of the person, oldest first, as `YYYY-MM-DD`. */
export function lastDays(count: number, now = new Date()): string[] {
  const two = (value: number): string => String(value).padStart(2, '0');
  return Array.from({ length: count }, (_, index) => {
    // Noon, so that no change of the clock moves it into another day.
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index), 12);
    return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  });
}
