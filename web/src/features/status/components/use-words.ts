/** The status in words and figures: times of the day, how long something lasted, shares, and a strip as a sentence. */
import { useFormatter, useLocale, useNow, useTranslations } from 'use-intl';
import { dayTime } from '../../../lib/day-time.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

export interface StatusWords {
  /** The hour where it is of today, else the day with it. */
  time: (iso: string) => string;
  clock: (iso: string) => string;
  lasted: (fromIso: string, untilIso: string | null) => string;
  /** 0 to 1, as people speak of uptime; a dash where nothing is known. */
  share: (value: number | null) => string;
  ms: (value: number | null) => string;
  strip: (strip: string, uptime: number | null) => string;
}

export function useStatusWords(): StatusWords {
  const t = useTranslations('status');
  const trace = useTranslations('trace');
  const format = useFormatter();
  const language = useLocale();
  const now = useNow();
  const share = (value: number | null): string =>
    value === null ? '—' : format.number(value, { style: 'percent', maximumFractionDigits: value > 0.999 && value < 1 ? 3 : 2 });
  const count = (strip: string, letter: string): number => strip.split(letter).length - 1;
  return {
    time(iso) {
      const at = new Date(iso);
      const isToday = at.toDateString() === now.toDateString();
      return format.dateTime(at, isToday ? { timeStyle: 'short' } : dayTime(language));
    },
    clock: (iso) => format.dateTime(new Date(iso), { timeStyle: 'medium' }),
    lasted(fromIso, untilIso) {
      const ms = (untilIso === null ? now.getTime() : Date.parse(untilIso)) - Date.parse(fromIso);
      if (ms < hourMs) return t('minutes', { count: Math.max(1, Math.round(ms / minuteMs)) });
      return ms < 2 * dayMs ? t('hours', { count: Math.round(ms / hourMs) }) : t('days', { count: Math.round(ms / dayMs) });
    },
    share,
    ms: (value) => (value === null ? '—' : trace('ms', { ms: format.number(value) })),
    strip: (strip, uptime) =>
      t('stripSummary', {
        uptime: uptime === null ? 'none' : share(uptime),
        down: count(strip, 'd'),
        slow: count(strip, 's'),
        known: strip.length - count(strip, '-'),
      }),
  };
}
