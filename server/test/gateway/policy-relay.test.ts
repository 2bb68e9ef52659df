/** The relay under policies: each attempt is looked at afresh, nothing leaves before it was judged, and what cannot be judged does not leave. */
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/egress/egress.ts';
import { newJourney, type GatewayDeps, type Order, type Reply } from '../../src/gateway/order.ts';
import { AnswerGuard } from '../../src/gateway/policy-answer.ts';
import { Relay } from '../../src/gateway/relay.ts';
import type { ViolationFact } from '../../src/domain/policy.ts';
import { policyWith } from '../support/policy.ts';

const blocking = policyWith({ keywords: ['kestrel'] }, { action: 'block' });
const covering = policyWith({ personalData: ['email'] });
const judged = policyWith({}, { action: 'block', judge: { connectionId: 'c', model: 'm' } });
const sse = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const sentence = 'Here is one whole sentence that harms nobody at all. ';

interface Stage {
  relay: Relay;
  written: string[];
  wholes: string[];
  ends: number;
  aborts: number;
  amended: unknown[];
  kept: unknown;
}

function open(guard: () => AnswerGuard | null, mediaType: string | null = null): Stage {
  const stage = {
    written: [] as string[],
    wholes: [] as string[],
    ends: 0,
    aborts: 0,
    amended: [] as unknown[],
    kept: { text: 'ann@example.com' } as unknown,
  };
  const reply: Reply = {
    isGone: () => false,
    onGone: () => undefined,
    beginStream: () => undefined,
    write: (piece) => stage.written.push(piece.toString()) > 0,
    onDrain: () => undefined,
    drop: () => undefined,
    endStream: () => void stage.ends++,
    whole: (_headers, body) => void stage.wholes.push(body.toString()),
    fail: () => undefined,
    amend: (cover) => void stage.amended.push(cover(stage.kept)),
  };
  const timer = { cancel: () => undefined };
  const deps = {
    clock: { every: () => timer, after: () => timer },
    journal: { whenDurable: (_seq: number, run: () => void) => run() },
    keeper: { snapshot: { revision: 1 } },
    timeouts: { heartbeatMs: 1_000, readerMs: 1_000 },
    log: { error: () => undefined },
  } as unknown as GatewayDeps;
  const order = { request: { isStream: true } } as unknown as Order;
  const relay = new Relay(deps, order, { ...newJourney(), mediaType }, reply);
  relay.judgeBy(guard);
  relay.newAttempt();
  const exchange = { abort: () => void stage.aborts++, pause: () => undefined, resume: () => undefined } as unknown as Exchange;
  relay.attach(exchange, () => undefined);
  return Object.assign(stage, { relay });
}

const nobody = (): Promise<never> => Promise.reject(new Error('nobody judges here'));
const guardOf =
  (...policies: ReturnType<typeof policyWith>[]): (() => AnswerGuard) =>
  () =>
    new AnswerGuard(policies, nobody);
const judgedBy =
  (verdict: () => Promise<ViolationFact[]>): (() => AnswerGuard) =>
  () =>
    new AnswerGuard([judged], verdict);
const said: ViolationFact = { rule: 'judge', name: 'no', count: 1, excerpt: null };

describe('a stream', () => {
  test('is let go sentence by sentence, and the rest at its end', () => {
    const stage = open(guardOf(blocking));
    stage.relay.piece(sse(sentence), 1);
    expect(stage.written).toEqual([]);
    stage.relay.piece(sse(sentence.repeat(3)), 1);
    expect(stage.written).toHaveLength(1);
    let blocked: unknown = 'not heard';
    stage.relay.judgeEnd(1, (failure) => (blocked = failure));
    expect([blocked, stage.written.join('').includes(JSON.stringify(sentence.repeat(3)).slice(1, -1))]).toEqual([null, true]);
  });

  test('that is blocked stops its provider once, and says nothing more', () => {
    const stage = open(guardOf(blocking));
    stage.relay.piece(sse(`A kestrel. ${sentence.repeat(3)}`), 1);
    expect([stage.written, stage.aborts, stage.relay.blocked()?.fault]).toEqual([[], 1, 'policy_blocked']);
    stage.relay.piece(sse(sentence), 1);
    expect(stage.written).toEqual([]);
    let blocked: unknown = null;
    stage.relay.judgeEnd(1, (failure) => (blocked = failure));
    expect(blocked).toMatchObject({ fault: 'policy_blocked' });
  });

  test('that is blocked in its very last words is blocked all the same', () => {
    const stage = open(guardOf(blocking));
    stage.relay.piece(sse('A kestrel'), 1);
    expect(stage.relay.blocked()).toBeNull();
    let blocked: unknown = null;
    stage.relay.judgeEnd(1, (failure) => (blocked = failure));
    expect([blocked, stage.written]).toMatchObject([{ fault: 'policy_blocked' }, []]);
  });

  test('of another attempt begins without a word of the one before', () => {
    const stage = open(guardOf(blocking));
    stage.relay.piece(sse('A kes'), 1);
    stage.relay.newAttempt();
    stage.relay.piece(sse('trel. '), 2);
    let blocked: unknown = 'not heard';
    stage.relay.judgeEnd(2, (failure) => (blocked = failure));
    expect([blocked, stage.written.join('')]).toEqual([null, sse('trel. ')]);
  });

  test('of sound passes as it comes: there is nothing to read', () => {
    const stage = open(guardOf(blocking), 'audio/mpeg');
    stage.relay.piece('kestrel', 1);
    expect(stage.written).toEqual(['kestrel']);
  });

  test('that no policy reads passes as it comes', () => {
    const stage = open(() => null);
    stage.relay.piece(sse('A kestrel.'), 1);
    expect(stage.written).toEqual([sse('A kestrel.')]);
  });

  test('with an event that is too large to be judged goes nowhere', () => {
    const stage = open(guardOf(blocking));
    stage.relay.piece(`data: ${'x'.repeat(1_200_000)}\n\n`, 1);
    expect([stage.written, stage.aborts, stage.relay.blocked()?.fault]).toEqual([[], 1, 'policy_blocked']);
  });
});

describe('a whole answer', () => {
  const body = JSON.stringify({ choices: [{ message: { content: 'ann@example.com' } }] });

  test('is covered before it is said, and so is what the face keeps', () => {
    const stage = open(guardOf(covering));
    stage.relay.judgeWhole(body, (blocked, covered) => {
      expect(blocked).toBeNull();
      stage.relay.whole(covered, 1);
    });
    expect([stage.wholes.join(''), stage.amended]).toEqual([body.replace('ann@example.com', '[EMAIL]'), [{ text: '[EMAIL]' }]]);
  });

  test('that nobody covers keeps its bytes, and nothing is amended', () => {
    const stage = open(guardOf(blocking));
    stage.relay.judgeWhole(body, (_blocked, same) => stage.relay.whole(same, 1));
    expect([stage.wholes, stage.amended]).toEqual([[body], []]);
  });

  test('of bytes is not read', () => {
    const stage = open(guardOf(covering), 'audio/mpeg');
    let heard: unknown;
    stage.relay.judgeWhole('ann@example.com', (_blocked, same) => (heard = same));
    expect(heard).toBe('ann@example.com');
  });
});

describe('with a judge', () => {
  const ended = (stage: Stage): Promise<unknown> => new Promise((resolve) => stage.relay.judgeEnd(1, resolve));

  test('nothing leaves before the verdict, and everything after a good one', async () => {
    const stage = open(judgedBy(() => Promise.resolve([])));
    stage.relay.piece(sse(sentence.repeat(5)), 1);
    expect(stage.written).toEqual([]);
    expect(await ended(stage)).toBeNull();
    expect(stage.written.join('')).toBe(sse(sentence.repeat(5)));
  });

  test('nothing leaves after a bad one', async () => {
    const stage = open(judgedBy(() => Promise.resolve([said])));
    stage.relay.piece(sse(sentence), 1);
    expect(await ended(stage)).toMatchObject({ fault: 'policy_blocked' });
    expect(stage.written).toEqual([]);
  });

  test('that breaks down nothing leaves either', async () => {
    const stage = open(judgedBy(() => Promise.reject(new Error('broken'))));
    stage.relay.piece(sse(sentence), 1);
    expect(await ended(stage)).toMatchObject({ fault: 'policy_blocked' });
    expect(stage.written).toEqual([]);
  });

  test('a whole answer waits for it too', async () => {
    const stage = open(judgedBy(() => Promise.resolve([said])));
    const blocked = await new Promise((resolve) => stage.relay.judgeWhole('{"a":"b"}', resolve));
    expect(blocked).toMatchObject({ fault: 'policy_blocked' });
  });
});
