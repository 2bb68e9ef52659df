/** One record of the journal as one line of text, and back: length and checksum show a torn, cut or altered line. */
import { crc32 } from 'node:zlib';
import type { LedgerRecord } from '../domain/ledger.ts';

/*
 * A line is `<crc32, 8 hex digits> <bytes of the rest, 8 hex digits> <sequence number> <JSON>\n`. The checksum covers the sequence
 * number and the JSON. JSON has no raw line feed, so a reader that met a damaged line finds the next one again.
 */
const prefixBytes = 18;
const lineFeed = 10;
const space = 32;

export interface Numbered {
  seq: number;
  record: LedgerRecord;
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

/** The line of a record, with its line feed. */
export function writeLine(seq: number, record: LedgerRecord): string {
  const payload = `${seq} ${JSON.stringify(record)}`;
  return `${hex8(crc32(payload))} ${hex8(Buffer.byteLength(payload))} ${payload}\n`;
}

/** The sequence number of a whole, undamaged line without its line feed; null where anything about it is wrong. */
function seqOfLine(line: Buffer): number | null {
  if (line.length < prefixBytes + 3 || line[8] !== space || line[17] !== space) return null;
  if (line.toString('latin1', 9, 17) !== hex8(line.length - prefixBytes)) return null;
  const payload = line.subarray(prefixBytes);
  if (line.toString('latin1', 0, 8) !== hex8(crc32(payload))) return null;
  const seq = Number(payload.toString('latin1', 0, payload.indexOf(space)));
  return Number.isSafeInteger(seq) && seq > 0 ? seq : null;
}

export interface LinesRead {
  records: Numbered[];
  /** Bytes looked at: whole lines only, so that the next read begins at a line. */
  consumedBytes: number;
  /** Whole lines whose length or checksum was wrong. They are stepped over; the sequence shows what is missing. */
  damagedLines: number;
  /** The last undamaged sequence number that was seen, also where its record was not asked for; 0 if none. */
  lastSeq: number;
  /** Where the last undamaged line ended, as an offset into the buffer. */
  lastGoodEnd: number;
}

/** Reads the whole lines of a buffer that begins at a line; takes at most `countMax` records above `afterSeq`. */
export function readLines(buffer: Buffer, afterSeq: number, countMax: number): LinesRead {
  const read: LinesRead = { records: [], consumedBytes: 0, damagedLines: 0, lastSeq: 0, lastGoodEnd: 0 };
  let seen = afterSeq;
  for (let from = 0; read.records.length < countMax;) {
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
    seen = seq;
    const payload = line.toString('utf8', prefixBytes);
    read.records.push({ seq, record: JSON.parse(payload.slice(payload.indexOf(' ') + 1)) as LedgerRecord });
  }
  return read;
}
