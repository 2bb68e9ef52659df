/** How the heap treats young objects: a small nursery while the program starts, and nobody moved out of it before the time. */
import { setFlagsFromString } from 'node:v8';

/*
 * Loading some thousand modules makes V8 grow the space for young objects to its limit, and it does not give that back: 35 MiB of a
 * process that idles. A growth factor of 1 stops this; requests then make it grow as far as they need it.
 */

/** From here on the nurseries of this process's threads stay as small as they are. */
export const holdYoungSpace = (): void => setFlagsFromString('--semi-space-growth-factor=1');

/** V8's own factor again. */
export const releaseYoungSpace = (): void => setFlagsFromString('--semi-space-growth-factor=2');

/**
 * Every object begins in the nursery. V8 would place new ones among the old where many from the same line of code have lived long, as
 * the requests do that wait together for a slow disk. It judges so for good: from then on each request, dead or not, with all that it
 * refers to (5 to 15 KB), stays until a full collection, which made a request up to twice as dear and the process twice as large.
 */
export const keepNewObjectsYoung = (): void => setFlagsFromString('--no-allocation-site-pretenuring');
