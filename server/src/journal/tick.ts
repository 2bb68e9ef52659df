/** The lines of one tick, put together as bytes in the place from which they are written. */
import { isAscii } from 'node:buffer';
import type { LineSpan } from '../domain/ledger-line.ts';
import { lineBytesMax, putLine } from './line.ts';
import { spanRecordsMax, spansOf, type Pending } from './pending.ts';

/** Enough for a hundred records; what a rare long tick needed beyond `keptBytesMax` is given back. */
const startBytes = 65_536;
const keptBytesMax = 1_048_576;

export class TickLines {
  #bytes = Buffer.allocUnsafeSlow(startBytes);
  #length = 0;
  #count = 0;

  /** Lines that it holds. */
  get count(): number {
    return this.#count;
  }

  add(seq: number, json: string): void {
    this.#reserve(lineBytesMax(json));
    this.#length = putLine(this.#bytes, this.#length, seq, json);
    this.#count += 1;
  }

  /** Valid until the next line. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  text(): string {
    const bytes = this.bytes();
    // Nearly always so, and then there is nothing to decode.
    return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
  }

  /** Hands its lines, each as a text of its own, to the entries that they belong to: the last ones. */
  giveTo(entries: readonly Pending[]): void {
    if (this.#count === 0) return;
    const lines = this.text().split('\n');
    for (const [index, entry] of entries.slice(-this.#count).entries()) entry.line = `${lines[index]!}\n`;
    this.clear();
  }

  clear(): void {
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(startBytes);
    this.#length = 0;
    this.#count = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/**
 * What one write puts down of `entries`: the bytes as they go to the disk, and the spans that they are. A line feed in front closes a
 * broken line.
 */
export function portionOf(
  tick: TickLines,
  entries: readonly Pending[],
  writtenSeq: number,
  hasBrokenLine: boolean,
): { spans: LineSpan[]; bytes: Buffer } {
  // As a rule all of them came in this tick, and lie ready.
  if (tick.count === entries.length && tick.count <= spanRecordsMax && !hasBrokenLine)
    return { spans: [{ firstSeq: entries[0]!.firstSeq, lastSeq: entries.at(-1)!.seq, text: tick.text() }], bytes: tick.bytes() };
  tick.giveTo(entries);
  const spans = spansOf(entries, writtenSeq);
  const text = spans.map((span) => span.text).join('');
  return { spans, bytes: Buffer.from(hasBrokenLine ? `\n${text}` : text) };
}
