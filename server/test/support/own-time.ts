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
