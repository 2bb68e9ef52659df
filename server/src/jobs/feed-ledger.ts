/** Brings the journal into the database, batch after batch, and lets the journal forget what is safely there. */
import type { AuditEntry } from '../domain/audit.ts';
import type { LineSpan } from '../domain/ledger-line.ts';
import type { Journal, Recovered } from '../journal/journal.ts';
import { pause, type Clock, type Timer } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { StaleWrite, StorageBusy, StorageUnavailable } from '../storage/errors.ts';
import { openBooks, rereadBooks, touchInstance, type Books } from '../storage/instances.ts';
import { applyJournal, markUnknown } from '../storage/ledger.ts';

export interface FeedDeps {
  database: Database;
  journal: Journal;
  /** What the journal found when it was opened. */
  recovered: Recovered;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export interface Feeder {
  /**
   * Resolves when what the journal has now is in the books, or the database has refused it. Waits for a run that is under way, which may
   * have begun earlier, and then makes the next; there are never two at a time.
   */
  feed(): Promise<void>;
  /** Records that are not in the books yet. */
  lagRecords(): number;
  /** The journal up to this number is in the books, as far as it can be read at all. */
  fedUpTo(): number;
  /** True when what an earlier run left is in the books and its open intents are closed. */
  isCaughtUp(): boolean;
  /** Stops the clock and feeds what is left, for at most `drainMs`; what remains is in the journal for the next start. */
  close(drainMs?: number): Promise<void>;
}

const periodMs = 250;
/** As a rule one transaction of a thousand rows: short enough that another write does not wait long for the database's one writer. */
const batchRecordsMax = 2_000;
/** One run gives way after this many batches; the next tick goes on. */
const batchesMax = 200;
const backoffMinMs = 250;
const backoffMaxMs = 5_000;
const heartbeatMs = 30_000;
const defaultDrainMs = 5_000;

type Gap = { after: number; before: number };

class LedgerFeeder implements Feeder {
  readonly #deps: FeedDeps;
  readonly #timer: Timer;
  #books: Books | null = null;
  /** When an earlier run was seen last; null where there was none, or once it is closed. */
  #unclosedSinceMs: number | null = null;
  #isCaughtUp = false;
  #fedUpTo = -1;
  #run: Promise<void> | null = null;
  /** The run after the one that is under way. */
  #nextRun: Promise<void> | null = null;
  #backoffMs = 0;
  #notBeforeMs = 0;
  #isClosed = false;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.every(periodMs, () => {
      if (this.#run === null && deps.clock.monotonicMs() >= this.#notBeforeMs) void this.feed();
    });
  }

  feed(): Promise<void> {
    if (this.#run !== null) {
      this.#nextRun ??= this.#run.then(() => {
        this.#nextRun = null;
        return this.feed();
      });
      return this.#nextRun;
    }
    this.#run = this.#feedSafely().finally(() => {
      this.#run = null;
    });
    return this.#run;
  }

  lagRecords(): number {
    return (
      this.#deps.journal.lastSeq() - (this.#books?.appliedSeq ?? Math.min(this.#deps.recovered.firstSeq - 1, this.#deps.journal.lastSeq()))
    );
  }

  isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  fedUpTo(): number {
    return this.#fedUpTo;
  }

  async close(drainMs = defaultDrainMs): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer.cancel();
    const { clock, journal, log } = this.#deps;
    const untilMs = clock.monotonicMs() + drainMs;
    journal.flush();
    await Promise.race([this.feed(), pause(clock, drainMs)]);
    while (this.lagRecords() > 0 && clock.monotonicMs() < untilMs) {
      await pause(clock, Math.min(this.#backoffMs, untilMs - clock.monotonicMs()));
      await Promise.race([this.feed(), pause(clock, Math.max(0, untilMs - clock.monotonicMs()))]);
    }
    if (this.lagRecords() > 0) log.warn({ records: this.lagRecords() }, 'ledger: records stay in the journal until the next start');
  }

  /** Never rejects: whatever fails is tried again after a pause, and until then the records are in the journal. */
  async #feedSafely(): Promise<void> {
    const { clock, log } = this.#deps;
    try {
      const books = (this.#books ??= await this.#open());
      await this.#feedBatches(books);
      if (this.#backoffMs > 0) log.info({}, 'ledger: the database takes records again');
      this.#backoffMs = 0;
    } catch (error) {
      const isExpected = error instanceof StorageUnavailable || error instanceof StorageBusy || error instanceof StaleWrite;
      if (this.#backoffMs === 0 || !isExpected)
        log[isExpected ? 'warn' : 'error']({ err: error, lag: this.lagRecords() }, 'ledger: the database did not take the records');
      this.#backoffMs = Math.min(Math.max(backoffMinMs, this.#backoffMs * 2), backoffMaxMs);
      this.#notBeforeMs = clock.monotonicMs() + this.#backoffMs;
      await this.#reread();
    }
  }

  /** A write that failed may have been kept all the same, so the books say how far they are. */
  async #reread(): Promise<void> {
    if (!this.#books) return;
    try {
      await rereadBooks(this.#deps.database, this.#books);
    } catch {
      // Not readable either: the guard of the next write refuses what does not fit, and the books are read again then.
    }
  }

  async #open(): Promise<Books> {
    const { database, journal, recovered, clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    const { books, lastSeenMs } = await openBooks(database, journal.instanceId, nowMs, recovered.firstSeq - 1);
    this.#unclosedSinceMs ??= lastSeenMs;
    if (journal.instanceId !== recovered.instanceId || books.appliedSeq <= recovered.lastSeq) {
      // The last run may have ended between the commit and this.
      journal.fed(books.appliedSeq);
      return books;
    }
    // The journal is older than the books (a restored directory, a damaged tail): its next numbers have been used, and would be
    // taken for applied. It goes on as another instance; rows that are known keep their state, because each has an id of its own.
    await markUnknown(database, books, books.appliedSeq, lastSeenMs ?? nowMs, nowMs);
    const renewed = journal.renew();
    log.error(
      { instance: books.instanceId, renewed, applied: books.appliedSeq, journal: recovered.lastSeq },
      'ledger: the journal is older than the books',
    );
    return (await openBooks(database, renewed, nowMs, recovered.firstSeq - 1)).books;
  }

  async #feedBatches(books: Books): Promise<void> {
    const { database, journal, recovered, clock, log } = this.#deps;
    // What comes meanwhile is left to the next run: to take it at once would make hundreds of transactions a second of a few rows each.
    const lastSeq = journal.lastSeq();
    journal.flush();
    let isDrained = false;
    for (let batch = 0; batch < batchesMax; batch++) {
      const { spans, damagedLines } = journal.readLinesAfter(books.appliedSeq, batchRecordsMax);
      if (damagedLines > 0) log.error({ damagedLines, after: books.appliedSeq }, 'ledger: damaged lines in the journal');
      isDrained = spans.length === 0;
      if (isDrained) break;
      const gaps = gapsIn(books.appliedSeq, spans);
      const nowMs = clock.nowMs();
      const applied = await applyJournal(
        database,
        books,
        spans.map(({ text }) => text).join(''),
        nowMs,
        gaps.map((gap) => this.#factOf(gap, nowMs)),
      );
      journal.fed(books.appliedSeq);
      for (const gap of gaps) log.error({ instance: books.instanceId, ...gap, missing: gap.before - gap.after - 1 }, 'ledger: journal gap');
      if (applied.orphans + applied.repeated + applied.unfit > 0) log.warn(applied, 'ledger: records that do not follow the rule');
      isDrained = books.appliedSeq >= lastSeq;
      if (isDrained) break;
    }
    // Damage at the end of the earlier run may leave its last numbers unapplied for ever: nothing left to read is enough.
    const isEarlierRunApplied = isDrained || books.appliedSeq >= recovered.lastSeq;
    if (this.#unclosedSinceMs !== null && isEarlierRunApplied) {
      const count = await markUnknown(database, books, recovered.lastSeq, this.#unclosedSinceMs, clock.nowMs());
      if (count > 0) log.warn({ count }, 'ledger: attempts were open when the last run ended; they are unknown now');
      this.#unclosedSinceMs = null;
    }
    if (isEarlierRunApplied) this.#isCaughtUp = true;
    if (isDrained) this.#fedUpTo = lastSeq;
    const nowMs = clock.nowMs();
    if (nowMs - books.seenAtMs > heartbeatMs) await touchInstance(database, books, nowMs);
  }

  #factOf(gap: Gap, nowMs: number): AuditEntry {
    const { ids, journal } = this.#deps;
    return {
      id: ids.uuid(),
      atMs: nowMs,
      actor: null,
      action: 'journal.gap',
      subjectType: 'instance',
      subjectId: journal.instanceId,
      subjectName: null,
      owner: null,
      outcome: 'failed',
      errorCode: null,
      changes: { sequence: { before: gap.after, after: gap.before } },
      origin: null,
    };
  }
}

/** Where numbers are missing: between the last one applied and the first line, or between two spans of lines. */
export function gapsIn(appliedSeq: number, spans: readonly Pick<LineSpan, 'firstSeq' | 'lastSeq'>[]): Gap[] {
  const gaps: Gap[] = [];
  let last = appliedSeq;
  for (const { firstSeq, lastSeq } of spans) {
    if (firstSeq > last + 1) gaps.push({ after: last, before: firstSeq });
    last = lastSeq;
  }
  return gaps;
}

/** Starts feeding: at once what an earlier run left, then about every 250 ms. Nothing needs to be awaited to begin serving. */
export function feedLedger(deps: FeedDeps): Feeder {
  const feeder = new LedgerFeeder(deps);
  void feeder.feed();
  return feeder;
}
