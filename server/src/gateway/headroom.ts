/** Remembers, per connection, what its provider last said of its rate limits. Told with every answer, read when somebody asks. */
import { LRUCache } from 'lru-cache';
import { headroomOf, isLimitHeader, levelOf, type Headroom, type HeadroomLevel } from '../domain/headroom.ts';
import { retryAfterMsOf } from '../domain/retry-after.ts';
import type { Clock } from '../lib/clock.ts';
import type { HeadSink } from '../providers/calling.ts';

const connectionsMax = 10_000;
/** Of one busy connection an answer now and then says as much as all of them. */
const lookPeriodMs = 250;
const headersMax = 48;
const valueCharsMax = 100;
/** What was said longer ago says nothing of now. */
const staleAfterMs = 600_000;

interface Heard {
  atMs: number;
  model: string;
  headers: Record<string, string>;
}

/** What a provider said with its newest answer that said anything of it. */
export interface ConnectionHeadroom {
  seenAtMs: number;
  model: string;
  level: HeadroomLevel;
  figures: Headroom[];
  /** Until when the provider wants to be left alone; null where it did not say so, or that is over. */
  waitUntilMs: number | null;
}

export interface HeadroomBook extends HeadSink {
  of(connectionId: string): ConnectionHeadroom | null;
  /** Connections by how close they are to their limits, of those heard of lately. */
  levels(): Record<HeadroomLevel, number>;
  forget(connectionId: string): void;
}

export function createHeadroom(clock: Clock): HeadroomBook {
  const heard = new LRUCache<string, Heard>({ max: connectionsMax });
  const read = ({ atMs, model, headers }: Heard, nowMs: number): ConnectionHeadroom => {
    const figures = headroomOf(headers, atMs);
    const waitMs = retryAfterMsOf(headers, atMs);
    const waitUntilMs = waitMs === null || atMs + waitMs <= nowMs ? null : atMs + waitMs;
    return { seenAtMs: atMs, model, level: waitUntilMs === null ? levelOf(figures, nowMs) : 'exhausted', figures, waitUntilMs };
  };
  return {
    saw(connectionId, model, headers) {
      const before = heard.get(connectionId);
      const isAsked = headers['retry-after'] !== undefined || headers['retry-after-ms'] !== undefined;
      // Many providers say nothing of limits, and the clock is not asked for them.
      if (before !== undefined && !isAsked && clock.nowMs() - before.atMs < lookPeriodMs) return;
      const kept = limitHeadersOf(headers, isAsked);
      if (kept !== null) heard.set(connectionId, { atMs: clock.nowMs(), model, headers: kept });
    },
    of(connectionId) {
      const last = heard.get(connectionId);
      return last === undefined ? null : read(last, clock.nowMs());
    },
    levels() {
      const nowMs = clock.nowMs();
      const counts = { ample: 0, low: 0, exhausted: 0 };
      for (const last of heard.values()) if (nowMs - last.atMs < staleAfterMs) counts[read(last, nowMs).level]++;
      return counts;
    },
    forget: (connectionId) => void heard.delete(connectionId),
  };
}

/** The few headers that matter, cut to a length that no honest one has; null where there are none. */
function limitHeadersOf(headers: Parameters<HeadSink['saw']>[2], isAsked: boolean): Record<string, string> | null {
  let kept: Record<string, string> | null = null;
  let count = 0;
  for (const name in headers) {
    if (!isLimitHeader(name) && !(isAsked && (name === 'retry-after' || name === 'retry-after-ms' || name === 'date'))) continue;
    if (++count > headersMax) break;
    const value = headers[name]!;
    (kept ??= {})[name] = (typeof value === 'string' ? value : (value[0] ?? '')).slice(0, valueCharsMax);
  }
  return kept;
}
