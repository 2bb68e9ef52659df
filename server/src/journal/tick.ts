/** The lines of one tick, put together as bytes in the place from which they are written. */
import { isAscii } from 'node:buffer';
import type { LineSpan } from '../domain/ledger-line.ts';
import { lineBytesMax, putLine } from './line.ts';
import { spanRecordsMax, spansOf, type Pending } from './pending.ts';

/** Enough for some hundred records, so that most ticks lie in a piece of memory that others lie in. */
const slabBytes = 262_144;

const textOf = (bytes: Buffer): string =>
  // Nearly always so, and then there is nothing to decode.
  bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');

/**
 * Lines that wait as bytes for somebody who asks. As texts they would be some of the little that lives long enough to be copied and
 * promoted by the garbage collector: half of what a completion leaves behind.
 */
class LyingSpan implements LineSpan {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly #bytes: Buffer;

  constructor(firstSeq: number, lastSeq: number, bytes: Buffer) {
    this.firstSeq = firstSeq;
    this.lastSeq = lastSeq;
    this.#bytes = bytes;
  }

  get text(): string {
    return textOf(this.#bytes);
  }
}

export class TickLines {
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  #from = 0;
  #to = 0;
  #count = 0;

  /** Lines that it holds. */
  get count(): number {
    return this.#count;
  }

  add(seq: number, json: string): void {
    this.#reserve(lineBytesMax(json));
    this.#to = putLine(this.#slab, this.#to, seq, json);
    this.#count += 1;
  }

  /** They stay as they are for whoever holds them: no line is ever put where one was. */
  bytes(): Buffer {
    return this.#slab.subarray(this.#from, this.#to);
  }

  text(): string {
    return textOf(this.bytes());
  }

  /** Hands its lines, each as a text of its own, to the entries that they belong to: the last ones. */
  giveTo(entries: readonly Pending[]): void {
    if (this.#count === 0) return;
    const lines = this.text().split('\n');
    for (const [index, entry] of entries.slice(-this.#count).entries()) entry.line = `${lines[index]!}\n`;
    this.clear();
  }

  clear(): void {
    // What a rare long tick needed is let go of with its lines.
    if (this.#slab.length > slabBytes) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#to = 0;
    }
    this.#from = this.#to;
    this.#count = 0;
  }

  /** Lines of one tick lie together: what it has so far goes along to the next slab. */
  #reserve(bytes: number): void {
    if (this.#to + bytes <= this.#slab.length) return;
    const held = this.#to - this.#from;
    const next = Buffer.allocUnsafeSlow(Math.max(slabBytes, (held + bytes) * 2));
    this.#slab.copy(next, 0, this.#from, this.#to);
    this.#slab = next;
    this.#from = 0;
    this.#to = held;
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
  if (tick.count === entries.length && tick.count <= spanRecordsMax && !hasBrokenLine) {
    const bytes = tick.bytes();
    return { spans: [new LyingSpan(entries[0]!.firstSeq, entries.at(-1)!.seq, bytes)], bytes };
  }
  tick.giveTo(entries);
  const spans = spansOf(entries, writtenSeq);
  const text = spans.map((span) => span.text).join('');
  return { spans, bytes: Buffer.from(hasBrokenLine ? `\n${text}` : text) };
}
