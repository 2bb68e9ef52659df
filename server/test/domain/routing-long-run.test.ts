/** The strategies over many requests: shares come true, what need not move stays, and chance is asked for no more than it decides. */
import { describe, expect, test } from 'vitest';
import { strategies, type Strategy } from '../../src/domain/routing-group.ts';
import { orderOf, type Facing } from '../../src/domain/routing-order.ts';
import { drawOf, prefixOf, rankOf } from '../../src/domain/routing-sticky.ts';
import { seededDraw } from '../../src/domain/simulate-world.ts';

const facing = (id: string, part: Partial<Facing> = {}): Facing => ({
  id,
  weight: 1,
  isResting: false,
  inFlight: 0,
  expectedMs: null,
  errorRate: 0,
  costNanoUsd: null,
  ...part,
});
const still = { priceWeight: 1, latencyWeight: 1, exploration: 0 };
const weighing = (...weights: number[]): Facing[] => weights.map((weight, at) => facing(`t${at}`, { weight }));

function orderIds(strategy: Strategy, candidates: readonly Facing[], stickyKey: string | null, draw: () => number): string[] {
  return orderOf({ strategy, options: still, candidates, stickyKey, draw }).map(({ index }) => candidates[index]!.id);
}

/** Five standard deviations of a count: with a fixed seed it holds or the rule is wrong. */
const about = (share: number, rounds: number): number => 5 * Math.sqrt(rounds * share * (1 - share)) + 1;

const rounds = 20_000;
const weightings = [
  [1, 1],
  [9, 1],
  [70, 20, 10],
  [1, 2, 3, 4],
  [1, 0, 3],
  [0.5, 0.25, 0.25],
  [1_000, 1],
];

describe('shares', () => {
  test.each(weightings)('weighted deals by %j', (...weights) => {
    const draw = seededDraw(weights.length);
    const candidates = weighing(...weights);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const first = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const id = orderIds('weighted', candidates, null, draw)[0]!;
      first.set(id, (first.get(id) ?? 0) + 1);
    }
    for (const { id, weight } of candidates) {
      const share = weight / sum;
      expect(Math.abs((first.get(id) ?? 0) - share * rounds)).toBeLessThanOrEqual(about(share, rounds));
    }
  });

  test.each(weightings)('sticky spreads its sessions by %j', (...weights) => {
    const candidates = weighing(...weights);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const first = new Map<string, number>();
    for (let session = 0; session < rounds; session++) {
      const id = orderIds('sticky', candidates, `session ${session}`, () => 0.5)[0]!;
      first.set(id, (first.get(id) ?? 0) + 1);
    }
    for (const { id, weight } of candidates) {
      const share = weight / sum;
      expect(Math.abs((first.get(id) ?? 0) - share * rounds)).toBeLessThanOrEqual(about(share, rounds));
    }
  });

  test('who follows the first is dealt by the shares of those that are left', () => {
    const draw = seededDraw(4);
    const candidates = weighing(6, 3, 1);
    let [behindFirst, second] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const ids = orderIds('weighted', candidates, null, draw);
      if (ids[0] !== 't0') continue;
      behindFirst++;
      if (ids[1] === 't1') second++;
    }
    expect(Math.abs(second - 0.75 * behindFirst)).toBeLessThanOrEqual(about(0.75, behindFirst));
  });

  test('sharing anew does not depend on what a group is called: two keys of one session agree nowhere more than chance has it', () => {
    const candidates = weighing(1, 1, 1, 1);
    let same = 0;
    for (let session = 0; session < rounds; session++) {
      const [one, other] = [`a ${session}`, `b ${session}`].map((key) => orderIds('sticky', candidates, key, () => 0.5)[0]);
      if (one === other) same++;
    }
    expect(Math.abs(same - rounds / 4)).toBeLessThanOrEqual(about(0.25, rounds));
  });
});

describe('rendezvous', () => {
  const sessions = Array.from({ length: 4_000 }, (_, at) => `session ${at}`);
  const firsts = (candidates: readonly Facing[]): string[] => sessions.map((key) => orderIds('sticky', candidates, key, () => 0.5)[0]!);
  const five = weighing(1, 2, 3, 1, 1);

  test('one that comes takes its share, and nobody changes places with anybody else', () => {
    const [before, after] = [firsts(five), firsts([...five, facing('new', { weight: 2 })])];
    const moved = after.filter((id, at) => id !== before[at]);
    expect(new Set(moved)).toEqual(new Set(['new']));
    expect(Math.abs(moved.length - sessions.length * 0.2)).toBeLessThanOrEqual(about(0.2, sessions.length));
  });

  test.each([0, 1, 2, 3, 4])('number %i that goes moves its own sessions alone, to where they would have gone next', (gone) => {
    const left = five.filter((_, at) => at !== gone);
    for (const key of sessions) {
      const before = orderIds('sticky', five, key, () => 0.5);
      expect(orderIds('sticky', left, key, () => 0.5)).toEqual(before.filter((id) => id !== `t${gone}`));
    }
  });

  test('a weight that grows takes sessions and gives none, one that shrinks gives and takes none', () => {
    const heavier = five.map((one) => (one.id === 't1' ? { ...one, weight: 4 } : one));
    const [before, after] = [firsts(five), firsts(heavier)];
    expect(new Set(after.filter((id, at) => id !== before[at]))).toEqual(new Set(['t1']));
    expect(new Set(before.filter((id, at) => id === 't1' && after[at] !== 't1'))).toEqual(new Set());
    expect(after.filter((id) => id === 't1').length).toBeGreaterThan(before.filter((id) => id === 't1').length);
  });

  test('one at rest lends its sessions out and has them back: nobody else moves in between', () => {
    const resting = five.map((one) => (one.id === 't2' ? { ...one, isResting: true } : one));
    const [before, meanwhile] = [firsts(five), firsts(resting)];
    for (const [at, id] of before.entries())
      if (id === 't2') expect(meanwhile[at]).not.toBe('t2');
      else expect(meanwhile[at]).toBe(id);
    expect(firsts(five)).toEqual(before);
  });

  test('all weights times ten change nothing', () => {
    expect(firsts(five.map((one) => ({ ...one, weight: one.weight * 10 })))).toEqual(firsts(five));
  });

  test('ranks are positive and finite for whoever has a weight, for any text', () => {
    const draw = seededDraw(6);
    for (let round = 0; round < 5_000; round++) {
      const text = Array.from({ length: Math.floor(draw() * 20) }, () => String.fromCharCode(Math.floor(draw() * 0xffff))).join('');
      expect(drawOf(text)).toBeGreaterThan(0);
      expect(drawOf(text)).toBeLessThan(1);
      const rank = rankOf(text, 'target', 1);
      expect(Number.isFinite(rank) && rank > 0).toBe(true);
    }
  });

  test('a turn of a conversation keeps its target: what is said later is not part of the key', () => {
    const draw = seededDraw(7);
    for (let round = 0; round < 200; round++) {
      const messages = [
        { role: 'system', content: `Rules ${round}` },
        { role: 'user', content: [{ type: 'text', text: `Question ${round}` }] },
      ];
      const key = prefixOf(messages);
      for (let turn = 0; turn < 5; turn++) {
        messages.push({ role: draw() < 0.5 ? 'assistant' : 'user', content: `turn ${turn} ${draw()}` });
        expect(prefixOf(messages)).toBe(key);
      }
    }
    expect(prefixOf([null, undefined, 7, { role: 'user' }])).toBe(prefixOf([{}, {}, {}, { role: 'user' }]));
  });
});

describe('chance', () => {
  const three = [facing('a', { expectedMs: 1, costNanoUsd: 1 }), facing('b', { expectedMs: 2, costNanoUsd: 2 }), facing('c')];
  const drawnBy = (strategy: Strategy, stickyKey: string | null, exploration: number): number => {
    let drawn = 0;
    const draw = (): number => (drawn++, 0.9999);
    orderOf({ strategy, options: { ...still, exploration }, candidates: three, stickyKey, draw });
    return drawn;
  };

  test('decides nothing where the rule decides: the same question has the same answer', () => {
    for (const strategy of ['ordered', 'cheapest', 'least_busy', 'fastest', 'score'] as const) expect(drawnBy(strategy, null, 0)).toBe(0);
    expect(drawnBy('sticky', 'key', 0.5)).toBe(0);
    expect([drawnBy('sticky', null, 0), drawnBy('weighted', null, 0)]).toEqual([3, 3]);
  });

  test('explores only where something is learned', () => {
    const exploring = strategies.filter((strategy) => drawnBy(strategy, 'key', 0.5) > drawnBy(strategy, 'key', 0));
    expect(exploring.toSorted()).toEqual(['fastest', 'score']);
  });

  test('an exploration puts one forward and leaves the others as they were', () => {
    const candidates = [1, 2, 3, 4, 5].map((ms) => facing(`t${ms}`, { expectedMs: ms }));
    const draw = seededDraw(8);
    const seen = new Set<string>();
    for (let round = 0; round < 500; round++) {
      const options = { ...still, exploration: 1 };
      const ids = orderOf({ strategy: 'fastest', options, candidates, stickyKey: null, draw }).map(({ index }) => candidates[index]!.id);
      seen.add(ids[0]!);
      expect(ids.slice(1)).toEqual(['t1', 't2', 't3', 't4', 't5'].filter((id) => id !== ids[0]));
    }
    // Everybody but the best, which is asked anyway.
    expect([...seen].toSorted()).toEqual(['t2', 't3', 't4', 't5']);
  });

  test('nobody of weight nought is explored', () => {
    const candidates = [facing('best', { expectedMs: 1 }), facing('off', { expectedMs: 2, weight: 0 })];
    const draw = seededDraw(9);
    for (let round = 0; round < 200; round++) {
      const placed = orderOf({ strategy: 'fastest', options: { ...still, exploration: 1 }, candidates, stickyKey: null, draw });
      expect(placed[0]!.index).toBe(0);
    }
  });
});
