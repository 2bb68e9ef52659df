/** Cuts a stream into its event blocks without copying, so that an event can be looked at and passed on in its own bytes. */
import { eventCharsMax, SseTooLarge } from '../lib/sse.ts';

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Blocks end at an empty line. Only the plain form is cut here: line feeds alone and no byte order mark; `isPlain` turns
 * false at the first byte of any other form, and the caller then reads the stream the long way.
 */
export class BlockCutter {
  isPlain = true;
  private rest: Buffer | null = null;
  private isFirst = true;

  /** Whole blocks, each with its empty line. What is left waits for the next chunk. */
  push(chunk: Buffer): Buffer[] {
    if (this.isFirst && chunk.length > 0) {
      this.isFirst = false;
      if (chunk[0] === 0xef) this.isPlain = false;
    }
    if (chunk.includes(carriageReturn)) this.isPlain = false;
    const bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    // A block that is still open cannot have ended before the last byte that was seen of it.
    let search = this.rest ? Math.max(0, this.rest.length - 1) : 0;
    this.rest = null;
    if (!this.isPlain) {
      this.rest = bytes;
      return [];
    }
    const blocks: Buffer[] = [];
    let from = 0;
    for (;;) {
      const at = bytes.indexOf('\n\n', search);
      if (at < 0) break;
      let end = at + 2;
      while (bytes[end] === lineFeed) end++;
      blocks.push(bytes.subarray(from, end));
      from = end;
      search = end;
    }
    if (from < bytes.length) this.rest = from === 0 ? bytes : bytes.subarray(from);
    if (this.rest && this.rest.length > eventCharsMax) throw new SseTooLarge('one event is too large');
    return blocks;
  }

  /** Bytes that belong to no whole block; handed over when the long way begins, and looked at when the stream ends. */
  takeRest(): Buffer | null {
    const rest = this.rest;
    this.rest = null;
    return rest;
  }
}

const dataLead = Buffer.from('data: ');

/** The data of a block that is one `data: ` line, as nearly all are; null for every other form. */
export function singleData(block: Buffer): string | null {
  if (block.length < dataLead.length || block.compare(dataLead, 0, dataLead.length, 0, dataLead.length) !== 0) return null;
  let end = block.length;
  while (end > 0 && block[end - 1] === lineFeed) end--;
  if (block.indexOf(lineFeed) < end) return null;
  return block.toString('utf8', dataLead.length, end);
}
