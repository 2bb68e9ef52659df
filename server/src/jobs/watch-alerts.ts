/** Keeps an eye on everything that people want to be told of: every fifteen seconds, and at once when a connection falls ill. */
import type { Owner } from '../domain/owner.ts';
import type { LocalState } from '../control/alert-readings.ts';
import { changedSince } from '../storage/alerts.ts';
import type { AlertPost } from './deliver-alerts.ts';
import { createDirectAlerts, type DirectDeps } from './direct-alerts.ts';
import { createEvaluator, type EvaluateDeps } from './evaluate-alerts.ts';

export interface AlertWatchDeps extends EvaluateDeps, DirectDeps {
  /** What this instance sees of its machine; never rejects. */
  local: () => Promise<LocalState>;
  post: AlertPost;
  /** Tells open pages that an alert began, changed or ended. */
  tell: (alert: { id: string; owner: Owner }) => void;
}

export interface AlertWatch {
  /** One look at everything now; resolves when it is over. */
  look(): Promise<void>;
  /** Something may have changed: looks soon, once for however many say so. */
  nudge(): void;
  /** Tells pages of what changed since. */
  tellChanges(): Promise<void>;
  /** Ends the looks, and then the post that they fill. */
  close(): Promise<void>;
}

const periodMs = 15_000;
const tellPeriodMs = 5_000;
const nudgeMs = 250;
/** Clocks of instances differ by a little. */
const clockSkewMs = 10_000;

export function keepAlertWatch(deps: AlertWatchDeps): AlertWatch {
  const { clock, log } = deps;
  const evaluator = createEvaluator(deps);
  const direct = createDirectAlerts(deps);
  const teller = createTeller(deps);
  let running: Promise<void> | null = null;
  let isWanted = false;
  let isClosed = false;
  let wasAway = false;

  async function lookOnce(): Promise<void> {
    if (isClosed) return;
    const local = await deps.local();
    try {
      if (local.databaseMs === null) return direct.look(local, evaluator.openKeys);
      await direct.handOver();
      if (await evaluator.look(local)) {
        deps.post.kick();
        await teller();
      }
      wasAway = false;
    } catch (error) {
      if (!wasAway) log.warn({ err: error }, 'alerts could not be looked at; tried again');
      wasAway = true;
      direct.look({ ...local, databaseMs: null }, evaluator.openKeys);
    }
  }

  /** One look at a time; whoever asks meanwhile gets one that begins after they asked. */
  async function look(): Promise<void> {
    if (isClosed) return;
    if (running) {
      isWanted = true;
      return running;
    }
    running = (async () => {
      do {
        isWanted = false;
        await lookOnce();
      } while (isWanted);
    })().finally(() => (running = null));
    return running;
  }

  let nudged: { cancel(): void } | null = null;
  const timers = [
    clock.every(periodMs, () => void look()),
    clock.every(tellPeriodMs, () => void teller().catch((error: unknown) => log.debug({ err: error }, 'changed alerts are told of later'))),
  ];
  return {
    look,
    nudge() {
      if (nudged || isClosed) return;
      nudged = clock.after(nudgeMs, () => {
        nudged = null;
        void look();
      });
    },
    tellChanges: () => teller().catch((error: unknown) => log.debug({ err: error }, 'changed alerts are told of later')),
    async close() {
      isClosed = true;
      nudged?.cancel();
      for (const timer of timers) timer.cancel();
      direct.close();
      await running?.catch(() => undefined);
      await evaluator.release().catch(() => undefined);
      await deps.post.close();
    },
  };
}

/** Tells pages of every change once, whichever instance made it. */
function createTeller({ database, clock, tell }: AlertWatchDeps): () => Promise<void> {
  let sinceMs = clock.nowMs();
  let told = new Map<string, number>();
  return async () => {
    const changed = await changedSince(database, sinceMs - clockSkewMs);
    for (const alert of changed) if (told.get(alert.id) !== alert.updatedAtMs) tell(alert);
    told = new Map(changed.map(({ id, updatedAtMs }) => [id, updatedAtMs]));
    sinceMs = Math.max(sinceMs, changed.at(-1)?.updatedAtMs ?? 0);
  };
}
