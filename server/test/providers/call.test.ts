/** One call at one provider over the real way out: what the reader makes of names that do not resolve, clocks that run out and lines that stay open. */
import { expect, describe, onTestFinished, test } from 'vitest';
import type { UpstreamFailure } from '../../src/domain/errors.ts';
import type { Egress } from '../../src/egress/egress.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { callProvider, timeoutsOf } from '../../src/providers/call.ts';
import type { AnswerFacts, Call, CallSink } from '../../src/providers/calling.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { newEgress, tableLookup } from '../egress/wire.ts';
import { requestOf, timeouts } from './call-kit.ts';
import { movingClock } from '../support/moving-clock.ts';
import { roomIn, turns, until } from '../support/wait.ts';
import {
  chunk,
  doneEvent,
  finishEvent,
  holding,
  holdingBetween,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  streamEvents,
  usageEvent,
  wholeBody,
  type FakeProvider,
} from '../support/fake-provider.ts';

const secret = 'sk-CANARY-9f3b1c7a5e2d8046';

async function provider(): Promise<FakeProvider> {
  const fake = await startFakeProvider();
  onTestFinished(() => fake.close());
  return fake;
}

const callTo = (origin: string, body: Record<string, unknown> = {}, more: Partial<Call> = {}): Call => ({
  to: { row: providerRow('openai')!, baseUrl: `${origin}/v1`, settings: {}, model: 'gpt-4o' },
  origin,
  trust: 'administrator',
  secret,
  customHeaders: {},
  request: { ...requestOf({ messages: [], ...body }), wantsUsage: false },
  timeouts,
  moment: { createdS: 1, id: 'chatcmpl-1' },
  ...more,
});

interface Heard {
  /** `whole`, `piece`, `end` and `failure`, in order. */
  events: string[];
  text: string;
  failure: UpstreamFailure | null;
  facts: AnswerFacts | null;
  exchange: ReturnType<typeof callProvider>;
  done: Promise<void>;
}

function start(egress: Egress, call: Call, options: { clock?: Clock; takes?: () => boolean } = {}): Heard {
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard = { events: [], text: '', failure: null, facts: null, done: promise } as unknown as Heard;
  const end = (name: string, facts: AnswerFacts): void => {
    heard.events.push(name);
    heard.facts = { ...facts };
    resolve();
  };
  const sink: CallSink = {
    onWhole(body, facts) {
      heard.text += String(body);
      end('whole', facts);
    },
    onPiece(piece) {
      if (heard.events.at(-1) !== 'piece') heard.events.push('piece');
      heard.text += String(piece);
      return options.takes?.() ?? true;
    },
    onStreamEnd: (facts) => end('end', facts),
    onFailure(failure, facts) {
      heard.failure = failure;
      end('failure', facts);
    },
  };
  heard.exchange = callProvider({ egress, clock: options.clock ?? systemClock }, call, sink);
  return heard;
}

async function finish(egress: Egress, call: Call, options: { clock?: Clock } = {}): Promise<Heard> {
  const heard = start(egress, call, options);
  await heard.done;
  return heard;
}

const begun = roleEvent + sse(chunk({ content: 'Once upon ' }));

describe('a way that leads nowhere', () => {
  test('a name that does not resolve is dns (A2)', async () => {
    const { failure, events } = await finish(newEgress({ lookup: tableLookup({}) }), callTo('http://nowhere.invalid:8080'));
    expect(failure?.fault).toBe('dns');
    expect(events).toEqual(['failure']);
  });

  test('a name that is never answered is a connection that timed out, in time (A3)', async () => {
    const clock = movingClock();
    const lookup = tableLookup({ 'slow.invalid': null });
    const heard = start(newEgress({ clock, lookup }), callTo('http://slow.invalid:8080'), { clock });
    await until(() => lookup.asked.length === 1);
    // Less than the headers may take.
    clock.move(5_000);
    await heard.done;
    expect(heard.failure?.fault).toBe('connect_timeout');
  });

  test('an address that the rules forbid is blocked, and no byte of the key leaves', async () => {
    const fake = await provider();
    const { failure } = await finish(newEgress(), callTo(fake.origin.replace('127.0.0.1', '10.0.0.1')));
    expect(failure?.fault).toBe('blocked');
    expect(fake.connections()).toBe(0);
  });

  test('a refused connection is unreachable, and the failure holds no address and no key', async () => {
    const fake = await provider();
    await fake.close();
    const { failure } = await finish(newEgress(), callTo(fake.origin));
    expect(failure?.fault).toBe('unreachable');
    expect(`${failure?.message} ${failure?.stack} ${JSON.stringify(failure)}`).not.toMatch(/127\.0\.0\.1|CANARY/);
  });
});

describe('clocks', () => {
  test.each([
    ['no headers', holding(plain), 'headers_timeout', {}],
    ['headers and no event', holdingBetween([], [doneEvent]), 'stalled', { stream: true }],
    ['words and then silence', holdingBetween([begun], [doneEvent]), 'stalled', { stream: true }],
  ] as const)('%s ends after the limit, and the provider is hung up on', async (_name, answer, fault, body) => {
    const fake = await provider();
    fake.answer(answer);
    const clock = movingClock();
    const heard = start(newEgress(), callTo(fake.origin, body), { clock });
    await until(() => fake.received.length === 1);
    // What it has said lies in a socket of this process, and is read before time passes.
    await turns();
    clock.move(59_000);
    expect(heard.failure).toBeNull();
    clock.move(1_000);
    await heard.done;
    expect(heard.failure?.fault).toBe(fault);
    await until(() => fake.received[0]!.abortedAtMs !== null);
    fake.release();
  });

  test('a stream that never stops ends at its total, however lively it is', async () => {
    const fake = await provider();
    const clock = movingClock();
    // Time passes between its words, never so much that it was silent too long.
    fake.answer(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let count = 0; count < 40 && !response.destroyed; count++) {
        response.write(sse(chunk({ content: 'word ' })));
        await turns();
        clock.move(30_000);
      }
    });
    const { failure, facts } = await finish(newEgress(), callTo(fake.origin, { stream: true }), { clock });
    expect(failure?.fault).toBe('total_timeout');
    expect(facts!.contentChars).toBeGreaterThan(10);
  });

  test('a stream whose words come in time lives longer than any single limit', async () => {
    const fake = await provider();
    const clock = movingClock();
    fake.answer(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents(['1 ', '2 ', '3 '])) {
        response.write(event);
        await turns();
        clock.move(event === doneEvent ? 0 : 40_000);
      }
      response.end();
    });
    const { events } = await finish(newEgress(), callTo(fake.origin, { stream: true }), { clock });
    expect(events).toEqual(['piece', 'end']);
  });

  test('an error status counts although its body hangs', async () => {
    const fake = await provider();
    fake.answer(
      ({ response }) => void response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' }).write('{"error":'),
    );
    const clock = movingClock();
    const heard = start(newEgress(), callTo(fake.origin), { clock });
    await until(() => fake.received.length === 1);
    await turns();
    clock.move(60_000);
    await heard.done;
    expect(heard.failure).toMatchObject({ fault: 'rate_limited', vendorStatus: 429, retryAfterMs: 7_000 });
  });

  test("a connection's own limits go before the house's, each where it is a number", () => {
    expect(timeoutsOf({}, timeouts)).toBe(timeouts);
    expect(timeoutsOf({ timeouts: { firstByteMs: 5, idleMs: 6, totalMs: 7 } }, timeouts)).toEqual({
      headersMs: 5,
      firstEventMs: 5,
      idleMs: 6,
      totalMs: 7,
    });
    for (const odd of [null, 'x', { firstByteMs: '5', idleMs: -1, totalMs: 0 }])
      expect(timeoutsOf({ timeouts: odd }, timeouts)).toEqual(timeouts);
  });
});

describe('after the last word', () => {
  test('the caller is not kept waiting for the line to close, and the line is used again', async () => {
    const fake = await provider();
    const egress = newEgress();
    for (let count = 0; count < 20; count++) {
      fake.answer(streaming());
      const { events } = await finish(egress, callTo(fake.origin, { stream: true }));
      expect(events).toEqual(['piece', 'end']);
      await until(() => fake.received.at(-1)!.isAnswered);
    }
    expect(fake.connections()).toBeLessThanOrEqual(2);
  });

  test('a line that stays open is hung up on after a second', async () => {
    const fake = await provider();
    fake.answer(async ({ response, held }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents().join(''));
      await held();
    });
    const clock = movingClock();
    const { events } = await finish(newEgress(), callTo(fake.origin, { stream: true }), { clock });
    expect(events).toEqual(['piece', 'end']);
    expect(fake.received[0]!.abortedAtMs).toBeNull();
    clock.move(1_000);
    await until(() => fake.received[0]!.abortedAtMs !== null);
    fake.release();
  });

  test('a provider that goes on talking is cut off, and nothing of it is heard', async () => {
    const fake = await provider();
    fake.answer(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents().join(''));
      for (let count = 0; count < 1_000 && !response.destroyed; count++)
        if (!response.write(sse(chunk({ content: 'AFTERWARDS'.repeat(100) })))) await roomIn(response);
    });
    const heard = await finish(newEgress(), callTo(fake.origin, { stream: true }));
    await until(() => fake.received[0]!.abortedAtMs !== null || fake.received[0]!.isAnswered);
    expect(heard.text).not.toContain('AFTERWARDS');
    expect(heard.events).toEqual(['piece', 'end']);
  });

  test('a finish without an end mark is waited for five seconds, then it is the end (E19)', async () => {
    const fake = await provider();
    fake.answer(holdingBetween([begun, finishEvent, usageEvent], [doneEvent]));
    const clock = movingClock();
    const heard = start(newEgress(), callTo(fake.origin, { stream: true }), { clock });
    await until(() => heard.text.includes('"finish_reason":"stop"'));
    expect(heard.events).toEqual(['piece']);
    clock.move(5_000);
    await heard.done;
    expect(heard.events).toEqual(['piece', 'end']);
    expect(heard.facts?.usage?.tokensOut).toBe(7);
    fake.release();
  });
});

describe('a caller who leaves', () => {
  test('is told as caller_gone once, and the provider is stopped', async () => {
    const fake = await provider();
    fake.answer(holdingBetween([begun], [doneEvent]));
    const heard = start(newEgress(), callTo(fake.origin, { stream: true }));
    await until(() => heard.events.length > 0);
    heard.exchange.abort();
    heard.exchange.abort();
    await heard.done;
    expect(heard.events).toEqual(['piece', 'failure']);
    expect(heard.failure?.fault).toBe('caller_gone');
    await until(() => fake.received[0]!.abortedAtMs !== null);
    fake.release();
  });

  test('after the end changes nothing', async () => {
    const fake = await provider();
    const heard = await finish(newEgress(), callTo(fake.origin));
    heard.exchange.abort();
    expect(heard.events).toEqual(['whole']);
  });
});

describe('a reader who pauses', () => {
  test('longer than the idle limit is no fault of the provider', async () => {
    const fake = await provider();
    fake.answer(holdingBetween([begun], [finishEvent, usageEvent, doneEvent]));
    let mayTake = false;
    const clock = movingClock();
    const heard = start(newEgress(), callTo(fake.origin, { stream: true }), { clock, takes: () => mayTake });
    await until(() => heard.events.length > 0);
    for (let time = 0; time < 3; time++) clock.move(60_000);
    expect(heard.failure).toBeNull();
    mayTake = true;
    fake.release();
    heard.exchange.resume();
    await heard.done;
    expect(heard.events).toEqual(['piece', 'end']);
  });
});

describe('what is too large', () => {
  test('a whole answer beyond its bound is cut off while it comes (D5)', async () => {
    const fake = await provider();
    fake.answer(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const piece = Buffer.alloc(1_048_576, 0x20);
      for (let count = 0; count < 200 && !response.destroyed; count++) if (!response.write(piece)) await roomIn(response);
      response.end('{}');
    });
    const { failure } = await finish(newEgress(), callTo(fake.origin));
    expect(failure?.fault).toBe('too_large');
    await until(() => fake.received[0]!.abortedAtMs !== null);
  });

  test('an error body is read so far as it says something', async () => {
    const fake = await provider();
    fake.answer(
      refusing(400, JSON.stringify({ error: { message: 'bad', type: 'invalid_request_error' }, padding: 'x'.repeat(5_000_000) })),
    );
    const { failure } = await finish(newEgress(), callTo(fake.origin));
    expect(failure).toMatchObject({ fault: 'bad_request', vendorStatus: 400 });
  });
});

describe('what a provider echoes', () => {
  test('its key, and the values of our own headers, are cut out of its words', async () => {
    const fake = await provider();
    const words = `Bad key ${secret} with gateway-token-77`;
    for (const body of [{ error: { message: words, type: 'invalid_request_error', code: 'invalid_api_key' } }, words]) {
      fake.answer(refusing(401, body));
      const { failure } = await finish(newEgress(), callTo(fake.origin, {}, { customHeaders: { 'x-extra': 'gateway-token-77' } }));
      expect(failure?.fault).toBe('auth');
      expect(failure?.vendorMessage).toBe('Bad key [secret] with [secret]');
    }
  });

  test('in a stream too', async () => {
    const fake = await provider();
    fake.answer(streaming([sse({ error: { message: `no: ${secret}`, type: 'server_error' } })]));
    const { failure } = await finish(newEgress(), callTo(fake.origin, { stream: true }));
    expect(failure?.vendorMessage).toBe('no: [secret]');
  });
});

describe('whole answers', () => {
  test('are handed over in their own bytes with what was learnt', async () => {
    const fake = await provider();
    const { text, facts } = await finish(newEgress(), callTo(fake.origin));
    expect(text).toBe(wholeBody());
    expect(facts).toMatchObject({
      finishReason: 'stop',
      modelReported: 'gpt-4o-2024-08-06',
      usage: { tokensIn: 11, tokensOut: 7, isEstimated: false },
      changed: [],
    });
  });
});
