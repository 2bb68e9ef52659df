/**
 * Keeps figures of the dashboard for a moment, so that ten open pages are one question to the database. A figure is good while
 * the books have not moved on here and nothing was priced anew; what other instances wrote is seen when its time is over.
 */
import type { Clock } from '../lib/clock.ts';

export interface UsageCache {
  /** What `make` answers, or what it answered lately for the same key, with the time at which that was. Failures are not kept. */
  get<T>(key: string, make: () => Promise<T>): Promise<{ value: T; asOfMs: number }>;
}

const keptMs = 10_000;
const entriesMax = 200;

interface Kept {
  version: string;
  asOfMs: number;
  value: Promise<unknown>;
}

/** @param versionOf another text whenever the books have changed */
export function createUsageCache(clock: Clock, versionOf: () => string): UsageCache {
  const kept = new Map<string, Kept>();
  return {
    async get<T>(key: string, make: () => Promise<T>) {
      const nowMs = clock.nowMs();
      const version = versionOf();
      let entry = kept.get(key);
      if (entry === undefined || entry.version !== version || nowMs - entry.asOfMs >= keptMs) {
        const fresh: Kept = { version, asOfMs: nowMs, value: make() };
        entry = fresh;
        kept.delete(key);
        if (kept.size >= entriesMax)
          for (const oldest of kept.keys()) {
            kept.delete(oldest);
            break;
          }
        kept.set(key, fresh);
        // One that fails late does not take away what was made since.
        fresh.value.catch(() => kept.get(key) === fresh && kept.delete(key));
      }
      return { value: (await entry.value) as T, asOfMs: entry.asOfMs };
    },
  };
}
