/** Keeps the snapshot in step with the database: at once after our own changes, on word of others', and by a slow poll besides. */
import type { SnapshotKeeper } from '../control/deps.ts';
import { Snapshot } from '../domain/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { loadDelta } from '../storage/snapshot.ts';

/** Word of a change can be lost with a connection; this finds it. */
const pollMs = 5_000;

export interface OwnedKeeper extends SnapshotKeeper {
  /** Runs when connections were changed, with their ids. */
  onChanged(listener: (connectionIds: readonly string[]) => void): void;
  close(): void;
}

/** Loads everything, then follows. Rejects where the database cannot be read. */
export async function keepSnapshot(deps: { database: Database; clock: Clock; log: Log }): Promise<OwnedKeeper> {
  const snapshot = new Snapshot();
  const listeners: ((ids: readonly string[]) => void)[] = [];
  let running: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    const delta = await loadDelta(deps.database, snapshot.revision);
    snapshot.apply(delta);
    const ids = delta.connections.map(({ id }) => id);
    if (ids.length > 0) for (const listener of listeners) listener(ids);
  };
  // One load at a time; whoever comes while one runs waits for the next, which sees their commit for certain.
  const next = (): Promise<void> => {
    running ??= refresh().finally(() => (running = null));
    return running;
  };
  const catchUp = async (revision: number): Promise<void> => {
    while (snapshot.revision < revision) await next();
  };
  snapshot.apply(await loadDelta(deps.database, -1));
  const follow = (): void => void next().catch((error: unknown) => deps.log.warn({ err: error }, 'configuration could not be read; serving what is known'));
  const stopListening = deps.database.driver.onConfigChange(follow);
  const poll = deps.clock.every(pollMs, follow);
  return {
    snapshot,
    catchUp,
    onChanged: (listener) => void listeners.push(listener),
    close() {
      stopListening();
      poll.cancel();
    },
  };
}
