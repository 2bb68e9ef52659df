/** Calls at both of Google's addresses over the real way out: what is on the wire, and what the caller hears. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { UpstreamFailure } from '../../src/domain/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { callProvider } from '../../src/providers/call.ts';
import type { AnswerFacts, Call } from '../../src/providers/calling.ts';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { newEgress } from '../egress/wire.ts';
import { refusing, startFakeProvider, streaming, whole, type Answer, type FakeProvider } from '../support/fake-provider.ts';
import { requestOf, timeouts } from './call-kit.ts';
import { destination } from './kit.ts';

const secret = 'AIza-CANARY-9f3b1c7a5e2d8046';
const events = [
  { candidates: [{ content: { parts: [{ text: 'Hello ' }] }, index: 0 }], usageMetadata: { promptTokenCount: 3 } },
  {
    candidates: [{ content: { parts: [{ text: 'you.' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4, thoughtsTokenCount: 5 },
    modelVersion: 'gemini-x',
  },
];
const lines = events.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`);

interface Heard {
  text: string;
  end: string;
  facts: AnswerFacts;
  failure: UpstreamFailure | null;
  received: FakeProvider['received'][number];
}

async function call(path: string, body: ChatRequest, answer: Answer): Promise<Heard> {
  const fake = await startFakeProvider();
  onTestFinished(() => fake.close());
  fake.answer(answer);
  const asked: Call = {
    to: destination('gemini', 'gemini-2.5-flash', {}, `${fake.origin}${path}`),
    origin: fake.origin,
    trust: 'administrator',
    secret,
    customHeaders: {},
    request: requestOf({ messages: [{ role: 'user', content: 'hi' }], ...body }),
    timeouts,
    moment: { createdS: 1, id: 'chatcmpl-1' },
  };
  const { promise, resolve } = Promise.withResolvers<Omit<Heard, 'received'>>();
  let text = '';
  const end = (name: string, facts: AnswerFacts, failure: UpstreamFailure | null = null): void =>
    resolve({ text, end: name, facts: { ...facts }, failure });
  callProvider({ egress: newEgress(), clock: systemClock }, asked, {
    onWhole: (said, facts) => {
      text = String(said);
      end('whole', facts);
    },
    onPiece: (piece) => {
      text += String(piece);
      return true;
    },
    onStreamEnd: (facts) => end('stream', facts),
    onFailure: (failure, facts) => end('failure', facts, failure),
  });
  return { ...(await promise), received: fake.received[0]! };
}

describe('the native address', () => {
  test('a whole answer is asked for in the path, with the key in its header alone', async () => {
    const { received, text, facts, end } = await call('/v1beta', { model: 'x', temperature: 0.5 }, whole(JSON.stringify(events[1])));
    expect(received.path).toBe('/v1beta/models/gemini-2.5-flash:generateContent');
    expect(received.headers['x-goog-api-key']).toBe(secret);
    expect(received.headers['authorization']).toBeUndefined();
    expect(`${received.path} ${received.text}`).not.toContain('CANARY');
    expect(received.json).toEqual({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }], generationConfig: { temperature: 0.5 } });
    expect(end).toBe('whole');
    expect(JSON.parse(text)).toMatchObject({
      object: 'chat.completion',
      model: 'gemini-x',
      choices: [{ message: { content: 'you.' }, finish_reason: 'stop' }],
    });
    expect(facts).toMatchObject({
      finishReason: 'stop',
      modelReported: 'gemini-x',
      usage: { tokensIn: 3, tokensOut: 9, tokensReasoning: 5 },
      changed: [],
    });
  });

  test('a stream is heard in chunks of the house', async () => {
    const { received, text, facts, end } = await call('/v1beta', { stream: true }, streaming(lines));
    expect(received.path).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
    expect(end).toBe('stream');
    const chunks = text
      .split('\n\n')
      .filter((one) => one !== '')
      .map((one) => JSON.parse(one.slice('data: '.length)) as { choices: { delta: { content?: string } }[] });
    expect(
      chunks
        .flatMap((one) => one.choices)
        .map((one) => one.delta.content ?? '')
        .join(''),
    ).toBe('Hello you.');
    expect(facts).toMatchObject({ finishReason: 'stop', usage: { tokensIn: 3, tokensOut: 9 }, contentChars: 10 });
  });

  test('a stream that ends without a reason has lost its line (E6)', async () => {
    const { failure, facts } = await call('/v1beta', { stream: true }, streaming(lines.slice(0, 1)));
    expect(failure?.fault).toBe('connection_lost');
    expect(facts.finishReason).toBeNull();
  });

  test("a 429 says how long to wait, and the key never comes back in the provider's words", async () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' }];
    const { failure } = await call(
      '/v1beta',
      {},
      refusing(429, { error: { code: 429, message: `no ${secret}`, status: 'RESOURCE_EXHAUSTED', details } }),
    );
    expect(failure).toMatchObject({ fault: 'rate_limited', retryAfterMs: 2_000, vendorMessage: 'no [secret]' });
  });
});

test('the OpenAI-compatible address goes on speaking its own wire', async () => {
  const { received, end } = await call('/v1beta/openai', { model: 'x', top_k: 5 }, whole());
  expect(received.path).toBe('/v1beta/openai/chat/completions');
  expect(received.headers['authorization']).toBe(`Bearer ${secret}`);
  expect(received.headers['x-goog-api-key']).toBeUndefined();
  expect(received.json).toMatchObject({ model: 'gemini-2.5-flash', messages: [{ role: 'user', content: 'hi' }] });
  expect(received.json).not.toHaveProperty('top_k');
  expect(end).toBe('whole');
});
