/** The newest lines of the journal in memory, so that the feeder reads files only when it is far behind. */
import type { LineSpan } from '../domain/ledger-line.ts';

const countOf = (span: LineSpan): number => span.lastSeq - span.firstSeq + 1;

/** Spans of lines that are in the files too; each begins where the one before it ends. */
export class LineWindow {
  readonly #countMax: number;
  #spans: LineSpan[] = [];
  #head = 0;
  #size = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** Lines that are held. */
  get size(): number {
    return this.#size;
  }

  /** Takes lines, and lets go of the oldest spans beyond the bound. */
  push(span: LineSpan): void {
    this.#spans.push(span);
    this.#size += countOf(span);
    while (this.#size > this.#countMax && this.#head < this.#spans.length - 1) this.#dropFirst();
    this.#compact();
  }

  /** Whole spans only; what is left of one is no more than what one write had. */
  dropUpTo(seq: number): void {
    while ((this.#spans[this.#head]?.lastSeq ?? Infinity) <= seq) this.#dropFirst();
    this.#compact();
  }

  /** Whether everything after `seq` that was written is in here. */
  reachesBackTo(seq: number): boolean {
    const first = this.#spans[this.#head];
    return first !== undefined && first.firstSeq <= seq + 1;
  }

  /** Spans that hold what comes after `seq`, about `countMax` lines, at least one span; the first may begin at or before `seq`. */
  after(seq: number, countMax: number): LineSpan[] {
    const found: LineSpan[] = [];
    let count = 0;
    for (let index = this.#head; index < this.#spans.length; index++) {
      const span = this.#spans[index]!;
      if (span.lastSeq <= seq) continue;
      count += countOf(span);
      if (found.length > 0 && count > countMax) break;
      found.push(span);
    }
    return found;
  }

  #dropFirst(): void {
    this.#size -= countOf(this.#spans[this.#head]!);
    this.#head += 1;
  }

  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#spans.length) return;
    this.#spans = this.#spans.slice(this.#head);
    this.#head = 0;
  }
}
