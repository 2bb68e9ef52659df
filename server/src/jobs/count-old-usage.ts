/** After an upgrade: counts times and failures of what is in the books already, the newest first, a bucket at a time, until none is left. */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { holdLease, releaseLease } from '../storage/leases.ts';
import { nextUntallied, retally } from '../storage/retally.ts';

export interface CountDeps {
  database: Database;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** Between two buckets, so that the database is there for others most of the time. */
const periodMs = 500;
/** How long to leave it be when nothing is left, or when the database failed. */
const restMs = 600_000;
const failureRestMs = 30_000;
const leaseMs = 300_000;
const leaseName = 'count-old-usage';

/** Counts in the background until it is closed. `close` resolves when the bucket under way is given up. */
export function countOldUsage({ database, clock, ids, log }: CountDeps): { close(): Promise<void> } {
  const owner = ids.uuid();
  let notBeforeMs = 0;
  let isClosed = false;
  let isHeld = false;
  let run: Promise<void> | null = null;

  const step = async (): Promise<void> => {
    const next = await nextUntallied(database, clock.nowMs());
    if (next === null) {
      notBeforeMs = clock.monotonicMs() + restMs;
      if (isHeld) await releaseLease(database, leaseName, owner);
      isHeld = false;
      return;
    }
    isHeld = await holdLease(database, leaseName, owner, clock.nowMs(), leaseMs);
    if (!isHeld) notBeforeMs = clock.monotonicMs() + failureRestMs;
    else await retally(database, next, () => isClosed);
  };

  const timer: Timer = clock.every(periodMs, () => {
    if (isClosed || run !== null || clock.monotonicMs() < notBeforeMs) return;
    run = step()
      .catch((error: unknown) => {
        notBeforeMs = clock.monotonicMs() + failureRestMs;
        if (!isClosed) log.warn({ err: error }, 'old usage could not be counted; tried again later');
      })
      .finally(() => {
        run = null;
      });
  });

  return {
    async close() {
      isClosed = true;
      timer.cancel();
      await run;
    },
  };
}
