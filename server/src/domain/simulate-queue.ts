/** Virtual time: what is to happen, in the order of its moment, and of what is to happen at one moment in the order it was planned. */

interface Planned {
  atMs: number;
  order: number;
  run: () => void;
}

/** A binary heap: thousands of requests wait at once. */
export class SimulationQueue {
  nowMs = 0;
  readonly #heap: Planned[] = [];
  #planned = 0;

  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#planned++, run });
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!goesBefore(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** Lets the next thing happen; FALSE where nothing is planned any more. */
  step(): boolean {
    const heap = this.#heap;
    const next = heap[0];
    if (!next) return false;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      sink(heap);
    }
    this.nowMs = next.atMs;
    next.run();
    return true;
  }
}

const goesBefore = (a: Planned, b: Planned): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function sink(heap: Planned[]): void {
  for (let at = 0; ;) {
    const left = 2 * at + 1;
    let least = at;
    for (const child of [left, left + 1]) if (child < heap.length && goesBefore(heap[child]!, heap[least]!)) least = child;
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
