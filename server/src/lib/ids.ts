/** The only place that draws randomness. Ids are UUIDv7 (RFC 9562, 5.7): unguessable, and in the order of time. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from './clock.ts';

export interface Ids {
  /** A new UUIDv7. Later calls of one process sort after earlier ones. */
  uuid(): string;
  /** Uniform in [0, 1). */
  draw(): number;
  /** Cryptographic random bytes. */
  bytes(count: number): Uint8Array;
}

const hex: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Random bytes are drawn in blocks: one system call serves many ids. */
const blockBytes = 4096;

export function createIds(clock: Clock): Ids {
  let block = randomBytes(blockBytes);
  let offset = 0;
  let lastMs = 0;
  let counter = 0;
  const take = (count: number): number => {
    if (offset + count > blockBytes) {
      block = randomBytes(blockBytes);
      offset = 0;
    }
    offset += count;
    return offset - count;
  };
  return {
    uuid() {
      const nowMs = Math.max(clock.nowMs(), lastMs);
      const at = take(10);
      // The 12 bits after the version count within one millisecond, so that ids keep their order (RFC 9562, 6.2, method 1).
      counter = nowMs === lastMs ? counter + 1 : block[at]! & 0x7f;
      if (counter > 0xfff) {
        lastMs = nowMs + 1;
        counter = 0;
      } else lastMs = nowMs;
      const high = Math.floor(lastMs / 0x10000);
      const low = lastMs & 0xffff;
      const time = `${hex[high >>> 24]}${hex[(high >>> 16) & 255]}${hex[(high >>> 8) & 255]}${hex[high & 255]}-${hex[low >>> 8]}${hex[low & 255]}`;
      const middle = `${hex[0x70 | (counter >>> 8)]}${hex[counter & 255]}-${hex[0x80 | (block[at + 2]! & 0x3f)]}${hex[block[at + 3]!]}`;
      let tail = '';
      for (let i = at + 4; i < at + 10; i++) tail += hex[block[i]!];
      return `${time}-${middle}-${tail}`;
    },
    draw: () => randomInt(0x1_0000_0000) / 0x1_0000_0000,
    bytes: (count) => new Uint8Array(randomBytes(count)),
  };
}

/** Any RFC 9562 UUID text, lower case; ids from outside are checked before they reach a database. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
