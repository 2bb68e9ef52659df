/** One record of the journal as one line of text, and back: length and checksum show a torn, cut or altered line. */
import { crc32 } from 'node:zlib';
import { linePrefixChars, recordsIn, type LineSpan, type Numbered } from '../domain/ledger-line.ts';

const lineFeed = 10;
const space = 32;
const zero = 48;
/** The codes of the sixteen digits. */
const hexDigits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Of any number at all. */
const seqCharsMax = 24;

/** Eight digits, whatever the number: `toString(16)` of one beyond 2^31 costs more than the checksum that it writes. */
function putHex8(bytes: Buffer, at: number, value: number): void {
  for (let place = at + 7, rest = value; place >= at; place--, rest >>>= 4) bytes[place] = hexDigits[rest & 15]!;
}

function isHex8(bytes: Buffer, at: number, value: number): boolean {
  for (let place = at + 7, rest = value; place >= at; place--, rest >>>= 4) if (bytes[place] !== hexDigits[rest & 15]) return false;
  return true;
}

/** Digit by digit, which costs less than a text that is made and copied; as a text where division would cost more. */
function putSeq(bytes: Buffer, at: number, seq: number): number {
  if (seq >>> 0 !== seq) return at + bytes.write(String(seq), at);
  let end = at + 1;
  for (let rest = seq; rest >= 10; rest = Math.floor(rest / 10)) end++;
  for (let place = end - 1, rest = seq; place >= at; place--, rest = Math.floor(rest / 10)) bytes[place] = zero + (rest % 10);
  return end;
}

/** Room that the line of a record is sure to have enough of. */
export const lineBytesMax = (json: string): number => linePrefixChars + seqCharsMax + json.length * 3 + 2;

/** Writes the line of a record, with its line feed, to where there is room for it; returns where it ends. */
export function putLine(bytes: Buffer, at: number, seq: number, json: string): number {
  const from = at + linePrefixChars;
  let end = putSeq(bytes, from, seq);
  bytes[end++] = space;
  end += bytes.write(json, end);
  putHex8(bytes, at, crc32(bytes.subarray(from, end)));
  bytes[at + 8] = space;
  putHex8(bytes, at + 9, end - from);
  bytes[at + 17] = space;
  bytes[end] = lineFeed;
  return end + 1;
}

/** The sequence number of a whole, undamaged line without its line feed; null where anything about it is wrong. */
function seqOfLine(line: Buffer): number | null {
  if (line.length < linePrefixChars + 3 || line[8] !== space || line[17] !== space) return null;
  if (!isHex8(line, 9, line.length - linePrefixChars)) return null;
  const payload = line.subarray(linePrefixChars);
  if (!isHex8(line, 0, crc32(payload))) return null;
  const seq = Number(payload.toString('latin1', 0, payload.indexOf(space)));
  return Number.isSafeInteger(seq) && seq > 0 ? seq : null;
}

interface Scanned {
  /** Bytes looked at: whole lines only, so that the next read begins at a line. */
  consumedBytes: number;
  /** Whole lines whose length or checksum was wrong. They are stepped over; the sequence shows what is missing. */
  damagedLines: number;
  /** The last undamaged sequence number that was seen, also where its record was not asked for; 0 if none. */
  lastSeq: number;
  /** Where the last undamaged line ended, as an offset into the buffer. */
  lastGoodEnd: number;
}

export interface SpansRead extends Scanned {
  /** What was found above `afterSeq`, in order; a new span begins where numbers are missing. */
  spans: LineSpan[];
}

export interface LinesRead extends Scanned {
  records: Numbered[];
}

/** Reads the whole lines of a buffer that begins at a line, as they are; takes at most `countMax` lines above `afterSeq`. */
export function readSpans(buffer: Buffer, afterSeq: number, countMax: number): SpansRead {
  const read: SpansRead = { spans: [], consumedBytes: 0, damagedLines: 0, lastSeq: 0, lastGoodEnd: 0 };
  let seen = afterSeq;
  let open: { firstSeq: number; lastSeq: number; text: string } | null = null;
  let taken = 0;
  for (let from = 0; taken < countMax;) {
    const end = buffer.indexOf(lineFeed, from);
    if (end < 0) break;
    const line = buffer.subarray(from, end);
    from = end + 1;
    read.consumedBytes = from;
    // An empty line is how a writer closes a line that broke in the middle.
    if (line.length === 0) continue;
    const seq = seqOfLine(line);
    if (seq === null) {
      read.damagedLines += 1;
      continue;
    }
    read.lastSeq = Math.max(read.lastSeq, seq);
    read.lastGoodEnd = from;
    // What could not be synced is written a second time into the next segment: the first copy counts.
    if (seq <= seen) continue;
    if (open && seq === seen + 1) {
      open.lastSeq = seq;
      open.text += buffer.toString('utf8', from - line.length - 1, from);
    } else read.spans.push((open = { firstSeq: seq, lastSeq: seq, text: buffer.toString('utf8', from - line.length - 1, from) }));
    seen = seq;
    taken += 1;
  }
  return read;
}

/** As `readSpans`, with the records themselves. */
export function readLines(buffer: Buffer, afterSeq: number, countMax: number): LinesRead {
  const { spans, ...scanned } = readSpans(buffer, afterSeq, countMax);
  return { ...scanned, records: spans.flatMap(({ text }) => recordsIn(text)) };
}
