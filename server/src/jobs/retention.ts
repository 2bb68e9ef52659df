/** Forgets what is older than it is kept, by the clock: one instance at a time, a chunk at a time, and with a note of what it did. */
import { retentionOf, responseDaysMax, sweptNouns, type RetentionDays, type SweptNoun } from '../domain/retention.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { neverAheadOf, type OtherClock } from '../storage/database-clock.ts';
import { holdLease, releaseLease } from '../storage/leases.ts';
import { dropMonth, forgetChunk, noteRetentionRun, retentionRuns, retentionSettingsOf, type Place } from '../storage/retention.ts';
import { sweepOnce as sweepResponses } from './sweep-responses.ts';

export interface RetentionDeps {
  database: Database;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** What the operator's environment says; it goes before what is saved. */
  retentionDays: RetentionDays;
  /** What time it is where the rows are: one instance whose clock is wrong must not take everybody's rows for old. */
  otherNowMs?: OtherClock;
  /** Rows that other rooms keep by rules of their own, forgotten by the same clock. Answers how many went. */
  besides?: readonly { noun: string; sweep: (stop: () => boolean) => Promise<number> }[];
}

export interface Retention {
  /** One round over what is due; TRUE where this instance has the turn. `isNow` asks for everything, due or not. */
  round(isNow?: boolean): Promise<boolean>;
  close(): Promise<void>;
}

const tickMs = 60_000;
/** The first look comes a while after the start: a server that starts has other work. */
const firstLookMs = 600_000;
const periodMs = 3_600_000;
const leaseName = 'retention';
/** Longer than one chunk may ever take; renewed before each noun. */
const leaseMs = 600_000;
/** Chunks of one noun in one round; what is left is for the next. */
const chunksMax = 500;
/** Months that one round drops of a noun. */
const monthsMax = 24;
const dayMs = 86_400_000;

type Swept = { removed: number; isBehind: boolean };
type Stop = () => boolean;

/** Whole months first, where the engine has them, then what lies in none, chunk by chunk. */
async function forget(database: Database, noun: SweptNoun | 'contents', beforeMs: number, stop: Stop): Promise<Swept> {
  let removed = 0;
  for (let months = 0; months < monthsMax && !stop(); months++) {
    const gone = await dropMonth(database, noun, beforeMs);
    if (gone === null) break;
    removed += gone;
  }
  let from: Place | null = null;
  for (let chunks = 0; chunks < chunksMax; chunks++) {
    if (stop()) return { removed, isBehind: true };
    const chunk: Awaited<ReturnType<typeof forgetChunk>> = await forgetChunk(database, noun, beforeMs, from);
    removed += chunk.removed;
    from = chunk.next;
    if (from === null) return { removed, isBehind: false };
  }
  return { removed, isBehind: true };
}

async function forgetNoun({ database, clock }: RetentionDeps, noun: SweptNoun, days: number, stop: Stop): Promise<Swept> {
  const beforeMs = clock.nowMs() - days * dayMs;
  if (noun !== 'responses') return forget(database, noun, beforeMs, stop);
  const over = await sweepResponses({ database, clock });
  // They end thirty days after they began: who keeps them for less lets go what ends so much later.
  const older =
    days < responseDaysMax ? await forget(database, noun, beforeMs + responseDaysMax * dayMs, stop) : { removed: 0, isBehind: false };
  return { removed: over + older.removed, isBehind: older.isBehind };
}

interface Work {
  noun: string;
  /** 0 where the rows say themselves when they are over. */
  days: number;
  sweep: () => Promise<Swept>;
}

/** Everything that is forgotten by the clock, in the order of a round. */
function worksOf(deps: RetentionDeps, saved: RetentionDays, stop: Stop): Work[] {
  const contents: Work = { noun: 'contents', days: 0, sweep: () => forget(deps.database, 'contents', deps.clock.nowMs(), stop) };
  const nouns = sweptNouns.map((noun): Work => {
    const { days } = retentionOf(noun, deps.retentionDays, saved);
    return { noun, days, sweep: () => forgetNoun(deps, noun, days, stop) };
  });
  const besides = (deps.besides ?? []).map(({ noun, sweep }): Work => ({
    noun,
    days: 0,
    sweep: async () => ({ removed: await sweep(stop), isBehind: false }),
  }));
  return [...nouns, contents, ...besides];
}

export function keepRetention(deps: RetentionDeps): Retention {
  const { database, clock, log } = deps;
  const owner = deps.ids.uuid();
  const startedMs = clock.monotonicMs();
  let isClosing = false;
  let running: Promise<boolean> | null = null;
  const stop = (): boolean => isClosing;

  async function look(noun: string, keptDays: number, sweep: () => Promise<Swept>): Promise<void> {
    try {
      const { removed, isBehind } = await sweep();
      await noteRetentionRun(database, { noun, ranAtMs: clock.nowMs(), keptDays, removed, isBehind });
      if (removed > 0) log.info({ noun, removed, keptDays, isBehind }, 'retention: old rows are gone');
    } catch (error) {
      log.warn({ noun, err: error }, 'retention: old rows could not be removed; tried again later');
    }
  }

  async function lookAtAll(isNow: boolean): Promise<boolean> {
    const holds = (): Promise<boolean> => holdLease(database, leaseName, owner, clock.nowMs(), leaseMs);
    if (!(await holds())) return false;
    const [settings, runs] = await Promise.all([retentionSettingsOf(database), retentionRuns(database)]);
    const nowMs = clock.nowMs();
    const isDue = (noun: string): boolean => {
      const run = runs.find((one) => one.noun === noun);
      // A clock that was set back must not let everything wait until it is where it was.
      return isNow || run === undefined || run.isBehind || nowMs < run.ranAtMs || nowMs - run.ranAtMs >= periodMs;
    };
    const careful = { ...deps, clock: await neverAheadOf(clock, deps.otherNowMs) };
    for (const { noun, days, sweep } of worksOf(careful, settings.days, stop)) {
      if (!isDue(noun)) continue;
      // Another instance may have taken over what took too long here.
      if (stop() || !(await holds())) break;
      await look(noun, days, sweep);
    }
    return true;
  }

  const round = (isNow = false): Promise<boolean> => {
    running ??= lookAtAll(isNow)
      .catch((error: unknown) => {
        log.warn({ err: error }, 'retention: the database did not answer; tried again later');
        return false;
      })
      .finally(() => {
        running = null;
      });
    return running;
  };
  const timer = clock.every(tickMs, () => {
    if (clock.monotonicMs() - startedMs >= firstLookMs) void round();
  });
  return {
    round,
    async close() {
      isClosing = true;
      timer.cancel();
      await running;
      // What another instance need not wait for.
      await releaseLease(database, leaseName, owner).catch((error: unknown) =>
        log.debug({ err: error }, 'retention: the lease ends by itself'),
      );
    },
  };
}
