/** What open pages follow: events, and the tasks that tell of themselves by them. */
import { createEvents, type Events } from '../control/events.ts';
import { createTasks } from '../control/task-runner.ts';
import type { Tasks } from '../control/tasks.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { announceChanges } from './announce.ts';
import type { Valkey } from '../valkey/valkey.ts';
import type { OwnedKeeper } from './snapshot-keeper.ts';
import { tellingOthers } from './valkey.ts';

export interface Live {
  /** What only this instance knows: the pages of every instance hear of it, as far as instances can hear each other. */
  events: Events;
  /** What every instance learns by itself: each tells its own pages. */
  own: Events;
  tasks: Tasks;
  /** A connection that real traffic finds ill goes to the end of the line, or comes back from there. */
  onHealthTurned(connectionId: string, isResting: boolean): void;
  close(): Promise<void>;
}

interface LiveParts {
  database: Database;
  keeper: OwnedKeeper;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export function openLive(parts: LiveParts, valkey: Valkey | null = null): Live {
  const own = createEvents(parts.ids);
  const events = valkey === null ? own : tellingOthers(own, valkey);
  announceChanges(parts.keeper, own);
  const tasks = createTasks({ ...parts, events });
  return {
    events,
    own,
    tasks,
    onHealthTurned(id, isResting) {
      const owner = parts.keeper.snapshot.connections.get(id)?.owner;
      if (owner) own.publish({ name: 'connection.health', data: { id, isResting }, audience: { owners: [owner] } });
    },
    async close() {
      await tasks.close();
      events.close();
    },
  };
}
