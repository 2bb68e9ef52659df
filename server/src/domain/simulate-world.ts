/** Assumed providers: how fast they answer, how often they fail, and when they are down. Chance is handed in. */
import type { assumedFaults } from '@patchbay/contract/routing-limits';
import type { Fault } from './errors.ts';

export type AssumedFault = (typeof assumedFaults)[number] & Fault;

export interface Outage {
  fromMs: number;
  toMs: number;
}

export interface AssumedTarget {
  name: string;
  weight: number;
  /** Median time to the first content. */
  firstByteMs: number;
  /** Share of the requests that take `slowMs` instead. */
  slowShare: number;
  slowMs: number;
  tokensPerS: number;
  /** Share of the requests that fail, and how. */
  faultShare: number;
  fault: AssumedFault;
  /** Share of the answers that break off in the middle. */
  brokenShare: number;
  /** Times in which every request fails. */
  outages: readonly Outage[];
  /** Nano-dollars per million tokens; null where no price is known. */
  price: { input: number; output: number } | null;
}

/** What becomes of one attempt, from its beginning on. */
export interface Fate {
  /** Null for one that fails before. */
  firstByteMs: number | null;
  /** Until the answer is complete, or the fault is there. */
  endMs: number;
  fault: Fault | null;
  retryAfterMs: number | null;
}

/** How long each fault takes to be one. */
const faultAfterMs: Readonly<Record<AssumedFault, number>> = {
  server_error: 120,
  overloaded: 60,
  rate_limited: 30,
  unreachable: 20,
  headers_timeout: 10_000,
  connection_lost: 80,
  bad_request: 40,
};
const retryAfterMs = 1_000;
/** How far times spread around their median. */
const spread = 0.25;

/** About normal, from three uniform draws: enough for times, and never extreme. */
const bell = (draw: () => number): number => (draw() + draw() + draw() - 1.5) * 2;
const around = (medianMs: number, draw: () => number): number => medianMs * Math.exp(spread * bell(draw));

export function fateOf(target: AssumedTarget, atMs: number, tokensOut: number, draw: () => number): Fate {
  const isDown = target.outages.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
  if (isDown || draw() < target.faultShare) {
    const fault = target.fault;
    return {
      firstByteMs: null,
      endMs: around(faultAfterMs[fault], draw),
      fault,
      retryAfterMs: fault === 'rate_limited' ? retryAfterMs : null,
    };
  }
  const firstByteMs = around(draw() < target.slowShare ? target.slowMs : target.firstByteMs, draw);
  const writingMs = (tokensOut / target.tokensPerS) * 1_000;
  const isBroken = target.brokenShare > 0 && draw() < target.brokenShare;
  return isBroken
    ? { firstByteMs, endMs: firstByteMs + writingMs * draw(), fault: 'connection_lost', retryAfterMs: null }
    : { firstByteMs, endMs: firstByteMs + writingMs, fault: null, retryAfterMs: null };
}

/** A stream of chance that a seed repeats: mulberry32, for simulations alone. */
export function seededDraw(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
