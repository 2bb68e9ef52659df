/** Brings what policies found into the database behind the requests: a bounded queue, batches, and a count of what found no place. */
import type { Violation } from '../domain/policy.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { insertViolations } from '../storage/violations.ts';

/** So many may wait for a database that is away; more are counted and named in the log. */
export const waitingMax = 20_000;
const batchMax = 500;
const periodMs = 250;

export interface ViolationKeeper {
  note(violation: Violation): void;
  /** Violations that found no place in the queue since the start. */
  readonly lost: number;
  readonly waiting: number;
  /** Writes what waits now; resolves when it is written, or could not be. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function keepViolations({ database, clock, log }: { database: Database; clock: Clock; log: Log }): ViolationKeeper {
  let queue: Violation[] = [];
  let lost = 0;
  let lostNamed = 0;
  let writing: Promise<void> = Promise.resolve();

  /** One batch; what could not be written goes back to the front. FALSE where the database did not take it. */
  async function writeBatch(): Promise<boolean> {
    const batch = queue.splice(0, batchMax);
    try {
      await insertViolations(database, batch);
      return true;
    } catch (error) {
      queue = [...batch, ...queue];
      log.warn({ err: error, waiting: queue.length }, 'what policies found could not be written; tried again');
      return false;
    }
  }

  async function writeAll(): Promise<void> {
    const batches = Math.ceil(queue.length / batchMax);
    for (let batch = 0; batch < batches && queue.length > 0; batch++) if (!(await writeBatch())) return;
  }

  const flush = (): Promise<void> => {
    // One write after the other: two of them would turn the order around.
    writing = writing.then(writeAll);
    return writing;
  };

  const timer = clock.every(periodMs, () => {
    if (lost > lostNamed) {
      log.error({ lost }, 'what policies found was more than can wait for the database');
      lostNamed = lost;
    }
    if (queue.length > 0) void flush();
  });
  return {
    note(violation) {
      if (queue.length < waitingMax) queue.push(violation);
      else lost++;
    },
    get lost() {
      return lost;
    },
    get waiting() {
      return queue.length;
    },
    flush,
    async close() {
      timer.cancel();
      await flush();
      if (queue.length > 0) log.error({ lost: queue.length }, 'what policies found last could not be written before the end');
    },
  };
}
