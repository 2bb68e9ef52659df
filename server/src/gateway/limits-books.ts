/** What budgets have spent, read from the books: not before everything that this process wrote down is in them. */
import type { Journal } from '../journal/journal.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Database } from '../storage/database.ts';
import { noteSpentOfOthers } from '../storage/limit-leases.ts';
import { spentByInstance, type SpentOfInstance } from '../storage/limit-spent.ts';
import type { Booked, LimitBooks } from './limits-money.ts';
import type { Meter } from './limits-share.ts';

export interface LimitBooksDeps {
  database: Database;
  journal: Journal;
  clock: Clock;
  /** Brings the journal into the books. */
  feeder: {
    feed(): Promise<void>;
    isCaughtUp(): boolean;
    /** The journal up to this number is in the books, as far as it can be read at all. */
    fedUpTo(): number;
  };
}

/** How long one reading waits for the books to be up to date; whoever asks again begins another. */
const waitMs = 60_000;
const againMs = 50;

/** What one instance has spent and what is set aside for good; what it has under way it knows itself. */
const ended = ({ settledNanoUsd, unknownNanoUsd }: SpentOfInstance): number => settledNanoUsd + unknownNanoUsd;

export function createLimitBooks({ database, journal, clock, feeder }: LimitBooksDeps): LimitBooks {
  const isShared = database.driver.engine !== 'sqlite';

  const upToDate = async (seq: number): Promise<void> => {
    const untilMs = clock.monotonicMs() + waitMs;
    while (!feeder.isCaughtUp() || feeder.fedUpTo() < seq) {
      if (clock.monotonicMs() >= untilMs) throw new Error(`the books are not up to ${seq} in time`);
      journal.flush();
      await feeder.feed();
      if (!feeder.isCaughtUp() || feeder.fedUpTo() < seq) await pause(clock, againMs);
    }
  };

  return {
    lastSeq: () => journal.lastSeq(),
    async spent(meter: Meter): Promise<Booked> {
      await upToDate(journal.lastSeq());
      const all = await spentByInstance(database, meter.subject, meter.fromMs);
      const own = all.find(({ instanceId }) => instanceId === journal.instanceId);
      const others = all.filter((one) => one !== own);
      const appliedSeq = own?.appliedSeq ?? 0;
      const ofOthers = others.map((one) => ({ instanceId: one.instanceId, nanoUsd: ended(one) + one.openNanoUsd }));
      const mine = own ? ended(own) : 0;
      // Alone, everything in the books is ours: what others left open was left by runs of before.
      if (!isShared) return { spentNanoUsd: ofOthers.reduce((sum, { nanoUsd }) => sum + nanoUsd, mine), appliedSeq };
      await noteSpentOfOthers(database, meter, ofOthers);
      return { spentNanoUsd: mine, appliedSeq };
    },
  };
}
