/** What a house does for itself while it stands, and how it closes. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { GatewayDeps } from '../gateway/order.ts';
import { endedShownMs } from '../domain/access-key.ts';
import type { Egress } from '../egress/egress.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Driver } from '../storage/driver.ts';
import { lockFile } from '../storage/sqlite/lock.ts';
import { ensurePartitions } from '../storage/partitions.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';

const partitionsPeriodMs = 6 * 3_600_000;
const tidyPeriodMs = 60_000;

/** A server that runs for months needs the partitions of months to come: rows that find none can never be moved into theirs. */
export function keepPartitions(driver: Driver, { clock, log }: { clock: Clock; log: Log }): () => void {
  const timer = clock.every(partitionsPeriodMs, () => {
    ensurePartitions(driver, clock.nowMs()).catch((error: unknown) =>
      log.warn({ err: error }, 'partitions of coming months could not be made; tried again later'),
    );
  });
  return () => timer.cancel();
}

/** Keys that ended and windows that are empty leave memory now and then; nothing of them can matter any more. */
export function keepTidy(keeper: OwnedKeeper, gateway: GatewayDeps, clock: Clock): () => void {
  const timer = clock.every(tidyPeriodMs, () => {
    keeper.snapshot.forgetExpired(clock.nowMs() - endedShownMs);
    gateway.limits.sweep();
  });
  return () => timer.cancel();
}

/** One process per journal. The embedded database holds this lock by itself; beside PostgreSQL it is taken here. */
export function lockJournal(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockFile(path.join(dataDir, 'patchbay.lock'));
  return () => lock.release();
}

/** More than a call needs to notice that its line is gone; what is still open then becomes `unknown` at the next start. */
const settleWaitMs = 2_000;

export interface EndingCalls {
  egress: Egress;
  own: { demoEgress: Egress | null };
  journal: Journal;
  log: Log;
}

/**
 * Cuts the calls that are still under way, and waits until each of them is in the journal: callers that were cut off are gone at once, but
 * what they had asked for ends some turns of the loop later, and must find books that are open.
 */
export async function endCalls({ egress, own, journal, log }: EndingCalls): Promise<void> {
  egress.destroy();
  own.demoEgress?.destroy();
  const open = await journal.drain(settleWaitMs);
  // What else is noted of a request, as its contents, is noted right after its settlement.
  await new Promise((resolve) => setImmediate(resolve));
  if (open > 0) log.warn({ open }, 'calls were still under way at the end; the next start finds them unknown');
}

/** In the reverse order of opening: what was built on others ends first. One that fails leaves none of the others open. */
export async function closeAll(opened: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of opened.toReversed()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
