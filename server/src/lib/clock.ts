/** The only place that reads the time. Everything else is handed a Clock, so that tests can own it. */
import { performance } from 'node:perf_hooks';

export interface Timer {
  cancel(): void;
  /** Keeps the process alive until the timer has run; a clock of tests need not have it. */
  hold?(): void;
}

export interface Clock {
  /** Wall clock, epoch milliseconds UTC. For what is written down. */
  nowMs(): number;
  /** Monotonic milliseconds. For durations and deadlines: never jumps. */
  monotonicMs(): number;
  /** Runs once after the delay unless cancelled; never keeps the process alive by itself. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs again and again until cancelled; never keeps the process alive by itself. */
  every(periodMs: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle), hold: () => void handle.ref() };
  },
  every(periodMs, run) {
    const handle = setInterval(run, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** Waits; for loops that pause between bounded tries. Somebody awaits it, so it does keep the process alive. */
export const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(delayMs, resolve).hold?.();
  });
