/** What signals and faults beyond repair do to a running house: it drains once, and a hurried operator is obeyed at the second asking. */
import type { Clock } from '../lib/clock.ts';

export type Signal = 'SIGTERM' | 'SIGINT';

export interface Ending {
  /** A request to stop. The first one drains. */
  signal(name: Signal): void;
  /** A fault that nobody caught: what is in memory may be wrong, so it is stopped in a hurry. */
  fault(error: unknown): void;
  /** The exit code, once the house is closed or may not be waited for any longer. */
  readonly done: Promise<number>;
}

/** `npm start` and a terminal both pass a signal on, so one wish may arrive twice. */
const sameSignalMs = 2_000;
/** A house that is broken may hang while it closes; the journal has kept what matters. */
const faultLimitMs = 10_000;
const signalExitCodes: Record<Signal, number> = { SIGINT: 130, SIGTERM: 143 };

/**
 * @param close drains and closes; `isHurried` cuts what is under way
 * @param report is told about each fault, and why a close failed
 */
export function createEnding(
  clock: Clock,
  close: (options: { isHurried: boolean }) => Promise<void>,
  report: (text: string, error?: unknown) => void,
): Ending {
  const { promise: done, resolve } = Promise.withResolvers<number>();
  let stoppedAtMs: number | null = null;

  const stop = (exitCode: number, isHurried: boolean): void => {
    stoppedAtMs = clock.monotonicMs();
    close({ isHurried }).then(
      () => resolve(exitCode),
      (error: unknown) => {
        report('the house did not close cleanly', error);
        resolve(1);
      },
    );
  };

  return {
    signal(name) {
      if (stoppedAtMs === null) {
        report(`${name}: draining`);
        stop(0, false);
        return;
      }
      if (clock.monotonicMs() - stoppedAtMs < sameSignalMs) return;
      report(`${name} again: leaving at once`);
      resolve(signalExitCodes[name]);
    },
    fault(error) {
      report('a fault that nobody caught', error);
      if (stoppedAtMs === null) stop(1, true);
      clock.after(faultLimitMs, () => resolve(1));
    },
    done,
  };
}

const signals: readonly Signal[] = ['SIGTERM', 'SIGINT'];

/** Passes this process's signals and the faults that nobody caught on; what is returned ends that. */
export function listenForEnds(ending: Pick<Ending, 'signal' | 'fault'>): () => void {
  const onSignal = (name: NodeJS.Signals): void => ending.signal(name as Signal);
  const onFault = (error: unknown): void => ending.fault(error);
  for (const name of signals) process.on(name, onSignal);
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
  return () => {
    for (const name of signals) process.off(name, onSignal);
    process.off('uncaughtException', onFault);
    process.off('unhandledRejection', onFault);
  };
}
