/** Ranges of the explorer to the millisecond, and the bars that they are drawn with. */
import { describe, expect, test } from 'vitest';
import { barsOf, exactRangeOf } from '../../src/domain/request-range.ts';
import { rangeEndMs } from '../../src/domain/usage-range.ts';

const nowMs = Date.UTC(2026, 5, 20, 12, 7, 30);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const iso = (ms: number): string => new Date(ms).toISOString();

describe('a range', () => {
  test('of two moments is those two, to the millisecond', () => {
    expect(exactRangeOf({ from: iso(nowMs - 61_001), to: iso(nowMs - 1) }, nowMs)).toEqual({ fromMs: nowMs - 61_001, toMs: nowMs - 1 });
  });
  test('of dates is whole days of the zone', () => {
    expect(exactRangeOf({ from: '2026-06-01', to: '2026-06-01', tz: 'Asia/Jakarta' }, nowMs)).toEqual({ fromMs: Date.UTC(2026, 4, 31, 17), toMs: Date.UTC(2026, 5, 1, 17) }); // prettier-ignore
  });
  test('of the last hour ends now and begins an hour ago', () => {
    const { fromMs, toMs } = exactRangeOf({ period: '1h' }, nowMs);
    expect([fromMs, toMs >= nowMs]).toEqual([nowMs - hourMs, true]);
  });
  test('of a period before a moment reaches back from there', () => {
    const { fromMs, toMs } = exactRangeOf({ period: '24h', to: iso(nowMs - dayMs) }, nowMs);
    expect(toMs).toBe(nowMs - dayMs);
    expect(toMs - fromMs).toBeGreaterThanOrEqual(dayMs - 900_000);
    expect(toMs - fromMs).toBeLessThanOrEqual(dayMs + 900_000);
  });
  test.each([
    [{ from: 'x' }, 'from'],
    [{ to: '2026-02-30' }, 'to'],
    [{ from: iso(nowMs), to: iso(nowMs) }, 'from'],
    [{ from: iso(nowMs), to: iso(nowMs - 1) }, 'from'],
    [{ tz: 'Mars/Olympus', period: '1h' }, 'tz'],
    [{ period: '2h' }, 'period'],
  ])('of %j cannot be read', (query, field) => {
    expect(() => exactRangeOf(query, nowMs)).toThrow(expect.objectContaining({ field }) as Error);
  });
});

describe('bars', () => {
  test.each([
    [hourMs, 60_000],
    [10 * hourMs, 300_000],
    [dayMs, 900_000],
    [7 * dayMs, hourMs],
    [30 * dayMs, dayMs],
    [365 * dayMs, 7 * dayMs],
  ])('of a range of %i ms are %i ms wide, whole, and never too many', (rangeMs, barMs) => {
    const bars = barsOf({ fromMs: nowMs - rangeMs, toMs: nowMs });
    expect(bars.barMs).toBe(barMs);
    expect([bars.fromMs % barMs, bars.toMs % barMs]).toEqual([0, 0]);
    expect(bars.fromMs).toBeLessThanOrEqual(nowMs - rangeMs);
    expect(bars.toMs).toBeGreaterThanOrEqual(nowMs);
    expect((bars.toMs - bars.fromMs) / barMs).toBeLessThanOrEqual(200);
  });
  test.each([hourMs, 10 * hourMs, dayMs, 7 * dayMs, 30 * dayMs, 365 * dayMs])(
    'of the last %i ms that a range may have end within the years that are written with four digits',
    (rangeMs) => {
      const { fromMs, toMs } = exactRangeOf({ from: iso(rangeEndMs - rangeMs), to: '9999-12-31T23:59:59Z' }, nowMs);
      expect([toMs, toMs - fromMs]).toEqual([rangeEndMs, rangeMs]);
      expect(iso(barsOf({ fromMs, toMs }).toMs)).toMatch(/^9999-12-/);
    },
  );
  test('of everything are those of its last years', () => {
    const { barMs, fromMs, toMs } = barsOf({ fromMs: 0, toMs: nowMs });
    expect((toMs - fromMs) / barMs).toBeLessThan(120);
  });
});
