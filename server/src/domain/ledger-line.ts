/** How a record of the books looks as one line of text: what the journal writes is what the database is handed. */
import { packed, unpacked, type Packed } from './ledger-packed.ts';
import type { LedgerRecord } from './ledger.ts';

/*
 * A line is `<crc32, 8 hex digits> <bytes of the rest, 8 hex digits> <sequence number> <JSON>\n`. The checksum covers the sequence
 * number and the JSON. JSON has no raw line feed, so a reader that met a damaged line finds the next one again.
 */
export const linePrefixChars = 18;

export interface Numbered {
  seq: number;
  record: LedgerRecord;
}

/** Lines of consecutive numbers as one text; each line is whole and has been checked or never left this process. */
export interface LineSpan {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** May be made anew at each reading. */
  readonly text: string;
}

/** The JSON of a record, as it stands in its line behind the sequence number. */
export const jsonOf = (record: LedgerRecord): string => JSON.stringify(packed(record));

/** The record of a payload that is a part of a text: a list of values, or the object with names that earlier releases wrote. */
export function recordIn(text: string, from = 0, to: number = text.length): Numbered {
  const space = text.indexOf(' ', from);
  const value = JSON.parse(text.slice(space + 1, to)) as Packed | LedgerRecord;
  return { seq: Number(text.slice(from, space)), record: isPacked(value) ? unpacked(value) : value };
}

const isPacked = (value: Packed | LedgerRecord): value is Packed => Array.isArray(value);

/** The records of whole, undamaged lines, in their order. */
export function recordsIn(text: string): Numbered[] {
  const records: Numbered[] = [];
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    if (end < 0) break;
    if (end > from) records.push(recordIn(text, from + linePrefixChars, end));
    from = end + 1;
  }
  return records;
}
