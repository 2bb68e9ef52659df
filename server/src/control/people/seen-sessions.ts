/** When each session was last used: noted in memory, written now and then. A hint for its owner, so nothing ever waits for it. */
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Database } from '../../storage/database.ts';
import { noteSessionUses } from '../../storage/people.ts';

const periodMs = 15_000;
/** Sessions that one period may note; the others are noted in the next one they are used in. */
const notedMax = 10_000;

export interface SeenSessions {
  note(sessionId: string): void;
  /** Writes what was noted; resolves when it is written, and never rejects. */
  write(): Promise<void>;
  close(): Promise<void>;
}

export function keepSeenSessions(deps: { database: Database; clock: Clock; log: Log }): SeenSessions {
  let seen = new Map<string, number>();
  const write = async (): Promise<void> => {
    if (seen.size === 0) return;
    const noted = seen;
    seen = new Map();
    try {
      await noteSessionUses(deps.database, noted);
    } catch (error) {
      deps.log.debug({ err: error }, 'last uses of sessions could not be written');
    }
  };
  const timer = deps.clock.every(periodMs, () => void write());
  return {
    note(sessionId) {
      if (seen.size < notedMax) seen.set(sessionId, deps.clock.nowMs());
    },
    write,
    async close() {
      timer.cancel();
      await write();
    },
  };
}
