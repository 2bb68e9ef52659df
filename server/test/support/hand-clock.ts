/** A clock that stands still until a test moves it, and then runs what is due, each at its moment and in its order. */
import type { Clock, Timer } from '../../src/lib/clock.ts';

export interface HandClock extends Clock {
  /** Lets so much time pass: a period that fits into it several times comes several times. */
  move(byMs: number): void;
  /** Timers that have neither run nor been cancelled. */
  readonly waiting: number;
}

interface Due {
  atMs: number;
  periodMs: number | null;
  run: () => void;
}

/** More than any test asks for in one move. */
const runsMax = 100_000;

export function handClock(startMs = Date.UTC(2026, 5, 20, 12)): HandClock {
  let atMs = 0;
  const waiting = new Set<Due>();
  const add = (delayMs: number, periodMs: number | null, run: () => void): Timer => {
    const one: Due = { atMs: atMs + Math.max(0, delayMs), periodMs, run };
    waiting.add(one);
    return { cancel: () => void waiting.delete(one) };
  };
  const nextUntil = (untilMs: number): Due | undefined =>
    [...waiting].filter((one) => one.atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
  return {
    nowMs: () => startMs + atMs,
    monotonicMs: () => atMs,
    after: (delayMs, run) => add(delayMs, null, run),
    every: (periodMs, run) => add(periodMs, periodMs, run),
    move(byMs) {
      const untilMs = atMs + byMs;
      for (let runs = 0; runs < runsMax; runs++) {
        const one = nextUntil(untilMs);
        if (!one) break;
        atMs = Math.max(atMs, one.atMs);
        if (one.periodMs === null) waiting.delete(one);
        else one.atMs += one.periodMs;
        one.run();
      }
      atMs = untilMs;
    },
    get waiting() {
      return waiting.size;
    },
  };
}

/** Lets everything run that waits for no socket, no file and no clock. */
export const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
