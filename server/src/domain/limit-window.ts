/** A window of a minute that slides by the millisecond: what was admitted in it, in requests and tokens. Is told the time. */

/** Length of the window, and so of every rate. */
export const windowMs = 60_000;
/** Slices that may lie dead before the head until the list is cut. */
const deadMax = 1_024;
/** So many admissions are kept one by one; beyond them what comes close together is one slice, so that a busy window stays small. */
const exactMax = 8_192;
/** The longest slice: a thousandth of the window. It leaves as a whole when its newest admission does, so that a limit is never exceeded. */
const sliceMs = windowMs / 1_000;

/** Admissions that leave together. */
interface Slice {
  fromMs: number;
  /** Of the newest in it. */
  atMs: number;
  requests: number;
  tokens: number;
}

/** One admission, held by whoever was admitted. */
export interface WindowEntry {
  slice: Slice;
  tokens: number;
}

/** Oldest first; the head moves instead of shifting the list. Every call brings a time that is not before that of the last one. */
export class SlidingWindow {
  #slices: Slice[] = [];
  #head = 0;
  #requests = 0;
  #tokens = 0;

  get requests(): number {
    return this.#requests;
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Slices that are held. */
  get size(): number {
    return this.#slices.length - this.#head;
  }

  /** Lets go what is a minute old. */
  slide(nowMs: number): void {
    while (this.#head < this.#slices.length && nowMs - this.#slices[this.#head]!.atMs >= windowMs) {
      const { requests, tokens } = this.#slices[this.#head]!;
      this.#requests -= requests;
      this.#tokens -= tokens;
      this.#head++;
    }
    if (this.#head <= deadMax) return;
    this.#slices.splice(0, this.#head);
    this.#head = 0;
  }

  add(nowMs: number, tokens: number): WindowEntry {
    this.#requests++;
    this.#tokens += tokens;
    let slice = this.size < exactMax ? undefined : this.#slices.at(-1);
    if (slice && nowMs - slice.fromMs < sliceMs) {
      slice.atMs = nowMs;
      slice.requests++;
      slice.tokens += tokens;
    } else this.#slices.push((slice = { fromMs: nowMs, atMs: nowMs, requests: 1, tokens }));
    return { slice, tokens };
  }

  /** Replaces the estimate by what it came to. What is too old left with the estimate that it came in with. */
  correct(entry: WindowEntry, tokens: number, nowMs: number): void {
    this.slide(nowMs);
    const { slice } = entry;
    if (nowMs - slice.atMs >= windowMs) return;
    this.#tokens += tokens - entry.tokens;
    slice.tokens += tokens - entry.tokens;
    entry.tokens = tokens;
  }

  /** Takes back what was admitted, as if it had never come; once for each entry. */
  remove({ slice, tokens }: WindowEntry, nowMs: number): void {
    this.slide(nowMs);
    if (nowMs - slice.atMs >= windowMs) return;
    this.#requests--;
    this.#tokens -= tokens;
    slice.requests--;
    slice.tokens -= tokens;
    // What is empty at the end would be waited for although nothing leaves with it.
    while (this.size > 0 && this.#slices.at(-1)!.requests === 0) this.#slices.pop();
  }

  /** Milliseconds until one more request has a place under `limit`; 0 where it has one now, a whole minute where nothing would ever do. */
  waitForRequest(limit: number, nowMs: number): number {
    if (this.#requests < limit) return 0;
    let left = this.#requests;
    for (let index = this.#head; index < this.#slices.length; index++) {
      left -= this.#slices[index]!.requests;
      if (left < limit) return this.#leavesIn(index, nowMs);
    }
    return windowMs;
  }

  /** The same for this many tokens; where even an empty window is too small, until the newest entry has left. */
  waitForTokens(limit: number, needed: number, nowMs: number): number {
    if (this.#tokens + needed <= limit) return 0;
    let left = this.#tokens;
    for (let index = this.#head; index < this.#slices.length; index++) {
      left -= this.#slices[index]!.tokens;
      if (left + needed <= limit) return this.#leavesIn(index, nowMs);
    }
    return this.#leavesIn(this.#slices.length - 1, nowMs);
  }

  /** Milliseconds until the window is empty if nothing more comes. */
  resetMs(nowMs: number): number {
    return this.#requests > 0 ? this.#slices.at(-1)!.atMs + windowMs - nowMs : 0;
  }

  #leavesIn(index: number, nowMs: number): number {
    const slice = this.#slices[index];
    return slice ? slice.atMs + windowMs - nowMs : windowMs;
  }
}
