/** This process's append-only file of intents and settlements: one write per tick, one fdatasync for many, nothing lost by a kill. */
import type { LedgerRecord } from '../domain/ledger.ts';
import { jsonOf, type LineSpan } from '../domain/ledger-line.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import { GroupSync, type Settled } from './group-sync.ts';
import { OpenIntents } from './open-intents.ts';
import { OpenSegment } from './open-segment.ts';
import { answer, spansOf, writtenOnce, type Pending } from './pending.ts';
import { createSegmentReader, listSegments, openInstance, removeSegment, repairTail, writeInstance, type Segment } from './segments.ts';
import { SpareSegment } from './spare.ts';
import { portionOf, TickLines } from './tick.ts';
import { LineWindow } from './window.ts';

/** The disk does not take records: new work is refused with 503, or goes on from memory where the caller says so (P12). */
export class JournalUnavailable extends Error {
  override readonly name = 'JournalUnavailable';
}

/** Too much waits for the database: work that spends a budget is refused until the feeder has caught up (P10). */
export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

/** What an intent does while the disk fails: be refused, or be kept in memory alone until the disk or the database takes it. */
export type OnFailure = 'refuse' | 'remember';

export interface Journal {
  /** Outlives restarts, as long as the directory does. */
  readonly instanceId: string;
  /**
   * Puts the record into this tick's write and returns its sequence number. `written(null)` runs after the write returned: the record
   * survives `kill -9`. `written(failure)` says that the disk did not take it: the record is still in memory and will reach the books
   * if it can, so the caller settles what it does not send. With `remember`, an intent's `written(null)` may also mean "in memory".
   * Settlements and refused requests are always remembered, up to a bound.
   * @throws JournalUnavailable, JournalFull (intents with a reservation beyond `bytesMax`, all intents beyond four times that).
   */
  append(record: LedgerRecord, written?: Settled, onFailure?: OnFailure): number;
  /** Writes what this tick appended, now. */
  flush(): void;
  /** Calls back with null once the record is on the disk or in the books (at once when it is), with a failure while the disk fails. */
  whenDurable(seq: number, durable: Settled): void;
  /** For the feeder: about `countMax` lines after `seq`, as they were written; none only where there are none. The first span may begin before. */
  readLinesAfter(seq: number, countMax: number): { spans: readonly LineSpan[]; damagedLines: number };
  /** Everything up to `seq` is durably in the database: whole segments at or below it are deleted. */
  fed(seq: number): void;
  /** Becomes another instance: for a journal that is older than the books, whose numbers have been used before. */
  renew(): string;
  /** The highest number given so far. */
  lastSeq(): number;
  unfedBytes(): number;
  isFull(): boolean;
  isFailing(): boolean;
  /** Takes no intent from here on. Resolves with how many have no settlement: as a rule 0, else what was open after `waitMs`. */
  drain(waitMs: number): Promise<number>;
  isDraining(): boolean;
  close(): Promise<void>;
}

export interface JournalOptions {
  /** The journal's own directory; one process at a time. */
  dir: string;
  clock: Clock;
  ids: Ids;
  segmentBytesMax?: number;
  bytesMax?: number;
  /** The disk failed; said once per failure, not once per record. */
  onError: (error: Error) => void;
}

/** What was found at the start. */
export interface Recovered {
  instanceId: string;
  /** The lowest number that may still be in the segments. */
  firstSeq: number;
  /** The highest number of earlier runs: everything above is this run's. */
  lastSeq: number;
  bytes: number;
  tornBytes: number;
  damagedLines: number;
}

const defaultSegmentBytesMax = 8_388_608;
const defaultBytesMax = 268_435_456;
/** Work without a budget goes on longer, but not until the disk is full. */
const hardFactor = 4;
/** Records kept in memory while the disk fails (P12). */
const ringRecordsMax = 10_000;
const windowRecordsMax = 10_000;
/** In UTF-8 at most three times as many bytes, which is less than a reader takes in at once. */
const jsonCharsMax = 1_048_576;
const retryMs = 250;

/** Measured on a core of its own: an append costs 3 us with a write of its own, 1 us where ten or more share one. */
class SegmentedJournal implements Journal {
  readonly #options: Required<JournalOptions>;
  readonly #segments: Segment[];
  readonly #spare: SpareSegment;
  readonly #window = new LineWindow(windowRecordsMax);
  readonly #reader = createSegmentReader();
  readonly #sync: GroupSync;
  readonly #intents = new OpenIntents();
  #instanceId: string;
  #open: OpenSegment;
  #lastSeq: number;
  #writtenSeq: number;
  #fedSeq = 0;
  /** Not on the disk yet: this tick's, and everything since a failure. */
  #pending: Pending[] = [];
  /** The lines of those that came last; none while the disk fails, when each one waits by itself. */
  readonly #tick = new TickLines();
  #immediate: NodeJS.Immediate | null = null;
  readonly #flushLater = (): void => this.flush();
  /** Written, but not synced: after a failed fdatasync nobody knows what of it the disk has. */
  #unsynced: LineSpan[] = [];
  #failure: JournalUnavailable | null = null;
  #retryTimer: Timer | null = null;
  #mustRewrite = false;
  #hasBrokenLine = false;
  #isClosed = false;

  constructor(options: Required<JournalOptions>, recovered: Recovered, segments: Segment[], open: OpenSegment) {
    this.#options = options;
    this.#instanceId = recovered.instanceId;
    this.#segments = segments;
    this.#spare = new SpareSegment(options.dir);
    this.#open = open;
    this.#lastSeq = recovered.lastSeq;
    this.#writtenSeq = recovered.lastSeq;
    this.#sync = new GroupSync(
      {
        clock: options.clock,
        fd: () => this.#open.fd,
        writtenSeq: () => this.#writtenSeq,
        onSynced: (durableSeq) => this.#onSynced(durableSeq),
        onFailed: (error) => {
          this.#mustRewrite = true;
          this.#fail(error);
        },
      },
      recovered.lastSeq,
    );
  }

  get instanceId(): string {
    return this.#instanceId;
  }

  append(record: LedgerRecord, written: Settled | null = null, onFailure: OnFailure = 'refuse'): number {
    this.#intents.settles(record.kind);
    if (this.#isClosed) throw new JournalUnavailable('the journal is closed');
    if (record.kind === 'intent') this.#admit(record.reservedNanoUsd > 0, onFailure);
    if (this.#failure && this.#pending.length >= ringRecordsMax) throw this.#failure;
    const seq = this.#lastSeq + 1;
    const json = jsonOf(record);
    // A line that no reader takes in would hide all that follow it.
    if (json.length > jsonCharsMax) throw new JournalUnavailable('a record is too large for the journal');
    this.#tick.add(seq, json);
    this.#lastSeq = seq;
    this.#intents.began(record.kind);
    this.#pending.push({ firstSeq: seq, seq, line: '', written, isRemembered: onFailure === 'remember' || record.kind !== 'intent' });
    if (this.#failure) this.#tick.giveTo(this.#pending);
    this.#immediate ??= setImmediate(this.#flushLater);
    return seq;
  }

  flush(): void {
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#immediate = null;
    if (this.#pending.length === 0) return;
    if (!this.#failure) {
      const entries = this.#pending;
      try {
        this.#write();
      } catch (error) {
        this.#fail(error as Error);
      }
      if (!this.#failure || this.#pending !== entries) return answer(entries, null);
    }
    answer(this.#pending, this.#failure);
  }

  whenDurable(seq: number, durable: Settled): void {
    if (this.#failure && seq > this.#sync.durableSeq) return durable(this.#failure);
    this.#sync.wait(seq, durable);
  }

  readLinesAfter(seq: number, countMax: number): { spans: readonly LineSpan[]; damagedLines: number } {
    if (seq < this.#writtenSeq) {
      if (!this.#window.reachesBackTo(seq)) {
        const read = this.#reader.read(this.#segments, seq, countMax);
        if (read.spans.length > 0) return read;
      }
      const spans = this.#window.after(seq, countMax);
      if (spans.length > 0) return { spans, damagedLines: 0 };
    }
    if (!this.#failure) return { spans: [], damagedLines: 0 };
    // While the disk fails the database is the only safe place there is, so that it also gets what is in memory alone.
    const unwritten = this.#pending.filter((entry) => entry.seq > Math.max(seq, this.#writtenSeq)).slice(0, countMax);
    return { spans: spansOf(unwritten, this.#writtenSeq), damagedLines: 0 };
  }

  fed(seq: number): void {
    this.#fedSeq = Math.max(this.#fedSeq, seq);
    this.#window.dropUpTo(seq);
    this.#unsynced = this.#unsynced.filter((span) => span.lastSeq > seq);
    if (this.#failure) this.#pending = this.#pending.filter((entry) => entry.seq > seq);
    this.#sync.reached(Math.min(seq, this.#lastSeq));
    while (this.#segments.length > 1 && this.#segments[1]!.firstSeq - 1 <= seq) removeSegment(this.#segments.shift()!);
  }

  renew(): string {
    this.#instanceId = this.#options.ids.uuid();
    writeInstance(this.#options.dir, this.#instanceId);
    return this.#instanceId;
  }

  lastSeq(): number {
    return this.#lastSeq;
  }

  unfedBytes(): number {
    if (this.#fedSeq >= this.#lastSeq) return 0;
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.bytes;
    return bytes;
  }

  isFull(): boolean {
    return this.unfedBytes() >= this.#options.bytesMax;
  }

  isFailing(): boolean {
    return this.#failure !== null;
  }

  drain(waitMs: number): Promise<number> {
    return this.#intents.drain(this.#options.clock, waitMs);
  }

  isDraining(): boolean {
    return this.#intents.isDraining;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    if (!this.#failure && this.#writtenSeq > this.#sync.durableSeq) {
      await new Promise<void>((resolve) => this.#sync.wait(this.#writtenSeq, () => resolve()));
    }
    this.#retryTimer?.cancel();
    await this.#sync.stop();
    this.#open.leave(null, this.#options.onError);
    await this.#spare.close();
  }

  #admit(isBudgeted: boolean, onFailure: OnFailure): void {
    if (this.#intents.isDraining) throw new JournalUnavailable('the journal takes no new work');
    if (this.#failure && onFailure === 'refuse') throw this.#failure;
    const unfedBytes = this.unfedBytes();
    const bytesMax = isBudgeted ? this.#options.bytesMax : this.#options.bytesMax * hardFactor;
    if (unfedBytes >= bytesMax) throw new JournalFull(`${unfedBytes} bytes wait for the database`);
  }

  /** Writes all pending lines, wholly or (the file being cut back) not at all. */
  #write(): void {
    const entries = this.#pending;
    const { spans, bytes } = portionOf(this.#tick, entries, this.#writtenSeq, this.#hasBrokenLine);
    try {
      this.#open.write(bytes);
    } catch (error) {
      try {
        this.#open.cutBack();
      } catch {
        // The broken line stays at the end of this file, and the next one is begun for what follows.
        this.#mustRewrite = true;
      }
      throw error;
    }
    this.#hasBrokenLine = false;
    this.#pending = [];
    this.#tick.clear();
    for (const span of spans) {
      if (span.lastSeq > this.#sync.durableSeq) this.#unsynced.push(span);
      // What is written for the second time is in the window already, or was too old for it.
      if (span.firstSeq > this.#writtenSeq) this.#window.push(span);
    }
    this.#writtenSeq = spans.at(-1)!.lastSeq;
    if (!this.#sync.isInFlight) this.#rotateIfDue();
    this.#sync.wrote();
  }

  #onSynced(durableSeq: number): void {
    const first = this.#unsynced.findIndex(({ lastSeq }) => lastSeq > durableSeq);
    this.#unsynced = first < 0 ? [] : this.#unsynced.slice(first);
    if (!this.#isClosed) this.#rotateIfDue();
  }

  #rotateIfDue(): void {
    if (this.#open.isHalfway()) this.#spare.prepare(this.#options.segmentBytesMax);
    if (this.#open.isDue(this.#spare.isReady)) this.#rotate();
  }

  /** Begins the next segment. The old one is synced first, so that a durable record never has one before it that is not. */
  #rotate(): void {
    try {
      this.#open.sync();
    } catch (error) {
      this.#mustRewrite = true;
      return this.#fail(error as Error);
    }
    this.#unsynced = [];
    this.#sync.reached(this.#writtenSeq);
    try {
      this.#begin(this.#writtenSeq + 1);
    } catch (error) {
      // The old segment takes more for now; the next try comes when it has grown by as much again.
      this.#open.grow(this.#options.segmentBytesMax);
      this.#options.onError(error as Error);
    }
  }

  #begin(firstSeq: number): void {
    const { dir, segmentBytesMax, onError } = this.#options;
    const open = new OpenSegment(dir, firstSeq, segmentBytesMax, this.#spare);
    this.#open.leave(open, onError);
    this.#open = open;
    if (this.#segments.at(-1)?.path === open.segment.path) this.#segments.pop();
    this.#segments.push(open.segment);
    // The same file again, where nothing of it was synced: its last line may be broken, and a line feed closes it.
    this.#hasBrokenLine = open.segment.bytes > 0;
  }

  #fail(error: Error): void {
    this.#tick.giveTo(this.#pending);
    if (!this.#failure) {
      this.#failure = new JournalUnavailable('the journal cannot be written', { cause: error });
      this.#options.onError(error);
    }
    this.#sync.fail(this.#failure);
    this.#retryTimer ??= this.#options.clock.after(retryMs, () => {
      this.#retryTimer = null;
      this.#retry();
    });
  }

  #retry(): void {
    if (this.#isClosed || !this.#failure) return;
    let entries: readonly Pending[] = [];
    try {
      if (this.#mustRewrite) {
        // After a failed sync the kernel may call lost pages clean: only a second copy elsewhere is to be trusted.
        // The name is beyond every number given so far, because the old segment may well have kept them: killed before anything of it is
        // written, the journal goes on from its name.
        this.#begin(this.#lastSeq + 1);
        this.#pending = [...this.#unsynced.map(writtenOnce), ...this.#pending];
        this.#unsynced = [];
        this.#mustRewrite = false;
      }
      entries = this.#pending;
      if (entries.length > 0) this.#write();
      else this.#open.sync();
    } catch (error) {
      return this.#fail(error as Error);
    }
    this.#failure = null;
    answer(entries, null);
    this.#sync.wrote();
  }
}

/**
 * Opens the journal of a data directory: repairs its tail, goes on with its sequence, begins a segment of its own. Nothing of an
 * earlier run is deleted before the feeder says that it is in the books.
 */
export function openJournal(options: JournalOptions): { journal: Journal; recovered: Recovered } {
  const { dir } = options;
  const instanceId = openInstance(dir, options.ids);
  const segments = listSegments(dir);
  const last = segments.at(-1);
  const tail = last ? repairTail(last) : { lastSeq: 0, tornBytes: 0, damagedLines: 0 };
  const complete = { segmentBytesMax: defaultSegmentBytesMax, bytesMax: defaultBytesMax, ...options };
  const open = new OpenSegment(dir, tail.lastSeq + 1, complete.segmentBytesMax, null);
  if (last?.path === open.segment.path) segments.pop();
  segments.push(open.segment);
  const recovered: Recovered = {
    instanceId,
    firstSeq: segments[0]!.firstSeq,
    lastSeq: tail.lastSeq,
    bytes: segments.reduce((sum, one) => sum + one.bytes, 0),
    tornBytes: tail.tornBytes,
    damagedLines: tail.damagedLines,
  };
  return { journal: new SegmentedJournal(complete, recovered, segments, open), recovered };
}
