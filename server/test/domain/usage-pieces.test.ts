/** Ranges taken apart into roll-ups: exactly the range, whatever is added and taken away, and few rows for the day of any zone. */
import { describe, expect, test } from 'vitest';
import { dayMs, quarterMs, sixHoursMs } from '../../src/domain/rollup.ts';
import { coverOf, piecesOf, sumSteps, tallySteps, type Piece, type RollupStep } from '../../src/domain/usage-pieces.ts';
import { daysIn, type UsageRange } from '../../src/domain/usage-range.ts';
import { seeded } from '../storage/ledger-records.ts';

const widthOf: Record<RollupStep, number> = { days: dayMs, sixHours: sixHoursMs, quarters: quarterMs };
const at = (text: string): number => Date.parse(text);
const below = seeded(28);

/** How often each quarter-hour is counted; those that cancel out are left out. */
function quartersIn(pieces: readonly Piece[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { range, sign } of pieces)
    for (let quarter = range.fromMs; quarter < range.toMs; quarter += quarterMs) {
      const count = (counts.get(quarter) ?? 0) + sign;
      if (count === 0) counts.delete(quarter);
      else counts.set(quarter, count);
    }
  return counts;
}

const bucketsOf = (pieces: readonly Piece[], table: RollupStep): number =>
  pieces.filter((piece) => piece.table === table).reduce((sum, { range }) => sum + (range.toMs - range.fromMs) / widthOf[table], 0);

/** Whether each quarter-hour of the range is counted once, and no other, by whole buckets. */
function isExactly(pieces: readonly Piece[], range: UsageRange): boolean {
  const counts = [...quartersIn(pieces)];
  return (
    counts.length === (range.toMs - range.fromMs) / quarterMs &&
    counts.every(([quarter, count]) => count === 1 && quarter >= range.fromMs && quarter < range.toMs) &&
    pieces.every(({ table, range: { fromMs, toMs } }) => toMs > fromMs && fromMs % widthOf[table] === 0 && toMs % widthOf[table] === 0)
  );
}

describe.each([
  ['sums', sumSteps],
  ['counts', tallySteps],
] as const)('the pieces of ranges for %s', (_, steps) => {
  test('add up to each of random ranges, every quarter-hour once', () => {
    const start = at('2026-03-01T00:00:00Z');
    for (let round = 0; round < 200; round++) {
      const fromMs = start + below(400) * quarterMs;
      const range = { fromMs, toMs: fromMs + (1 + below(round % 2 === 0 ? 40 : 400)) * quarterMs };
      expect(isExactly(piecesOf(range, steps), range), JSON.stringify(range)).toBe(true);
      const cover = coverOf(range, steps).map((part): Piece => ({ ...part, sign: 1 }));
      expect(isExactly(cover, range), JSON.stringify(range)).toBe(true);
      expect(cover.map((piece) => piece.range.fromMs)).toEqual(cover.map((piece) => piece.range.fromMs).toSorted((a, b) => a - b));
    }
  });

  test('of a range between any two moments are the quarter-hours that begin in it, with the one that runs now', () => {
    const start = at('2026-03-01T00:00:00Z');
    const next = (ms: number): number => Math.ceil(ms / quarterMs) * quarterMs;
    for (let round = 0; round < 200; round++) {
      const fromMs = start + below(30 * dayMs);
      const toMs = fromMs + below(round % 2 === 0 ? 40 * quarterMs : 9 * dayMs);
      const whole = { fromMs: next(fromMs), toMs: next(toMs) };
      expect(isExactly(piecesOf({ fromMs, toMs }, steps), whole), JSON.stringify({ fromMs, toMs })).toBe(true);
      const cover = coverOf({ fromMs, toMs }, steps).map((part): Piece => ({ ...part, sign: 1 }));
      expect(isExactly(cover, whole), JSON.stringify({ fromMs, toMs })).toBe(true);
    }
  });

  test('of nothing are none', () => {
    const fromMs = at('2026-03-01T17:00:00Z');
    expect([piecesOf({ fromMs, toMs: fromMs }, steps), coverOf({ fromMs, toMs: fromMs }, steps)]).toEqual([[], []]);
  });
});

test.each(['UTC', 'Asia/Jakarta', 'America/New_York', 'Asia/Kathmandu', 'Asia/Kolkata', 'Pacific/Auckland', 'Pacific/Chatham', 'Asia/Shanghai'])(
  'a day in %s is few buckets, also where clocks change',
  (zone) => {
    for (const range of [{ fromMs: at('2026-03-01T00:00:00Z'), toMs: at('2026-04-10T00:00:00Z') }, { fromMs: at('2026-10-20T00:00:00Z'), toMs: at('2026-11-10T00:00:00Z') }])
      for (const day of daysIn(range, zone).slice(1, -1)) {
        const pieces = piecesOf(day);
        const isFew = bucketsOf(pieces, 'days') <= 1 && bucketsOf(pieces, 'sixHours') <= 4 && bucketsOf(pieces, 'quarters') <= 24;
        expect([isExactly(pieces, day), isFew], day.date).toEqual([true, true]);
      }
  },
); // prettier-ignore

test('days that follow each other share what lies at their border', () => {
  const days = daysIn({ fromMs: at('2026-05-01T17:00:00Z'), toMs: at('2026-05-31T17:00:00Z') }, 'Asia/Jakarta');
  const read = new Set(days.flatMap((day) => piecesOf(day).map(({ table, range }) => `${table} ${range.fromMs}`)));
  // A day, six hours and an hour each, and one border more than there are days.
  expect(read.size).toBe(3 * days.length + 2);
});

test('an hour is read as it is, and a month of whole days without a finer table', () => {
  const hour = { fromMs: at('2026-05-01T17:00:00Z'), toMs: at('2026-05-01T18:00:00Z') };
  expect(piecesOf(hour)).toEqual([{ table: 'quarters', range: hour, sign: 1 }]);
  const month = { fromMs: at('2026-05-01T00:00:00Z'), toMs: at('2026-06-01T00:00:00Z') };
  expect(piecesOf(month)).toEqual([{ table: 'days', range: month, sign: 1 }]);
});
