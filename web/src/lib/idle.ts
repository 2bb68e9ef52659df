/** What is not needed now and soon may be: done when the page has nothing else to do. */

/** Where the browser does not say when it is idle (Safari), or never is. */
const waitMs = 2_000;

/** Returns what calls it off. */
export function whenIdle(run: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(run, waitMs);
    return () => clearTimeout(timer);
  }
  const turn = requestIdleCallback(run, { timeout: waitMs });
  return () => cancelIdleCallback(turn);
}
