/** Opens the books: the journal, what brings it into the database, and what is noted beside the requests, a while after them. */
import path from 'node:path';
import { Registry } from 'prom-client';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { countOldUsage } from '../jobs/count-old-usage.ts';
import { feedLedger, type Feeder } from '../jobs/feed-ledger.ts';
import { keepCaptures, type CaptureDeps } from '../jobs/keep-captures.ts';
import { keepViolations } from '../jobs/keep-violations.ts';
import { keepRetention } from '../jobs/retention.ts';
import { openJournal, type Journal } from '../journal/journal.ts';
import type { Database } from '../storage/database.ts';
import { heardJournal } from './heard-journal.ts';
import { keepKeyUses } from './key-uses.ts';
import { countRequests } from './request-figures.ts';
import type { Settings } from './settings.ts';
import type { Telemetry } from './telemetry.ts';
import { databaseNowMs } from '../storage/database-clock.ts';
import { sweepExports } from '../storage/exports.ts';

interface BooksIo {
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** What is closed at the end, the last one first. */
export type Opened = (() => Promise<void> | void)[];

export interface Books {
  journal: Journal;
  feeder: Feeder;
  /** What is counted of the requests. */
  registry: Registry;
  /** Null where no collector is named. */
  telemetry: Telemetry | null;
}

/** The journal, what brings it into the database, and who hears of what it holds. */
export async function openBooks(
  { instanceDir, telemetry: wanted }: Pick<Settings, 'telemetry'> & { instanceDir: string },
  database: Database,
  { clock, ids, log }: BooksIo,
  opened: Opened,
): Promise<Books> {
  // Closed after the journal, so that it hears the last record.
  const telemetry = wanted === null ? null : await (await import('./telemetry.ts')).openTelemetry(wanted, { clock, log });
  opened.push(() => telemetry?.close());
  const onError = (error: Error): void => log.error({ err: error }, 'the journal cannot be written');
  const { journal: own, recovered } = openJournal({ dir: path.join(instanceDir, 'journal'), clock, ids, onError });
  const registry = new Registry();
  const figures = countRequests(registry);
  const journal = heardJournal(own, (record) => {
    figures.see(record);
    if (telemetry) telemetry.see(record);
  });
  opened.push(() => journal.close());
  const feeder = feedLedger({ database, journal, recovered, clock, ids, log });
  opened.push(() => feeder.close());
  return { journal, feeder, registry, telemetry };
}

/** What is noted or swept beside the requests, a while after them. */
export function openBesides(deps: CaptureDeps & Pick<Settings, 'retentionDays'>, opened: Opened) {
  const keyUses = keepKeyUses(deps);
  opened.push(() => keyUses.close());
  const { database, clock } = deps;
  const exports = { noun: 'exports', sweep: (stop: () => boolean) => sweepExports(database, clock.nowMs(), stop) };
  const retention = keepRetention({ ...deps, otherNowMs: () => databaseNowMs(database.driver), besides: [exports] });
  opened.push(() => retention.close());
  const contents = keepCaptures(deps);
  opened.push(() => contents.close());
  const oldUsage = countOldUsage(deps);
  opened.push(() => oldUsage.close());
  const found = keepViolations(deps);
  opened.push(() => found.close());
  return { keyUses, found, contents };
}
