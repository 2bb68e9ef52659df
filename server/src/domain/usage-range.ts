/** Ranges of usage and the days in them: exact in every time zone, because its borders fall on quarter-hours. */
import { dayMs, quarterMs } from './rollup.ts';

/** Half-open, on whole quarter-hours: what a roll-up can answer exactly. */
export interface UsageRange {
  fromMs: number;
  toMs: number;
}

export interface Day {
  /** `2026-03-29`, in the zone. */
  date: string;
  fromMs: number;
  toMs: number;
}

/** As a query says it (C-44): a period that ends now, or two ends of which a date means the zone's day, `to` inclusive. */
export interface RangeQuery {
  period?: string;
  from?: string;
  to?: string;
  tz?: string;
}

/** Which field of a range cannot be read; the face turns it into its own refusal. */
export class UnreadableRange extends Error {
  override readonly name = 'UnreadableRange';
  readonly field: 'period' | 'from' | 'to' | 'tz' | 'bucket';
  constructor(field: 'period' | 'from' | 'to' | 'tz' | 'bucket') {
    super(`${field} cannot be read`);
    this.field = field;
  }
}

const hourMs = 3_600_000;
const periodMs: ReadonlyMap<string, number> = new Map([
  ['24h', 24 * hourMs],
  ['7d', 7 * dayMs],
  ['30d', 30 * dayMs],
  ['90d', 90 * dayMs],
  ['all', Number.POSITIVE_INFINITY],
]);
export const defaultPeriod = '30d';
const dateOnly = /^\d{4}-\d{2}-\d{2}$/;
/** Ten years of days; a longer question is a fault. */
const daysMax = 3_700;
const weekMs = 7 * dayMs;
/**
 * No range ends later: the last border of weeks within the year 9999, after which a moment has no form that everybody reads (RFC 3339,
 * 1). Every bar of a chart has a border there, so that no widening goes beyond it.
 */
export const rangeEndMs = Math.floor(Date.UTC(10_000, 0, 1) / weekMs) * weekMs;

const floorTo = (stepMs: number, atMs: number): number => Math.floor(atMs / stepMs) * stepMs;
const ceilTo = (stepMs: number, atMs: number): number => Math.ceil(atMs / stepMs) * stepMs;

/** The zone's name as the runtime knows it; `UTC` for none. Throws UnreadableRange for a zone that there is not. */
export function zoneOf(tz: string | undefined): string {
  if (tz === undefined || tz === '') return 'UTC';
  try {
    return new Temporal.ZonedDateTime(0n, tz).timeZoneId;
  } catch {
    throw new UnreadableRange('tz');
  }
}

const startOfDay = (date: Temporal.PlainDate, zone: string): number => date.toZonedDateTime(zone).epochMilliseconds;

/** A moment that a range may have: none before 1970, and none after its last end. */
export const within = (atMs: number): number => Math.max(0, Math.min(atMs, rangeEndMs));

/** One end of a range: a date is the start of the zone's day (of the next one for `to`), a time is widened to its quarter-hour. */
function endOf(text: string, field: 'from' | 'to', zone: string): number {
  try {
    if (dateOnly.test(text)) {
      const date = Temporal.PlainDate.from(text);
      return within(startOfDay(field === 'to' ? date.add({ days: 1 }) : date, zone));
    }
    const atMs = Temporal.Instant.from(text).epochMilliseconds;
    return within(field === 'to' ? ceilTo(quarterMs, atMs) : floorTo(quarterMs, atMs));
  } catch {
    throw new UnreadableRange(field);
  }
}

/**
 * The range that a query means. Without an end it is now, the running quarter-hour included; without a start it is `period` before the
 * end (30 days where nothing is said). Throws UnreadableRange, also where the range is empty or backwards.
 */
export function rangeOf(query: RangeQuery, nowMs: number): UsageRange {
  const zone = zoneOf(query.tz);
  const spanMs = periodMs.get(query.period ?? defaultPeriod);
  if (spanMs === undefined) throw new UnreadableRange('period');
  const toMs = query.to === undefined ? ceilTo(quarterMs, nowMs + 1) : endOf(query.to, 'to', zone);
  const endMs = query.to === undefined ? nowMs : toMs;
  const fromMs = query.from === undefined ? floorTo(quarterMs, Math.max(0, endMs - spanMs)) : endOf(query.from, 'from', zone);
  if (fromMs >= toMs) throw new UnreadableRange('from');
  return { fromMs, toMs };
}

/**
 * The zone's days that touch the range, oldest first, each cut to the range. A day has 23 to 25 hours where clocks change, and begins
 * later than midnight where midnight does not exist.
 */
export function daysIn(range: UsageRange, zone: string): Day[] {
  const days: Day[] = [];
  let date = Temporal.Instant.fromEpochMilliseconds(range.fromMs).toZonedDateTimeISO(zone).toPlainDate();
  for (let fromMs = startOfDay(date, zone); fromMs < range.toMs;) {
    if (days.length === daysMax) throw new UnreadableRange('from');
    const next = date.add({ days: 1 });
    const toMs = startOfDay(next, zone);
    // A zone that jumped over a whole day (Samoa, 2011) has a date without time: it gets no row.
    if (toMs > fromMs) days.push({ date: date.toString(), fromMs: Math.max(fromMs, range.fromMs), toMs: Math.min(toMs, range.toMs) });
    date = next;
    fromMs = toMs;
  }
  return days;
}
