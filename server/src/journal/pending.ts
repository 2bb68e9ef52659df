/** Lines on their way to the disk, and the few texts that they become. */
import type { LineSpan } from '../domain/ledger-line.ts';
import type { Settled } from './group-sync.ts';

/** A longer write is several spans, so that no batch of the feeder is much longer than it asked for. */
const spanRecordsMax = 256;

/** The line of a record, or (written once, to be written again) the lines of several. */
export interface Pending {
  firstSeq: number;
  seq: number;
  line: string;
  written: Settled | null;
  isRemembered: boolean;
}

/**
 * The lines of entries as few texts: one for a usual tick. A new one begins where numbers are missing, and after `writtenSeq`: what is
 * written for the second time stays apart from what is new.
 */
export function spansOf(entries: readonly Pending[], writtenSeq: number): LineSpan[] {
  const spans: LineSpan[] = [];
  let span: LineSpan | undefined;
  for (const { firstSeq, seq, line } of entries) {
    const follows = span !== undefined && firstSeq === span.lastSeq + 1 && span.lastSeq !== writtenSeq;
    if (span && follows && seq - span.firstSeq < spanRecordsMax) {
      span.text += line;
      span.lastSeq = seq;
    } else spans.push((span = { firstSeq, lastSeq: seq, text: line }));
  }
  return spans;
}
