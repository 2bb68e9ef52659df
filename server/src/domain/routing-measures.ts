/** What recent answers say of a target's speed and faults, forgotten by half every few minutes. */

/** After so long a measurement counts half. */
export const halfLifeMs = 300_000;
/** Below this weight what was measured is too old, or too little, to be believed. */
const weightMin = 0.05;
/** As if so many requests had gone well before the first: one fault of one request is no rate of one. */
const priorRequests = 5;
/** Tokens of an answer by which targets are compared. */
export const referenceTokens = 200;

/** A mean in which an observation counts half after each half-life. */
export interface Decayed {
  sum: number;
  weight: number;
  atMs: number;
}

const newDecayed = (): Decayed => ({ sum: 0, weight: 0, atMs: 0 });

/** Within so short a time nothing is forgotten: it would be a power for each request, and a thousandth of a difference. */
const decayStepMs = 500;

function decay(mean: Decayed, nowMs: number): void {
  if (nowMs - mean.atMs < decayStepMs) return;
  const factor = 2 ** ((mean.atMs - nowMs) / halfLifeMs);
  mean.sum *= factor;
  mean.weight *= factor;
  mean.atMs = nowMs;
}

function observe(mean: Decayed, value: number, nowMs: number): void {
  decay(mean, nowMs);
  mean.sum += value;
  mean.weight++;
}

/** Null where nothing recent is known. */
function valueOf(mean: Decayed, nowMs: number): number | null {
  const factor = 2 ** (Math.min(0, mean.atMs - nowMs) / halfLifeMs);
  return mean.weight * factor < weightMin ? null : mean.sum / mean.weight;
}

export interface Measures {
  firstByteMs: Decayed;
  msPerToken: Decayed;
  /** 1 for each failure that was the target's, 0 for each success. */
  faults: Decayed;
}

export const newMeasures = (): Measures => ({ firstByteMs: newDecayed(), msPerToken: newDecayed(), faults: newDecayed() });

export interface Answered {
  /** Until the first content; null for an answer that came whole, of which only the whole time is known. */
  firstByteMs: number | null;
  totalMs: number;
  tokensOut: number;
}

export function measureAnswer(measures: Measures, { firstByteMs, totalMs, tokensOut }: Answered, nowMs: number): void {
  observe(measures.faults, 0, nowMs);
  if (firstByteMs !== null) observe(measures.firstByteMs, firstByteMs, nowMs);
  const writingMs = totalMs - (firstByteMs ?? 0);
  if (tokensOut > 0 && writingMs > 0) observe(measures.msPerToken, writingMs / tokensOut, nowMs);
}

/** A failure that was the target's own. What callers do wrong is never measured. */
export const measureFault = (measures: Measures, nowMs: number): void => observe(measures.faults, 1, nowMs);

/** Until an answer of usual length is complete; null where nothing recent is known. */
export function expectedMsOf(measures: Measures | undefined, nowMs: number): number | null {
  if (!measures) return null;
  const firstByteMs = valueOf(measures.firstByteMs, nowMs);
  const msPerToken = valueOf(measures.msPerToken, nowMs);
  if (firstByteMs === null && msPerToken === null) return null;
  return (firstByteMs ?? 0) + (msPerToken ?? 0) * referenceTokens;
}

/** Share of the requests that failed by the target's fault, 0 to 1. */
export function errorRateOf(measures: Measures | undefined, nowMs: number): number {
  if (!measures || measures.faults.weight === 0) return 0;
  const factor = 2 ** (Math.min(0, measures.faults.atMs - nowMs) / halfLifeMs);
  return (measures.faults.sum * factor) / (measures.faults.weight * factor + priorRequests);
}
