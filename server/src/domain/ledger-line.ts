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

/** What stands behind a sequence number: a list of values, or the object with names that earlier releases wrote. */
const recordOf = (value: Packed | LedgerRecord): LedgerRecord => (isPacked(value) ? unpacked(value) : value);

const isPacked = (value: Packed | LedgerRecord): value is Packed => Array.isArray(value);

/** The records of whole, undamaged lines, in their order. Parsed as one list: to begin anew for every line costs a sixth of it all. */
export function recordsIn(text: string): Numbered[] {
  const seqs: number[] = [];
  let list = '';
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    if (end < 0) break;
    if (end > from) {
      const space = text.indexOf(' ', from + linePrefixChars);
      list += (seqs.length > 0 ? ',' : '') + text.slice(space + 1, end);
      seqs.push(Number(text.slice(from + linePrefixChars, space)));
    }
    from = end + 1;
  }
  const values = JSON.parse(`[${list}]`) as (Packed | LedgerRecord)[];
  return values.map((value, index) => ({ seq: seqs[index]!, record: recordOf(value) }));
}
