/** What a piece of work costs in the processor's time: on a busy machine the time on the wall says nothing. */

/** @returns milliseconds of all threads of this process */
export async function cpuMsOf(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
