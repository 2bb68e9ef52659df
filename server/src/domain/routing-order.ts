/** In which order the targets of a group are asked: the strategies, pure. Chance is handed in. */
import type { GroupOptions, Strategy } from './routing-group.ts';
import { rankOf } from './routing-sticky.ts';

/** One target as the strategies see it. */
export interface Facing {
  /** The same for the same target in every request. */
  id: string;
  weight: number;
  /** It failed lately: it goes behind those that did not, and stays in the line. */
  isResting: boolean;
  /** Requests under way at it. */
  inFlight: number;
  /** Until a usual answer is complete; null where nothing recent is known. */
  expectedMs: number | null;
  /** 0 to 1. */
  errorRate: number;
  /** About what this request costs there; null where no price is known. */
  costNanoUsd: number | null;
}

export interface OrderInput {
  strategy: Strategy;
  options: Pick<GroupOptions, 'priceWeight' | 'latencyWeight' | 'exploration'>;
  /** In the order of the group. */
  candidates: readonly Facing[];
  /** What keeps requests together; null for a request that says nothing of it. */
  stickyKey: string | null;
  /** Uniform in [0, 1). */
  draw: () => number;
}

export interface Placed {
  /** Into `candidates`. */
  index: number;
  /** What it was ordered by, lower first; null where the order of the group is all. */
  score: number | null;
}

/** A fault in ten requests makes a target look 2.2 times as slow or dear; one in three, fourteen times. */
const errorPenalty = 8;
/** An unknown target is taken for a little better than the best known one, so that it is asked and becomes known. */
const unknownShare = 0.9;

/** Every candidate, each once, best first. Those at rest go behind the others in the same order: nobody is dropped. */
export function orderOf(input: OrderInput): Placed[] {
  const { candidates } = input;
  const scores = scoresOf(input);
  const placed = candidates.map((_, index): Placed => ({ index, score: scores === null ? null : scores[index]! }));
  // The sort is stable: what is equal keeps the order of the group.
  if (scores !== null) placed.sort((a, b) => compare(a.score!, b.score!));
  explore(input, placed);
  const awake = placed.filter(({ index }) => !candidates[index]!.isResting);
  return awake.length === placed.length || awake.length === 0
    ? placed
    : [...awake, ...placed.filter(({ index }) => candidates[index]!.isResting)];
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

function scoresOf(input: OrderInput): number[] | null {
  const { candidates, draw, stickyKey } = input;
  switch (input.strategy) {
    case 'ordered':
      return null;
    case 'weighted':
      // The least of exponential draws comes from each target with the chance of its share (Efraimidis and Spirakis 2006).
      return candidates.map(({ weight }) => shared(draw(), weight));
    case 'least_busy':
      return candidates.map(({ inFlight, weight }) => (weight <= 0 ? Infinity : (inFlight + 1) / weight));
    case 'fastest':
      return withUnknown(candidates.map(({ expectedMs }) => expectedMs)).map((ms, at) => penalised(ms, candidates[at]!));
    case 'cheapest':
      return candidates.map(({ costNanoUsd }) => costNanoUsd ?? Infinity);
    case 'score':
      return blended(input);
    case 'sticky':
      // Without anything to keep together it deals by shares.
      return candidates.map(({ id, weight }) => (stickyKey === null ? shared(draw(), weight) : rankOf(stickyKey, id, weight)));
  }
}

const shared = (drawn: number, weight: number): number => (weight <= 0 ? Infinity : -Math.log(1 - drawn) / weight);

const penalised = (value: number, { errorRate }: Facing): number => value * Math.exp(errorPenalty * errorRate);

/** Unknown times, taken for a little better than the best. */
function withUnknown(values: readonly (number | null)[]): number[] {
  const known = values.filter((value) => value !== null);
  const assumed = known.length === 0 ? 1 : Math.min(...known) * unknownShare;
  return values.map((value) => value ?? assumed);
}

/** Price and time, each against the best of the group, and the penalty for faults upon both. An unknown price counts as the dearest. */
function blended({ candidates, options }: OrderInput): number[] {
  const prices = candidates.map(({ costNanoUsd }) => costNanoUsd).filter((cost) => cost !== null);
  const dearest = prices.length === 0 ? 1 : Math.max(...prices);
  const times = withUnknown(candidates.map(({ expectedMs }) => expectedMs));
  const costs = candidates.map(({ costNanoUsd }) => costNanoUsd ?? dearest);
  const [leastCost, leastTime] = [Math.min(...costs), Math.min(...times)];
  return candidates.map((candidate, at) => {
    // A free one is as good as can be; what is not free beside it is compared with the dearest.
    const price = leastCost > 0 ? costs[at]! / leastCost : 1 + costs[at]! / Math.max(1, dearest);
    return penalised(options.priceWeight * price + options.latencyWeight * (times[at]! / Math.max(leastTime, 1)), candidate);
  });
}

/** Now and then somebody else than the best goes first, or nobody would hear that it has become better. */
function explore({ strategy, options, candidates, draw }: OrderInput, placed: Placed[]): void {
  if ((strategy !== 'score' && strategy !== 'fastest') || options.exploration <= 0) return;
  const others = placed.slice(1).filter(({ index }) => !candidates[index]!.isResting && candidates[index]!.weight > 0);
  if (others.length === 0 || draw() >= options.exploration) return;
  const chosen = others[Math.min(others.length - 1, Math.floor(draw() * others.length))]!;
  placed.splice(placed.indexOf(chosen), 1);
  placed.unshift(chosen);
}
