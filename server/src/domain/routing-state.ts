/** What is remembered of one target from request to request. The gateway and the simulation keep the same, and ask it the same. */
import { isOpen, isResting, newBreaker, noteFailure, noteSuccess, type Breaker } from './breaker.ts';
import type { Fault } from './errors.ts';
import { newTimes, type Times } from './hedge.ts';
import { mayRepeat, newRetryBudget, type RetryBudget } from './retry-budget.ts';
import { ruleOf } from './retry.ts';
import { errorRateOf, expectedMsOf, measureAnswer, measureFault, newMeasures, type Answered, type Measures } from './routing-measures.ts';

/** Models of one connection that are measured apart; more are measured together with the last. */
const modelsMax = 100;

export interface TargetState {
  breaker: Breaker;
  /** Until when other instances were told that it rests; 0 for not at all. */
  toldUntilMs: number;
  budget: RetryBudget;
  inFlight: number;
  measures: Map<string, Measures>;
  /** By model; only of targets that are hedged. */
  times: Map<string, Times> | null;
}

export const newTargetState = (nowMs: number): TargetState => ({
  breaker: newBreaker(),
  toldUntilMs: 0,
  budget: newRetryBudget(nowMs),
  inFlight: 0,
  measures: new Map(),
  times: null,
});

function measuresOf(state: TargetState, model: string): Measures {
  const known = state.measures.get(model);
  if (known) return known;
  if (state.measures.size >= modelsMax) return state.measures.values().next().value!;
  const made = newMeasures();
  state.measures.set(model, made);
  return made;
}

export function timesOf(state: TargetState, model: string): Times {
  state.times ??= new Map();
  const known = state.times.get(model);
  if (known) return known;
  if (state.times.size >= modelsMax) return state.times.values().next().value!;
  const made = newTimes();
  state.times.set(model, made);
  return made;
}

/** TRUE where it had been at the end of the line, and comes back. `answered` is null for what says nothing of its speed. */
export function noteAnswer(state: TargetState, model: string, answered: Answered | null, nowMs: number): boolean {
  if (answered) measureAnswer(measuresOf(state, model), answered, nowMs);
  return noteSuccess(state.breaker);
}

/** TRUE where it goes to the end of the line. */
export function noteFault(state: TargetState, model: string, fault: Fault, retryAfterMs: number | null, nowMs: number): boolean {
  if (ruleOf[fault].counts) measureFault(measuresOf(state, model), nowMs);
  return noteFailure(state.breaker, fault, retryAfterMs, nowMs);
}

/**
 * Whether it may be asked again for the same request. While its breaker is open it is asked once by each: whoever is down is not
 * helped by being asked twice.
 */
export const mayAskAgain = (state: TargetState, nowMs: number): boolean => !isOpen(state.breaker, nowMs) && mayRepeat(state.budget, nowMs);

/** What the strategies see of it. */
export const facedOf = (
  state: TargetState | undefined,
  model: string,
  nowMs: number,
): { isResting: boolean; inFlight: number; expectedMs: number | null; errorRate: number } => ({
  isResting: state !== undefined && isResting(state.breaker, nowMs),
  inFlight: state?.inFlight ?? 0,
  expectedMs: expectedMsOf(state?.measures.get(model), nowMs),
  errorRate: errorRateOf(state?.measures.get(model), nowMs),
});
