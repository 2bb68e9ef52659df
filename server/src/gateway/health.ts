/** What recent traffic says of each connection, in memory: it only reorders candidates, and bounds how often one is asked again. */
import { LRUCache } from 'lru-cache';
import { isResting, noteHeard, noteSuccess, restLeft, restUntilMs, type RestLeft } from '../domain/breaker.ts';
import type { Fault } from '../domain/errors.ts';
import { newHedgeCount, type HedgeCount, type Times } from '../domain/hedge.ts';
import { countRequest, countRetry } from '../domain/retry-budget.ts';
import type { Answered } from '../domain/routing-measures.ts';
import { facedOf, mayAskAgain, newTargetState, noteAnswer, noteFault, timesOf, type TargetState } from '../domain/routing-state.ts';
import type { Clock } from '../lib/clock.ts';

const connectionsMax = 50_000;
const groupsMax = 10_000;

export interface Health {
  /** 0 for one to ask first, 1 for one that rests; ones at rest are still asked when nobody else is left. */
  rank(connectionId: string): 0 | 1;
  /** `answered` is missing for what says nothing of a model's speed; `nowMs` is monotonic, from whoever has just read the clock. */
  succeeded(connectionId: string, model?: string, answered?: Answered, nowMs?: number): void;
  failed(connectionId: string, fault: Fault, retryAfterMs: number | null, model?: string, status?: number | null): void;
  /** Counts a first attempt at this target in its retry budget; `nowMs` as in `succeeded`. */
  asked(connectionId: string, nowMs?: number): void;
  /** TRUE when this target's budget allows one more repetition. */
  mayRetry(connectionId: string): boolean;
  /** Counts a repetition at this target. */
  retried(connectionId: string): void;
  /** Counts a request under way at this target; `ended` counts it off. */
  began(connectionId: string): void;
  ended(connectionId: string): void;
  /** What the strategies of routing groups see. */
  faced(connectionId: string, model: string): ReturnType<typeof facedOf>;
  /** Recent times of a target that is hedged. */
  times(connectionId: string, model: string): Times;
  /** How often a routing group's requests asked a second target. */
  hedges(groupId: string): HedgeCount;
  /** Forgets what was learnt; for a connection that was changed. */
  forget(connectionId: string): void;
}

/** The part by which instances tell each other whom to leave in peace. */
export interface SharedHealth {
  /** Every target that rests now. */
  rests(): { connectionId: string; left: RestLeft }[];
  /** Another instance sent it to the end of the line. */
  heardOfRest(connectionId: string, left: RestLeft): void;
  /** Another instance had an answer from it. */
  heardOfReturn(connectionId: string): void;
}

/** What is told of turns that this instance finds by itself; none of it is called for what was heard of others, but `onTurned`. */
export interface HealthTold {
  /** A connection went to the end of the line, or answers again. */
  onTurned?(connectionId: string, isResting: boolean): void;
  /** It rests, or for longer than was told last. */
  onRest?(connectionId: string, left: RestLeft): void;
  onReturn?(connectionId: string): void;
}

/** Counts what attempts tell, for the state that people see. Called for every attempt: it may add up, and no more. */
export interface TrafficTold {
  succeeded(connectionId: string, model: string, firstByteMs: number | null): void;
  failed(connectionId: string, model: string, fault: Fault, status: number | null): void;
}

/** The same health, and what attempts tell is counted besides. */
export const telling = (health: Health, told: TrafficTold): Health => ({
  ...health,
  succeeded(id, model, answered, nowMs) {
    told.succeeded(id, model ?? '', answered?.firstByteMs ?? null);
    health.succeeded(id, model, answered, nowMs);
  },
  failed(id, fault, retryAfterMs, model, status) {
    told.failed(id, model ?? '', fault, status ?? null);
    health.failed(id, fault, retryAfterMs, model, status);
  },
});

/** A rest that grows by less is not told again: under a limit, every refused call would. */
export const restStepMs = 500;

/** Whether others are to be told of its rest now; it is then taken for told. */
function isNewRest(state: TargetState, nowMs: number): boolean {
  const untilMs = restUntilMs(state.breaker);
  if (untilMs <= Math.max(nowMs, state.toldUntilMs + restStepMs)) return false;
  state.toldUntilMs = untilMs;
  return true;
}

function restsIn(states: LRUCache<string, TargetState>, nowMs: number): ReturnType<SharedHealth['rests']> {
  const resting = [...states.entries()].filter(([, { breaker }]) => isResting(breaker, nowMs));
  return resting.map(([connectionId, { breaker }]) => ({ connectionId, left: restLeft(breaker, nowMs) }));
}

export function createHealth(clock: Clock, told: HealthTold = {}): Health & SharedHealth {
  const states = new LRUCache<string, TargetState>({ max: connectionsMax });
  const counts = new LRUCache<string, HedgeCount>({ max: groupsMax });
  // One request asks several times for the same connection: what was found last is at hand.
  let lastId = '';
  let last: TargetState | undefined;
  const known = (id: string): TargetState | undefined => {
    if (id === lastId) return last;
    last = states.get(id);
    lastId = id;
    return last;
  };
  const stateOf = (id: string): TargetState => {
    const state = known(id);
    if (state) return state;
    last = newTargetState(clock.monotonicMs());
    states.set(id, last);
    return last;
  };
  return {
    rank(id) {
      const state = known(id);
      return state !== undefined && isResting(state.breaker, clock.monotonicMs()) ? 1 : 0;
    },
    succeeded(id, model, answered, nowMs = clock.monotonicMs()) {
      const state = model !== undefined && answered ? stateOf(id) : known(id);
      if (!state) return;
      const hasReturned = noteAnswer(state, model ?? '', answered ?? null, nowMs);
      if (!hasReturned) return;
      told.onTurned?.(id, false);
      told.onReturn?.(id);
    },
    failed(id, fault, retryAfterMs, model = '') {
      const nowMs = clock.monotonicMs();
      const state = stateOf(id);
      if (noteFault(state, model, fault, retryAfterMs, nowMs)) told.onTurned?.(id, true);
      if (told.onRest && isNewRest(state, nowMs)) told.onRest(id, restLeft(state.breaker, nowMs));
    },
    asked: (id, nowMs = clock.monotonicMs()) => countRequest(stateOf(id).budget, nowMs),
    mayRetry: (id) => mayAskAgain(stateOf(id), clock.monotonicMs()),
    retried: (id) => countRetry(stateOf(id).budget, clock.monotonicMs()),
    began: (id) => void stateOf(id).inFlight++,
    ended(id) {
      const state = known(id);
      // What was forgotten in between began in another record.
      if (state && state.inFlight > 0) state.inFlight--;
    },
    faced: (id, model) => facedOf(known(id), model, clock.monotonicMs()),
    times: (id, model) => timesOf(stateOf(id), model),
    hedges(groupId) {
      let count = counts.get(groupId);
      if (!count) counts.set(groupId, (count = newHedgeCount()));
      return count;
    },
    rests: () => restsIn(states, clock.monotonicMs()),
    heardOfRest(id, left) {
      if (noteHeard(stateOf(id).breaker, left, clock.monotonicMs())) told.onTurned?.(id, true);
    },
    heardOfReturn(id) {
      const state = known(id);
      if (state && noteSuccess(state.breaker)) told.onTurned?.(id, false);
    },
    forget(id) {
      states.delete(id);
      if (id === lastId) last = undefined;
    },
  };
}
