/** Hears of past entries that another instance priced anew, so that the budgets of this one are counted anew as well. */
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { lastRestMs } from '../storage/tasks.ts';

interface FollowDeps {
  database: Database;
  clock: Clock;
  log: Log;
  /** The kind of task that prices entries anew. */
  kind: string;
  onRepriced: () => void;
}

const periodMs = 15_000;

/** The embedded database has one process, which knows what it did. */
export function followRepricing({ database, clock, log, kind, onRepriced }: FollowDeps): { close(): void } {
  if (database.driver.engine === 'sqlite') return { close: () => undefined };
  let knownMs: number | null = null;
  let isLooking = false;

  async function look(): Promise<void> {
    const restMs = await lastRestMs(database, kind);
    // Told by any other moment than the last: retention takes old tasks away, and clocks are set back.
    if (restMs !== null && restMs !== knownMs) onRepriced();
    knownMs = restMs;
  }

  const timer = clock.every(periodMs, () => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => log.debug({ err: error }, 'whether entries were priced anew could not be read; tried again'))
      .finally(() => (isLooking = false));
  });
  return { close: () => timer.cancel() };
}
