/** Lines on their way to the disk, and the few texts that they become. */
import type { LineSpan } from '../domain/ledger-line.ts';
import type { Settled } from './group-sync.ts';

/** A longer write is several spans, so that no batch of the feeder is much longer than it asked for. */
export const spanRecordsMax = 256;

/** The line of a record, or (written once, to be written again) the lines of several. */
export interface Pending {
  firstSeq: number;
  seq: number;
  /** Empty while it lies with the others of its tick. */
  line: string;
  written: Settled | null;
  isRemembered: boolean;
}

type Writable = { -readonly [Name in keyof LineSpan]: LineSpan[Name] };

/** The lines of a span, once written, as an entry that is written again: nobody waits for it, and nothing may refuse it. */
export const writtenOnce = ({ firstSeq, lastSeq, text }: LineSpan): Pending => ({
  firstSeq,
  seq: lastSeq,
  line: text,
  written: null,
  isRemembered: true,
});

/**
 * The lines of entries as few texts: one for a usual tick. A new one begins where numbers are missing, and after `writtenSeq`: what is
 * written for the second time stays apart from what is new.
 */
export function spansOf(entries: readonly Pending[], writtenSeq: number): LineSpan[] {
  const spans: Writable[] = [];
  let span: Writable | undefined;
  for (const { firstSeq, seq, line } of entries) {
    const follows = span !== undefined && firstSeq === span.lastSeq + 1 && span.lastSeq !== writtenSeq;
    if (span && follows && seq - span.firstSeq < spanRecordsMax) {
      span.text += line;
      span.lastSeq = seq;
    } else spans.push((span = { firstSeq, lastSeq: seq, text: line }));
  }
  return spans;
}

/** Says of each record how it stands, once. What the disk did not take stays pending. */
export function answer(entries: readonly Pending[], failure: Error | null): void {
  for (const entry of entries) {
    const { written } = entry;
    entry.written = null;
    try {
      written?.(entry.isRemembered ? null : failure);
    } catch (error) {
      // A caller's fault is the process's affair, but the others must not wait for ever because of it.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
