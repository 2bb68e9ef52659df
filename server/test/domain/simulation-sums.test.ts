/** The report of a simulation adds up in every scenario; its clock, its percentiles and its assumed providers do what they say. */
import { assumedFaults } from '@patchbay/contract/routing-limits';
import { describe, expect, test } from 'vitest';
import { costOf } from '../../src/domain/cost.ts';
import { noTokens } from '../../src/domain/ledger.ts';
import { simulate, type SimulationEvent } from '../../src/domain/simulate.ts';
import { SimulationQueue } from '../../src/domain/simulate-queue.ts';
import { newReport, percentileOf, slicesMax } from '../../src/domain/simulate-report.ts';
import { fateOf, seededDraw } from '../../src/domain/simulate-world.ts';
import { healthy, plain, scenarioOf } from './routing-laws.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

describe('the sums of two hundred scenarios', () => {
  const scenarios = Array.from({ length: 200 }, (_, seed) => {
    const plan = scenarioOf(seed + 9_000);
    const events: SimulationEvent[] = [];
    return { plan, events, report: simulate(plan, seededDraw(seed), (event) => void events.push(event)) };
  });

  test('attempts are those of the targets, those of the slices, and those that were seen', () => {
    for (const { events, report } of scenarios) {
      const seen = events.filter(({ kind }) => kind === 'attempt');
      expect(report.attempts).toBe(seen.length);
      expect(sum(report.targets.map(({ attempts }) => attempts))).toBe(report.attempts);
      expect(sum(report.slices.flatMap(({ attempts }) => attempts))).toBe(report.attempts);
      for (const [at, { attempts }] of report.targets.entries()) {
        expect(sum(report.slices.map((slice) => slice.attempts[at]!))).toBe(attempts);
        expect(seen.filter((event) => 'target' in event && event.target === at)).toHaveLength(attempts);
      }
    }
  });

  test('every request has one first attempt and one end, and is answered by one target at most', () => {
    for (const { plan, events, report } of scenarios) {
      expect(sum(report.targets.map(({ chosen }) => chosen))).toBe(plan.requests);
      expect(sum(report.slices.map(({ requests }) => requests))).toBe(plan.requests);
      expect(sum(report.slices.map(({ answered }) => answered))).toBe(report.answeredCount);
      expect(sum(report.targets.map(({ answered }) => answered))).toBe(report.answeredCount);
      expect(events.filter((event) => event.kind === 'end' && event.isAnswered)).toHaveLength(report.answeredCount);
      expect(report.success).toBe(report.answeredCount / plan.requests);
      expect(report.amplification).toBe(report.attempts / plan.requests);
    }
  });

  test('an attempt is answered, failed, or was left in a race; as many races as hedges', () => {
    let lostInAll = 0;
    for (const { report } of scenarios) {
      expect(sum(report.targets.map(({ hedged }) => hedged))).toBe(report.hedges);
      const lost = report.attempts - sum(report.targets.map(({ answered, failed }) => answered + failed));
      expect(lost).toBeGreaterThanOrEqual(0);
      expect(lost).toBeLessThanOrEqual(report.hedges);
      lostInAll += lost;
      for (const { attempts, chosen, repeated, hedged } of report.targets) expect(chosen + repeated + hedged).toBeLessThanOrEqual(attempts);
    }
    expect(lostInAll).toBeGreaterThan(20);
  });

  test('money is what the targets cost, and a target costs its answers and at most the prompts of lost races beside them', () => {
    for (const { plan, report } of scenarios) {
      expect(report.costNanoUsd).toBe(sum(report.targets.map(({ costNanoUsd }) => costNanoUsd)));
      for (const [at, { attempts, answered, failed, costNanoUsd }] of report.targets.entries()) {
        const { price } = plan.targets[at]!;
        const [whole, prompt] = [plan.tokensOut, 0].map((tokensOut) =>
          price === null ? 0 : costOf({ ...noTokens, tokensIn: plan.tokensIn, tokensOut }, price),
        );
        expect(costNanoUsd).toBe(answered * whole! + (attempts - answered - failed) * prompt!);
      }
    }
  });

  test('time never goes back, and a stream begins before it ends', () => {
    for (const { plan, events, report } of scenarios) {
      for (const [at, { atMs }] of events.entries()) expect(atMs).toBeGreaterThanOrEqual(events[at - 1]?.atMs ?? 0);
      const [begins, ends] = [report.firstByte(), report.whole()];
      expect(begins.p50 === null).toBe(report.answeredCount === 0);
      if (begins.p50 === null || ends.p50 === null) continue;
      for (const { p50, p95, p99 } of [begins, ends]) expect([p50, p95, p99]).toEqual([p50!, p95!, p99!].toSorted((a, b) => a - b));
      if (plan.isStream) expect(begins.p50).toBeLessThanOrEqual(ends.p50);
    }
  });
});

describe('the report', () => {
  test('of no request is all noughts, and never a division by nought', () => {
    const report = newReport([{ name: 'a' }], 0, 0);
    expect([report.amplification, report.success]).toEqual([0, 0]);
    expect([report.firstByte(), report.whole()]).toEqual([
      { p50: null, p95: null, p99: null },
      { p50: null, p95: null, p99: null },
    ]);
  });

  test('has as many slices as it says, the last one for all that comes late', () => {
    const report = newReport([{ name: 'a' }], 3, 1_000);
    for (const atMs of [0, 24.9, 25, 999, 1_000, 90_000]) report.asked(0, 'first', atMs);
    expect(report.slices).toHaveLength(slicesMax);
    expect(report.slices.flatMap(({ attempts }, at) => (attempts[0]! > 0 ? [[at, attempts[0]]] : []))).toEqual([
      [0, 2],
      [1, 1],
      [slicesMax - 1, 3],
    ]);
  });

  test('percentiles are the nearest rank, for every number of values up to two thousand', () => {
    for (let count = 1; count <= 2_000; count++) {
      const sorted = Array.from({ length: count }, (_, at) => at + 1);
      for (const percent of [50, 95, 99]) expect(percentileOf(sorted, percent / 100)).toBe(Math.ceil((count * percent) / 100));
    }
    expect(percentileOf([], 0.5)).toBeNull();
    expect(percentileOf([7], 0)).toBe(7);
  });
});

describe('virtual time', () => {
  test('runs ten thousand things in their order, and those of one moment as they were planned', () => {
    const draw = seededDraw(1);
    const queue = new SimulationQueue();
    const planned = Array.from({ length: 10_000 }, (_, order) => ({ atMs: Math.floor(draw() * 500), order }));
    const ran: typeof planned = [];
    for (const one of planned) queue.at(one.atMs, () => void ran.push(one));
    for (let steps = 0; queue.step(); steps++) expect(queue.nowMs).toBe(ran[steps]!.atMs);
    expect(ran).toEqual(planned.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
    expect(queue.step()).toBe(false);
  });

  test('what is planned for the past happens now, after what was planned for now', () => {
    const queue = new SimulationQueue();
    const ran: string[] = [];
    queue.at(10, () => {
      queue.at(3, () => ran.push(`late at ${queue.nowMs}`));
      ran.push('first');
    });
    queue.at(10, () => ran.push('second'));
    while (queue.step());
    expect(ran).toEqual(['first', 'second', 'late at 10']);
  });
});

describe('assumed providers', () => {
  test('fail in every request of an outage, from its beginning to before its end, and in none beside it', () => {
    const draw = seededDraw(2);
    const target = { ...healthy, outages: [{ fromMs: 100, toMs: 200 }] };
    for (const [atMs, isDown] of [
      [99, false],
      [100, true],
      [199, true],
      [200, false],
    ] as const)
      for (let round = 0; round < 50; round++) expect(fateOf(target, atMs, 100, draw).fault !== null).toBe(isDown);
  });

  test.each([...assumedFaults])('that fail by %s never show content before it, and ask for patience only where they limit', (fault) => {
    const draw = seededDraw(3);
    for (let round = 0; round < 200; round++) {
      const fate = fateOf({ ...healthy, faultShare: 1, fault }, 0, 100, draw);
      expect([fate.firstByteMs, fate.fault, fate.retryAfterMs !== null]).toEqual([null, fault, fault === 'rate_limited']);
      expect(fate.endMs).toBeGreaterThan(0);
    }
  });

  test('break off after their first content and before their last', () => {
    const draw = seededDraw(4);
    for (let round = 0; round < 200; round++) {
      const { firstByteMs, endMs, fault } = fateOf({ ...healthy, brokenShare: 1 }, 0, 100, draw);
      expect(fault).toBe('connection_lost');
      expect(endMs).toBeGreaterThanOrEqual(firstByteMs!);
      expect(endMs).toBeLessThan(firstByteMs! + (100 / healthy.tokensPerS) * 1_000);
    }
  });

  test('fail by their share, and are about as fast as they are said to be', () => {
    const draw = seededDraw(5);
    const fates = Array.from({ length: 10_000 }, () => fateOf({ ...healthy, faultShare: 0.2 }, 0, 100, draw));
    const failed = fates.filter(({ fault }) => fault !== null).length;
    expect(Math.abs(failed - 2_000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.2 * 0.8));
    const times = fates.flatMap(({ firstByteMs }) => firstByteMs ?? []).toSorted((a, b) => a - b);
    expect(percentileOf(times, 0.5)! / healthy.firstByteMs).toBeCloseTo(1, 1);
  });

  test('a plan with one healthy target and no chance of a fault is answered whole', () => {
    const report = simulate({ ...plain, requests: 500 }, seededDraw(6));
    expect([report.success, report.amplification, report.hedges]).toEqual([1, 1, 0]);
  });
});
