/** Many requests through the rules of routing in a time of their own: what would become of them, if providers behaved as assumed. */
import { costOf } from './cost.ts';
import { countForHedge, mayHedge, newHedgeCount, noteTime, type HedgeCount } from './hedge.ts';
import { noTokens } from './ledger.ts';
import { countRequest, countRetry } from './retry-budget.ts';
import { planNextAttempt, ruleOf, targetsMax } from './retry.ts';
import type { GroupOptions, Strategy } from './routing-group.ts';
import { orderOf, type Facing } from './routing-order.ts';
import { facedOf, mayAskAgain, newTargetState, noteAnswer, noteFault, timesOf, type TargetState } from './routing-state.ts';
import { isResting } from './breaker.ts';
import { SimulationQueue } from './simulate-queue.ts';
import { newReport, type SimulationReport } from './simulate-report.ts';
import { fateOf, type AssumedTarget, type Fate } from './simulate-world.ts';

export interface SimulationPlan {
  strategy: Strategy;
  options: GroupOptions;
  targets: readonly AssumedTarget[];
  requests: number;
  requestsPerS: number;
  tokensIn: number;
  tokensOut: number;
  isStream: boolean;
  /** How many sessions the requests belong to; 0 for none. */
  sessions: number;
}

/** What happens, for whoever watches that the rules are kept. */
export type SimulationEvent =
  | { kind: 'planned'; request: number; atMs: number; order: readonly number[] }
  | { kind: 'attempt'; request: number; atMs: number; target: number; why: 'first' | 'same' | 'other' | 'hedge'; mayRepeat: boolean }
  | { kind: 'content'; request: number; atMs: number; target: number; attempt: number }
  | { kind: 'fault'; request: number; atMs: number; target: number; fault: NonNullable<Fate['fault']>; contentSent: boolean }
  | { kind: 'end'; request: number; atMs: number; isAnswered: boolean };

/** All attempts of a request together take no longer. */
const totalMs = 120_000;
const model = 'model';
/** Steps until whoever runs it may do something else. */
const stepsPerTurn = 2_000;

interface Lane {
  target: number;
  attempt: number;
  startedMs: number;
  isOver: boolean;
}

interface Request {
  id: number;
  startedMs: number;
  order: readonly number[];
  /** Into the order. */
  index: number;
  attempts: number;
  attemptsAtTarget: number;
  lanes: Lane[];
  winner: Lane | null;
  contentSent: boolean;
  isOver: boolean;
  firstByteMs: number | null;
}

class Simulation {
  readonly report: SimulationReport;
  readonly #plan: SimulationPlan;
  readonly #draw: () => number;
  readonly #watch: (event: SimulationEvent) => void;
  readonly #queue = new SimulationQueue();
  readonly #states: TargetState[];
  readonly #hedges: HedgeCount = newHedgeCount();
  readonly #costs: readonly (number | null)[];

  constructor(plan: SimulationPlan, draw: () => number, watch: (event: SimulationEvent) => void) {
    this.#plan = plan;
    this.#draw = draw;
    this.#watch = watch;
    this.#states = plan.targets.map(() => newTargetState(0));
    this.#costs = plan.targets.map(({ price }) =>
      price === null ? null : costOf({ ...noTokens, tokensIn: plan.tokensIn, tokensOut: plan.tokensOut }, price),
    );
    this.report = newReport(plan.targets, plan.requests, (plan.requests / plan.requestsPerS) * 1_000);
  }

  begin(): void {
    const gapMs = 1_000 / this.#plan.requestsPerS;
    const next = (id: number): void => {
      this.#arrive(id);
      if (id + 1 < this.#plan.requests) this.#queue.at((id + 1) * gapMs, () => next(id + 1));
    };
    this.#queue.at(0, () => next(0));
  }

  /** FALSE when nothing is left to happen. */
  step(): boolean {
    return this.#queue.step();
  }

  #facing(at: number, nowMs: number): Facing {
    const { weight } = this.#plan.targets[at]!;
    return { id: `${at}`, weight, costNanoUsd: this.#costs[at]!, ...facedOf(this.#states[at], model, nowMs) };
  }

  #arrive(id: number): void {
    const { strategy, options, targets, sessions } = this.#plan;
    const nowMs = this.#queue.nowMs;
    const placed = orderOf({
      strategy,
      options,
      candidates: targets.map((_, at) => this.#facing(at, nowMs)),
      stickyKey: sessions > 0 ? `session ${Math.floor(this.#draw() * sessions)}` : null,
      draw: this.#draw,
    });
    const order = placed.slice(0, targetsMax).map(({ index }) => index);
    this.#watch({ kind: 'planned', request: id, atMs: nowMs, order: placed.map(({ index }) => index) });
    this.#ask(
      {
        id,
        startedMs: nowMs,
        order,
        index: 0,
        attempts: 0,
        attemptsAtTarget: 0,
        lanes: [],
        winner: null,
        contentSent: false,
        isOver: false,
        firstByteMs: null,
      },
      'first',
    );
  }

  /** Asks the target whose turn it is. */
  #ask(request: Request, why: 'first' | 'same' | 'other'): void {
    const { options, isStream } = this.#plan;
    const target = request.order[request.index]!;
    const nowMs = this.#queue.nowMs;
    request.attemptsAtTarget++;
    request.lanes = [];
    if (request.attemptsAtTarget === 1) countRequest(this.#states[target]!.budget, nowMs);
    const lane = this.#enter(request, target, why);
    const isHedged = options.hedgeMaxNanoUsd !== null && request.attemptsAtTarget === 1 && request.index + 1 < request.order.length;
    if (!isHedged) return;
    if (request.attempts === 1) countForHedge(this.#hedges);
    const late = timesOf(this.#states[target]!, isStream ? model : `${model} whole`).lateAfterMs;
    if (late !== null) this.#queue.at(nowMs + late, () => this.#late(request, lane));
  }

  /** The first is late: the second is asked beside it, where share and money allow. */
  #late(request: Request, first: Lane): void {
    if (request.isOver || request.winner !== null || first.isOver || request.lanes[0] !== first) return;
    const second = request.order[request.index + 1]!;
    const nowMs = this.#queue.nowMs;
    const isAllowed = mayHedge({
      count: this.#hedges,
      costNanoUsdMax: this.#costs[second]!,
      capNanoUsd: this.#plan.options.hedgeMaxNanoUsd!,
      isResting: isResting(this.#states[second]!.breaker, nowMs),
    });
    if (!isAllowed) return;
    this.#hedges.hedges++;
    this.report.hedges++;
    countRequest(this.#states[second]!.budget, nowMs);
    this.#enter(request, second, 'hedge');
  }

  #enter(request: Request, target: number, why: 'first' | 'same' | 'other' | 'hedge'): Lane {
    const { targets, tokensOut, isStream } = this.#plan;
    const state = this.#states[target]!;
    const nowMs = this.#queue.nowMs;
    const lane: Lane = { target, attempt: request.attempts++, startedMs: nowMs, isOver: false };
    this.#watch({ kind: 'attempt', request: request.id, atMs: nowMs, target, why, mayRepeat: mayAskAgain(state, nowMs) });
    request.lanes.push(lane);
    state.inFlight++;
    this.report.asked(target, why, nowMs);
    const fate = fateOf(targets[target]!, nowMs, tokensOut, this.#draw);
    // What is asked for whole shows nothing before it is complete.
    const contentMs = fate.firstByteMs === null ? null : isStream ? fate.firstByteMs : fate.fault === null ? fate.endMs : null;
    if (contentMs !== null) this.#queue.at(nowMs + contentMs, () => this.#content(request, lane));
    this.#queue.at(nowMs + fate.endMs, () =>
      fate.fault === null ? this.#answered(request, lane, fate) : this.#failed(request, lane, fate),
    );
    return lane;
  }

  #content(request: Request, lane: Lane): void {
    if (lane.isOver || request.isOver) return;
    const nowMs = this.#queue.nowMs;
    if (request.winner === null) {
      request.winner = lane;
      request.contentSent = true;
      request.firstByteMs = nowMs - request.startedMs;
      if (this.#plan.options.hedgeMaxNanoUsd !== null) this.#time(lane);
      for (const other of request.lanes) if (other !== lane) this.#lose(other);
    }
    this.#watch({ kind: 'content', request: request.id, atMs: nowMs, target: lane.target, attempt: lane.attempt });
  }

  #time(lane: Lane): void {
    const times = timesOf(this.#states[lane.target]!, this.#plan.isStream ? model : `${model} whole`);
    noteTime(times, this.#queue.nowMs - lane.startedMs);
  }

  #lose(lane: Lane): void {
    if (lane.isOver) return;
    this.#leave(lane);
    this.#time(lane);
    // What it had been given may be billed: the prompt, of which it had answered nothing yet.
    this.report.spent(lane.target, this.#promptCost(lane.target));
  }

  #promptCost(target: number): number {
    const { price } = this.#plan.targets[target]!;
    return price === null ? 0 : costOf({ ...noTokens, tokensIn: this.#plan.tokensIn }, price);
  }

  #leave(lane: Lane): void {
    lane.isOver = true;
    this.#states[lane.target]!.inFlight--;
  }

  #answered(request: Request, lane: Lane, fate: Fate): void {
    if (lane.isOver || request.isOver) return;
    this.#leave(lane);
    const nowMs = this.#queue.nowMs;
    const firstByteMs = this.#plan.isStream ? fate.firstByteMs : null;
    noteAnswer(this.#states[lane.target]!, model, { firstByteMs, totalMs: fate.endMs, tokensOut: this.#plan.tokensOut }, nowMs);
    this.report.answered(lane.target, this.#costs[lane.target] ?? 0);
    this.#end(request, true);
  }

  #failed(request: Request, lane: Lane, { fault, retryAfterMs }: Fate): void {
    if (lane.isOver || request.isOver || fault === null) return;
    this.#leave(lane);
    const nowMs = this.#queue.nowMs;
    const state = this.#states[lane.target]!;
    this.#watch({ kind: 'fault', request: request.id, atMs: nowMs, target: lane.target, fault, contentSent: request.contentSent });
    this.report.failed(lane.target);
    const other = request.lanes.find((one) => !one.isOver);
    if (other && request.winner === null) {
      noteFault(state, model, fault, retryAfterMs, nowMs);
      if (ruleOf[fault].other) return;
      this.#lose(other);
      return this.#end(request, false);
    }
    if (request.lanes.length > 1) request.index++;
    const next = planNextAttempt({
      fault,
      contentSent: request.contentSent,
      retryAfterMs,
      isReuseRace: false,
      attempts: request.attempts,
      attemptsAtTarget: request.attemptsAtTarget,
      racesForgiven: 0,
      hasOtherTarget: request.index + 1 < request.order.length,
      budgetAllows: mayAskAgain(state, nowMs),
      remainingMs: request.startedMs + totalMs - nowMs,
      draw: this.#draw(),
    });
    noteFault(state, model, fault, retryAfterMs, nowMs);
    if (next.kind === 'stop') return this.#end(request, false);
    if (next.kind === 'other') {
      request.index++;
      request.attemptsAtTarget = 0;
      return this.#ask(request, 'other');
    }
    // After a race the last one may be either of the two: the same is whoever stands at the index.
    if (!next.isFree) countRetry(this.#states[request.order[request.index]!]!.budget, nowMs);
    this.#queue.at(nowMs + next.waitMs, () => this.#ask(request, 'same'));
  }

  #end(request: Request, isAnswered: boolean): void {
    request.isOver = true;
    const nowMs = this.#queue.nowMs;
    this.#watch({ kind: 'end', request: request.id, atMs: nowMs, isAnswered });
    this.report.ended(isAnswered, request.firstByteMs, nowMs - request.startedMs, request.startedMs);
  }
}

const nobody = (): void => undefined;

/** Runs it in turns, so that whoever serves others meanwhile may: each `next` is a turn of a millisecond or so. */
export function* simulateInTurns(
  plan: SimulationPlan,
  draw: () => number,
  watch: (event: SimulationEvent) => void = nobody,
): Generator<undefined, SimulationReport, undefined> {
  const simulation = new Simulation(plan, draw, watch);
  simulation.begin();
  // Bounded by the requests, and by the attempts of each.
  for (let steps = 1; simulation.step(); steps++) if (steps % stepsPerTurn === 0) yield;
  return simulation.report;
}

/** The same at once. */
export function simulate(plan: SimulationPlan, draw: () => number, watch?: (event: SimulationEvent) => void): SimulationReport {
  const turns = simulateInTurns(plan, draw, watch);
  for (;;) {
    const turn = turns.next();
    if (turn.done) return turn.value;
  }
}
