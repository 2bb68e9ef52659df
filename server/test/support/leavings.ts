/** What a test file leaves behind it, to be taken away when the file ends: the processes that run the tests live longer than one file. */

const key = Symbol.for('patchbay.leavings');
/** Beyond the modules, of which every file has its own. */
const place = globalThis as unknown as Record<symbol, (() => unknown)[] | undefined>;

/** `leave` runs once, after the last hook of the file that is running. Where no tests run, nothing comes of it. */
export function afterThisFile(leave: () => unknown): void {
  (place[key] ??= []).push(leave);
}

/** Takes everything away, the youngest first. Rejects with the first error when all of it was tried. */
export async function leaveNothing(): Promise<void> {
  const leavings = (place[key] ?? []).toReversed();
  place[key] = [];
  const errors: unknown[] = [];
  for (const leave of leavings)
    try {
      await leave();
    } catch (error) {
      errors.push(error);
    }
  if (errors.length > 0) throw errors[0];
}
