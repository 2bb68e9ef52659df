/** Keeps the nursery of the heap small while the program starts: what grew for a second of loading would stay for months. */
import { setFlagsFromString } from 'node:v8';

/*
 * Loading some thousand modules makes V8 grow the space for young objects to its limit, and it does not give that back: 35 MiB of a
 * process that idles. A growth factor of 1 stops this; requests then make it grow as far as they need it.
 */

/** From here on the nurseries of this process's threads stay as small as they are. */
export const holdYoungSpace = (): void => setFlagsFromString('--semi-space-growth-factor=1');

/** V8's own factor again. */
export const releaseYoungSpace = (): void => setFlagsFromString('--semi-space-growth-factor=2');
