/** The newest records of the journal in memory, so that the feeder reads files only when it is far behind. */
import type { Numbered } from './line.ts';

/** Numbers rise by one from entry to entry, so that a number is found by its distance from the first. */
export class RecordWindow {
  readonly #countMax: number;
  #entries: Numbered[] = [];
  #head = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  push(entry: Numbered): void {
    this.#entries.push(entry);
  }

  /** Lets go of the oldest ones beyond the bound, if they are on the disk. */
  trim(writtenSeq: number): void {
    while (this.size > this.#countMax && (this.#entries[this.#head]?.seq ?? Infinity) <= writtenSeq) this.#head += 1;
    this.#compact();
  }

  dropUpTo(seq: number): void {
    const first = this.#entries[this.#head];
    if (!first || first.seq > seq) return;
    this.#head = Math.min(this.#entries.length, this.#head + seq - first.seq + 1);
    this.#compact();
  }

  /** Whether everything after `seq` that exists is in here. */
  reachesBackTo(seq: number): boolean {
    const first = this.#entries[this.#head];
    return first !== undefined && first.seq <= seq + 1;
  }

  /** Records after `seq` and up to `lastSeq`, at most `countMax`. */
  after(seq: number, lastSeq: number, countMax: number): Numbered[] {
    const first = this.#entries[this.#head];
    if (!first) return [];
    const from = this.#head + Math.max(0, seq + 1 - first.seq);
    const to = Math.min(this.#head + lastSeq - first.seq + 1, from + countMax);
    return to > from ? this.#entries.slice(from, to) : [];
  }

  #compact(): void {
    if (this.#head < 4096 && this.#head < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
