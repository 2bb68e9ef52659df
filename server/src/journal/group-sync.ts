/** Brings what was written down to the disk, many records with one fdatasync: at once when somebody waits, else a little later. */
import { fdatasync } from 'node:fs';
import type { Clock, Timer } from '../lib/clock.ts';

/** Called with null once the record is on the disk, else with why it is not. */
export type Settled = (failure: Error | null) => void;

interface Waiter {
  seq: number;
  settled: Settled;
}

export interface SyncDeps {
  clock: Clock;
  /** The file that is appended to now. */
  fd: () => number;
  writtenSeq: () => number;
  /** A sync ended well; nothing is in flight now, so that the file may be changed. */
  onSynced: (durableSeq: number) => void;
  onFailed: (error: Error) => void;
}

/** Without a waiter a record is on the disk this long after it was written. */
const idleDelayMs = 10;

export class GroupSync {
  readonly #deps: SyncDeps;
  #waiters: Waiter[] = [];
  #timer: Timer | null = null;
  #idle: (() => void) | null = null;
  #isStopped = false;
  isInFlight = false;
  durableSeq: number;

  constructor(deps: SyncDeps, durableSeq: number) {
    this.#deps = deps;
    this.durableSeq = durableSeq;
  }

  wait(seq: number, settled: Settled): void {
    if (seq <= this.durableSeq) return settled(null);
    this.#waiters.push({ seq, settled });
    this.#start();
  }

  /** Something was written. */
  wrote(): void {
    if (this.#waiters.length > 0) return this.#start();
    if (this.isInFlight || this.#timer) return;
    this.#timer = this.#deps.clock.after(idleDelayMs, () => {
      this.#timer = null;
      this.#start();
    });
  }

  /** Everything up to `seq` is safe, here or in the database. */
  reached(seq: number): void {
    if (seq <= this.durableSeq) return;
    this.durableSeq = seq;
    this.#answer(seq, null);
  }

  /** Nobody is left waiting for a disk that does not take anything. */
  fail(failure: Error): void {
    this.#answer(Infinity, failure);
  }

  /** Starts nothing any more; resolves when nothing is in flight, so that the file may be closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    if (this.isInFlight) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #answer(upToSeq: number, failure: Error | null): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    // Whoever is answered may wait for the next one at once, so the list is in order before the first call.
    this.#waiters = [];
    for (const waiter of waiters) if (waiter.seq > upToSeq) this.#waiters.push(waiter);
    for (const waiter of waiters) if (waiter.seq <= upToSeq) waiter.settled(failure);
  }

  #start(): void {
    const target = this.#deps.writtenSeq();
    if (this.#isStopped || this.isInFlight || target <= this.durableSeq) return;
    this.isInFlight = true;
    fdatasync(this.#deps.fd(), (error) => {
      this.isInFlight = false;
      this.#idle?.();
      if (error) return this.#deps.onFailed(error);
      this.reached(target);
      this.#deps.onSynced(target);
      // Written while the last sync was under way.
      if (this.#deps.writtenSeq() > this.durableSeq) this.wrote();
    });
  }
}
