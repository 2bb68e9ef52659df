/** How many requests a person may make to the management API: enough for any page and any script, not for a flood. */
import { LRUCache } from 'lru-cache';
import { Refusal } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';

/** A hundred a second, all the time; a script that is told to wait goes on where it was. */
export const requestsPerMinuteDefault = 6000;
/** People whose allowance is remembered; a forgotten one starts with a full one. */
const peopleMax = 10_000;
const minuteMs = 60_000;

interface Allowance {
  left: number;
  atMs: number;
}

export interface ApiLimit {
  /** Takes one request from a person's allowance. @throws Refusal RATE_LIMITED with the time to wait */
  take(person: string): void;
}

/** A bucket per person that fills evenly: a burst may empty it, and it is full again after a minute. */
export function createApiLimit(clock: Clock, perMinute = requestsPerMinuteDefault): ApiLimit {
  const people = new LRUCache<string, Allowance>({ max: peopleMax });
  return {
    take(person) {
      const nowMs = clock.monotonicMs();
      const known = people.get(person) ?? { left: perMinute, atMs: nowMs };
      const left = Math.min(perMinute, known.left + ((nowMs - known.atMs) * perMinute) / minuteMs);
      const isRefused = left < 1;
      people.set(person, { left: isRefused ? left : left - 1, atMs: nowMs });
      if (!isRefused) return;
      const seconds = Math.max(1, Math.ceil(((1 - left) * minuteMs) / perMinute / 1000));
      throw new Refusal('RATE_LIMITED', { values: { seconds }, retryAfterS: seconds });
    },
  };
}
