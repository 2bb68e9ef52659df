/** Keeps word of limits that were neared, reached, or would have been: one row per limit, event and minute, however often it happens. */
import type { Limit } from '../domain/limit.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { writeLimitEvents, type LimitEventRow } from '../storage/limit-events.ts';
import type { Database } from '../storage/database.ts';
import type { LimitEvent } from './limits-refusals.ts';

export interface LimitEvents {
  say(limit: Limit, event: LimitEvent, used: number): void;
  /** Brings everything that was said into the database, if it takes it. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface LimitEventsDeps {
  database: Database;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Told once per limit, event and minute. */
  tell: (row: LimitEventRow) => void;
}

const minuteMs = 60_000;
const flushEveryMs = 5_000;
/** Different things that are kept until they are written; more are counted under none. */
const waitingMax = 10_000;

export function keepLimitEvents({ database, clock, ids, log, tell }: LimitEventsDeps): LimitEvents {
  let waiting = new Map<string, LimitEventRow>();
  /** What was told in this minute. */
  let told = new Set<string>();
  let toldMinute = 0;

  const isNew = (key: string, minute: number): boolean => {
    if (minute !== toldMinute) {
      toldMinute = minute;
      told = new Set();
    }
    if (told.has(key) || told.size >= waitingMax) return false;
    told.add(key);
    return true;
  };
  const flush = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const rows = [...waiting.values()];
    waiting = new Map();
    try {
      await writeLimitEvents(database, rows);
    } catch (error) {
      // Words for people, no book: what a database that is away does not take is lost.
      log.warn({ err: error, lost: rows.length }, 'events of limits could not be written');
    }
  };
  const timer = clock.every(flushEveryMs, () => void flush());
  return {
    say(limit, event, used) {
      const atMs = clock.nowMs();
      const minute = Math.floor(atMs / minuteMs);
      const { id: limitId, subject, kind, period, value } = limit;
      const key = `${subject.kind} ${subject.id} ${limitId ?? ''} ${kind} ${period} ${event}`;
      const known = waiting.get(`${key} ${minute}`);
      if (known) {
        known.times++;
        known.used = Math.max(known.used, used);
      } else if (waiting.size < waitingMax) {
        const row: LimitEventRow = { id: ids.uuid(), atMs, limitId, subject, kind, period, event, times: 1, used, value };
        waiting.set(`${key} ${minute}`, row);
        if (isNew(key, minute)) tell(row);
      }
    },
    flush,
    async close() {
      timer.cancel();
      await flush();
    },
  };
}
