/** The rules of policies made ready to read texts with, and what they find there. */
import { spliced } from '../lib/splice.ts';
import { contextChars, detectorReachChars, findPersonalData, type Span } from './policy-detectors.ts';
import { fold, plainOf } from './policy-fold.ts';
import { compilePattern, findPattern, patternReachChars, type Pattern } from './policy-patterns.ts';
import type { DetectorName, Policy, PolicyRules, ViolationFact } from './policy.ts';

/** One find in a text. */
export interface Finding extends Span {
  policy: Policy;
  rule: 'keyword' | 'pattern' | 'personal';
  /** The keyword, the place of the pattern counted from one, the detector. */
  name: string;
}

/** Blanks between the words of a keyword, however they are set. */
const blanks = '[\\s\\u00a0]{1,8}';

interface Ready {
  keywords: RegExp | null;
  patterns: readonly Pattern[];
  personal: ReadonlySet<DetectorName>;
  /** How far behind a sentence a find that began in it may reach. */
  reachChars: number;
}

const escaped = (word: string): string => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Whole words in any case; longer ones first, so that the longest is found. Each as it was written and as it is read. */
function keywordsOf(words: readonly string[]): RegExp | null {
  const parts = [...new Set([...words, ...words.map(plainOf)])]
    .map((word) => word.trim().split(/\s+/u).map(escaped).join(blanks))
    .filter((word) => word !== '')
    .toSorted((a, b) => b.length - a.length);
  return parts.length === 0 ? null : new RegExp(`(?<![\\p{L}\\p{N}_])(?:${parts.join('|')})(?![\\p{L}\\p{N}_])`, 'giu');
}

function ready({ keywords = [], patterns = [], personalData = [] }: PolicyRules): Ready {
  const longest = Math.max(0, ...[...keywords, ...keywords.map(plainOf)].map((word) => word.length + 7 * (word.split(/\s/u).length - 1)));
  return {
    keywords: keywordsOf(keywords),
    patterns: patterns.map(compilePattern),
    personal: new Set(personalData),
    reachChars: Math.max(longest, patterns.length > 0 ? patternReachChars : 0, personalData.length > 0 ? detectorReachChars : 0) + 1,
  };
}

/** A policy that was changed is another object, so its rules are made ready once. */
const known = new WeakMap<Policy, Ready>();

function readyOf(policy: Policy): Ready {
  let made = known.get(policy);
  if (!made) known.set(policy, (made = ready(policy.rules)));
  return made;
}

/** Whether a policy reads texts at all. */
export const readsTexts = ({ rules }: Pick<Policy, 'rules'>): boolean =>
  (rules.keywords?.length ?? 0) + (rules.patterns?.length ?? 0) + (rules.personalData?.length ?? 0) > 0;

/** The reach of several policies together. */
export const reachOf = (policies: readonly Policy[]): number => Math.max(1, ...policies.map((policy) => readyOf(policy).reachChars));

/** Personal data is looked for in pieces of this length. */
const sliceChars = 16_384;

/**
 * What the policies find that begins in `[from, to)`, in the order of the text. Yields now and then while it reads a long one; the
 * caller may let others go first; `isOpen` says that the text goes on behind what is known of it. Pure: the same text gives the same finds, however it came.
 */
export function* findIn(
  policies: readonly Policy[],
  text: string,
  from = 0,
  to = text.length,
  isOpen = false,
): Generator<void, Finding[], void> {
  const found = yield* lookIn(policies, text, { from, to, patterns: { isOpen } });
  // Once more as people read it: wide digits, split accents and what is not seen hide nothing. Patterns say themselves what they fit.
  const plain = policies.some(readsWords) ? yield* fold(text) : null;
  if (plain === null) return found.toSorted(inOrder);
  const again = yield* lookIn(policies, plain.text, { from: plain.placeOf(from), to: plain.placeOf(to), patterns: null });
  for (const finding of again) found.push({ ...finding, start: plain.startOf(finding.start), end: plain.endOf(finding.end) });
  return onceEach(found);
}

const inOrder = (a: Finding, b: Finding): number => a.start - b.start || b.end - a.end;

const readsWords = (policy: Policy): boolean => {
  const { keywords, personal } = readyOf(policy);
  return keywords !== null || personal.size > 0;
};

interface Look {
  from: number;
  to: number;
  /** Null where patterns are left out. */
  patterns: { isOpen: boolean } | null;
}

function* lookIn(policies: readonly Policy[], text: string, { from, to, patterns: look }: Look): Generator<void, Finding[], void> {
  const found: Finding[] = [];
  for (const policy of policies) {
    const { keywords, patterns, personal } = readyOf(policy);
    if (keywords) {
      for (const match of matchesFrom(keywords, text, from, to))
        found.push({ policy, rule: 'keyword', name: match[0].toLowerCase(), start: match.index, end: match.index + match[0].length });
      yield;
    }
    for (const [at, pattern] of look === null ? [] : patterns.entries())
      for (const span of yield* findPattern(pattern, text, from, to, look!.isOpen))
        found.push({ policy, rule: 'pattern', name: String(at + 1), ...span });
    if (personal.size > 0)
      for (let at = from; at < to; at += sliceChars) {
        found.push(...personalIn(policy, personal, text, { at, until: Math.min(to, at + sliceChars) }));
        yield;
      }
  }
  return found;
}

/** In the order of the text, and those of one rule that lie in one place as one find. */
export function onceEach(found: readonly Finding[]): Finding[] {
  const lastOf = new Map<Policy, Map<string, Finding>>();
  const once: Finding[] = [];
  for (const finding of found.toSorted(inOrder)) {
    const key = finding.rule === 'keyword' ? finding.rule : `${finding.rule}:${finding.name}`;
    let own = lastOf.get(finding.policy);
    if (!own) lastOf.set(finding.policy, (own = new Map<string, Finding>()));
    const last = own.get(key);
    if (last && finding.start < last.end) last.end = Math.max(last.end, finding.end);
    else {
      const kept = { ...finding };
      own.set(key, kept);
      once.push(kept);
    }
  }
  return once;
}

function* matchesFrom(form: RegExp, text: string, from: number, to: number): Generator<RegExpExecArray, void, void> {
  const reader = new RegExp(form.source, form.flags);
  reader.lastIndex = from;
  // Bounded by the text: a match has at least one character.
  for (let match = reader.exec(text); match !== null && match.index < to; match = reader.exec(text)) yield match;
}

function personalIn(
  policy: Policy,
  names: ReadonlySet<DetectorName>,
  text: string,
  { at, until }: { at: number; until: number },
): Finding[] {
  const shift = contextStart(text, at);
  const piece = text.slice(shift, until + detectorReachChars);
  return findPersonalData(names, piece, at - shift, until - shift).map(({ name, start, end }) => ({
    policy,
    rule: 'personal',
    name,
    start: start + shift,
    end: end + shift,
  }));
}

/** Where the words before a place begin that say what stands there; never in the middle of a word, but for its last character. */
export function contextStart(text: string, at: number): number {
  const earliest = at - contextChars;
  if (earliest <= 0) return 0;
  const blank = text.slice(earliest, at).search(/\s/u);
  return blank < 0 ? at - 1 : earliest + blank;
}

/** Runs a reading to its end at once; for texts that are known to be short, and for tests. */
export function finished<Result>(reading: Generator<void, Result, void>): Result {
  let step = reading.next();
  // Ends with the reading, whose length is bounded by the text.
  while (step.done !== true) step = reading.next();
  return step.value;
}

const shownMin = 8;

/** A few characters at each end of a longer find, so that people know it again; nothing of a short one. */
export function masked(value: string): string {
  const letters = Array.from(value);
  return letters.length < shownMin ? '***' : `${letters.slice(0, 2).join('')}***${letters.slice(-2).join('')}`;
}

export const factsMax = 20;

/** What was found, put together by rule and name; the keyword is the policy's own word and needs no mask. */
export function factsOf(text: string, findings: readonly Finding[]): ViolationFact[] {
  const facts = new Map<string, ViolationFact>();
  for (const { rule, name, start, end } of findings) {
    const key = `${rule}:${name}`;
    const fact = facts.get(key);
    if (fact) fact.count++;
    else if (facts.size < factsMax)
      facts.set(key, { rule, name, count: 1, excerpt: rule === 'keyword' ? null : masked(text.slice(start, end)) });
  }
  return [...facts.values()];
}

const masks: Readonly<Record<DetectorName, string>> = {
  email: '[EMAIL]',
  phone: '[PHONE]',
  card: '[CARD]',
  iban: '[IBAN]',
  ip: '[IP]',
  nik: '[NIK]',
  npwp: '[NPWP]',
  account: '[ACCOUNT]',
  passport: '[PASSPORT]',
  secret: '[SECRET]',
};

export interface Edit extends Span {
  mask: string;
}

/** What stands in the place of the finds that are to be redacted: apart from each other and in order. */
export function editsOf(findings: readonly Finding[]): Edit[] {
  const edits: Edit[] = [];
  for (const { policy, rule, name, start, end } of findings) {
    if (policy.action !== 'redact') continue;
    const last = edits.at(-1);
    if (last && start < last.end) last.end = Math.max(last.end, end);
    else edits.push({ start, end, mask: rule === 'personal' ? masks[name as DetectorName] : '[REDACTED]' });
  }
  return edits;
}

/** Covers of one text from two readings of it; where both cover the same, the first says what it was. */
export function together(some: readonly Edit[], others: readonly Edit[]): Edit[] {
  const edits: Edit[] = [];
  for (const edit of [...some, ...others].toSorted((a, b) => a.start - b.start)) {
    const last = edits.at(-1);
    if (last && edit.start < last.end) last.end = Math.max(last.end, edit.end);
    else edits.push({ ...edit });
  }
  return edits;
}

export const edited = (text: string, edits: readonly Edit[]): string =>
  spliced(
    text,
    edits.map(({ start, end, mask }) => ({ start, end, text: mask })),
  );
