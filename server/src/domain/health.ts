/** How a connection is doing, in one word: the rules by which checks and traffic turn its state. Pure; every moment is handed in. */
import type { Fault } from './errors.ts';
import { percentileOf } from './heartbeat.ts';
import { ruleOf } from './retry.ts';

export const healthStates = ['healthy', 'slow', 'failing', 'quota', 'auth', 'unknown'] as const;
export type HealthState = (typeof healthStates)[number];
/** States in which requests are not expected to succeed; each of them is an incident for as long as it lasts. */
export type IllState = 'failing' | 'quota' | 'auth';

/** Points at which a connection is ill: two checks, five requests, or a mixture of both. */
export const pointsToTurn = 5;
const pointsOfCheck = 3;
const pointsOfRequest = 1;
/** A key that is refused, or a quota that is used up, is seldom an accident: two requests are enough. */
const pointsOfDefinite = 3;
/** Failed requests that are older than this are no longer in a row with new ones. */
const rowBrokenAfterMs = 600_000;
/** Good signals that end an illness; twice as many with each illness within half an hour of the one before, so that nothing flaps. */
export const goodToRecover = 2;
export const goodToRecoverMax = 8;
const flapWindowMs = 1_800_000;
/** Half of so many requests within a minute is ill as well, although no five of them failed in a row. */
const windowMs = 60_000;
const windowRequestsMin = 20;
const windowShare = 0.5;
/** Answers of checks that are remembered, and how many make a history to compare with. */
const historyMax = 60;
export const historyMin = 10;
export const slowInRow = 3;
const quickInRow = 2;
/** One slow answer in so many becomes part of the history: what stays slow for hours is its new usual pace. */
const slowKeptEvery = 8;

/** What the rules remember beside what people see. Kept as JSON, so that a restart forgets nothing. */
export interface HealthMemory {
  /** Times of good answers, ms, the newest last. */
  history: number[];
  slowRun: number;
  quickRun: number;
  slowSeen: number;
  /** Points of failures in a row: by checks, and by requests. */
  checkPoints: number;
  requestPoints: number;
  /** What the newest failures were of, and their points. */
  kind: IllState | null;
  kindPoints: number;
  failedFromMs: number | null;
  goodFromMs: number | null;
  /** How often it fell ill, each time within half an hour of the time before, and when it was ill last. */
  falls: number;
  lastIllAtMs: number | null;
  window: { fromMs: number; good: number; bad: number };
}

export interface Health {
  state: HealthState;
  /** When the state began: an illness with its first failure, a recovery with its first success. */
  sinceMs: number;
  consecutiveFailures: number;
  consecutiveSuccesses: number;
  lastCheckedAtMs: number | null;
  lastSuccessAtMs: number | null;
  lastFailureAtMs: number | null;
  lastFault: Fault | null;
  lastStatus: number | null;
  p50Ms: number | null;
  memory: HealthMemory;
}

export const newMemory = (): HealthMemory => ({
  history: [],
  slowRun: 0,
  quickRun: 0,
  slowSeen: 0,
  checkPoints: 0,
  requestPoints: 0,
  kind: null,
  kindPoints: 0,
  failedFromMs: null,
  goodFromMs: null,
  falls: 0,
  lastIllAtMs: null,
  window: { fromMs: 0, good: 0, bad: 0 },
});

export const newHealth = (nowMs: number): Health => ({
  state: 'unknown',
  sinceMs: nowMs,
  consecutiveFailures: 0,
  consecutiveSuccesses: 0,
  lastCheckedAtMs: null,
  lastSuccessAtMs: null,
  lastFailureAtMs: null,
  lastFault: null,
  lastStatus: null,
  p50Ms: null,
  memory: newMemory(),
});

export const isIll = (state: HealthState): state is IllState => state === 'failing' || state === 'quota' || state === 'auth';

/** What a scheduled check found. `isWhole` where a model answered: a list of models says nothing of completions. */
export type CheckFinding =
  | { atMs: number; isWhole: boolean; fault: null; latencyMs: number }
  | { atMs: number; isWhole: boolean; fault: Fault; status: number | null };

/** What a stretch of traffic told, in the order in which it ended. */
export interface TrafficFinding {
  /** Of the newest of them. */
  atMs: number;
  successes: number;
  failures: number;
  /** Failures that followed the last success; all of them where there was none. */
  tail: number;
  /** When the first of the tail failed. */
  tailFromMs: number;
  lastSuccessAtMs: number | null;
  lastFailureAtMs: number | null;
  lastFault: Fault | null;
  /** What the provider answered to the last failure; null where it did not. */
  lastStatus: number | null;
  /** Times to the first byte of streams, a few of them. */
  firstByteMs: readonly number[];
}

/** Of what a failure makes a connection ill; null for what is no fault of it: the request's, or somebody's impatience. */
export function kindOfFault(fault: Fault): IllState | null {
  if (fault === 'auth') return 'auth';
  if (fault === 'quota_exhausted') return 'quota';
  // Nothing can succeed with these, although no provider is to blame.
  if (fault === 'blocked' || fault === 'secret_unreadable' || fault === 'endpoint_not_found') return 'failing';
  return ruleOf[fault].counts ? 'failing' : null;
}

/** As above, for one model of a connection: a model that is gone is ill, its connection is not. */
export const kindOfModelFault = (fault: Fault): IllState | null => (fault === 'model_not_found' ? 'failing' : kindOfFault(fault));

/** A server without a list of models has answered all the same; one that asks for patience lives. */
export type CheckOutcome = 'ok' | 'failed' | 'skipped';
export function outcomeOf(finding: CheckFinding): CheckOutcome {
  if (finding.fault === null) return 'ok';
  return kindOfCheck(finding) === null ? 'skipped' : 'failed';
}

/** Where a model is asked by every check, one that is gone is what the check is for. */
const kindOfCheck = ({ fault, isWhole }: CheckFinding): IllState | null =>
  fault === null ? null : isWhole ? kindOfModelFault(fault) : kindOfFault(fault);

const copied = (health: Health): Health => ({
  ...health,
  memory: {
    ...health.memory,
    history: [...health.memory.history],
    window: { ...health.memory.window },
  },
});

/** The health after a check. */
export function afterCheck(before: Health, finding: CheckFinding): Health {
  const health = copied(before);
  health.lastCheckedAtMs = finding.atMs;
  if (finding.fault === null) {
    succeed(health, { atMs: finding.atMs, times: 1, clearsRequests: finding.isWhole });
    if (!isIll(health.state)) judgePace(health, finding.latencyMs, finding.atMs, checkPace);
    return health;
  }
  const kind = kindOfCheck(finding);
  if (kind === null) return health;
  health.memory.checkPoints += pointsOfCheck;
  fail(health, { atMs: finding.atMs, fromMs: finding.atMs, kind, times: 1, points: pointsOfCheck, fault: finding.fault });
  health.lastStatus = finding.status;
  return health;
}

/** The health after a stretch of traffic. `kindOf` says which faults count: they differ for a connection and for one of its models. */
export function afterTraffic(before: Health, finding: TrafficFinding, kindOf: (fault: Fault) => IllState | null): Health {
  const health = copied(before);
  const { memory } = health;
  noteWindow(memory, finding);
  const isHalfLost = isWindowIll(memory);
  if (finding.successes > 0 && finding.lastSuccessAtMs !== null) {
    if (isHalfLost) health.lastSuccessAtMs = finding.lastSuccessAtMs;
    else succeed(health, { atMs: finding.lastSuccessAtMs, times: finding.successes, clearsRequests: true });
    memory.requestPoints = 0;
  }
  const kind = finding.lastFault && kindOf(finding.lastFault);
  if (kind && finding.lastFault && finding.lastFailureAtMs !== null) {
    if (health.lastFailureAtMs !== null && finding.tailFromMs - health.lastFailureAtMs > rowBrokenAfterMs) memory.requestPoints = 0;
    const times = isHalfLost ? Math.max(finding.tail, 1) : finding.tail;
    const each = kind === 'failing' ? pointsOfRequest : pointsOfDefinite;
    const points = isHalfLost ? pointsToTurn : times * each;
    health.lastFailureAtMs = finding.lastFailureAtMs;
    health.lastFault = finding.lastFault;
    if (times > 0) {
      memory.requestPoints += points;
      fail(health, { atMs: finding.lastFailureAtMs, fromMs: finding.tailFromMs, kind, times, points, fault: finding.lastFault });
      health.lastStatus = finding.lastStatus;
    }
  }
  const quick = percentileOf(finding.firstByteMs, 0.5);
  if (quick !== null && !isIll(health.state)) judgePace(health, quick, finding.atMs, trafficPace);
  return health;
}

/** An illness of a model that nobody has asked for since is no news any more. */
export function afterSilence(before: Health, nowMs: number, silentMs: number): Health {
  const lastMs = Math.max(before.lastFailureAtMs ?? 0, before.lastSuccessAtMs ?? 0, before.lastCheckedAtMs ?? 0);
  if (before.state === 'unknown' || nowMs - lastMs < silentMs) return before;
  const health = copied(before);
  turn(health, 'unknown', nowMs);
  forgetRow(health);
  return health;
}

/** Whoever changed a connection wants to know at once what became of it: earlier illnesses do not make its recovery longer. */
export function afterChange(before: Health): Health {
  const health = copied(before);
  health.memory.falls = Math.min(1, health.memory.falls);
  health.memory.history = [];
  health.p50Ms = null;
  return health;
}

function turn(health: Health, state: HealthState, atMs: number): void {
  if (health.state === state) return;
  health.state = state;
  health.sinceMs = atMs;
}

interface Failed {
  atMs: number;
  fromMs: number;
  kind: IllState;
  times: number;
  points: number;
  fault: Fault;
}

function fail(health: Health, { atMs, fromMs, kind, times, points, fault }: Failed): void {
  const { memory } = health;
  health.consecutiveFailures += times;
  health.consecutiveSuccesses = 0;
  health.lastFailureAtMs = Math.max(atMs, health.lastFailureAtMs ?? 0);
  health.lastFault = fault;
  memory.goodFromMs = null;
  memory.failedFromMs ??= fromMs;
  memory.kindPoints = memory.kind === kind ? memory.kindPoints + points : points;
  memory.kind = kind;
  if (isIll(health.state)) {
    memory.lastIllAtMs = atMs;
    // What it is ill of changes only when the new reason alone would be enough.
    if (health.state !== kind && memory.kindPoints >= pointsToTurn) turn(health, kind, fromMs);
    return;
  }
  if (memory.checkPoints + memory.requestPoints < pointsToTurn) return;
  turn(health, kind, memory.failedFromMs);
  const isAgain = memory.lastIllAtMs !== null && atMs - memory.lastIllAtMs < flapWindowMs;
  memory.falls = isAgain ? memory.falls + 1 : 1;
  memory.lastIllAtMs = atMs;
}

/** Good signals that end the present illness. */
export const goodNeeded = ({ memory }: Pick<Health, 'memory'>): number =>
  Math.min(goodToRecoverMax, goodToRecover * 2 ** Math.max(0, memory.falls - 1));

function succeed(health: Health, { atMs, times, clearsRequests }: { atMs: number; times: number; clearsRequests: boolean }): void {
  const { memory } = health;
  health.lastSuccessAtMs = Math.max(atMs, health.lastSuccessAtMs ?? 0);
  health.consecutiveSuccesses += times;
  memory.checkPoints = 0;
  if (clearsRequests) memory.requestPoints = 0;
  memory.goodFromMs ??= atMs;
  if (!isIll(health.state)) {
    if (memory.requestPoints === 0) forgetRow(health);
    if (health.state === 'unknown') turn(health, 'healthy', atMs);
    return;
  }
  if (health.consecutiveSuccesses < goodNeeded(health)) return;
  turn(health, 'healthy', memory.goodFromMs);
  forgetRow(health);
}

function forgetRow(health: Health): void {
  const { memory } = health;
  health.consecutiveFailures = 0;
  Object.assign(memory, { checkPoints: 0, requestPoints: 0, kind: null, kindPoints: 0, failedFromMs: null });
}

function noteWindow({ window }: HealthMemory, { atMs, successes, failures }: TrafficFinding): void {
  if (atMs - window.fromMs > windowMs) Object.assign(window, { fromMs: atMs, good: 0, bad: 0 });
  window.good += successes;
  window.bad += failures;
}

const isWindowIll = ({ window: { good, bad } }: HealthMemory): boolean =>
  good + bad >= windowRequestsMin && bad >= windowShare * (good + bad);

interface Pace {
  /** Beyond this many times its usual pace, and this much later, an answer is slow. */
  slowTimes: number;
  slowByMs: number;
  quickTimes: number;
  quickByMs: number;
}

const checkPace: Pace = { slowTimes: 3, slowByMs: 500, quickTimes: 2, quickByMs: 300 };
/** Prompts differ, and so do their first bytes. */
const trafficPace: Pace = { slowTimes: 3, slowByMs: 2_000, quickTimes: 2, quickByMs: 1_000 };

/** Slow is measured against the connection's own history, so a model that thinks for long is not slow by that alone. */
function judgePace(health: Health, latencyMs: number, atMs: number, pace: Pace): void {
  const { memory } = health;
  const usualMs = memory.history.length >= historyMin ? percentileOf(memory.history, 0.5) : null;
  const isSlow = usualMs !== null && latencyMs > Math.max(pace.slowTimes * usualMs, usualMs + pace.slowByMs);
  const isQuick = usualMs === null || latencyMs <= Math.max(pace.quickTimes * usualMs, usualMs + pace.quickByMs);
  memory.slowRun = isSlow ? memory.slowRun + 1 : 0;
  memory.quickRun = isQuick ? memory.quickRun + 1 : 0;
  memory.slowSeen = isSlow ? memory.slowSeen + 1 : 0;
  if (!isSlow || memory.slowSeen % slowKeptEvery === 0) memory.history = [...memory.history, Math.round(latencyMs)].slice(-historyMax);
  health.p50Ms = percentileOf(memory.history, 0.5);
  if (memory.slowRun >= slowInRow) turn(health, 'slow', atMs);
  else if (health.state === 'slow' && memory.quickRun >= quickInRow) turn(health, 'healthy', atMs);
}

/** A state that gave way to another one: what pages and alerts are told. */
export interface HealthTurn {
  connectionId: string;
  /** Empty for the connection as a whole. */
  model: string;
  from: HealthState;
  to: HealthState;
  /** When the new state began. */
  sinceMs: number;
  /** When it was found out. */
  atMs: number;
  /** What it is ill of; null where it is well. */
  fault: Fault | null;
  status: number | null;
  consecutiveFailures: number;
}

/** Hears every turn once, on the instance that found it out. Must not throw, and must not take long. */
export type HealthListener = (turn: HealthTurn) => void;

/** Null where the state is the same. */
export function turnBetween(
  before: Health | null,
  after: Health,
  key: { connectionId: string; model: string },
  atMs: number,
): HealthTurn | null {
  const from = before?.state ?? 'unknown';
  if (from === after.state) return null;
  const ill = isIll(after.state);
  return {
    ...key,
    from,
    to: after.state,
    sinceMs: after.sinceMs,
    atMs,
    fault: ill ? after.lastFault : null,
    status: ill ? after.lastStatus : null,
    consecutiveFailures: after.consecutiveFailures,
  };
}
