/** Patterns that people write, in RE2 alone: no text makes one take more than linear time, whatever was written. */
import { RE2JS } from 're2js';
import type { Span } from './policy-detectors.ts';

export const patternCharsMax = 512;
/** Instructions of a compiled pattern: repeats within repeats grow faster than their text. */
const programMax = 2_000;
/** A find is read this far: what one sentence began, the next one ends within it. */
export const patternReachChars = 256;
/** Texts are read in pieces, so that finds that each look far ahead never add up. */
const sliceChars = 4_096;
/** Finds of one pattern in one piece; behind them the rest of the piece counts as found. */
const findsMax = 128;

export type PatternFault = 'too_long' | 'too_large' | 'matches_nothing' | 'syntax';

/** What is wrong with a pattern, with RE2's own words where it does not read; null for a sound one. */
export function patternFault(pattern: string): { code: PatternFault; detail: string } | null {
  if (pattern.length > patternCharsMax) return { code: 'too_long', detail: String(patternCharsMax) };
  try {
    const compiled = RE2JS.compile(pattern);
    if (sizeOf(compiled) > programMax) return { code: 'too_large', detail: String(programMax) };
    // What the empty text fits is found between any two characters.
    return compiled.test('') ? { code: 'matches_nothing', detail: '' } : null;
  } catch (error) {
    return { code: 'syntax', detail: (error instanceof Error ? error.message : '').replace(/^error parsing regexp: /, '') };
  }
}

function sizeOf(compiled: RE2JS): number {
  const size: unknown = compiled.programSize();
  return typeof size === 'number' ? size : 0;
}

export type Pattern = Pick<RE2JS, 'test' | 'matcher'>;

/** Throws what `patternFault` tells. */
export const compilePattern = (pattern: string): Pattern => RE2JS.compile(pattern);

/** Stands where a piece was cut: a pattern that asks for the end of the text must not find it there. */
const cut = '\u0000';
/** Finds that may reach behind their piece are looked at again in the whole text, so often in one text. */
const wholeLooksMax = 8;

/**
 * Finds that begin in `[from, to)`. Yields between pieces, so that a long text does not hold up everybody else. What stands before `from`
 * and behind `to` is read as well, for words that end there; `isOpen` says that the text goes on behind what is known of it.
 */
export function* findPattern(pattern: Pattern, text: string, from: number, to: number, isOpen = false): Generator<void, Span[], void> {
  const found: Span[] = [];
  let looks = 0;
  for (let at = from; at < to; at += sliceChars) {
    const until = Math.min(to, at + sliceChars);
    // One character before is enough for every assertion that RE2 knows.
    const shift = Math.max(0, at - 1);
    const end = until + patternReachChars;
    const piece = text.slice(shift, end) + (isOpen || end < text.length ? cut : '');
    if (pattern.test(piece)) {
      const bounds = { at: at - shift, until: until - shift, shift, isCut: piece.endsWith(cut) };
      for (const span of findIn(pattern, piece, bounds, found.at(-1)?.end ?? 0)) {
        // What took the mark of the cut may end behind it, or nowhere.
        const mayEndElsewhere = span.end > Math.min(end, text.length);
        const isLooked = mayEndElsewhere && !isOpen && looks++ < wholeLooksMax;
        if (!isLooked || matchesAt(pattern, text, span.start)) found.push({ start: span.start, end: Math.min(span.end, end, text.length) });
      }
    }
    yield;
  }
  return found;
}

function matchesAt(pattern: Pattern, text: string, start: number): boolean {
  const matcher = pattern.matcher(text);
  return matcher.find(start) && matcher.start() === start;
}

interface Bounds {
  at: number;
  until: number;
  shift: number;
  isCut: boolean;
}

function findIn(pattern: Pattern, piece: string, { at, until, shift, isCut }: Bounds, last: number): Span[] {
  const found: Span[] = [];
  const matcher = pattern.matcher(piece);
  let next = Math.max(at, last - shift);
  for (let finds = 0; next < until; finds++) {
    if (!matcher.find(next)) return found;
    const [start, end] = [matcher.start(), matcher.end()];
    if (start >= until || (isCut && start >= piece.length - cut.length)) return found;
    if (finds === findsMax) return [...found, { start: start + shift, end: until + shift }];
    if (end > start) found.push({ start: start + shift, end: end + shift });
    next = Math.max(end, start + 1);
  }
  return found;
}
