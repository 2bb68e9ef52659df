/** The only place that draws randomness. Ids are UUIDv7 (RFC 9562, 5.7): unguessable, and in the order of time. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from './clock.ts';

export interface Ids {
  /** A new UUIDv7. Later calls of one process sort after earlier ones. `nowMs` is what the wall clock says, from whoever has just read it. */
  uuid(nowMs?: number): string;
  /** Uniform in [0, 1). */
  draw(): number;
  /** Cryptographic random bytes. */
  bytes(count: number): Uint8Array;
}

/** The codes of the sixteen digits. */
const digits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const hyphen = 45;

/** Random bytes are drawn in blocks: one system call serves many ids. */
const blockBytes = 4096;

export function createIds(clock: Clock): Ids {
  let block = randomBytes(blockBytes);
  let offset = 0;
  let lastMs = 0;
  let counter = 0;
  // Written as bytes in one kept place: put together of pieces, an id is a tree of a dozen texts until somebody reads it, ten times as large.
  const text = Buffer.alloc(36, hyphen);
  const put = (place: number, byte: number): void => {
    text[place] = digits[(byte >>> 4) & 15]!;
    text[place + 1] = digits[byte & 15]!;
  };
  const take = (count: number): number => {
    if (offset + count > blockBytes) {
      block = randomBytes(blockBytes);
      offset = 0;
    }
    offset += count;
    return offset - count;
  };
  return {
    uuid(readMs = clock.nowMs()) {
      const nowMs = Math.max(readMs, lastMs);
      const at = take(10);
      // The 12 bits after the version count within one millisecond, so that ids keep their order (RFC 9562, 6.2, method 1).
      counter = nowMs === lastMs ? counter + 1 : block[at]! & 0x7f;
      if (counter > 0xfff) {
        lastMs = nowMs + 1;
        counter = 0;
      } else lastMs = nowMs;
      const high = Math.floor(lastMs / 0x10000);
      const low = lastMs & 0xffff;
      put(0, high >>> 24);
      put(2, high >>> 16);
      put(4, high >>> 8);
      put(6, high);
      put(9, low >>> 8);
      put(11, low);
      put(14, 0x70 | (counter >>> 8));
      put(16, counter);
      put(19, 0x80 | (block[at + 2]! & 0x3f));
      put(21, block[at + 3]!);
      for (let i = 0; i < 6; i++) put(24 + 2 * i, block[at + 4 + i]!);
      return text.toString('latin1');
    },
    draw: () => randomInt(0x1_0000_0000) / 0x1_0000_0000,
    bytes: (count) => new Uint8Array(randomBytes(count)),
  };
}

/** Any RFC 9562 UUID text, lower case; ids from outside are checked before they reach a database. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
