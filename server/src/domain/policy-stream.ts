/** Reads a text that comes in pieces, sentence by sentence: says how far it has been judged, and what in it must be covered. */
import { decodeJson, type Decoded } from './policy-json.ts';
import { cutAt, findInParts, within as withinPart } from './policy-parts.ts';
import { contextChars } from './policy-detectors.ts';
import { placeBefore } from './policy-fold.ts';
import { contextStart, editsOf, findIn, finished, reachOf, readsTexts, type Edit, type Finding } from './policy-rules.ts';
import type { Policy } from './policy.ts';

/** A sentence that does not end is judged in parts of this length. */
export const sentenceCharsMax = 512;

/** What one more piece of a text brought: everything before `judgedTo` may be shown, with the edits made. */
export interface Found {
  text: string;
  findings: Finding[];
}

/**
 * One text of an answer. Positions are counted from its beginning, in the characters in which it is sent. What has been said is judged
 * up to the end of the last sentence behind which enough is known: a find that begins in a sentence ends within `reachOf` characters.
 */
export class JudgedText {
  private readonly policies: readonly Policy[];
  private readonly reachChars: number;
  /** The text is part of a JSON document: it is judged as what it means, and covered as what it is. */
  private readonly isJson: boolean;
  /** What is not judged yet. */
  private pending = '';
  /** The end of what was judged, as it means. */
  private context = '';
  private inString = false;
  /** Characters that were judged since it was once thought to have ended: what goes on behind that place is still found. */
  private sinceEnd = Infinity;
  /** Where its parts begin. */
  private readonly starts = [0];
  /** Covers that lie in several parts, cut at their ends; they are kept, for whatever repeats a part once it has ended. */
  private readonly across: Edit[] = [];
  /** Length of all that came. */
  length = 0;
  judgedTo = 0;
  /** Positions as in the text; those that lie in what was let go are dropped by `forget`. */
  edits: Edit[] = [];

  constructor(policies: readonly Policy[], isJson: boolean) {
    this.policies = policies.filter(readsTexts);
    this.reachChars = reachOf(this.policies);
    this.isJson = isJson;
  }

  /** Takes a piece; what it lets be judged is judged. */
  push(piece: string): Found | null {
    this.pending += piece;
    this.length += piece.length;
    const until = this.borderIn(this.pending);
    return until === 0 ? null : this.judge(until, true);
  }

  /**
   * Judges all that came: nothing follows, or it cannot be waited for. Of a find that follows all the same, what was not shown yet is
   * covered.
   */
  end(): Found | null {
    return this.pending === '' ? null : this.judge(this.pending.length, false);
  }

  /** What follows is another part: read by itself, and as going on from the one before. Answers with its number. */
  begin(): number {
    return this.starts.push(this.length) - 1;
  }

  /** The covers of a part that come from what lies beside it, counted from its beginning; none where the text is not the part's. */
  acrossIn(part: number, text: string): Edit[] {
    const [start, end] = [this.starts[part]!, this.starts[part + 1] ?? this.length];
    return text.length === end - start ? withinPart(this.across, start, end) : [];
  }

  /** Drops the edits before a place that was let go. */
  forget(before: number): void {
    if (this.edits.length > 0) this.edits = this.edits.filter(({ end }) => end > before);
  }

  private borderIn(pending: string): number {
    const last = placeBefore(pending, this.reachChars, this.isJson);
    if (last <= 0) return 0;
    for (let at = last; at > 0; at--) if (isBorder(pending, at, this.isJson)) return at;
    if (last < sentenceCharsMax) return 0;
    const blank = pending.lastIndexOf(' ', last);
    return wholeCharacter(pending, blank > 0 ? blank : last, this.isJson);
  }

  private judge(until: number, isOpen: boolean): Found {
    let [decoded, found] = this.read(until, isOpen);
    let end = until;
    // Finds that go on behind the border wait for the next one, together with those that they lie in.
    for (let first = crossing(decoded, found, end); first !== null; first = crossing(decoded, found, end)) end = first;
    if (end > 0) return this.take(end, decoded, within(decoded, found, end), isOpen);
    // From the very beginning: taken with all that it reaches, which is no more than what has come.
    for (end = until; crossing(decoded, found, end) !== null; [decoded, found] = this.read(end, isOpen))
      end = Math.max(...found.map((finding) => rawOf(decoded, finding.end)));
    return this.take(end, decoded, within(decoded, found, end), isOpen);
  }

  private read(until: number, isOpen: boolean): [Decoded, Finding[]] {
    const decoded = this.isJson ? decodeJson(this.pending, this.inString) : plain(this.pending);
    const before = this.context.length;
    const [text, to] = [this.context + decoded.text, before + decodedOf(decoded, until)];
    const parts = this.partsIn(text);
    const from = this.goesOn() ? Math.max(0, before - this.sinceEnd - this.reachChars) : before;
    const findings = finished(
      parts === null ? findIn(this.policies, text, from, to, isOpen) : findInParts(this.policies, parts, { from, to, isOpen }),
    );
    const left = findings.filter(({ end }) => end > before);
    return [decoded, left.map((finding) => ({ ...finding, start: Math.max(0, finding.start - before), end: finding.end - before }))];
  }

  /** Whether a find may go on from a place where the text was thought to have ended. */
  private goesOn(): boolean {
    return this.sinceEnd < this.reachChars;
  }

  /** Null where what is known lies in one part. */
  private partsIn(text: string): string[] | null {
    if (this.starts.length === 1) return null;
    const first = this.judgedTo - this.context.length;
    const cuts = this.startsBehind(first)
      .map((start) => start - first)
      .filter((cut) => cut < text.length);
    return cuts.length === 0 ? null : [...cuts, text.length].map((cut, at) => text.slice(cuts[at - 1] ?? 0, cut));
  }

  /** The last ones, looked for from the end: there may be very many. */
  private startsBehind(place: number): number[] {
    return this.starts.slice(this.starts.findLastIndex((start) => start <= place) + 1);
  }

  private take(end: number, decoded: Decoded, findings: Finding[], isOpen: boolean): Found {
    const told = decodedOf(decoded, end);
    for (const edit of editsOf(findings)) {
      const [from, to] = [rawOf(decoded, edit.start), rawOf(decoded, edit.end)];
      const pieces = this.isJson ? decoded.coverings(from, to, edit.mask) : [{ start: from, end: to, mask: edit.mask }];
      for (const { start, end: last, mask } of pieces) {
        const cut = cutAt(this.startsBehind(start + this.judgedTo), { start: start + this.judgedTo, end: last + this.judgedTo, mask });
        this.edits.push(...cut);
        if (cut.length > 1 || (start === 0 && this.goesOn())) this.across.push(...cut);
      }
    }
    const said = this.context + decoded.text.slice(0, told);
    this.sinceEnd = isOpen ? this.sinceEnd + told : 0;
    const known = said.length - (this.goesOn() ? this.sinceEnd + this.reachChars : 0);
    this.context = said.slice(known > contextChars ? contextStart(said, known) : 0);
    this.inString = decoded.inStringAt(end);
    this.pending = this.pending.slice(end);
    this.judgedTo += end;
    return { text: decoded.text, findings };
  }
}

/** Where the first find begins that lies on both sides of a place; null for none. */
function crossing(decoded: Decoded, found: readonly Finding[], place: number): number | null {
  const starts = found.filter(({ start, end }) => rawOf(decoded, start) < place && rawOf(decoded, end) > place);
  return starts.length === 0 ? null : Math.min(...starts.map(({ start }) => rawOf(decoded, start)));
}

const within = (decoded: Decoded, found: readonly Finding[], place: number): Finding[] =>
  found.filter(({ end }) => rawOf(decoded, end) <= place);

const plain = (text: string): Decoded => ({ text, places: null, inStringAt: () => false, coverings: () => [] });
const rawOf = ({ places, text }: Decoded, at: number): number => (places === null ? at : places[Math.min(at, text.length)]!);

/** How much of what is meant lies before a place of what is sent. */
function decodedOf({ places, text }: Decoded, raw: number): number {
  if (places === null) return raw;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle]! < raw) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a sentence ends right before a place: a mark and a blank, a line, or an end of a JSON text. */
function isBorder(text: string, at: number, isJson: boolean): boolean {
  const last = text.charCodeAt(at - 1);
  if (last === 0x0a) return true;
  if (last === 0x3002 || last === 0xff01 || last === 0xff1f) return true;
  if (isJson && (last === 0x2c || last === 0x7d || last === 0x5d) && text.charCodeAt(at - 2) === 0x22) return true;
  if (isJson && last === 0x6e && text.charCodeAt(at - 2) === 0x5c) return true;
  return last === 0x20 && at > 1 && '.!?…'.includes(text[at - 2]!);
}

/** The nearest place before that cuts no character and no escape in two. */
function wholeCharacter(text: string, at: number, isJson: boolean): number {
  const code = text.charCodeAt(at);
  if (code >= 0xdc00 && code <= 0xdfff) return at - 1;
  if (!isJson) return at;
  for (let back = 1; back <= escapeCharsMax && at - back >= 0; back++) {
    if (text.charCodeAt(at - back) !== 0x5c) continue;
    let slashes = 1;
    while (at - back - slashes >= 0 && text.charCodeAt(at - back - slashes) === 0x5c) slashes++;
    // An even number of them says backslashes and no escape.
    if (slashes % 2 === 0) return at;
    const length = text.charCodeAt(at - back + 1) === 0x75 ? escapeCharsMax + 1 : 2;
    return back < length ? at - back : at;
  }
  return at;
}

/** Characters of `\uXXXX` behind its first. */
const escapeCharsMax = 5;
