/** The rules of routing one by one: order, needs, stickiness, breakers, budgets, measures, hedges. */
import { describe, expect, test } from 'vitest';
import { isOpen, isResting, newBreaker, noteFailure, noteSuccess } from '../../src/domain/breaker.ts';
import { countForHedge, mayHedge, newHedgeCount, newTimes, noteTime } from '../../src/domain/hedge.ts';
import { countRequest, countRetry, mayRepeat, newRetryBudget } from '../../src/domain/retry-budget.ts';
import { planNextAttempt, type FailedAttempt } from '../../src/domain/retry.ts';
import { backupsOf, groupDefaults, strategies, type Strategy } from '../../src/domain/routing-group.ts';
import { errorRateOf, expectedMsOf, halfLifeMs, measureAnswer, measureFault, newMeasures } from '../../src/domain/routing-measures.ts';
import { fitting, needsOf, unfitFor, type Abilities, type Needs } from '../../src/domain/routing-needs.ts';
import { orderOf, type Facing } from '../../src/domain/routing-order.ts';
import { mayAskAgain, newTargetState, noteAnswer, noteFault } from '../../src/domain/routing-state.ts';
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

function ids(
  strategy: Strategy,
  candidates: readonly Facing[],
  part: { stickyKey?: string; draw?: () => number; options?: typeof still } = {},
): string {
  const { stickyKey = null, draw = () => 0.5, options = still } = part;
  return orderOf({ strategy, options, candidates, stickyKey, draw })
    .map(({ index }) => candidates[index]!.id)
    .join(' ');
}

describe('the order of targets', () => {
  test.each([...strategies])('%s names everybody once, and those at rest behind the others', (strategy) => {
    const draw = seededDraw(3);
    for (let round = 0; round < 200; round++) {
      const candidates = Array.from({ length: 1 + Math.floor(draw() * 6) }, (_, at) =>
        facing(String(at), {
          weight: Math.floor(draw() * 4),
          isResting: draw() < 0.3,
          inFlight: Math.floor(draw() * 5),
          expectedMs: draw() < 0.4 ? null : draw() * 1_000,
          errorRate: draw() < 0.5 ? 0 : draw(),
          costNanoUsd: draw() < 0.3 ? null : Math.floor(draw() * 3) * 1_000,
        }),
      );
      const placed = orderOf({ strategy, options: { ...still, exploration: 0.5 }, candidates, stickyKey: null, draw });
      expect(placed.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(candidates.map((_, at) => at));
      const resting = placed.map(({ index }) => candidates[index]!.isResting);
      expect(resting).toEqual(resting.toSorted((a, b) => Number(a) - Number(b)));
    }
  });

  test('ordered keeps the order of the group', () => {
    expect(ids('ordered', [facing('a'), facing('b'), facing('c')])).toBe('a b c');
  });

  test('ordered goes past who is at rest, and asks all the same where all are', () => {
    expect(ids('ordered', [facing('a', { isResting: true }), facing('b')])).toBe('b a');
    expect(ids('ordered', [facing('a', { isResting: true }), facing('b', { isResting: true })])).toBe('a b');
  });

  test('weighted gives each its share of the first places, and nothing to a weight of none', () => {
    const candidates = [facing('a', { weight: 70 }), facing('b', { weight: 30 }), facing('c', { weight: 0 })];
    const draw = seededDraw(1);
    let first = 0;
    for (let count = 0; count < 10_000; count++) {
      const order = ids('weighted', candidates, { draw });
      if (order.startsWith('a')) first++;
      expect(order.endsWith('c')).toBe(true);
    }
    expect(first / 10_000).toBeCloseTo(0.7, 1);
  });

  test('least busy counts requests against the weight', () => {
    expect(ids('least_busy', [facing('a', { inFlight: 3 }), facing('b', { inFlight: 1 }), facing('c', { inFlight: 2 })])).toBe('b c a');
    expect(ids('least_busy', [facing('a', { inFlight: 3, weight: 10 }), facing('b', { inFlight: 1 })])).toBe('a b');
    expect(ids('least_busy', [facing('a'), facing('b')])).toBe('a b');
  });

  test('fastest tries who is unknown, and leaves who fails', () => {
    expect(ids('fastest', [facing('a', { expectedMs: 900 }), facing('b', { expectedMs: 300 })])).toBe('b a');
    expect(ids('fastest', [facing('a', { expectedMs: 900 }), facing('new')])).toBe('new a');
    expect(ids('fastest', [facing('a', { expectedMs: 900 }), facing('b', { expectedMs: 300, errorRate: 0.4 })])).toBe('a b');
  });

  test('cheapest puts an unknown price last', () => {
    expect(ids('cheapest', [facing('a'), facing('b', { costNanoUsd: 9 }), facing('c', { costNanoUsd: 2 })])).toBe('c b a');
  });

  test('the score weighs price and time, and a fault weighs more the more there are', () => {
    const cheap = facing('cheap', { costNanoUsd: 100, expectedMs: 2_000 });
    const fast = facing('fast', { costNanoUsd: 300, expectedMs: 500 });
    expect(ids('score', [cheap, fast], { options: { ...still, priceWeight: 5 } })).toBe('cheap fast');
    expect(ids('score', [cheap, fast], { options: { ...still, latencyWeight: 5 } })).toBe('fast cheap');
    expect(ids('score', [cheap, { ...fast, errorRate: 0.3 }], { options: { ...still, latencyWeight: 2 } })).toBe('cheap fast');
    const penalty = (errorRate: number): number =>
      orderOf({ strategy: 'score', options: still, candidates: [{ ...cheap, errorRate }], stickyKey: null, draw: () => 0.5 })[0]!.score!;
    expect(penalty(0.2) / penalty(0.1)).toBeCloseTo(penalty(0.1) / penalty(0), 6);
  });

  test('a free model beside dear ones is the cheapest, and no score is broken by it', () => {
    const free = facing('free', { costNanoUsd: 0, expectedMs: 500 });
    const dear = facing('dear', { costNanoUsd: 1_000_000, expectedMs: 500 });
    expect(ids('score', [dear, free])).toBe('free dear');
  });

  test('a small share goes to somebody else, to learn how they do; never to one at rest', () => {
    const candidates = [
      facing('best', { expectedMs: 100 }),
      facing('other', { expectedMs: 900 }),
      facing('ill', { expectedMs: 200, isResting: true }),
    ];
    const draw = seededDraw(5);
    let others = 0;
    for (let count = 0; count < 10_000; count++) {
      const order = ids('fastest', candidates, { draw, options: { ...still, exploration: 0.02 } });
      if (order.startsWith('other')) others++;
      expect(order.startsWith('ill')).toBe(false);
    }
    expect(others).toBeGreaterThan(120);
    expect(others).toBeLessThan(280);
  });
});

describe('what keeps requests together', () => {
  const five = ['a', 'b', 'c', 'd', 'e'].map((id) => facing(id));

  test('the same session goes to the same target, whatever the order of the group', () => {
    for (let session = 0; session < 100; session++) {
      const stickyKey = `session ${session}`;
      const first = ids('sticky', five, { stickyKey }).split(' ')[0];
      expect(ids('sticky', five.toReversed(), { stickyKey }).split(' ')[0]).toBe(first);
    }
  });

  test('a target that goes moves its own sessions alone', () => {
    let moved = 0;
    for (let session = 0; session < 2_000; session++) {
      const stickyKey = `session ${session}`;
      const before = ids('sticky', five, { stickyKey }).split(' ');
      const after = ids('sticky', five.slice(0, 4), { stickyKey }).split(' ');
      if (before[0] === 'e') moved++;
      else expect(after[0]).toBe(before[0]);
    }
    expect(moved / 2_000).toBeCloseTo(0.2, 1);
  });

  test('the draw of a text is even, and the same for the same text', () => {
    const slots = Array.from({ length: 10 }, () => 0);
    for (let count = 0; count < 10_000; count++) slots[Math.floor(drawOf(`text ${count}`) * 10)]!++;
    for (const slot of slots) expect(Math.abs(slot - 1_000)).toBeLessThan(150);
    expect(drawOf('one')).toBe(drawOf('one'));
    expect(rankOf('key', 'target', 0)).toBe(Infinity);
  });

  test('a prefix is the instructions and the first question, and not what followed', () => {
    const begin = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ];
    expect(prefixOf([...begin, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'More' }])).toBe(prefixOf(begin));
    expect(prefixOf([{ role: 'user', content: 'Bye' }])).not.toBe(prefixOf(begin));
    expect(prefixOf('nothing of the kind')).toBe('');
    expect(prefixOf([{ role: 'system', content: 'x'.repeat(100_000) }]).length).toBeLessThanOrEqual(4_000);
  });
});

describe('what a request needs', () => {
  const none: Needs = { tools: false, jsonSchema: false, input: [], tokensIn: null, region: null };
  const unknown: Abilities = { tools: null, structuredOutput: null, input: null, contextWindow: null, region: null };

  test('is read from its body', () => {
    const body = {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:' } },
          ],
        },
      ],
      tools: [{ type: 'function' }],
      response_format: { type: 'json_schema' },
    };
    expect(needsOf(body)).toEqual({ tools: true, jsonSchema: true, input: ['image'] });
    expect(needsOf({ messages: 'nonsense', tools: [], response_format: { type: 'text' } })).toEqual({
      tools: false,
      jsonSchema: false,
      input: [],
    });
  });

  test('leaves out who is known not to have it, and nobody of whom nothing is known', () => {
    expect(unfitFor({ ...none, tools: true }, { ...unknown, tools: false })).toBe('no_tools');
    expect(unfitFor({ ...none, jsonSchema: true }, { ...unknown, structuredOutput: false })).toBe('no_json_schema');
    expect(unfitFor({ ...none, input: ['image'] }, { ...unknown, input: ['text'] })).toBe('no_such_input');
    expect(unfitFor({ ...none, tokensIn: 9_000 }, { ...unknown, contextWindow: 8_192 })).toBe('too_long');
    expect(unfitFor({ tools: true, jsonSchema: true, input: ['image'], tokensIn: 1e6, region: null }, unknown)).toBe(null);
  });

  test('a region that is asked for is kept, and unknown is no region', () => {
    expect(unfitFor({ ...none, region: 'EU' }, { ...unknown, region: 'eu' })).toBe(null);
    expect(unfitFor({ ...none, region: 'eu' }, { ...unknown, region: 'us' })).toBe('other_region');
    expect(unfitFor({ ...none, region: 'eu' }, unknown)).toBe('other_region');
  });

  test('an estimate of the length alone leaves nobody without a target', () => {
    const windows = (...sizes: number[]) =>
      fitting({ ...none, tokensIn: 50_000 }, sizes, (contextWindow) => ({ ...unknown, contextWindow }));
    expect(windows(8_000, 100_000)).toEqual({ fit: [100_000], unfit: [{ target: 8_000, why: 'too_long' }] });
    expect(windows(8_000, 16_000)).toEqual({ fit: [8_000, 16_000], unfit: [] });
  });
});

describe('a breaker', () => {
  test('opens after five failures in a row, longer each time up to a minute, and closes with the first success', () => {
    const breaker = newBreaker();
    for (let count = 1; count < 5; count++) expect(noteFailure(breaker, 'server_error', null, 0)).toBe(false);
    expect(noteFailure(breaker, 'server_error', null, 0)).toBe(true);
    expect([isOpen(breaker, 9_999), isOpen(breaker, 10_000)]).toEqual([true, false]);
    noteFailure(breaker, 'server_error', null, 10_000);
    expect(isOpen(breaker, 29_999)).toBe(true);
    for (let count = 0; count < 10; count++) noteFailure(breaker, 'server_error', null, 0);
    expect(isOpen(breaker, 60_000)).toBe(false);
    noteFailure(breaker, 'server_error', null, 60_000);
    expect(noteSuccess(breaker)).toBe(true);
    expect([isResting(breaker, 60_001), noteSuccess(breaker)]).toEqual([false, false]);
  });

  test('a limit cools without counting as a failure; faults of callers do nothing', () => {
    const breaker = newBreaker();
    for (let count = 0; count < 20; count++) noteFailure(breaker, 'bad_request', null, 0);
    expect(isResting(breaker, 0)).toBe(false);
    noteFailure(breaker, 'rate_limited', 700, 1_000);
    expect([isResting(breaker, 1_699), isResting(breaker, 1_700), isOpen(breaker, 1_001)]).toEqual([true, false, false]);
    expect(breaker.failures).toBe(0);
  });
});

describe('asking again', () => {
  test('is a fifth of the requests of ten seconds, and never less than ten', () => {
    const budget = newRetryBudget(0);
    const spend = (nowMs: number): number => {
      let count = 0;
      for (; mayRepeat(budget, nowMs) && count < 1_000; count++) countRetry(budget, nowMs);
      return count;
    };
    expect(spend(0)).toBe(10);
    for (let count = 0; count < 100; count++) countRequest(budget, 100);
    expect(spend(100)).toBe(10);
    expect(mayRepeat(budget, 9_999)).toBe(false);
    expect(mayRepeat(budget, 10_000)).toBe(true);
  });

  test('stops while the breaker is open: whoever is down is asked once by each', () => {
    const state = newTargetState(0);
    expect(mayAskAgain(state, 0)).toBe(true);
    for (let count = 0; count < 5; count++) noteFault(state, 'm', 'server_error', null, 0);
    expect(mayAskAgain(state, 1)).toBe(false);
    noteAnswer(state, 'm', null, 2);
    expect(mayAskAgain(state, 3)).toBe(true);
  });

  test('a prompt that is too long goes to a larger model, if one is left, and to nobody else', () => {
    const failed: FailedAttempt = {
      fault: 'context_length',
      contentSent: false,
      retryAfterMs: null,
      isReuseRace: false,
      attempts: 1,
      attemptsAtTarget: 1,
      racesForgiven: 0,
      hasOtherTarget: true,
      hasLargerTarget: true,
      budgetAllows: true,
      remainingMs: 1_000,
      draw: 0,
    };
    expect(planNextAttempt(failed)).toEqual({ kind: 'other' });
    expect(planNextAttempt({ ...failed, hasLargerTarget: false })).toEqual({ kind: 'stop' });
    expect(planNextAttempt({ ...failed, contentSent: true })).toEqual({ kind: 'stop' });
  });
});

describe('what is measured', () => {
  test('is a mean in which older answers count less, and that is forgotten in the end', () => {
    const measures = newMeasures();
    measureAnswer(measures, { firstByteMs: 1_000, totalMs: 2_000, tokensOut: 100 }, 0);
    expect(expectedMsOf(measures, 0)).toBe(1_000 + 10 * 200);
    measureAnswer(measures, { firstByteMs: 100, totalMs: 1_100, tokensOut: 100 }, halfLifeMs);
    expect(expectedMsOf(measures, halfLifeMs)).toBeCloseTo(400 + 10 * 200, 5);
    expect(expectedMsOf(measures, 20 * halfLifeMs)).toBe(null);
    expect(expectedMsOf(undefined, 0)).toBe(null);
  });

  test('an answer that came whole says how long it took, and nothing of its beginning', () => {
    const measures = newMeasures();
    measureAnswer(measures, { firstByteMs: null, totalMs: 3_000, tokensOut: 100 }, 0);
    expect(expectedMsOf(measures, 0)).toBe(30 * 200);
  });

  test('one fault is no rate of one, and many are nearly all', () => {
    const measures = newMeasures();
    measureFault(measures, 0);
    expect(errorRateOf(measures, 0)).toBeCloseTo(1 / 6, 6);
    for (let count = 0; count < 95; count++) measureFault(measures, 0);
    expect(errorRateOf(measures, 0)).toBeGreaterThan(0.9);
    expect(errorRateOf(measures, 40 * halfLifeMs)).toBeLessThan(0.01);
  });

  test('the faults of callers never count against a target', () => {
    const state = newTargetState(0);
    for (const fault of ['bad_request', 'caller_gone', 'auth', 'rate_limited', 'context_length'] as const)
      noteFault(state, 'm', fault, null, 0);
    expect(state.measures.size).toBe(0);
  });

  test('models beyond a hundred of one connection are not remembered apart', () => {
    const state = newTargetState(0);
    for (let count = 0; count < 500; count++) noteAnswer(state, `model ${count}`, { firstByteMs: 1, totalMs: 2, tokensOut: 1 }, 0);
    expect(state.measures.size).toBe(100);
  });
});

describe('a hedge', () => {
  test('waits for the 95th of a hundred times, once enough are known', () => {
    const times = newTimes();
    for (let count = 1; count < 20; count++) noteTime(times, count);
    expect(times.lateAfterMs).toBe(null);
    for (let count = 20; count <= 1_000; count++) noteTime(times, count);
    expect(times.ring.length).toBe(256);
    expect(times.lateAfterMs!).toBeGreaterThan(970);
    expect(times.lateAfterMs!).toBeLessThan(1_000);
  });

  test('is asked for no more than a twentieth of the requests, for no more than its money, and not at one that rests', () => {
    const count = newHedgeCount();
    const question = { count, costNanoUsdMax: 10, capNanoUsd: 10, isResting: false };
    expect(mayHedge(question)).toBe(false);
    for (let request = 0; request < 100; request++) countForHedge(count);
    for (let hedged = 0; hedged < 5; hedged++) {
      expect(mayHedge(question)).toBe(true);
      count.hedges++;
    }
    expect(mayHedge(question)).toBe(false);
    count.hedges = 0;
    expect(mayHedge({ ...question, costNanoUsdMax: 11 })).toBe(false);
    expect(mayHedge({ ...question, costNanoUsdMax: null })).toBe(false);
    expect(mayHedge({ ...question, isResting: true })).toBe(false);
  });

  test('its share is one of recent requests: old ones are halved, and the bound holds over all of them', () => {
    const count = newHedgeCount();
    let requests = 0;
    let hedges = 0;
    for (let round = 0; round < 50_000; round++) {
      countForHedge(count);
      requests++;
      if (!mayHedge({ count, costNanoUsdMax: 0, capNanoUsd: 0, isResting: false })) continue;
      count.hedges++;
      hedges++;
    }
    expect(hedges / requests).toBeLessThanOrEqual(0.05);
    expect(hedges / requests).toBeGreaterThan(0.049);
  });
});

describe('the backups in settings', () => {
  test('are read in their order, and what is none is passed over', () => {
    const settings = {
      backups: [{ connectionId: 'b', model: 'm' }, 'nonsense', null, { connectionId: 'c' }, { connectionId: 'd', model: '' }],
    };
    expect(backupsOf(settings)).toEqual([
      { connectionId: 'b', model: 'm' },
      { connectionId: 'c', model: null },
      { connectionId: 'd', model: null },
    ]);
    expect([backupsOf({}), backupsOf({ backups: 'b' })]).toEqual([[], []]);
    expect(backupsOf({ backups: Array.from({ length: 50 }, (_, at) => ({ connectionId: String(at) })) })).toHaveLength(5);
  });

  test('a group hedges nobody and explores little unless it says so', () => {
    expect(groupDefaults).toMatchObject({ hedgeMaxNanoUsd: null, exploration: 0.02, stickyBy: 'session' });
  });
});
