/** The parts of a range that a chart has a bar for: hours, days, weeks or months of a zone, each cut to the range. */
import { daysIn, UnreadableRange, type UsageRange } from './usage-range.ts';

export type UsageBucket = 'hour' | 'day' | 'week' | 'month';

export interface UsageSpan extends UsageRange {
  /** A date (of the Monday for a week), `2026-03` for a month, and for an hour its beginning with the offset from UTC. */
  label: string;
}

/** Bars of one chart; a longer question is a fault. */
export const spansMax = 1_000;
const hourMs = 3_600_000;

const zonedAt = (atMs: number, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);

/** Hours begin where the clock shows a whole one: a clock that is put back shows one twice, and each is a span of its own. */
function hoursIn(range: UsageRange, zone: string): UsageSpan[] {
  const spans: UsageSpan[] = [];
  for (let fromMs = range.fromMs; fromMs < range.toMs;) {
    if (spans.length === spansMax) throw new UnreadableRange('bucket');
    const at = zonedAt(fromMs, zone);
    const pastMs = (at.minute * 60 + at.second) * 1000 + at.millisecond;
    let toMs = fromMs - pastMs + hourMs;
    // Where the clock jumps by less than an hour inside this one, the next whole hour is not an hour away.
    const rest = zonedAt(toMs, zone).minute * 60_000;
    if (rest !== 0) toMs -= rest;
    if (toMs <= fromMs) toMs += hourMs;
    spans.push({ label: at.toString({ timeZoneName: 'never', smallestUnit: 'minute' }), fromMs, toMs: Math.min(toMs, range.toMs) });
    fromMs = toMs;
  }
  return spans;
}

function labelOf(date: string, bucket: UsageBucket): string {
  if (bucket === 'month') return date.slice(0, 7);
  if (bucket === 'day') return date;
  const day = Temporal.PlainDate.from(date);
  return day.subtract({ days: day.dayOfWeek - 1 }).toString();
}

/** The spans that touch the range, oldest first; weeks begin on Monday. Throws UnreadableRange where there are more than `spansMax`. */
export function spansIn(range: UsageRange, zone: string, bucket: UsageBucket): UsageSpan[] {
  if (bucket === 'hour') return hoursIn(range, zone);
  const spans: UsageSpan[] = [];
  for (const { date, fromMs, toMs } of daysIn(range, zone)) {
    const label = labelOf(date, bucket);
    const last = spans.at(-1);
    if (last?.label === label) last.toMs = toMs;
    else spans.push({ label, fromMs, toMs });
  }
  if (spans.length > spansMax) throw new UnreadableRange('bucket');
  return spans;
}
