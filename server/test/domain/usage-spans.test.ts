/** Bars of charts: hours, days, weeks and months of a zone, without a gap and without an overlap, whatever its clocks do. */
import { describe, expect, test } from 'vitest';
import { UnreadableRange } from '../../src/domain/usage-range.ts';
import { spansIn, type UsageBucket } from '../../src/domain/usage-spans.ts';

const at = (iso: string): number => Date.parse(iso);
const hourMs = 3_600_000;
const zones = [
  'UTC',
  'Asia/Jakarta',
  'Asia/Kathmandu',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Pacific/Chatham',
];

describe.each(zones)('in %s', (zone) => {
  test.each<UsageBucket>(['hour', 'day', 'week', 'month'])('%ss cover the range from end to end', (bucket) => {
    for (const [from, to] of [
      ['2026-03-05T03:15:00Z', '2026-03-31T20:45:00Z'],
      ['2026-10-20T00:00:00Z', '2026-11-05T12:00:00Z'],
      ['2026-04-03T09:30:00Z', '2026-04-06T09:30:00Z'],
    ] as const) {
      const spans = spansIn({ fromMs: at(from), toMs: at(to) }, zone, bucket);
      expect(spans[0]!.fromMs).toBe(at(from));
      expect(spans.at(-1)!.toMs).toBe(at(to));
      for (const [index, span] of spans.entries()) {
        expect(span.toMs).toBeGreaterThan(span.fromMs);
        expect(span.toMs % 900_000, 'every end lies on a quarter-hour').toBe(0);
        if (index > 0) expect(span.fromMs).toBe(spans[index - 1]!.toMs);
        if (bucket === 'hour') expect(span.toMs - span.fromMs).toBeLessThanOrEqual(1.5 * hourMs);
      }
      expect(new Set(spans.map(({ label }) => label)).size).toBe(spans.length);
    }
  });
});

test('the day on which clocks go forward has 23 hours, and the one on which they go back 25', () => {
  const hours = (date: string): number => {
    const fromMs = at(`${date}T04:00:00Z`);
    const day = spansIn({ fromMs, toMs: fromMs + 72 * hourMs }, 'America/New_York', 'day').find(({ label }) => label === date)!;
    return (day.toMs - day.fromMs) / hourMs;
  };
  expect([hours('2026-03-08'), hours('2026-03-09'), hours('2026-11-01')].map(Math.round)).toEqual([23, 24, 25]);
});

test('an hour that the clock shows twice is two bars, each with its offset', () => {
  const spans = spansIn({ fromMs: at('2026-11-01T04:00:00Z'), toMs: at('2026-11-01T08:00:00Z') }, 'America/New_York', 'hour');
  expect(spans.map(({ label }) => label)).toEqual([
    '2026-11-01T00:00-04:00',
    '2026-11-01T01:00-04:00',
    '2026-11-01T01:00-05:00',
    '2026-11-01T02:00-05:00',
  ]);
});

test('hours of a zone that is a quarter off begin where its clock shows a whole hour', () => {
  const [first, second] = spansIn({ fromMs: at('2026-05-10T18:15:00Z'), toMs: at('2026-05-10T20:15:00Z') }, 'Asia/Kathmandu', 'hour');
  expect([first!.label, second!.label]).toEqual(['2026-05-11T00:00+05:45', '2026-05-11T01:00+05:45']);
});

test('weeks begin on Monday, months on their first', () => {
  const range = { fromMs: at('2026-02-25T00:00:00Z'), toMs: at('2026-03-10T00:00:00Z') };
  expect(spansIn(range, 'UTC', 'week').map(({ label }) => label)).toEqual(['2026-02-23', '2026-03-02', '2026-03-09']);
  expect(spansIn(range, 'UTC', 'month').map(({ label }) => label)).toEqual(['2026-02', '2026-03']);
});

test('more bars than a chart has are refused by the bucket', () => {
  const range = { fromMs: at('2026-01-01T00:00:00Z'), toMs: at('2026-03-01T00:00:00Z') };
  expect(() => spansIn(range, 'UTC', 'hour')).toThrow(UnreadableRange);
  expect(spansIn(range, 'UTC', 'day')).toHaveLength(59);
});
