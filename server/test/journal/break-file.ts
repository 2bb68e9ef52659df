/** A file that goes bad under a journal that has it open. */
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';

/** The number of the file that this process has open at a path. */
const descriptorOf = (path: string): number => {
  const found = readdirSync('/proc/self/fd').find((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('the segment is not open');
  return Number(found);
};

/** Puts a file that takes neither a write nor a sync in the place of one that is open. */
export function breakFile(path: string): void {
  const fd = descriptorOf(path);
  closeSync(fd);
  const spare: number[] = [];
  for (let tries = 0; tries < 50; tries++) {
    const taken = openSync('/dev/null', 'r');
    if (taken === fd) break;
    spare.push(taken);
  }
  for (const one of spare) closeSync(one);
}
