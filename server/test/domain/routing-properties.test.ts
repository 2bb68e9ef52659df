/** Laws of the routing rules over random inputs: what holds for every order, budget, breaker, measure and time, whatever traffic does. */
import { describe, expect, test } from 'vitest';
import { isOpen, isResting, newBreaker, noteFailure, noteSuccess, openMaxMs } from '../../src/domain/breaker.ts';
import type { Fault } from '../../src/domain/errors.ts';
import { hedgeQuantile, newTimes, noteTime, timesKept } from '../../src/domain/hedge.ts';
import {
  budgetFloor,
  budgetShare,
  budgetWindowMs,
  countRequest,
  countRetry,
  mayRepeat,
  newRetryBudget,
} from '../../src/domain/retry-budget.ts';
import { ruleOf } from '../../src/domain/retry.ts';
import { strategies } from '../../src/domain/routing-group.ts';
import { errorRateOf, expectedMsOf, measureAnswer, measureFault, newMeasures } from '../../src/domain/routing-measures.ts';
import { orderOf, type Facing } from '../../src/domain/routing-order.ts';
import { seededDraw } from '../../src/domain/simulate-world.ts';

const rounds = 300;
const options = { priceWeight: 1, latencyWeight: 1, exploration: 0 };

const randomFacing = (draw: () => number, at: number): Facing => ({
  id: `target ${at}`,
  weight: 1 + Math.floor(draw() * 5),
  isResting: draw() < 0.2,
  inFlight: Math.floor(draw() * 10),
  expectedMs: draw() < 0.3 ? null : 1 + draw() * 5_000,
  errorRate: draw() < 0.5 ? 0 : draw() * 0.9,
  costNanoUsd: draw() < 0.3 ? null : Math.floor(draw() * 1e9),
});

describe('an order', () => {
  test.each([...strategies])('%s is the same for the same chance, and rises in what it went by', (strategy) => {
    const draw = seededDraw(11);
    for (let round = 0; round < rounds; round++) {
      const candidates = Array.from({ length: 2 + Math.floor(draw() * 6) }, (_, at) => randomFacing(draw, at));
      const seed = Math.floor(draw() * 1e9);
      const placed = () => orderOf({ strategy, options, candidates, stickyKey: 'key', draw: seededDraw(seed) });
      const first = placed();
      expect(placed()).toEqual(first);
      for (const isResting of [false, true]) {
        const scores = first.filter(({ index }) => candidates[index]!.isResting === isResting).map(({ score }) => score ?? 0);
        expect(scores).toEqual(scores.toSorted((a, b) => a - b));
      }
    }
  });

  test.each(['fastest', 'score'] as const)('%s never prefers who is worse in everything', (strategy) => {
    const draw = seededDraw(12);
    for (let round = 0; round < rounds; round++) {
      const good: Facing = {
        ...randomFacing(draw, 0),
        isResting: false,
        expectedMs: 1 + draw() * 1_000,
        costNanoUsd: 1 + Math.floor(draw() * 1e6),
      };
      const worse: Facing = {
        ...good,
        id: 'worse',
        expectedMs: good.expectedMs! * (1.01 + draw()),
        costNanoUsd: Math.ceil(good.costNanoUsd! * (1.01 + draw())),
        errorRate: Math.min(1, good.errorRate + draw() * 0.3),
      };
      const placed = orderOf({ strategy, options, candidates: [worse, good], stickyKey: null, draw });
      expect(placed[0]!.index).toBe(1);
    }
  });

  test('a rest moves its target and nobody else', () => {
    const draw = seededDraw(13);
    for (let round = 0; round < rounds; round++) {
      const candidates = Array.from({ length: 4 }, (_, at) => ({ ...randomFacing(draw, at), isResting: false }));
      const at = Math.floor(draw() * 4);
      const rested = candidates.map((one, place) => (place === at ? { ...one, isResting: true } : one));
      const indexes = (list: readonly Facing[]): number[] =>
        orderOf({ strategy: 'fastest', options, candidates: list, stickyKey: null, draw: () => 0.5 }).map(({ index }) => index);
      expect(indexes(rested)).toEqual([...indexes(candidates).filter((index) => index !== at), at]);
    }
  });
});

describe('a retry budget', () => {
  test('holds in every one of its windows, however requests and repetitions come', () => {
    const draw = seededDraw(14);
    for (let round = 0; round < 50; round++) {
      const budget = newRetryBudget(0);
      let nowMs = 0;
      let window = { startMs: 0, requests: 0, retries: 0 };
      for (let step = 0; step < 500; step++) {
        nowMs += draw() * 100;
        if (nowMs - window.startMs >= budgetWindowMs) window = { startMs: nowMs, requests: 0, retries: 0 };
        if (draw() < 0.5) {
          countRequest(budget, nowMs);
          window.requests++;
        } else if (mayRepeat(budget, nowMs)) {
          countRetry(budget, nowMs);
          window.retries++;
        }
        expect(window.retries).toBeLessThanOrEqual(Math.max(budgetFloor, window.requests * budgetShare));
      }
    }
  });
});

describe('a breaker', () => {
  const faults = Object.keys(ruleOf) as Fault[];

  test('never rests for longer than a minute of failures, and never after a success', () => {
    const draw = seededDraw(15);
    const breaker = newBreaker();
    let nowMs = 0;
    for (let step = 0; step < 5_000; step++) {
      nowMs += draw() * 5_000;
      if (draw() < 0.3) {
        noteSuccess(breaker);
        expect(isResting(breaker, nowMs)).toBe(false);
      } else {
        noteFailure(breaker, faults[Math.floor(draw() * faults.length)]!, null, nowMs);
        expect(isOpen(breaker, nowMs + openMaxMs)).toBe(false);
      }
    }
  });

  test('says that it opens exactly when it does', () => {
    const draw = seededDraw(16);
    const breaker = newBreaker();
    for (let step = 0; step < 2_000; step++) {
      const nowMs = step * 1_000;
      if (draw() < 0.2) noteSuccess(breaker);
      const wasOpen = isOpen(breaker, nowMs);
      const opens = noteFailure(breaker, 'server_error', null, nowMs);
      expect(wasOpen || isOpen(breaker, nowMs) === opens).toBe(true);
    }
  });
});

describe('what is measured', () => {
  test('lies between the least and the most that was seen, and a rate between nothing and one', () => {
    const draw = seededDraw(17);
    for (let round = 0; round < 50; round++) {
      const measures = newMeasures();
      let [least, most] = [Infinity, 0];
      let nowMs = 0;
      for (let step = 0; step < 100; step++) {
        nowMs += draw() * 60_000;
        if (draw() < 0.3) measureFault(measures, nowMs);
        else {
          const firstByteMs = 1 + draw() * 2_000;
          [least, most] = [Math.min(least, firstByteMs), Math.max(most, firstByteMs)];
          measureAnswer(measures, { firstByteMs, totalMs: firstByteMs, tokensOut: 0 }, nowMs);
        }
        const expected = expectedMsOf(measures, nowMs);
        if (expected !== null) {
          expect(expected).toBeGreaterThanOrEqual(least - 1e-6);
          expect(expected).toBeLessThanOrEqual(most + 1e-6);
        }
        const rate = errorRateOf(measures, nowMs);
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThan(1);
      }
    }
  });
});

describe('when a target is late', () => {
  test('about one in twenty of its own times is later, whatever their shape', () => {
    for (const [seed, shape] of (
      [(u: number) => u, (u: number) => u ** 8 * 1_000, (u: number) => (u < 0.97 ? 1 + u : 50 + u)] as const
    ).entries()) {
      const draw = seededDraw(100 + seed);
      const times = newTimes();
      let later = 0;
      let judged = 0;
      for (let count = 0; count < 20_000; count++) {
        const ms = shape(draw());
        if (times.lateAfterMs !== null) {
          judged++;
          if (ms > times.lateAfterMs) later++;
        }
        noteTime(times, ms);
      }
      expect(later / judged).toBeGreaterThan((1 - hedgeQuantile) * 0.6);
      expect(later / judged).toBeLessThan((1 - hedgeQuantile) * 1.2);
      expect(times.ring.length).toBe(timesKept);
    }
  });
});
