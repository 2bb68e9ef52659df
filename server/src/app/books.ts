/** Opens the books: the journal, what brings it into the database, and what is noted beside the requests, a while after them. */
import path from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { feedLedger, type Feeder } from '../jobs/feed-ledger.ts';
import { keepViolations } from '../jobs/keep-violations.ts';
import { keepResponsesSwept } from '../jobs/sweep-responses.ts';
import { openJournal, type Journal } from '../journal/journal.ts';
import type { Database } from '../storage/database.ts';
import { keepKeyUses } from './key-uses.ts';

interface BooksIo {
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** What is closed at the end, the last one first. */
export type Opened = (() => Promise<void> | void)[];

/** The journal, and what brings it into the database. */
export function openBooks(
  dataDir: string,
  database: Database,
  { clock, ids, log }: BooksIo,
  opened: Opened,
): { journal: Journal; feeder: Feeder } {
  const onError = (error: Error): void => log.error({ err: error }, 'the journal cannot be written');
  const { journal, recovered } = openJournal({ dir: path.join(dataDir, 'journal'), clock, ids, onError });
  opened.push(() => journal.close());
  const feeder = feedLedger({ database, journal, recovered, clock, ids, log });
  opened.push(() => feeder.close());
  return { journal, feeder };
}

/** What is noted or swept beside the requests, a while after them. */
export function openBesides(deps: { database: Database; clock: Clock; log: Log }, opened: Opened) {
  const keyUses = keepKeyUses(deps);
  opened.push(() => keyUses.close());
  const sweeping = keepResponsesSwept(deps);
  opened.push(() => sweeping.close());
  const found = keepViolations(deps);
  opened.push(() => found.close());
  return { keyUses, found };
}
