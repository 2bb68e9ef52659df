/** Times of an answer as people read them: in ms, and in s where they are long. */
import type { useFormatter } from 'use-intl';

type Format = ReturnType<typeof useFormatter>;

const secondsFromMs = 10_000;

/** `412 ms`, from ten seconds on `12.3 s`; the units are the same in both languages but for the second. */
export const timeText = (format: Format, ms: number, seconds: string): string =>
  ms < secondsFromMs
    ? `${format.number(ms)} ms`
    : `${format.number(ms / 1000, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${seconds}`;
