/** One record of the journal as one line of text, and back: length and checksum show a torn, cut or altered line. */
import { crc32 } from 'node:zlib';
import type { LedgerRecord } from '../domain/ledger.ts';
import { linePrefixChars, payloadOf, recordsIn, type LineSpan, type Numbered } from '../domain/ledger-line.ts';

const lineFeed = 10;
const space = 32;
const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** By table: `toString(16)` of a number beyond 2^31 divides it digit by digit, which costs more than the checksum that it writes. */
const hex8 = (value: number): string =>
  hexOfByte[value >>> 24]! + hexOfByte[(value >>> 16) & 255]! + hexOfByte[(value >>> 8) & 255]! + hexOfByte[value & 255]!;

/** The line of a record, with its line feed. */
export function writeLine(seq: number, record: LedgerRecord): string {
  const payload = payloadOf(seq, record);
  return `${hex8(crc32(payload))} ${hex8(Buffer.byteLength(payload))} ${payload}\n`;
}

/** The sequence number of a whole, undamaged line without its line feed; null where anything about it is wrong. */
function seqOfLine(line: Buffer): number | null {
  if (line.length < linePrefixChars + 3 || line[8] !== space || line[17] !== space) return null;
  if (line.toString('latin1', 9, 17) !== hex8(line.length - linePrefixChars)) return null;
  const payload = line.subarray(linePrefixChars);
  if (line.toString('latin1', 0, 8) !== hex8(crc32(payload))) return null;
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
  let span: LineSpan | null = null;
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
    if (span && seq === seen + 1) {
      span.lastSeq = seq;
      span.text += buffer.toString('utf8', from - line.length - 1, from);
    } else read.spans.push((span = { firstSeq: seq, lastSeq: seq, text: buffer.toString('utf8', from - line.length - 1, from) }));
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
