/** Reading unknown JSON without trusting it: small questions that answer undefined where the shape is another. */
import type { Scan } from '../lib/json-scan.ts';

export type Json = Record<string, unknown>;

/** An object with members; a number that was kept exactly is none. */
export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

/** A member of a record; undefined for anything else. Members of the prototype are not found. */
export const member = (value: unknown, key: string): unknown => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined);

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A number that can be shown and stored; undefined for NaN, infinities and texts. */
export const finite = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** One broken event of a stream is passed over; the next one ends it (E8 of the fault matrix). */
export const malformedEventsMax = 1;

/** Levels that are read: JSON is parsed at any depth, and what is deeper could not be written again. */
const depthMax = 256;
const [quote, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5b, 0x5d, 0x7b, 0x7d];

/** Whether a text has more brackets that open than may be open at once. Nearly no answer has, and a search for them is a quarter of a look at each character. */
function opensMany(source: string): boolean {
  let opened = 0;
  for (let at = source.indexOf('{'); at >= 0; at = source.indexOf('{', at + 1)) if (++opened > depthMax) return true;
  for (let at = source.indexOf('['); at >= 0; at = source.indexOf('[', at + 1)) if (++opened > depthMax) return true;
  return false;
}

/** Looks at brackets alone, and skips what stands in texts; a text too short to be so deep is not looked at. */
function isTooDeep(source: string): boolean {
  if (source.length < 2 * depthMax || !opensMany(source)) return false;
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source.charCodeAt(at);
    if (char === quote) {
      at = endOfText(source, at);
      if (at < 0) return false;
    } else if (char === openBracket || char === openBrace) {
      if (++depth > depthMax) return true;
    } else if (char === closeBracket || char === closeBrace) depth--;
  }
  return false;
}

/** Where the quote at `start` is closed; -1 for nowhere. A quote behind an odd number of backslashes closes nothing. */
function endOfText(source: string, start: number): number {
  for (let end = source.indexOf('"', start + 1); end >= 0; end = source.indexOf('"', end + 1)) {
    let slashes = 0;
    while (source[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

/** Text as JSON; undefined where it is none, or is nested deeper than anything that is meant. */
export function parseJson(source: string): unknown {
  if (isTooDeep(source)) return undefined;
  try {
    return JSON.parse(source) as unknown;
  } catch {
    return undefined;
  }
}

/** What the language has, and its types do not know yet (ECMAScript 2026). */
const json = JSON as unknown as {
  rawJSON(source: string): unknown;
  isRawJSON(value: unknown): value is { rawJSON: string };
  parse(source: string, revive: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
};
type Revive = Parameters<typeof json.parse>[1];

/** A number may lose digits from so many on. */
const longNumber = /\d[\d.]{15}/;
const wholeNumber = /^-?\d+$/;

/** In the place of a number that would lose digits: its own text, which is written again as it came. */
const keepWhole: Revive = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && wholeNumber.test(source)
    ? json.rawJSON(source)
    : value;

const keepEvery: Revive = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined && String(value) !== source && inOneForm(String(value)) !== inOneForm(source)
    ? json.rawJSON(source)
    : value;

/** A decimal number as its digits and where its point stands: 1.50 and 15e-1 are one number. */
function inOneForm(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = decimalNumber.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  // Not by a pattern: one that looks for the last zeros tries each row of zeros from each of its places, and a number may be as long as a body.
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const trimmed = digits.slice(0, end);
  return trimmed === '' ? '0' : `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
}
const decimalNumber = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

function parseKeeping(source: string, revive: Revive): unknown {
  if (!longNumber.test(source)) return parseJson(source);
  if (isTooDeep(source)) return undefined;
  try {
    return json.parse(source, revive);
  } catch {
    return undefined;
  }
}

/**
 * The same with every digit of its numbers, for what tools are given and told: ids there are often longer than a double is exact. Only
 * for what is written as JSON again, for such a number is none to anybody who reads it.
 */
export const parseExactly = (source: string): unknown => parseKeeping(source, keepEvery);

/** The same of an answer, with every digit of whole numbers: its decimals are times and likelihoods, which are read here. */
export const parseAnswer = (source: string): unknown => parseKeeping(source, keepWhole);

/**
 * Puts every digit of the numbers in a body's JSON into what was parsed of it, so that they are written again as they came. Numbers that
 * stand on top are read here and stay numbers; but for a seed, which has 64 bits at many vendors.
 */
export function keepDigits(body: Json, source: string): void {
  if (!longNumberAsValue.test(source)) return;
  const exact = parseExactly(source);
  for (const [key, value] of Object.entries(body))
    if (key === 'seed' || (typeof value === 'object' && value !== null)) body[key] = member(exact, key);
}
/** Digits alone stand in many a text. */
const longNumberAsValue = /[:,[]\s*-?\d[\d.]{15}/;

/** One member of a body, exactly; undefined where it is missing. For members that are written anew. */
export function exactMember(bytes: Buffer, scan: Scan, key: string): unknown {
  const place = scan.members.get(key);
  return place && parseExactly(bytes.toString('utf8', place.start, place.end));
}

/** The digits of a number that was kept exactly; undefined for everything else. */
export const digitsOf = (value: unknown): string | undefined => (json.isRawJSON(value) ? value.rawJSON : undefined);

/** A number that was kept exactly as the nearest one there is, for whoever reads it; everything else as it is. */
export function asNumber(value: unknown): unknown {
  const digits = digitsOf(value);
  return digits === undefined ? value : Number(digits);
}

/** A list with more in front of the first item that `isIt` finds; at its end where there is none. */
export function withBefore<Item>(items: readonly Item[], isIt: (item: Item) => boolean, added: readonly Item[]): Item[] {
  const first = items.findIndex(isIt);
  return items.toSpliced(first < 0 ? items.length : first, 0, ...added);
}
