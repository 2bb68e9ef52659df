/** Hears what other instances found out about the health of connections, so that the pages of this one show it too. */
import { isIll, type HealthTurn } from '../domain/health.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { allHealth, healthWrittenAfter, type TurnedHealth } from '../storage/health.ts';
import type { HealthKeeper } from './keep-health.ts';

const periodMs = 3_000;
/** Instances' clocks differ, and so do the moments at which their writes are seen. */
const overlapMs = 30_000;
const rowsMax = 5_000;

type Turned = Pick<HealthTurn, 'connectionId' | 'model' | 'to' | 'sinceMs' | 'fault'>;

interface FollowDeps {
  database: Database;
  clock: Clock;
  log: Log;
  health: HealthKeeper;
  onTurned: (turn: Turned) => void;
}

/** The embedded database has one process, which hears its own turns: there it only looks once for what an earlier run found. */
export function followHealth({ database, clock, log, health, onTurned }: FollowDeps): { close(): void } {
  const states = new Map<string, TurnedHealth['state']>();
  let lastMs: number | null = null;
  let isLooking = false;
  const stop = health.onTurned(({ connectionId, model, to }) => void states.set(`${connectionId} ${model}`, to));

  async function look(): Promise<void> {
    const isFirst = lastMs === null;
    const rows: TurnedHealth[] = isFirst
      ? await allHealth(database, { withModels: true })
      : await healthWrittenAfter(database, (lastMs ?? 0) - overlapMs, rowsMax);
    for (const row of rows) {
      const key = `${row.connectionId} ${row.model}`;
      const isTurned = states.has(key) ? states.get(key) !== row.state : !isFirst;
      states.set(key, row.state);
      lastMs = Math.max(lastMs ?? 0, row.updatedAtMs);
      // Of what: whoever wants to know asks for the whole.
      if (isTurned) onTurned({ connectionId: row.connectionId, model: row.model, to: row.state, sinceMs: row.sinceMs, fault: null });
    }
    lastMs ??= 0;
    health.noteUnwell(rows.filter(({ model, state }) => model === '' && isIll(state)).map(({ connectionId }) => connectionId));
  }

  const run = (): void => {
    if (isLooking || (lastMs !== null && database.driver.engine === 'sqlite')) return;
    isLooking = true;
    look()
      .catch((error: unknown) => log.warn({ err: error }, 'the health of connections could not be read; tried again'))
      .finally(() => (isLooking = false));
  };
  run();
  const timer = clock.every(periodMs, run);
  return {
    close() {
      timer.cancel();
      stop();
    },
  };
}
