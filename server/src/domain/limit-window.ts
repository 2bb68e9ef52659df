/** A window of a minute that slides by the millisecond: what was admitted in it, in requests and tokens. Is told the time. */

/** Length of the window, and so of every rate. */
export const windowMs = 60_000;
/** Entries that may lie dead before the head until the list is cut. */
const deadMax = 1_024;

export interface WindowEntry {
  atMs: number;
  tokens: number;
}

/** Oldest first; the head moves instead of shifting the list. Every call brings a time that is not before that of the last one. */
export class SlidingWindow {
  #entries: WindowEntry[] = [];
  #head = 0;
  #tokens = 0;

  get requests(): number {
    return this.#entries.length - this.#head;
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Lets go what is a minute old. */
  slide(nowMs: number): void {
    while (this.#head < this.#entries.length && nowMs - this.#entries[this.#head]!.atMs >= windowMs) {
      this.#tokens -= this.#entries[this.#head]!.tokens;
      this.#head++;
    }
    if (this.#head <= deadMax) return;
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }

  add(nowMs: number, tokens: number): WindowEntry {
    const entry = { atMs: nowMs, tokens };
    this.#entries.push(entry);
    this.#tokens += tokens;
    return entry;
  }

  /** Replaces the estimate by what it came to. What is too old left with the estimate that it came in with. */
  correct(entry: WindowEntry, tokens: number, nowMs: number): void {
    this.slide(nowMs);
    if (nowMs - entry.atMs >= windowMs) return;
    this.#tokens += tokens - entry.tokens;
    entry.tokens = tokens;
  }

  /** Takes back what was admitted, as if it had never come. It is one of the newest, so that the search is short. */
  remove(entry: WindowEntry, nowMs: number): void {
    this.slide(nowMs);
    const index = this.#entries.lastIndexOf(entry);
    if (index < this.#head) return;
    this.#entries.splice(index, 1);
    this.#tokens -= entry.tokens;
  }

  /** Milliseconds until one more request has a place under `limit`; 0 where it has one now, a whole minute where nothing would ever do. */
  waitForRequest(limit: number, nowMs: number): number {
    if (this.requests < limit) return 0;
    return this.#leavesIn(this.#head + this.requests - limit, nowMs);
  }

  /** The same for this many tokens; where even an empty window is too small, until the newest entry has left. */
  waitForTokens(limit: number, needed: number, nowMs: number): number {
    if (this.#tokens + needed <= limit) return 0;
    let left = this.#tokens;
    for (let index = this.#head; index < this.#entries.length; index++) {
      left -= this.#entries[index]!.tokens;
      if (left + needed <= limit) return this.#leavesIn(index, nowMs);
    }
    return this.#leavesIn(this.#entries.length - 1, nowMs);
  }

  /** Milliseconds until the window is empty if nothing more comes. */
  resetMs(nowMs: number): number {
    const newest = this.#entries.at(-1);
    return newest && this.requests > 0 ? newest.atMs + windowMs - nowMs : 0;
  }

  #leavesIn(index: number, nowMs: number): number {
    const entry = this.#entries[index];
    return entry ? entry.atMs + windowMs - nowMs : windowMs;
  }
}
