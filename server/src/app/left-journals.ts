/** Journals that nobody writes any more: what they hold is brought into the books, and then they go. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { feedLedger } from '../jobs/feed-ledger.ts';
import { openJournal } from '../journal/journal.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { DataDirectoryLocked } from '../storage/errors.ts';
import { closeAll, lockJournal } from './upkeep.ts';
import { instanceDirOf, workersDirOf } from './worker.ts';

interface FeedDeps {
  database: Database;
  clock: Clock;
  ids: Ids;
  log: Log;
}

const pollMs = 50;

/** The numbers of the workers that have a folder below this data directory, in order. */
export function workersIn(dataDir: string): number[] {
  const dir = workersDirOf(dataDir);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

/**
 * Feeds what an earlier run left in the journal of this folder, until all of it is in the books or `isOver` says so. `held` for a journal
 * that a running server has: that one feeds it.
 */
export async function feedLeft(deps: FeedDeps, dir: string, isOver: () => boolean): Promise<'fed' | 'held' | 'left'> {
  const journalDir = join(dir, 'journal');
  if (!existsSync(journalDir) || readdirSync(journalDir).length === 0) return 'fed';
  const opened: (() => Promise<void> | void)[] = [];
  try {
    // The embedded database holds this lock by itself.
    if (deps.database.driver.engine === 'postgres') opened.push(lockJournal(dir));
    const { journal, recovered } = openJournal({ dir: journalDir, clock: deps.clock, ids: deps.ids, onError: () => undefined });
    opened.push(() => journal.close());
    const feeder = feedLedger({ ...deps, journal, recovered });
    opened.push(() => feeder.close());
    while (!feeder.isCaughtUp() && !isOver()) {
      await feeder.feed();
      if (!feeder.isCaughtUp()) await pause(deps.clock, pollMs);
    }
    return feeder.isCaughtUp() ? 'fed' : 'left';
  } catch (error) {
    if (error instanceof DataDirectoryLocked) return 'held';
    throw error;
  } finally {
    await closeAll(opened);
  }
}

export interface LeftJournals {
  /** Resolves once each of them was tried. */
  done: Promise<void>;
  /** Lets go of the one that is being fed; what stays of it waits for the next start. */
  close(): Promise<void>;
}

/** Feeds the journals of workers beyond `count`, which an earlier run had and this one has not, and removes each that is in the books. */
export function feedFormerWorkers(deps: FeedDeps, dataDir: string, count: number): LeftJournals {
  let isClosing = false;
  const feedAll = async (): Promise<void> => {
    for (const number of workersIn(dataDir)) {
      if (number <= count || isClosing) continue;
      const dir = instanceDirOf(dataDir, number);
      try {
        if ((await feedLeft(deps, dir, () => isClosing)) !== 'fed') continue;
        rmSync(dir, { recursive: true, force: true });
        deps.log.info({ dir }, 'the journal of a former worker is in the books');
      } catch (error) {
        deps.log.error({ err: error, dir }, 'the journal of a former worker could not be brought into the books');
      }
    }
  };
  const done = feedAll();
  return {
    done,
    close() {
      isClosing = true;
      return done;
    },
  };
}
