/** When each access key was last used: noted in memory, written now and then, never raising the revision. */
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { noteKeyUses } from '../storage/key-uses.ts';
import type { Database } from '../storage/database.ts';

const periodMs = 15_000;

export interface KeyUses {
  note(accessKeyId: string): void;
  close(): Promise<void>;
}

export function keepKeyUses(deps: { database: Database; clock: Clock; log: Log }): KeyUses {
  let used = new Set<string>();
  const write = async (): Promise<void> => {
    if (used.size === 0) return;
    const ids = [...used];
    used = new Set();
    try {
      await noteKeyUses(deps.database, ids, deps.clock.nowMs());
    } catch (error) {
      // A hint for people, not a book: what is lost with a database that is away comes back with the next use.
      deps.log.debug({ err: error }, 'last uses of access keys could not be written');
    }
  };
  const timer = deps.clock.every(periodMs, () => void write());
  return {
    note: (accessKeyId) => void used.add(accessKeyId),
    async close() {
      timer.cancel();
      await write();
    },
  };
}
