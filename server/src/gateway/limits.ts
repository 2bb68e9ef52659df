/** Rates and money per access key, exact on one instance: a window that slides by the millisecond, and reservations before each attempt. */
import type { AccessKey } from '../domain/access-key.ts';
import type { Clock } from '../lib/clock.ts';
import { refuse } from './errors.ts';

const windowMs = 60_000;

interface Admitted {
  atMs: number;
  tokens: number;
}

/** Requests of the last minute, oldest first; the head moves instead of shifting the list. */
interface Window {
  admitted: Admitted[];
  head: number;
  tokens: number;
}

interface Money {
  spentNanoUsd: number;
  reservedNanoUsd: number;
}

export interface Slot {
  /** Replaces the estimate by what the request came to. */
  correct(tokens: number): void;
}

export interface Limits {
  /** Takes a place in the key's windows. Throws `rate_limit_exceeded` with the seconds until one is free. */
  take(key: AccessKey, tokensEstimate: number): Slot;
  /** Sets money aside before an attempt. Throws `budget_exceeded`. */
  reserve(key: AccessKey, nanoUsd: number): void;
  /** Turns a reservation into what was spent. */
  settle(key: AccessKey, reservedNanoUsd: number, costNanoUsd: number): void;
  /** What the books say a key has spent; called at the start, for keys without a budget too. */
  restore(keyId: string, spentNanoUsd: number): void;
  /** Drops what says nothing any more: empty windows, and the money of keys that are gone. To be called now and then. */
  sweep(isKnown: (keyId: string) => boolean): void;
  /** How many windows and sums are held. */
  size(): number;
  headroom(key: AccessKey): { requests: number | null; tokens: number | null };
}

const free: Slot = { correct: () => undefined };

export function createLimits(clock: Clock): Limits {
  const windows = new Map<string, Window>();
  const monies = new Map<string, Money>();
  const moneyOf = (id: string): Money => {
    let money = monies.get(id);
    if (!money) monies.set(id, (money = { spentNanoUsd: 0, reservedNanoUsd: 0 }));
    return money;
  };
  const windowOf = (id: string, nowMs: number): Window => {
    let window = windows.get(id);
    if (!window) windows.set(id, (window = { admitted: [], head: 0, tokens: 0 }));
    slide(window, nowMs);
    return window;
  };
  return {
    take(key, tokensEstimate) {
      if (key.rpm === null && key.tpm === null) return free;
      const nowMs = clock.monotonicMs();
      const window = windowOf(key.id, nowMs);
      const used = window.admitted.length - window.head;
      if (key.rpm !== null && used >= key.rpm) throw tooMany(window, window.head + used - key.rpm, nowMs, 'requests');
      if (key.tpm !== null && window.tokens + tokensEstimate > key.tpm)
        throw tooMany(window, tokensFreeAt(window, key.tpm, tokensEstimate), nowMs, 'tokens');
      const entry = { atMs: nowMs, tokens: tokensEstimate };
      window.admitted.push(entry);
      window.tokens += tokensEstimate;
      return {
        correct(tokens) {
          const endMs = clock.monotonicMs();
          // What is too old leaves now, with the estimate that it came in with: the sum never keeps a rest of it.
          slide(window, endMs);
          if (endMs - entry.atMs >= windowMs) return;
          window.tokens += tokens - entry.tokens;
          entry.tokens = tokens;
        },
      };
    },
    reserve(key, nanoUsd) {
      if (key.budgetNanoUsd === null) return;
      const money = moneyOf(key.id);
      if (money.spentNanoUsd + money.reservedNanoUsd + nanoUsd > key.budgetNanoUsd) throw refuse('budget_exceeded');
      money.reservedNanoUsd += nanoUsd;
    },
    settle(key, reservedNanoUsd, costNanoUsd) {
      // Keys without a budget are counted too: one that is set later counts what was spent before it.
      const money = moneyOf(key.id);
      money.reservedNanoUsd -= reservedNanoUsd;
      money.spentNanoUsd += costNanoUsd;
    },
    restore(keyId, spentNanoUsd) {
      moneyOf(keyId).spentNanoUsd = spentNanoUsd;
    },
    sweep(isKnown) {
      dropEmpty(windows, clock.monotonicMs());
      // A reservation under way must find its sum again when it is settled.
      for (const [id, money] of monies) if (money.reservedNanoUsd === 0 && !isKnown(id)) monies.delete(id);
    },
    size: () => windows.size + monies.size,
    headroom(key) {
      const window = windowOf(key.id, clock.monotonicMs());
      return {
        requests: key.rpm === null ? null : Math.max(0, key.rpm - (window.admitted.length - window.head)),
        tokens: key.tpm === null ? null : Math.max(0, key.tpm - window.tokens),
      };
    },
  };
}

/** Entries that may lie dead before the head until the list is cut. */
const deadMax = 1024;

function slide(window: Window, nowMs: number): void {
  while (window.head < window.admitted.length && nowMs - window.admitted[window.head]!.atMs >= windowMs) {
    window.tokens -= window.admitted[window.head]!.tokens;
    window.head++;
  }
  if (window.head > deadMax) {
    window.admitted.splice(0, window.head);
    window.head = 0;
  }
}

function dropEmpty(windows: Map<string, Window>, nowMs: number): void {
  for (const [id, window] of windows) {
    slide(window, nowMs);
    if (window.head === window.admitted.length) windows.delete(id);
  }
}

/** Index of the entry whose leaving makes room for this many tokens; the last one where even an empty window is too small. */
function tokensFreeAt(window: Window, tpm: number, needed: number): number {
  let left = window.tokens;
  for (let index = window.head; index < window.admitted.length; index++) {
    left -= window.admitted[index]!.tokens;
    if (left + needed <= tpm) return index;
  }
  return window.admitted.length - 1;
}

function tooMany(window: Window, freeAtIndex: number, nowMs: number, what: 'requests' | 'tokens'): Error {
  const entry = window.admitted[freeAtIndex];
  const waitMs = entry ? entry.atMs + windowMs - nowMs : windowMs;
  return refuse('rate_limit_exceeded', {
    retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)),
    message:
      what === 'requests'
        ? 'The limit of requests per minute of this access key is reached.'
        : 'The limit of tokens per minute of this access key is reached.',
  });
}
