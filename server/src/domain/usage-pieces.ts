/** Which roll-ups a range is read from: the fewest rows that cover it, or the fewest that make it up when some are taken away again. */
import { dayMs, quarterMs, sixHoursMs } from './rollup.ts';
import type { UsageRange } from './usage-range.ts';

export type RollupStep = 'days' | 'sixHours' | 'quarters';

/** One table's share of a range, on whole buckets of it. */
export interface Part {
  table: RollupStep;
  range: UsageRange;
}

/** A share that is added, or taken away again. */
export interface Piece extends Part {
  sign: 1 | -1;
}

const stepMs: Record<RollupStep, number> = { days: dayMs, sixHours: sixHoursMs, quarters: quarterMs };
/** Where sums are read, the coarsest first; counts of times are kept by day and quarter-hour alone. */
export const sumSteps = ['days', 'sixHours', 'quarters'] as const;
export const tallySteps = ['days', 'quarters'] as const;

const isLong = ({ fromMs, toMs }: UsageRange): boolean => toMs > fromMs;
const nearest = (step: number, atMs: number): number => Math.round(atMs / step) * step;
const next = (step: number, atMs: number): number => Math.ceil(atMs / step) * step;

/**
 * The parts that cover a range and nothing else, each moment once: whole days, and what is left at its ends from finer tables. A
 * quarter-hour is in the range that it begins in, whole: the one that runs now is in a range until now.
 */
export function coverOf(range: UsageRange, [table, ...finer]: readonly RollupStep[] = sumSteps): Part[] {
  if (!isLong(range) || table === undefined) return [];
  const step = stepMs[table];
  const fromMs = next(step, range.fromMs);
  const toMs = finer.length === 0 ? next(step, range.toMs) : Math.floor(range.toMs / step) * step;
  if (fromMs >= toMs) return coverOf(range, finer);
  return [
    ...coverOf({ fromMs: range.fromMs, toMs: fromMs }, finer),
    { table, range: { fromMs, toMs } },
    ...coverOf({ fromMs: toMs, toMs: range.toMs }, finer),
  ];
}

/** Rows of one bucket against those of a quarter-hour, as a month of a million entries has them: most combinations are seen now and then. */
const weight: Record<RollupStep, number> = { days: 5, sixHours: 4, quarters: 1 };
const weightOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { table, range }) => sum + (weight[table] * (range.toMs - range.fromMs)) / stepMs[table], 0);

const turned = (pieces: readonly Piece[]): Piece[] => pieces.map((piece) => ({ ...piece, sign: piece.sign === 1 ? -1 : 1 }));

/**
 * The pieces that add up to a range, some of them taken away again: a day from 17:00 to 17:00 is a day of UTC, and six hours and one hour at
 * either end, where to cover it takes every quarter-hour. Spans that follow each other share the pieces at their borders. Here too a
 * quarter-hour is in the range that it begins in.
 */
export function piecesOf(range: UsageRange, steps: readonly RollupStep[] = sumSteps): Piece[] {
  const [table, ...finer] = steps;
  if (!isLong(range) || table === undefined) return [];
  const step = stepMs[table];
  const border = finer.length === 0 ? next : nearest;
  const fromMs = border(step, range.fromMs);
  const toMs = border(step, range.toMs);
  const without = piecesOf(range, finer);
  if (fromMs >= toMs) return without;
  // From a border to the nearest one of this table: added where the range reaches further, else taken away.
  const between = (from: number, to: number): Piece[] =>
    from <= to ? piecesOf({ fromMs: from, toMs: to }, finer) : turned(piecesOf({ fromMs: to, toMs: from }, finer));
  const pieces: Piece[] = [...between(range.fromMs, fromMs), { table, range: { fromMs, toMs }, sign: 1 }, ...between(toMs, range.toMs)];
  return finer.length > 0 && weightOf(without) <= weightOf(pieces) ? without : pieces;
}
