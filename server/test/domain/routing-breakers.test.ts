/** Breakers, budgets of repetition and hedges through random histories: their states and bounds hold at every step. */
import { describe, expect, test } from 'vitest';
import {
  cooldownMs,
  failuresToOpen,
  isOpen,
  isResting,
  newBreaker,
  noteFailure,
  noteHeard,
  noteSuccess,
  openBaseMs,
  openMaxMs,
  quotaCooldownMs,
  restLeft,
  restUntilMs,
} from '../../src/domain/breaker.ts';
import type { Fault } from '../../src/domain/errors.ts';
import { countForHedge, hedgeShareMax, mayHedge, newHedgeCount, newTimes, noteTime, timesKept } from '../../src/domain/hedge.ts';
import { retryAfterShownMaxMs } from '../../src/domain/retry-after.ts';
import { budgetFloor, budgetWindowMs, countRetry, mayRepeat, newRetryBudget } from '../../src/domain/retry-budget.ts';
import { ruleOf } from '../../src/domain/retry.ts';
import { errorRateOf, measureFault, newMeasures } from '../../src/domain/routing-measures.ts';
import { seededDraw } from '../../src/domain/simulate-world.ts';

const faults = Object.keys(ruleOf) as Fault[];
const counting = faults.filter((fault) => ruleOf[fault].counts);
const others = faults.filter((fault) => !ruleOf[fault].counts && fault !== 'rate_limited' && fault !== 'quota_exhausted');

describe('a breaker', () => {
  test.each(counting)('opens at the fifth %s in a row and not before', (fault) => {
    const breaker = newBreaker();
    for (let count = 1; count < failuresToOpen; count++) {
      expect(noteFailure(breaker, fault, null, count)).toBe(false);
      expect(isResting(breaker, count)).toBe(false);
    }
    expect(noteFailure(breaker, fault, null, 100)).toBe(true);
    expect([isOpen(breaker, 100 + openBaseMs - 1), isOpen(breaker, 100 + openBaseMs)]).toEqual([true, false]);
  });

  test.each(others)('never minds %s, however often', (fault) => {
    const breaker = newBreaker();
    for (let count = 0; count < 50; count++) expect(noteFailure(breaker, fault, 5_000, 0)).toBe(false);
    expect(breaker).toEqual(newBreaker());
  });

  test('rests twice as long each time that its probe fails, and never beyond a minute', () => {
    const breaker = newBreaker();
    let nowMs = 0;
    for (let count = 1; count < failuresToOpen; count++) noteFailure(breaker, 'server_error', null, nowMs);
    const rests: number[] = [];
    for (let probe = 0; probe < 100; probe++) {
      expect(noteFailure(breaker, 'server_error', null, nowMs)).toBe(true);
      rests.push(breaker.openUntilMs - nowMs);
      nowMs = breaker.openUntilMs;
      expect(isResting(breaker, nowMs)).toBe(false);
    }
    expect(rests.slice(0, 5)).toEqual([openBaseMs, 2 * openBaseMs, 4 * openBaseMs, openMaxMs, openMaxMs]);
    expect(Math.max(...rests)).toBe(openMaxMs);
  });

  test('rests ten seconds at first, however many requests were under way when it fell', () => {
    const breaker = newBreaker();
    for (let count = 0; count < 200; count++) noteFailure(breaker, 'connection_lost', null, 1_000 + count);
    expect(breaker.openUntilMs).toBe(1_199 + openBaseMs);
    // Its probe fails, and so do those that were sent with it: that is one failure more.
    const nowMs = breaker.openUntilMs;
    for (let count = 0; count < 50; count++) noteFailure(breaker, 'connection_lost', null, nowMs);
    expect(breaker.openUntilMs).toBe(nowMs + 2 * openBaseMs);
  });

  test('one success closes it whatever was before, and it takes five failures again', () => {
    const draw = seededDraw(1);
    for (let round = 0; round < 300; round++) {
      const breaker = newBreaker();
      for (let count = Math.floor(draw() * 30); count > 0; count--)
        noteFailure(breaker, faults[Math.floor(draw() * faults.length)]!, draw() < 0.5 ? null : Math.floor(draw() * 9_000), 1);
      const wasAway = isResting(breaker, 1);
      expect(noteSuccess(breaker)).toBe(wasAway);
      expect(breaker).toEqual(newBreaker());
      expect(noteSuccess(breaker)).toBe(false);
    }
  });

  test('in any history it is open only after five counted failures without a success between them', () => {
    const draw = seededDraw(2);
    const breaker = newBreaker();
    let [row, opened] = [0, 0];
    for (let nowMs = 0, step = 0; step < 20_000; step++) {
      nowMs += Math.floor(draw() * 4_000);
      if (draw() < 0.25) {
        noteSuccess(breaker);
        row = 0;
      } else {
        const fault = faults[Math.floor(draw() * faults.length)]!;
        if (ruleOf[fault].counts) row++;
        const isNow = noteFailure(breaker, fault, null, nowMs);
        expect(isNow).toBe(ruleOf[fault].counts && row >= failuresToOpen);
        if (isNow) opened++;
      }
      if (isOpen(breaker, nowMs)) expect(row).toBeGreaterThanOrEqual(failuresToOpen);
      expect(breaker.openUntilMs - nowMs).toBeLessThanOrEqual(openMaxMs);
    }
    expect(opened).toBeGreaterThan(50);
  });

  test.each([
    ['rate_limited', null, cooldownMs],
    ['rate_limited', 0, 0],
    ['rate_limited', 12_345, 12_345],
    ['quota_exhausted', null, quotaCooldownMs],
    ['quota_exhausted', 1_000, quotaCooldownMs],
  ] as const)('after %s with a wait of %j it rests for %i ms, and is not open', (fault, retryAfterMs, restMs) => {
    const breaker = newBreaker();
    noteFailure(breaker, fault, retryAfterMs, 1_000);
    expect(isResting(breaker, 1_000 + restMs)).toBe(false);
    if (restMs > 0) expect(isResting(breaker, 1_000 + restMs - 1)).toBe(true);
    expect(isOpen(breaker, 1_000)).toBe(false);
  });
});

describe('a budget of repetitions', () => {
  test('a quiet target may always be asked ten times again in ten seconds', () => {
    const budget = newRetryBudget(0);
    for (let window = 0; window < 5; window++) {
      const nowMs = window * budgetWindowMs;
      for (let count = 0; count < budgetFloor; count++) {
        expect(mayRepeat(budget, nowMs)).toBe(true);
        countRetry(budget, nowMs);
      }
      expect(mayRepeat(budget, nowMs + budgetWindowMs - 1)).toBe(false);
    }
  });
});

describe('hedges', () => {
  test('stay within a twentieth of the requests so far at every moment, however greedily they are asked for', () => {
    for (const eagerness of [0.05, 0.5, 1]) {
      const draw = seededDraw(4);
      const count = newHedgeCount();
      let hedges = 0;
      for (let requests = 1; requests <= 45_000; requests++) {
        countForHedge(count);
        while (draw() < eagerness && mayHedge({ count, costNanoUsdMax: 0, capNanoUsd: 0, isResting: false })) {
          count.hedges++;
          hedges++;
        }
        expect(hedges <= requests * hedgeShareMax).toBe(true);
      }
      expect(hedges).toBeGreaterThan(500);
    }
  });

  test('are never asked for beyond their cap, nor where nobody knows the cost, nor at one that rests', () => {
    const draw = seededDraw(5);
    const count = { requests: 9_000, hedges: 0 };
    let allowed = 0;
    for (let round = 0; round < 2_000; round++) {
      const costNanoUsdMax = draw() < 0.2 ? null : Math.floor(draw() * 100);
      const capNanoUsd = Math.floor(draw() * 100);
      const isResting = draw() < 0.2;
      const may = mayHedge({ count, costNanoUsdMax, capNanoUsd, isResting });
      expect(may).toBe(!isResting && costNanoUsdMax !== null && costNanoUsdMax <= capNanoUsd);
      if (may) allowed++;
    }
    expect(allowed).toBeGreaterThan(300);
  });

  test('begin once at most a twentieth of the known times is later', () => {
    const draw = seededDraw(6);
    for (let round = 0; round < 100; round++) {
      const times = newTimes();
      const all: number[] = [];
      for (let count = 0; count < 20 + Math.floor(draw() * 500); count++) {
        const ms = Math.floor(draw() ** 4 * 10_000);
        noteTime(times, ms);
        all.push(ms);
        if (times.sinceWorkedOut !== 0 || times.lateAfterMs === null) continue;
        const kept = all.slice(-timesKept);
        const later = kept.filter((one) => one > times.lateAfterMs!).length;
        expect(later / kept.length).toBeLessThanOrEqual(0.05);
        expect(kept).toContain(times.lateAfterMs);
      }
      expect(times.ring.length).toBe(Math.min(timesKept, all.length));
      expect(times.lateAfterMs).not.toBeNull();
    }
  });
});

describe('measures', () => {
  test('a rate of faults falls while nothing comes, and a moment before the last one changes nothing', () => {
    const measures = newMeasures();
    for (let count = 0; count < 20; count++) measureFault(measures, 1_000);
    let before = errorRateOf(measures, 1_000);
    expect(errorRateOf(measures, 0)).toBe(before);
    for (let nowMs = 61_000; nowMs < 3_000_000; nowMs += 60_000) {
      const now = errorRateOf(measures, nowMs);
      expect(now).toBeLessThan(before);
      before = now;
    }
  });
});

describe('a rest that another instance found', () => {
  const heard = (openMs: number, cooledMs: number, nowMs = 1_000) => {
    const breaker = newBreaker();
    return { breaker, isNew: noteHeard(breaker, { openMs, cooledMs }, nowMs) };
  };

  test('is as long as it has left there, and is over then', () => {
    const { breaker, isNew } = heard(4_000, 0);
    expect([isNew, isResting(breaker, 4_999), isResting(breaker, 5_000)]).toEqual([true, true, false]);
    expect(heard(0, 300).breaker).toMatchObject({ openUntilMs: 0, cooledUntilMs: 1_300, failures: 0 });
  });

  test('of nothing is none', () => {
    const { breaker, isNew } = heard(0, 0);
    expect([isNew, breaker]).toEqual([false, newBreaker()]);
  });

  test('never shortens one, and is no turn where it rests already', () => {
    const breaker = newBreaker();
    noteFailure(breaker, 'rate_limited', 60_000, 1_000);
    expect(noteHeard(breaker, { openMs: 5_000, cooledMs: 5_000 }, 1_000)).toBe(false);
    expect(breaker).toMatchObject({ cooledUntilMs: 61_000, openUntilMs: 6_000 });
  });

  test('is never longer than one of its own could be, whatever is said', () => {
    const { breaker } = heard(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    expect([breaker.openUntilMs, breaker.cooledUntilMs]).toEqual([1_000 + openMaxMs, 1_000 + retryAfterShownMaxMs]);
  });

  test('ends as one of its own: with one more failure it rests again, with an answer it is well', () => {
    const { breaker } = heard(4_000, 0);
    expect(noteFailure(breaker, counting[0]!, null, 6_000)).toBe(true);
    expect(breaker.openUntilMs).toBe(6_000 + openBaseMs * 2);
    expect(noteSuccess(breaker)).toBe(true);
    expect(isResting(breaker, 6_001)).toBe(false);
  });

  test('is told as what is left of it, whole milliseconds and never less than nothing', () => {
    const { breaker } = heard(4_000, 2_500);
    expect(restUntilMs(breaker)).toBe(5_000);
    expect(restLeft(breaker, 1_000.4)).toEqual({ openMs: 4_000, cooledMs: 2_500 });
    expect(restLeft(breaker, 4_000)).toEqual({ openMs: 1_000, cooledMs: 0 });
    expect(restLeft(breaker, 9_000)).toEqual({ openMs: 0, cooledMs: 0 });
    const again = newBreaker();
    noteHeard(again, restLeft(breaker, 2_000), 77_000);
    expect(restLeft(again, 77_000)).toEqual(restLeft(breaker, 2_000));
  });
});
