/** How the runtime keeps this process's heaps: small while the program starts, and under load without collecting the same again and again. */
import { setFlagsFromString } from 'node:v8';

/**
 * For the start: what grew for a second of loading would stay for months.
 *
 * Loading some thousand modules makes V8 grow the space for young objects to its limit, and it does not give that back: 35 MiB of a
 * process that idles. A growth factor of 1 stops this.
 *
 * And for good: every object begins among the young. V8 would place new ones among the old where many from the same line of code have
 * lived long, as requests do that wait together for a slow disk. From then on each request, dead or not, would stay with all that it
 * refers to (5 to 15 KB) until a full collection, which made a request twice as dear and the process twice as large.
 */
export function holdHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/**
 * For the work that follows: the young space grows as far as requests need it, and a full collection comes when the heap is three times
 * what the last one left.
 *
 * The bytes of bodies lie outside the heap, and V8 has a narrow limit of its own for such memory: a few dozen large requests reach it, and
 * the whole heap is marked to find that nearly all of it lives. With bodies of 200 KB that was nine tenths of all work. Here they are
 * reckoned with the heap.
 */
export function releaseHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--external-memory-accounted-in-global-limit');
  setFlagsFromString('--heap-growing-percent=200');
}
