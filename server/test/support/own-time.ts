/** Time as this process had it: while it stood still, or another one had its processor, next to none passed. For what must not take long. */

const lookMs = 10;
/** What may lie between two looks of a process that runs. */
const stillMs = 100;

/** @returns what the work came to, and the milliseconds that this process had for it: never more than passed */
export async function ownTimeOf<T>(work: () => Promise<T>): Promise<{ result: T; ownMs: number }> {
  let ownMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    ownMs += Math.min(nowMs - lastMs, stillMs);
    lastMs = nowMs;
  };
  const timer = setInterval(look, lookMs);
  try {
    const result = await work();
    look();
    return { result, ownMs };
  } finally {
    clearInterval(timer);
  }
}

/** What the limits of the house bear: the shortest of them waits a second for the server's own word (storage/postgres). */
const borneMs = 500;
const triesMax = 8;

/**
 * Work that holds for a process which is there all the time. One that stood still finds its own limits over before it has read what
 * others said in time: that proves nothing, and is tried again. What fails although nothing stood still has failed.
 */
export async function whileMoving<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const beganMs = performance.now();
    const { result, ownMs } = await ownTimeOf(async () => (await Promise.allSettled([work()]))[0]);
    if (result.status === 'fulfilled') return result.value;
    if (tries === triesMax || performance.now() - beganMs - ownMs <= borneMs) throw result.reason;
  }
}
