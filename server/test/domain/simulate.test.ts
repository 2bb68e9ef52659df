/** The parts of the simulation one by one: its time, its providers, and its report. */
import { describe, expect, test } from 'vitest';
import { SimulationQueue } from '../../src/domain/simulate-queue.ts';
import { newReport, percentileOf, slicesMax } from '../../src/domain/simulate-report.ts';
import { fateOf, seededDraw, type AssumedTarget } from '../../src/domain/simulate-world.ts';
import { healthy, plain } from './routing-laws.ts';
import { simulate, type SimulationEvent } from '../../src/domain/simulate.ts';

describe('virtual time', () => {
  test('lets everything happen in the order of its moment, whatever the order it was planned in', () => {
    const draw = seededDraw(1);
    const queue = new SimulationQueue();
    const happened: number[] = [];
    const planned = Array.from({ length: 500 }, () => Math.floor(draw() * 1_000));
    for (const atMs of planned) queue.at(atMs, () => void happened.push(queue.nowMs));
    while (queue.step()) expect(queue.nowMs).toBe(happened.at(-1));
    expect(happened).toEqual(planned.toSorted((a, b) => a - b));
  });

  test('lets what is planned for one moment happen in the order of the planning', () => {
    const queue = new SimulationQueue();
    const happened: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.at(5, () => void happened.push(name));
    while (queue.step());
    expect(happened.join('')).toBe('abcde');
  });

  test('never goes back: what is planned for the past happens now', () => {
    const queue = new SimulationQueue();
    const happened: number[] = [];
    queue.at(10, () => queue.at(3, () => void happened.push(queue.nowMs)));
    while (queue.step());
    expect(happened).toEqual([10]);
    expect(queue.step()).toBe(false);
  });
});

describe('an assumed provider', () => {
  const fates = (part: Partial<AssumedTarget>, count = 4_000, atMs = 0) => {
    const draw = seededDraw(2);
    return Array.from({ length: count }, () => fateOf({ ...healthy, ...part }, atMs, 200, draw));
  };

  test('answers around its median, and writes at its pace', () => {
    const all = fates({ firstByteMs: 500, tokensPerS: 100 });
    const firsts = all.map(({ firstByteMs }) => firstByteMs!).toSorted((a, b) => a - b);
    expect(percentileOf(firsts, 0.5)!).toBeGreaterThan(480);
    expect(percentileOf(firsts, 0.5)!).toBeLessThan(520);
    expect(firsts[0]!).toBeGreaterThan(200);
    for (const { firstByteMs, endMs, fault } of all) {
      expect(fault).toBe(null);
      expect(endMs - firstByteMs!).toBeCloseTo(2_000, 5);
    }
  });

  test('is slow, fails and breaks off as often as it is assumed to', () => {
    const slow = fates({ slowShare: 0.1, firstByteMs: 100, slowMs: 10_000 }).filter(({ firstByteMs }) => firstByteMs! > 2_000);
    expect(slow.length / 4_000).toBeCloseTo(0.1, 1);
    const failing = fates({ faultShare: 0.3, fault: 'rate_limited' });
    const failed = failing.filter(({ fault }) => fault !== null);
    expect(failed.length / 4_000).toBeCloseTo(0.3, 1);
    for (const { firstByteMs, fault, retryAfterMs } of failed)
      expect([firstByteMs, fault, retryAfterMs]).toEqual([null, 'rate_limited', 1_000]);
    const broken = fates({ brokenShare: 0.2 }).filter(({ fault }) => fault !== null);
    expect(broken.length / 4_000).toBeCloseTo(0.2, 1);
    for (const { firstByteMs, endMs, fault } of broken) {
      expect(fault).toBe('connection_lost');
      expect(endMs).toBeGreaterThanOrEqual(firstByteMs!);
    }
  });

  test('fails each request of an outage, from its first moment to before its last', () => {
    const outages = [{ fromMs: 1_000, toMs: 2_000 }];
    const failedAt = (atMs: number): number => fates({ outages }, 50, atMs).filter(({ fault }) => fault !== null).length;
    expect([999, 1_000, 1_999, 2_000].map(failedAt)).toEqual([0, 50, 50, 0]);
  });

  test('chance is even, and the same for the same seed', () => {
    const draw = seededDraw(7);
    const again = seededDraw(7);
    const slots = Array.from({ length: 10 }, () => 0);
    for (let count = 0; count < 10_000; count++) {
      const value = draw();
      expect(again()).toBe(value);
      slots[Math.floor(value * 10)]!++;
    }
    for (const slot of slots) expect(Math.abs(slot - 1_000)).toBeLessThan(150);
  });
});

describe('a report', () => {
  test('the percentile is a value that was seen, by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => at + 1);
    expect([0.5, 0.95, 0.99, 1].map((share) => percentileOf(hundred, share))).toEqual([50, 95, 99, 100]);
    expect([percentileOf([], 0.5), percentileOf([7], 0.01), percentileOf([1, 2], 0.5)]).toEqual([null, 7, 1]);
  });

  test('what happens after the last request belongs to the last slice', () => {
    const report = newReport([{ name: 'a' }, { name: 'b' }], 2, 1_000);
    report.asked(0, 'first', 0);
    report.asked(1, 'hedge', 10);
    report.asked(0, 'same', 999_999);
    report.failed(0);
    report.answered(1, 5);
    report.spent(0, 2);
    report.ended(true, 100, 300, 0);
    report.ended(false, null, 50, 5_000);
    expect(report.slices).toHaveLength(slicesMax);
    expect(report.slices[0]).toMatchObject({ fromMs: 0, requests: 1, answered: 1, attempts: [1, 1] });
    expect(report.slices.at(-1)).toMatchObject({ requests: 1, answered: 0, attempts: [1, 0] });
    expect(report.targets).toMatchObject([
      { attempts: 2, chosen: 1, repeated: 1, hedged: 0, failed: 1, answered: 0, costNanoUsd: 2 },
      { attempts: 1, chosen: 0, repeated: 0, hedged: 1, failed: 0, answered: 1, costNanoUsd: 5 },
    ]);
    expect([report.success, report.amplification, report.costNanoUsd]).toEqual([0.5, 1.5, 7]);
    expect([report.firstByte().p50, report.whole().p99]).toEqual([100, 300]);
  });

  test('nothing to count is nothing, and no fault of arithmetic', () => {
    const report = newReport([], 0, 0);
    expect([report.success, report.amplification, report.firstByte().p50]).toEqual([0, 0, null]);
  });
});

describe('what a watcher sees', () => {
  const watched = (part: object): SimulationEvent[] => {
    const seen: SimulationEvent[] = [];
    simulate({ ...plain, requests: 1, ...part }, seededDraw(1), (event) => void seen.push(event));
    return seen;
  };

  test('a request that is answered: planned, asked, heard, ended', () => {
    expect(watched({}).map(({ kind }) => kind)).toEqual(['planned', 'attempt', 'content', 'end']);
  });

  test('a request that fails over: the fault, and the next one asked without a wait', () => {
    const failing = { ...healthy, faultShare: 1, fault: 'unreachable' as const };
    const events = watched({ targets: [failing, healthy] });
    expect(events.map(({ kind }) => kind)).toEqual(['planned', 'attempt', 'fault', 'attempt', 'content', 'end']);
    expect(events[3]).toMatchObject({ target: 1, why: 'other', atMs: events[2]!.atMs });
    expect(events.at(-1)).toMatchObject({ isAnswered: true });
  });

  test('a stream that breaks off ends there; what is asked for whole begins again, unseen', () => {
    const breaking = { ...healthy, brokenShare: 1 };
    const streamed = watched({ targets: [breaking, healthy] });
    expect(streamed.map(({ kind }) => kind)).toEqual(['planned', 'attempt', 'content', 'fault', 'end']);
    expect(streamed.at(-1)).toMatchObject({ isAnswered: false });
    const whole = watched({ targets: [breaking, healthy], isStream: false });
    expect(whole.filter(({ kind }) => kind === 'content')).toHaveLength(1);
    expect(whole.at(-1)).toMatchObject({ isAnswered: true });
  });

  test('a provider that asks for patience is waited for, where there is nobody else', () => {
    const limited = { ...healthy, faultShare: 1, fault: 'rate_limited' as const };
    const events = watched({ targets: [limited] });
    const [first, second] = events.filter(({ kind }) => kind === 'attempt');
    expect(second).toMatchObject({ why: 'same', target: 0 });
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(1_000);
  });
});
