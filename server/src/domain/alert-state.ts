/** When a condition becomes an alert and when it is over: one cause at a time, by the time that is handed in. Pure. */
import type { Alert, AlertRule } from './alert.ts';

/** One thing that a rule looks at, as it is now. */
export interface Reading {
  /** Tells causes of one rule apart: a connection's id, a limit and its period. Empty where there is one alone. */
  subject: string;
  isMet: boolean;
}

/** What is remembered of a cause between two looks. */
export interface CauseState {
  /** Since when it holds; null while it does not. */
  metSinceMs: number | null;
  /** Since when it does not hold while its alert is open; null otherwise. */
  clearSinceMs: number | null;
}

export const quietCause: CauseState = { metSinceMs: null, clearSinceMs: null };

/** What is over must stay over for this long, so that a connection that comes and goes is one alert and not many. */
export const clearForMs = 30_000;

export interface CauseTimes {
  /** How long it must hold. */
  holdMs: number;
  clearMs: number;
  isOpen: boolean;
  isAutoResolved: boolean;
  /** Before this nothing is opened: the cool-down after the last alert of the cause. */
  notBeforeMs: number;
}

/**
 * What one look at a cause means. `open` and `resolve` are said as often as they are due: whoever carries them out makes them
 * happen once, by the one open row per cause.
 */
export function stepCause(
  state: CauseState,
  isMet: boolean,
  nowMs: number,
  times: CauseTimes,
): { state: CauseState; act: 'open' | 'resolve' | null } {
  if (isMet) {
    const metSinceMs = state.metSinceMs ?? nowMs;
    const isDue = !times.isOpen && nowMs - metSinceMs >= times.holdMs && nowMs >= times.notBeforeMs;
    return { state: { metSinceMs, clearSinceMs: null }, act: isDue ? 'open' : null };
  }
  if (!times.isOpen) return { state: quietCause, act: null };
  const clearSinceMs = state.clearSinceMs ?? nowMs;
  const isOver = times.isAutoResolved && nowMs - clearSinceMs >= times.clearMs;
  return { state: { metSinceMs: null, clearSinceMs }, act: isOver ? 'resolve' : null };
}

export const isMuted = ({ mutedUntilMs }: Pick<AlertRule, 'mutedUntilMs'>, nowMs: number): boolean =>
  mutedUntilMs !== null && nowMs < mutedUntilMs;

/**
 * Whether people are to be told of an open alert now: one that was opened while its rule was muted, at the end of that; else again
 * after the repeat, unless somebody has said that they look after it.
 */
export function tellAgain(
  alert: Pick<Alert, 'notifiedAtMs' | 'acknowledgedAtMs'>,
  rule: Pick<AlertRule, 'repeatS' | 'mutedUntilMs'>,
  nowMs: number,
): 'firing' | 'repeated' | null {
  if (isMuted(rule, nowMs) || alert.acknowledgedAtMs !== null) return null;
  if (alert.notifiedAtMs === null) return 'firing';
  return rule.repeatS !== null && nowMs - alert.notifiedAtMs >= rule.repeatS * 1000 ? 'repeated' : null;
}

/** One alert per cause: what the unique index of open alerts is on. */
export const dedupKeyOf = (ruleId: string, subject: string): string => `${ruleId}:${subject}`;

/** A moment of the past at which a cause was looked at. */
export interface PastReading extends Reading {
  atMs: number;
}

/** How often a rule would have fired: the same steps over the past, in its order. */
export function countFirings(
  past: readonly PastReading[],
  { holdMs, cooldownMs, isAutoResolved }: { holdMs: number; cooldownMs: number; isAutoResolved: boolean },
): number {
  const causes = new Map<string, { state: CauseState; isOpen: boolean; notBeforeMs: number }>();
  let fired = 0;
  for (const { subject, isMet, atMs } of past.toSorted((a, b) => a.atMs - b.atMs)) {
    const cause = causes.get(subject) ?? { state: quietCause, isOpen: false, notBeforeMs: 0 };
    // The past is known by the quarter-hour, so what is over at one is over.
    const times = { holdMs, clearMs: 0, isOpen: cause.isOpen, isAutoResolved, notBeforeMs: cause.notBeforeMs };
    const { state, act } = stepCause(cause.state, isMet, atMs, times);
    if (act === 'open') fired += 1;
    causes.set(subject, {
      state,
      isOpen: act === 'open' || (cause.isOpen && act !== 'resolve'),
      notBeforeMs: act === 'resolve' ? atMs + cooldownMs : cause.notBeforeMs,
    });
  }
  return fired;
}
