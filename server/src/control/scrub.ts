/** Takes replaced and deleted secrets out of the database's files, also out of what it keeps beside them until it has time. */
import { pause } from '../lib/clock.ts';
import type { Driver } from '../storage/driver.ts';
import type { ControlDeps } from './deps.ts';

type ScrubDeps = Pick<ControlDeps, 'database' | 'clock' | 'log'>;

/** An answer waits this long at most; a reader that holds the log of a large database may take longer. */
export const scrubWaitMaxMs = 250;
/** What did not succeed while a reader held the log is tried again behind the answer. */
const triesMax = 6;
const retryDelayMs = 500;

interface Scrubbing {
  done: Promise<void>;
  /** For whoever comes while one is at work, which may have begun before their change. */
  next: Promise<void> | null;
}

/** One at a time per database; found by the driver, so that it lives exactly as long. */
const running = new WeakMap<Driver, Scrubbing>();

async function scrubPatiently({ database, clock, log }: ScrubDeps): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await database.driver.scrub();
    } catch (error) {
      if (tried >= triesMax) return log.warn({ err: error }, 'an old secret may stay in the log of the database until its next checkpoint');
    }
    await pause(clock, retryDelayMs);
  }
}

function begin(deps: ScrubDeps): Promise<void> {
  const { driver } = deps.database;
  const done = scrubPatiently(deps).finally(() => {
    if (running.get(driver)?.done === done) running.delete(driver);
  });
  running.set(driver, { done, next: null });
  return done;
}

function queued(deps: ScrubDeps): Promise<void> {
  const current = running.get(deps.database.driver);
  if (!current) return begin(deps);
  current.next ??= current.done.then(() => begin(deps));
  return current.next;
}

/**
 * To be called after a change that replaced or erased sealed values is kept. Resolves when they are gone, or after
 * `scrubWaitMaxMs` while the work goes on; it never fails a change that is made.
 */
export async function scrubSecrets(deps: ScrubDeps): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = deps.clock.after(scrubWaitMaxMs, resolve);
    timer.hold?.();
    void queued(deps).then(() => {
      timer.cancel();
      resolve();
    });
  });
}
