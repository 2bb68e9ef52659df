/** A clock that runs as the real one does, and can be pushed ahead: real sockets answer in real time, and hours pass when a test says so. */
import { systemClock, type Clock, type Timer } from '../../src/lib/clock.ts';

interface Waiting {
  atMs: number;
  periodMs: number | null;
  run: () => void;
}

export interface MovingClock extends Clock {
  /** Lets so much time pass at once; what became due runs once, in its order. */
  move(byMs: number): void;
  /** From now on only what is moved passes, however long the machine takes; until what is returned is called. */
  hold(): () => void;
  /** How much was moved so far: what a test let pass, without the time that the machine took. */
  readonly movedMs: number;
}

/** Real time between two looks at what is due. */
const lookMs = 5;

export function movingClock(): MovingClock {
  let aheadMs = 0;
  /** Of the real time, what did not count because the clock was held. */
  let lostMs = 0;
  let heldMs: number | null = null;
  const waiting = new Set<Waiting>();
  let look: NodeJS.Timeout | null = null;
  // While it is held, it says the same to everybody: two looks at the real clocks would differ by a little, in either direction.
  const monotonicMs = (): number => (heldMs ?? systemClock.monotonicMs()) + aheadMs - lostMs;
  const wallFromMs = systemClock.nowMs() - systemClock.monotonicMs();
  const runDue = (): void => {
    const nowMs = monotonicMs();
    const due = [...waiting].filter(({ atMs }) => atMs <= nowMs).toSorted((a, b) => a.atMs - b.atMs);
    for (const one of due) {
      if (!waiting.has(one)) continue;
      if (one.periodMs === null) waiting.delete(one);
      else one.atMs = nowMs + one.periodMs;
      one.run();
    }
    if (waiting.size === 0 && look !== null) {
      clearInterval(look);
      look = null;
    }
  };
  const add = (delayMs: number, periodMs: number | null, run: () => void): Timer => {
    const one: Waiting = { atMs: monotonicMs() + Math.max(0, delayMs), periodMs, run };
    waiting.add(one);
    look ??= setInterval(runDue, lookMs);
    return { cancel: () => void waiting.delete(one) };
  };
  return {
    nowMs: () => Math.floor(wallFromMs + monotonicMs()),
    monotonicMs,
    after: (delayMs, run) => add(delayMs, null, run),
    every: (periodMs, run) => add(periodMs, periodMs, run),
    move(byMs) {
      aheadMs += byMs;
      runDue();
    },
    hold() {
      const fromMs = systemClock.monotonicMs();
      heldMs = fromMs;
      return () => {
        lostMs += systemClock.monotonicMs() - fromMs;
        heldMs = null;
      };
    },
    get movedMs() {
      return aheadMs;
    },
  };
}

const dayMs = 86_400_000;

/** Moved to the next noon of UTC: no day, month or year ends while a test counts what belongs to one. */
export function noonClock(): MovingClock {
  const clock = movingClock();
  clock.move((1.5 * dayMs - (clock.nowMs() % dayMs)) % dayMs);
  return clock;
}
