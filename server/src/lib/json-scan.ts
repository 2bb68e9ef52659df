/** Finds the top-level members of a JSON object in its bytes, without building it: what is patched is spliced, never re-written. */
import { isAscii } from 'node:buffer';
import { spliced, type Splice } from './splice.ts';

export interface Member {
  /** Byte offsets of the value: from `start` up to, not including, `end`. */
  start: number;
  end: number;
}

export type ScanFault = 'not_an_object' | 'malformed' | 'duplicate_key' | 'too_deep' | 'too_many_keys';

export interface Scan {
  members: Map<string, Member>;
  /** Offset just after the opening brace, where a member can be put in. */
  firstAt: number;
  /** Those of the words that were looked for which stand in it; null where none was looked for. */
  met: ReadonlySet<string> | null;
  /** The object as a text, where it is small and in ASCII: what is put in is then joined as texts, with one way out of JavaScript and not many. */
  text: string | null;
}

/** Longer ones are not held a second time as texts, and copying their bytes costs less than the way through a text. */
const textBytesMax = 8_192;

/** Deeper nesting than this is refused before any parser sees it (S-DOS). */
export const depthMax = 64;
/** Objects with more keys on top are no requests. */
const keysMax = 1000;

const [quote, backslash, colon, comma, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x3a, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d];

const nearChars = 24;

/*
 * The bytes are looked at as one text in Latin-1, in which every byte is one character: its places are the places of the bytes, and to
 * search it costs half of what searching a buffer does.
 */

/** Offset just after the closing quote of the string that opens at `at`; -1 where it never closes. */
function endOfString(text: string, at: number): number {
  let from = at + 1;
  // Names and short values end soon, and a call of the search costs more than looking at a few characters here.
  const nearEnd = Math.min(text.length, from + nearChars);
  for (; from < nearEnd; from++) {
    const char = text.charCodeAt(from);
    if (char === quote) return from + 1;
    // What is escaped cannot end the string: it is passed over together with its backslash.
    if (char === backslash) from++;
  }
  for (;;) {
    const close = text.indexOf('"', from);
    if (close < 0) return -1;
    let slashes = 0;
    for (let i = close - 1; i > at && text.charCodeAt(i) === backslash; i--) slashes++;
    if ((slashes & 1) === 0) return close + 1;
    from = close + 1;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** Texts that are looked for on the way, and those that were met. */
class Watch {
  readonly met = new Set<string>();
  private readonly words: readonly string[];

  constructor(words: readonly string[]) {
    this.words = words;
  }

  /** A JSON text from its opening quote to just after its closing one. */
  see(text: string, start: number, end: number): void {
    for (const word of this.words) if (end - start === word.length + 2 && text.startsWith(word, start + 1)) this.met.add(word);
  }
}

/** Offset just after the value that begins at `from`, or a fault. Structure is counted, not proven: the parser proves it. */
function endOfValue(text: string, from: number, watch: Watch | null): number | ScanFault {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      const start = at;
      at = endOfString(text, at);
      if (at < 0) return 'malformed';
      watch?.see(text, start, at);
      if (depth === 0) return at;
      continue;
    }
    if (char === openBrace || char === openBracket) {
      // The object that is scanned is itself one level.
      if (++depth >= depthMax) return 'too_deep';
    } else if (char === closeBrace || char === closeBracket) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (char === comma || char <= 0x20)) return at;
    at++;
  }
  return 'malformed';
}

/** Of a name, whose characters are few: a loop over them is done before a pattern has begun. */
function isPlainAscii(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const char = text.charCodeAt(at);
    if (char < 0x20 || char > 0x7e || char === backslash) return false;
  }
  return true;
}

function keyText(bytes: Buffer, text: string, start: number, end: number): string | undefined {
  if (isPlainAscii(text, start + 1, end - 1)) return text.slice(start + 1, end - 1);
  const raw = bytes.toString('utf8', start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    // An escaped key must not slip past the search for duplicates: "mod\u0065l" is "model".
    return JSON.parse(bytes.toString('utf8', start, end)) as string;
  } catch {
    return undefined;
  }
}

/**
 * Scans one object. A key that stands twice is a fault: readers differ in which one counts. `words` are texts to look out for at any
 * depth, as names or as values, where they stand whole and without escapes.
 */
export function scanObject(bytes: Buffer, words: readonly string[] = []): Scan | ScanFault {
  const text = bytes.toString('latin1');
  let at = skipSpace(text, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  if (text.charCodeAt(at) !== openBrace) return 'not_an_object';
  const firstAt = at + 1;
  const members = new Map<string, Member>();
  const watch = words.length > 0 ? new Watch(words) : null;
  const isText = bytes.length <= textBytesMax && isAscii(bytes);
  const found: Scan = { members, firstAt, met: watch?.met ?? null, text: isText ? text : null };
  at = skipSpace(text, firstAt);
  if (text.charCodeAt(at) === closeBrace) return skipSpace(text, at + 1) === text.length ? found : 'malformed';
  for (;;) {
    if (text.charCodeAt(at) !== quote) return 'malformed';
    const keyEnd = endOfString(text, at);
    if (keyEnd < 0) return 'malformed';
    watch?.see(text, at, keyEnd);
    const key = keyText(bytes, text, at, keyEnd);
    if (key === undefined) return 'malformed';
    at = skipSpace(text, keyEnd);
    if (text.charCodeAt(at) !== colon) return 'malformed';
    const start = skipSpace(text, at + 1);
    const end = endOfValue(text, start, watch);
    if (typeof end === 'string') return end;
    if (end === start) return 'malformed';
    if (members.has(key)) return 'duplicate_key';
    if (members.size >= keysMax) return 'too_many_keys';
    members.set(key, { start, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === comma) {
      at = skipSpace(text, at + 1);
      continue;
    }
    if (text.charCodeAt(at) !== closeBrace) return 'malformed';
    return skipSpace(text, at + 1) === text.length ? found : 'malformed';
  }
}

export interface Patch {
  key: string;
  /** JSON text of the new value. */
  json: string;
}

/** The same object with some members replaced or added; every other byte stays as it came. */
export function patchObject(bytes: Buffer, scan: Scan, patches: readonly Patch[]): Buffer {
  const splices: Splice[] = [];
  let added = '';
  for (const { key, json } of patches) {
    const member = scan.members.get(key);
    if (member) splices.push({ start: member.start, end: member.end, text: json });
    else added += `${added === '' ? '' : ','}${JSON.stringify(key)}:${json}`;
  }
  // Added members go in front; in an empty object the last comma would be one too many.
  if (splices.length > 1) splices.sort((a, b) => a.start - b.start);
  if (added !== '') splices.unshift({ start: scan.firstAt, end: scan.firstAt, text: scan.members.size > 0 ? `${added},` : added });
  if (splices.length === 0) return bytes;
  // Of ASCII alone every place in the text is the place in the bytes, and what is put in may be any text.
  return scan.text === null ? splicedBytes(bytes, splices) : Buffer.from(spliced(scan.text, splices));
}

function splicedBytes(bytes: Buffer, splices: readonly Splice[]): Buffer {
  let length = bytes.length;
  for (const { start, end, text } of splices) length += Buffer.byteLength(text) - (end - start);
  // Written once into its place: pieces that are put together afterwards would be copied twice. Every byte of it is set below.
  const patched = Buffer.allocUnsafe(length);
  let from = 0;
  let at = 0;
  for (const { start, end, text } of splices) {
    at += bytes.copy(patched, at, from, start);
    at += patched.write(text, at);
    from = end;
  }
  bytes.copy(patched, at, from);
  return patched;
}

/**
 * An object as JSON, each member that still has the value of the parsed original in the original's own bytes: numbers that
 * JavaScript cannot hold, and the spelling of those that it can, stay as they came.
 */
export function writeObject(
  bytes: Buffer,
  scan: Scan,
  original: Readonly<Record<string, unknown>>,
  changed: Readonly<Record<string, unknown>>,
): Buffer {
  const pieces: Buffer[] = [];
  for (const [key, value] of Object.entries(changed)) {
    if (value === undefined) continue;
    pieces.push(Buffer.from(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(key)}:`));
    const member = Object.hasOwn(original, key) && original[key] === value ? scan.members.get(key) : undefined;
    pieces.push(member ? bytes.subarray(member.start, member.end) : Buffer.from(JSON.stringify(value)));
  }
  return Buffer.concat([...(pieces.length === 0 ? [Buffer.from('{')] : pieces), Buffer.from('}')]);
}

/** The value of one member, parsed by itself; undefined where it is missing, and for what does not parse. */
export function memberValue(bytes: Buffer, scan: Scan, key: string): unknown {
  const member = scan.members.get(key);
  if (!member) return undefined;
  const count = countIn(bytes, member);
  if (count >= 0) return count;
  try {
    return JSON.parse(bytes.toString('utf8', member.start, member.end)) as unknown;
  } catch {
    return undefined;
  }
}

/** Below this many digits every whole number is exact. */
const countDigitsMax = 15;

/** A whole number of digits alone, as limits of tokens are: read here, without a text that is made to be parsed. -1 for anything else. */
function countIn(bytes: Buffer, { start, end }: Member): number {
  const digits = end - start;
  if (digits === 0 || digits > countDigitsMax || (digits > 1 && bytes[start] === zero)) return -1;
  let count = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - zero;
    if (digit < 0 || digit > 9) return -1;
    count = count * 10 + digit;
  }
  return count;
}

const zero = 0x30;
