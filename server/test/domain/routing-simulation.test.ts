/** The rules of routing in virtual time: a slice of the seeded scenarios, and the figures that the product promises. */
import { assumedFaults } from '@patchbay/contract/routing-limits';
import { describe, expect, test } from 'vitest';
import { groupDefaults, type strategies } from '../../src/domain/routing-group.ts';
import { simulate, simulateInTurns } from '../../src/domain/simulate.ts';
import { seededDraw, type AssumedTarget } from '../../src/domain/simulate-world.ts';
import { faultsOf, healthy, plain, scenarioOf } from './routing-laws.ts';

/** The whole of them runs by `node tools/routing.ts`. */
const scenarios = 400;
const hedging = { ...groupDefaults, hedgeMaxNanoUsd: 1_000_000_000 };

describe('scenarios of failing, slowing and recovering targets', () => {
  test('content is never mixed, nobody is asked after the first content, nothing goes beyond its budget, no usable target is left out', () => {
    const broken: string[] = [];
    for (let seed = 0; seed < scenarios; seed++)
      for (const fault of faultsOf(scenarioOf(seed), seed).faults) broken.push(`seed ${seed}: ${fault}`);
    expect(broken).toEqual([]);
  });

  test('the same seed repeats the same scenario and the same outcome, another one does not', () => {
    const outcome = (seed: number): unknown => {
      const { report } = faultsOf(scenarioOf(seed), seed);
      return [report.attempts, report.answeredCount, report.costNanoUsd, report.targets, report.slices];
    };
    expect(outcome(7)).toEqual(outcome(7));
    expect(outcome(7)).not.toEqual(outcome(8));
  });

  test('the scenarios are hard ones: in many of them requests fail, repeat, hedge and break off', () => {
    const sum = { failed: 0, repeated: 0, hedged: 0 };
    for (let seed = 0; seed < 100; seed++) {
      const { report } = faultsOf(scenarioOf(seed), seed);
      sum.failed += report.requests - report.answeredCount;
      for (const { repeated, hedged } of report.targets) {
        sum.repeated += repeated;
        sum.hedged += hedged;
      }
    }
    expect(Math.min(sum.failed, sum.repeated, sum.hedged)).toBeGreaterThan(50);
  });
});

describe('what providers may do and people should not feel', () => {
  test.each([...assumedFaults].filter((fault) => fault !== 'bad_request'))(
    'with three in ten requests failing by %s at the first target and one healthy fallback, at least 99.95 in a hundred are answered',
    (fault) => {
      for (const seed of [1, 2, 3]) {
        const report = simulate({ ...plain, targets: [{ ...healthy, faultShare: 0.3, fault }, healthy] }, seededDraw(seed));
        expect(report.success).toBeGreaterThanOrEqual(0.9995);
      }
    },
  );

  test.each([...assumedFaults])('a total outage with %s and nobody else is not multiplied: at most 1.20 attempts per request', (fault) => {
    const down: AssumedTarget = { ...healthy, faultShare: 1, fault };
    const report = simulate({ ...plain, targets: [down] }, seededDraw(1));
    expect(report.success).toBe(0);
    expect(report.amplification).toBeLessThanOrEqual(1.2);
    expect(report.amplification).toBeGreaterThanOrEqual(1);
  });

  test('a target that is down for 100 seconds is left, and used again within a minute of its return', () => {
    const down: AssumedTarget = { ...healthy, name: 'down', outages: [{ fromMs: 50_000, toMs: 150_000 }] };
    const { slices, success } = simulate({ ...plain, requests: 15_000, targets: [down, healthy] }, seededDraw(4));
    expect(success).toBeGreaterThanOrEqual(0.9995);
    const share = (fromMs: number, toMs: number): number => {
      const within = slices.filter((slice) => slice.fromMs >= fromMs && slice.fromMs < toMs);
      const [first, all] = [0, 0].map((_, what) =>
        within.reduce((sum, { attempts }) => sum + (what === 0 ? attempts[0]! : attempts[0]! + attempts[1]!), 0),
      );
      return first! / all!;
    };
    expect(share(60_000, 140_000)).toBeLessThan(0.02);
    expect(share(212_000, 300_000)).toBeGreaterThan(0.98);
  });

  test('hedging on a provider with two modes halves the time to the first content of the slowest hundredth at least, for at most a twentieth more requests', () => {
    const bimodal: AssumedTarget = { ...healthy, slowShare: 0.03, slowMs: 6_000 };
    for (const seed of [1, 2, 3]) {
      const targets = [bimodal, { ...bimodal, name: 'second' }];
      const without = simulate({ ...plain, targets }, seededDraw(seed));
      const hedged = simulate({ ...plain, targets, options: hedging }, seededDraw(seed));
      expect(hedged.firstByte().p99!).toBeLessThanOrEqual(without.firstByte().p99! / 2);
      expect(hedged.attempts).toBeLessThanOrEqual(without.attempts * 1.05);
      expect(hedged.hedges).toBeGreaterThan(0);
    }
  });

  test('hedging obeys its cap of money: what costs more than it is never asked', () => {
    const bimodal: AssumedTarget = { ...healthy, slowShare: 0.03 };
    const options = { ...groupDefaults, hedgeMaxNanoUsd: 1_000 };
    const report = simulate({ ...plain, options, targets: [bimodal, bimodal] }, seededDraw(1));
    expect(report.hedges).toBe(0);
    expect(report.attempts).toBe(report.requests);
  });
});

describe('the strategies in traffic', () => {
  const three: AssumedTarget[] = [
    { ...healthy, name: 'slow and cheap', weight: 6, firstByteMs: 1_500, price: { input: 100_000_000, output: 400_000_000 } },
    { ...healthy, name: 'fast and dear', weight: 3, firstByteMs: 200 },
    { ...healthy, name: 'fast and broken', weight: 1, firstByteMs: 200, faultShare: 0.4 },
  ];
  const chosen = (strategy: (typeof strategies)[number], part: object = {}): number[] => {
    const report = simulate({ ...plain, strategy, targets: three, sessions: 500, ...part }, seededDraw(9));
    expect(report.success).toBeGreaterThan(0.999);
    return report.targets.map((target) => target.chosen / report.requests);
  };

  test('ordered asks the first, cheapest the cheapest, fastest the fast one that answers', () => {
    expect(chosen('ordered')[0]).toBe(1);
    expect(chosen('cheapest')[0]).toBe(1);
    expect(chosen('fastest')[1]).toBeGreaterThan(0.9);
  });

  test('weighted and sticky deal by the shares', () => {
    for (const strategy of ['weighted', 'sticky'] as const) {
      const [first, second, third] = chosen(strategy) as [number, number, number];
      expect(first).toBeGreaterThan(0.5);
      expect(first).toBeLessThan(0.7);
      expect(second).toBeGreaterThan(0.22);
      expect(third).toBeLessThan(0.16);
    }
  });

  test('least busy gives a slow target fewer requests than its equals', () => {
    const even = three.slice(0, 2).map((target) => ({ ...target, weight: 1 }));
    const [slow, fast] = chosen('least_busy', { targets: even }) as [number, number];
    expect(fast).toBeGreaterThan(slow);
  });

  test('the score follows what counts more: price, or time', () => {
    const by = (priceWeight: number, latencyWeight: number): number[] =>
      chosen('score', { options: { ...groupDefaults, priceWeight, latencyWeight } });
    expect(by(1, 0)[0]).toBeGreaterThan(0.95);
    expect(by(0, 1)[1]).toBeGreaterThan(0.85);
  });
});

describe('the simulation itself', () => {
  test('runs in turns, so that a server stays free for others meanwhile', () => {
    let turns = 0;
    const steps = simulateInTurns(plain, seededDraw(1));
    for (let turn = steps.next(); !turn.done; turn = steps.next()) turns++;
    expect(turns).toBeGreaterThan(5);
  });

  test('counts each request once, in its slice of the time', () => {
    const report = simulate({ ...plain, requests: 1_234 }, seededDraw(1));
    expect(report.slices.reduce((sum, { requests }) => sum + requests, 0)).toBe(1_234);
    expect(report.targets[0]!.chosen).toBe(1_234);
    expect(report.whole().p50!).toBeGreaterThan(report.firstByte().p50!);
  });
});
