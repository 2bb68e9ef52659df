/** The range that an explorer of requests looks at, to the millisecond, and the bars that such a range is drawn with. Pure. */
import { dayMs, quarterMs } from './rollup.ts';
import { rangeOf, UnreadableRange, within, zoneOf, type RangeQuery, type UsageRange } from './usage-range.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dateOnly = /^\d{4}-\d{2}-\d{2}$/;

/** A moment as it was said; undefined for what is no moment but a date, which has a day of its zone. */
function momentOf(text: string | undefined, field: 'from' | 'to'): number | undefined {
  if (text === undefined || dateOnly.test(text)) return undefined;
  try {
    return within(Temporal.Instant.from(text).epochMilliseconds);
  } catch {
    throw new UnreadableRange(field);
  }
}

/** As `rangeOf`, but moments mean themselves, and there is a period of one hour. Throws UnreadableRange. */
export function exactRangeOf(query: RangeQuery, nowMs: number): UsageRange {
  zoneOf(query.tz);
  const [fromMs, toMs] = [momentOf(query.from, 'from'), momentOf(query.to, 'to')];
  const isHour = query.period === '1h';
  const whole = rangeOf({ ...query, period: isHour ? '24h' : query.period, ...(fromMs !== undefined && { from: undefined }), ...(toMs !== undefined && { to: undefined }) }, nowMs); // prettier-ignore
  const end = toMs ?? whole.toMs;
  const start = fromMs ?? (isHour && query.from === undefined ? (toMs ?? nowMs) - hourMs : whole.fromMs);
  // A period that ends at a moment of its own reaches back from there.
  const shifted = fromMs === undefined && query.from === undefined && !isHour && toMs !== undefined ? start - (whole.toMs - end) : start;
  if (shifted >= end) throw new UnreadableRange('from');
  return { fromMs: Math.max(0, shifted), toMs: end };
}

/** Widths of bars, and the longest range that each is for. Bars of a quarter-hour and more are what roll-ups know. */
const barWidths: readonly [barMs: number, rangeMsMax: number][] = [
  [minuteMs, 2 * hourMs],
  [5 * minuteMs, 10 * hourMs],
  [quarterMs, 36 * hourMs],
  [hourMs, 8 * dayMs],
  [dayMs, 120 * dayMs],
];
const weekMs = 7 * dayMs;
/** A longer range is drawn from here on. */
const drawnMsMax = 800 * dayMs;

/** The bars of a range: their width, and the range widened to whole ones. */
export function barsOf({ fromMs, toMs }: UsageRange): UsageRange & { barMs: number } {
  const start = Math.max(fromMs, toMs - drawnMsMax);
  const barMs = barWidths.find(([, most]) => toMs - start <= most)?.[0] ?? weekMs;
  return { barMs, fromMs: Math.floor(start / barMs) * barMs, toMs: Math.ceil(toMs / barMs) * barMs };
}
