/** Reading unknown JSON without trusting it: small questions that answer undefined where the shape is another. */

export type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

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

/** Looks at brackets alone, and skips what stands in texts; a text too short to be so deep is not looked at. */
function isTooDeep(source: string): boolean {
  if (source.length < 2 * depthMax) return false;
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

/** Whole numbers longer than this may be more than a double holds. */
const longNumber = /\d{16}/;
const wholeNumber = /^-?\d+$/;

/** What the language has, and its types do not know yet (ECMAScript 2026). */
const json = JSON as unknown as {
  rawJSON(source: string): unknown;
  isRawJSON(value: unknown): value is { rawJSON: string };
  parse(source: string, revive: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
};

/** In the place of a number that would lose digits: its own text, which is written again as it came. */
const keepDigits: Parameters<typeof json.parse>[1] = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && wholeNumber.test(source)
    ? json.rawJSON(source)
    : value;

/**
 * The same with every digit of whole numbers, for what a model gives to a tool: ids are often longer than a double is exact. Only for
 * what is written as JSON again, for such a number is none to anybody who reads it.
 */
export function parseExactly(source: string): unknown {
  if (!longNumber.test(source)) return parseJson(source);
  if (isTooDeep(source)) return undefined;
  try {
    return json.parse(source, keepDigits);
  } catch {
    return undefined;
  }
}

/** A list with more in front of the first item that `isIt` finds; at its end where there is none. */
export function withBefore<Item>(items: readonly Item[], isIt: (item: Item) => boolean, added: readonly Item[]): Item[] {
  const first = items.findIndex(isIt);
  return items.toSpliced(first < 0 ? items.length : first, 0, ...added);
}

/** The digits of a number that was kept exactly; undefined for everything else. */
export const digitsOf = (value: unknown): string | undefined => (json.isRawJSON(value) ? value.rawJSON : undefined);

/** Members that hold what a tool was given, in the wires where it is an object. */
const givenToTools: ReadonlySet<string> = new Set(['input', 'arguments']);

/** Puts what tools were given in `exact` into the same places of the same JSON, whose own numbers are numbers for whoever reads them. */
export function keepGiven(value: unknown, exact: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || typeof exact !== 'object' || exact === null || depth > depthMax) return;
  const [holder, source] = [value as Json, exact as Json];
  for (const [key, inner] of Object.entries(holder))
    if (isRecord(inner) && givenToTools.has(key)) holder[key] = source[key];
    else keepGiven(inner, source[key], depth + 1);
}

/** Whether JSON may have a whole number that is longer than a double is exact: digits alone stand in many a text. */
export const hasLongNumber = (source: string): boolean => longNumberAsValue.test(source);
const longNumberAsValue = /[:,[]\s*-?\d{16}/;
