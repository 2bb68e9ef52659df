/** A code of an authenticator opens once, although it is right for a minute and more (RFC 6238, 5.2). In memory, bounded. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.ts';

/** A code is good in its half-minute and the ones before and after; a little more than these three. */
const goodMs = 120_000;
const remembered = 20_000;

export interface UsedCodes {
  /** True for the first one who comes with this code for this person. */
  take(userId: string, code: string): boolean;
}

export function createUsedCodes(clock: Clock): UsedCodes {
  const used = new LRUCache<string, number>({ max: remembered });
  return {
    take(userId, code) {
      const key = `${userId} ${code}`;
      const beforeMs = used.get(key);
      const nowMs = clock.monotonicMs();
      if (beforeMs !== undefined && nowMs - beforeMs < goodMs) return false;
      used.set(key, nowMs);
      return true;
    },
  };
}
