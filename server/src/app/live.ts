/** What open pages follow: events, and the tasks that tell of themselves by them. */
import { createEvents, type Events } from '../control/events.ts';
import { createTasks } from '../control/task-runner.ts';
import type { Tasks } from '../control/tasks.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { announceChanges } from './announce.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';

export interface Live {
  events: Events;
  tasks: Tasks;
  /** A connection that real traffic finds ill goes to the end of the line, or comes back from there. */
  onHealthTurned(connectionId: string, isResting: boolean): void;
  close(): Promise<void>;
}

export function openLive(parts: { database: Database; keeper: OwnedKeeper; clock: Clock; ids: Ids; log: Log }): Live {
  const events = createEvents(parts.ids);
  announceChanges(parts.keeper, events);
  const tasks = createTasks({ ...parts, events });
  return {
    events,
    tasks,
    onHealthTurned(id, isResting) {
      const owner = parts.keeper.snapshot.connections.get(id)?.owner;
      if (owner) events.publish({ name: 'connection.health', data: { id, isResting }, audience: { owners: [owner] } });
    },
    async close() {
      await tasks.close();
      events.close();
    },
  };
}
