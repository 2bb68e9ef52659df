/** How tests wait: for what they can see, with a bound that only what never happens reaches. */
import type { Writable } from 'node:stream';

const waitMsMax = 60_000;
/** Between two looks. */
const lookMs = 1;

const look = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, lookMs));

/** Waits for something that nobody announces. @throws Error where it does not happen */
export async function until(isSo: () => boolean | Promise<boolean>, what = 'what was waited for'): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within ${waitMsMax} ms: ${what}`);
    await look();
  }
}

/** Lets this process read what lies in its sockets: house, provider and caller share its loop, however slow the machine is. */
export async function turns(count = 40): Promise<void> {
  for (let turn = 0; turn < count; turn++) await look();
}

/** Tells how many whole seconds are left at least of the minute that begins now, however long the machine takes. */
export function secondsOfMinute(): () => number {
  const beganMs = performance.now();
  return () => Math.floor(60 - (performance.now() - beganMs) / 1_000);
}

/** Until there is room for more, or nobody is there to read it; it leaves nobody listening, so that a long answer does not gather them. */
export const roomIn = (out: Writable): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      out.off('drain', go).off('close', go);
      resolve();
    };
    out.once('drain', go).once('close', go);
  });
