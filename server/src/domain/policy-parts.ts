/** Reads texts that a model is given one behind the other, as parts of one message: what begins in one of them may end in another. */
import { contextChars } from './policy-detectors.ts';
import { hidesLetters } from './policy-fold.ts';
import { edited, findIn, onceEach, reachOf, type Edit, type Finding } from './policy-rules.ts';
import type { Policy } from './policy.ts';

/** Servers put parts together with nothing between them, or each on a line of its own. */
const joints = ['', '\n'] as const;

/** Where finds begin that are asked for, and whether the last part goes on behind what is known of it. */
interface Window {
  from: number;
  to: number;
  isOpen: boolean;
}

const everywhere: Window = { from: 0, to: Infinity, isOpen: false };

/** What is found in the parts, and across them; places are counted through all parts as if nothing stood between them. */
export function* findInParts(
  policies: readonly Policy[],
  parts: readonly string[],
  { from, to, isOpen }: Window = everywhere,
): Generator<void, Finding[], void> {
  const found: Finding[] = [];
  const starts = startsOf(parts, '');
  for (const [at, part] of parts.entries()) {
    const start = starts[at]!;
    if (to <= start || from >= start + part.length) continue;
    const isLast = at === parts.length - 1;
    const own = yield* findIn(policies, part, Math.max(0, from - start), Math.min(part.length, to - start), isLast && isOpen);
    for (const finding of own) found.push({ ...finding, start: finding.start + start, end: finding.end + start });
  }
  if (parts.length === 1) return found;
  for (const joint of joints)
    for (const finding of yield* findAcross(policies, parts, joint, isOpen))
      if (finding.start >= from && finding.start < to) found.push(finding);
  return onceEach(found);
}

/** Where the parts begin when `joint` stands between them, and where another would. */
function startsOf(parts: readonly string[], joint: string): number[] {
  let at = 0;
  return [0, ...parts.map((part) => (at += part.length + joint.length))];
}

function* findAcross(
  policies: readonly Policy[],
  parts: readonly string[],
  joint: string,
  isOpen: boolean,
): Generator<void, Finding[], void> {
  const text = parts.join(joint);
  const [starts, plainStarts] = [startsOf(parts, joint), startsOf(parts, '')];
  const plainAt = (part: number, at: number): number => plainStarts[part]! + Math.min(at - starts[part]!, parts[part]!.length);
  const found: Finding[] = [];
  for (const { from, to } of seams(policies, text, starts)) {
    const shift = Math.max(0, from - contextChars - 1);
    const near = yield* findIn(policies, text.slice(shift, to), from - shift, to - shift, isOpen || to < text.length);
    for (const finding of near) {
      const [start, end] = [finding.start + shift, finding.end + shift];
      const [first, last] = [partAt(starts, start), partAt(starts, end - 1)];
      if (first < last) found.push({ ...finding, start: plainAt(first, start), end: plainAt(last, end) });
    }
  }
  return found;
}

/** The places around the ends of parts, as far as a find that lies across one can reach. Each character is in one of them at most. */
function* seams(policies: readonly Policy[], text: string, starts: readonly number[]): Generator<{ from: number; to: number }, void, void> {
  // What is not seen may stand between two letters in any number, and hold them apart further than a find reaches.
  if (hidesLetters(text)) return yield { from: 0, to: text.length };
  const reachChars = reachOf(policies);
  for (let first = 1; first < starts.length - 1;) {
    let last = first;
    while (last + 1 < starts.length - 1 && starts[last + 1]! - starts[last]! <= 2 * reachChars) last++;
    yield { from: Math.max(0, starts[first]! - reachChars), to: Math.min(text.length, starts[last]! + reachChars) };
    first = last + 1;
  }
}

/** The part that a place lies in; what stands between two of them belongs to the first. */
function partAt(starts: readonly number[], place: number): number {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The part of a cover that lies in one piece of a text; the mask stands where it begins. */
export const partOf = (edit: Edit, start: number, end: number): Edit => ({
  start: Math.max(0, edit.start - start),
  end: Math.min(end, edit.end) - start,
  mask: edit.start >= start ? edit.mask : '',
});

/** The parts with their covers. None is left empty, which providers refuse: one that is covered as a whole says so too. */
export function editedParts(parts: readonly string[], edits: readonly Edit[]): string[] {
  const starts = startsOf(parts, '');
  return parts.map((part, at) => {
    const [start, end] = [starts[at]!, starts[at + 1]!];
    const own = edits.filter((edit) => edit.start < end && edit.end > start);
    if (own.length === 0) return part;
    const written = edited(
      part,
      own.map((edit) => partOf(edit, start, end)),
    );
    return written.trim() === '' ? own[0]!.mask : written;
  });
}

/** A cover in each of the parts that it lies in; a mask in one of them alone would leave others empty, or silent about it. */
export function cutAt(starts: readonly number[], edit: Edit): Edit[] {
  const places = [edit.start, ...starts.filter((start) => start > edit.start && start < edit.end), edit.end];
  return places.slice(1).map((end, at) => ({ start: places[at]!, end, mask: edit.mask }));
}

/** The covers of an answer's parts, by part. */
export function editsByPart(parts: readonly string[], edits: readonly Edit[]): Edit[][] {
  const starts = startsOf(parts, '');
  const cut = edits.flatMap((edit) => cutAt(starts, edit));
  return parts.map((_, at) => within(cut, starts[at]!, starts[at + 1]!));
}

/** Of covers that were cut at the ends of parts, those of one part, counted from its beginning. */
export const within = (edits: readonly Edit[], from: number, to: number): Edit[] =>
  edits.flatMap(({ start, end, mask }) => (start >= from && end <= to ? [{ start: start - from, end: end - from, mask }] : []));
