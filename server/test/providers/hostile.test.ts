/** Bytes that nobody should send: whatever arrives is passed, refused or ignored, and never ends the process or hangs it (P27). */
import { describe, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { SseTooLarge } from '../../src/lib/sse.ts';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import type { AnswerFacts } from '../../src/providers/calling.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import type { Protocol } from '../../src/providers/protocol.ts';
import { PassedStream, TranslatedStream } from '../../src/providers/streams.ts';
import type { StreamTaker } from '../../src/providers/taker.ts';
import { chatWriter } from '../../src/providers/writer.ts';
import { chunk, finishEvent, roleEvent, sse, streamEvents, wholeBody } from '../support/fake-provider.ts';
import { seeded } from '../vault/parts.ts';

const noFacts = (): AnswerFacts => ({ usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] });
const moment = { createdS: 1, id: 'chatcmpl-1' };
const to = (provider: string) => ({ row: providerRow(provider)!, baseUrl: 'https://x/v1', settings: {}, model: 'm' });

const event = (value: { type: string } & Record<string, unknown>): string => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
const anthropicStream =
  event({ type: 'message_start', message: { id: 'm', model: 'claude', content: [], usage: { input_tokens: 9, output_tokens: 1 } } }) +
  event({ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } }) +
  event({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":' } }) +
  event({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'hi' } }) +
  event({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 4 } }) +
  event({ type: 'message_stop' });
const openaiStream =
  streamEvents().join('') +
  roleEvent +
  sse(chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{}' } }] })) +
  finishEvent;

/** Values that parsers stumble over, put where a value stood. */
const oddities = [
  'null',
  '-1',
  '1e999',
  '"\\ud800"',
  '[]',
  '{}',
  'true',
  '""',
  '{"__proto__":{"x":1}}',
  '[[[[[[]]]]]]',
  '9007199254740993',
  '"\\u0000"',
  'NaN',
  '',
];

function mutate(text: string, draw: () => number): Buffer {
  let mutated = text;
  for (let count = 0; count < 1 + draw() * 3; count++) {
    const kind = Math.floor(draw() * 5);
    const at = Math.floor(draw() * mutated.length);
    const length = Math.floor(draw() * 40);
    if (kind === 0) mutated = mutated.slice(0, at) + mutated.slice(at + length);
    else if (kind === 1) mutated = mutated.slice(0, at + length) + mutated.slice(at);
    else if (kind === 2) mutated = mutated.slice(0, at) + String.fromCharCode(Math.floor(draw() * 256)) + mutated.slice(at + 1);
    else if (kind === 3) mutated = mutated.slice(0, at) + oddities[Math.floor(draw() * oddities.length)]! + mutated.slice(at);
    else
      mutated = mutated.replace(/:("[^"]*"|\d+|\{[^{}]*\}|\[[^[\]]*\])/g, (whole) =>
        draw() < 0.1 ? `:${oddities[Math.floor(draw() * oddities.length)]!}` : whole,
      );
  }
  const bytes = Buffer.from(mutated);
  if (draw() < 0.2 && bytes.length > 0) bytes[Math.floor(draw() * bytes.length)] = Math.floor(draw() * 256);
  return bytes;
}

/** Feeds a stream in random pieces; what may be thrown is a failure of the provider and nothing else. */
function feed(stream: StreamTaker, bytes: Buffer, draw: () => number): 'complete' | 'truncated' | 'failed' {
  try {
    for (let at = 0; at < bytes.length;) {
      const size = 1 + Math.floor(draw() * 300);
      stream.push(bytes.subarray(at, at + size));
      at += size;
    }
    stream.end();
    if (stream.failure()) return 'failed';
    return stream.isComplete() ? 'complete' : 'truncated';
  } catch (error) {
    if (error instanceof UpstreamFailure || error instanceof SseTooLarge) return 'failed';
    throw error;
  }
}

describe('mutated streams', () => {
  const streams: readonly (readonly [string, string, (facts: AnswerFacts) => StreamTaker])[] = [
    ['passed on', openaiStream, (facts) => new PassedStream(facts, false)],
    [
      "translated from Anthropic's wire",
      anthropicStream,
      (facts) => new TranslatedStream(facts, anthropic.streamReader(to('anthropic'), moment), anthropic, chatWriter(true)),
    ],
    [
      "translated from the house's own",
      openaiStream,
      (facts) => new TranslatedStream(facts, openai.streamReader(to('openai'), moment), openai, chatWriter(true)),
    ],
  ];

  test.each(streams)('%s: 6,000 of them are each complete, truncated or failed, with facts that can be booked', (_name, text, open) => {
    const draw = seeded(77);
    const outcomes = { complete: 0, truncated: 0, failed: 0 };
    for (let round = 0; round < 6_000; round++) {
      const facts = noFacts();
      outcomes[feed(open(facts), mutate(text, draw), draw)]++;
      expect(Number.isSafeInteger(facts.contentChars)).toBe(true);
      if (facts.usage)
        for (const value of [facts.usage.tokensIn, facts.usage.tokensOut, facts.usage.tokensCached])
          expect(value >= 0 && Number.isSafeInteger(value)).toBe(true);
    }
    expect(outcomes.complete).toBeGreaterThan(100);
    expect(outcomes.failed).toBeGreaterThan(100);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('mutated whole answers', () => {
  const bodies: readonly (readonly [string, string, Protocol, string])[] = [
    ["of OpenAI's wire", wholeBody(), openai, 'openai'],
    [
      "of Anthropic's wire",
      JSON.stringify({
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'c',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
        ],
        stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 2 },
      }),
      anthropic,
      'anthropic',
    ],
  ];

  test.each(bodies)('%s: 6,000 of them are an answer or an honest failure', (_name, text, protocol, provider) => {
    const draw = seeded(78);
    const outcomes = { answered: 0, failed: 0 };
    for (let round = 0; round < 6_000; round++) {
      let body: unknown;
      try {
        body = JSON.parse(mutate(text, draw).toString('utf8'));
      } catch {
        body = undefined;
      }
      try {
        const response = protocol.fromVendor(body, to(provider), moment);
        outcomes.answered++;
        expect(response.choices.length).toBeGreaterThan(0);
        JSON.stringify(response);
        protocol.usageOf(response.usage);
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error;
        outcomes.failed++;
      }
    }
    expect(Math.min(outcomes.answered, outcomes.failed)).toBeGreaterThan(100);
  });

  test.each([openai, anthropic])('error bodies of every shape have a fault and a message of bounded length', (protocol) => {
    const draw = seeded(79);
    const base = JSON.stringify({
      error: { message: 'x'.repeat(50), type: 'server_error', code: 'c', details: [{ retryDelay: '5s', reason: 'R' }] },
    });
    for (let round = 0; round < 4_000; round++) {
      const text = mutate(base, draw).toString('utf8');
      let body: unknown = text;
      try {
        body = JSON.parse(text);
      } catch {
        // Not JSON: handed over as the text that it is.
      }
      const status = [200, 400, 401, 404, 429, 500, 503][Math.floor(draw() * 7)]!;
      const { fault, message } = protocol.errorOf(status, body);
      expect(fault).toMatch(/^[a-z_]+$/);
      expect((message ?? '').length).toBeLessThanOrEqual(500);
    }
  });
});
