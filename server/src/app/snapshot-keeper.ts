/** Keeps the snapshot in step with the database: at once after our own changes, on word of others', and by a slow poll besides. */
import type { SnapshotKeeper } from '../control/deps.ts';
import type { Owner } from '../domain/owner.ts';
import { Snapshot, type SnapshotDelta } from '../domain/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { StorageUnavailable } from '../storage/errors.ts';
import { loadDelta } from '../storage/snapshot.ts';
import type { OtherWorkers } from './worker.ts';

/** Word of a change can be lost with a connection; this finds it. */
export const pollMs = 5_000;
/** Loads that may pass until a commit of our own is seen. */
const loadsMax = 10;

export interface OwnedKeeper extends SnapshotKeeper {
  /** Runs when connections were changed, with their ids. */
  onChanged(listener: (connectionIds: readonly string[]) => void): void;
  /** Runs after every change with what it brought, and who owned its connections before and after. */
  onApplied(listener: (delta: SnapshotDelta, owners: ReadonlyMap<string, readonly Owner[]>) => void): void;
  close(): void;
}

/** Who owned the connections of a delta before it, and who owns them after. */
const ownersAround = (snapshot: Snapshot, delta: SnapshotDelta): Map<string, Owner[]> =>
  new Map(
    delta.connections.map(({ id, connection }) => {
      const owners = [snapshot.connections.get(id)?.owner, connection?.owner];
      return [id, owners.filter((owner) => owner !== undefined)];
    }),
  );

/**
 * Loads everything, then follows. Rejects where the database cannot be read. `beforeApplied` runs with the revision that the snapshot
 * has, between the reading of a delta and the moment that it is served: what the new rows need is there before them.
 */
export async function keepSnapshot(deps: {
  database: Database;
  clock: Clock;
  log: Log;
  beforeApplied?: (above: number) => Promise<void>;
  /** Behind one port: what was changed here is served by all of them before the answer says so. */
  others?: OtherWorkers | undefined;
}): Promise<OwnedKeeper> {
  const snapshot = new Snapshot();
  const listeners: ((ids: readonly string[]) => void)[] = [];
  const hearers: ((delta: SnapshotDelta, owners: ReadonlyMap<string, readonly Owner[]>) => void)[] = [];
  let running: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    const delta = await loadDelta(deps.database, snapshot.revision);
    const before = snapshot.revision;
    if (delta.revision > before) await deps.beforeApplied?.(before);
    const owners = ownersAround(snapshot, delta);
    snapshot.apply(delta);
    if (snapshot.revision > before) for (const hearer of hearers) hearer(delta, owners);
    const ids = delta.connections.map(({ id }) => id);
    if (ids.length > 0) for (const listener of listeners) listener(ids);
  };
  let queued: Promise<void> | null = null;
  const run = (): Promise<void> => {
    running = refresh().finally(() => (running = null));
    return running;
  };
  // One load at a time. Whoever comes while one runs waits for the next: the one under way may have read before their commit.
  const next = (): Promise<void> => {
    if (!running) return run();
    queued ??= running
      .catch(() => undefined)
      .then(() => {
        queued = null;
        return run();
      });
    return queued;
  };
  const reach = async (revision: number): Promise<void> => {
    for (let loads = 0; snapshot.revision < revision; loads++) {
      // A load that begins after the commit sees it, so a second one that does not is a database that shows an older state.
      if (loads === loadsMax) throw new StorageUnavailable(`the database does not show revision ${revision} after it was written`);
      await next();
    }
  };
  snapshot.apply(await loadDelta(deps.database, -1));
  const follow = (): void =>
    void next().catch((error: unknown) => deps.log.warn({ err: error }, 'configuration could not be read; serving what is known'));
  const stopListening = deps.database.driver.onConfigChange(follow);
  const poll = deps.clock.every(pollMs, follow);
  deps.others?.onAsked('revision', async (revision) => {
    await reach(revision);
    return null;
  });
  return {
    snapshot,
    async catchUp(revision) {
      await Promise.all([reach(revision), deps.others?.ask('revision', revision)]);
    },
    onChanged: (listener) => void listeners.push(listener),
    onApplied: (hearer) => void hearers.push(hearer),
    close() {
      stopListening();
      poll.cancel();
    },
  };
}
