/** Bedrock's answers over the real way out: binary messages cut anywhere, exceptions at every point, and what is made of them. */
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { describe, expect, test, vi } from 'vitest';
import { SseTooLarge } from '../../src/lib/sse.ts';
import { bedrock } from '../../src/providers/bedrock/protocol.ts';
import { awsMessages } from '../../src/providers/framing.ts';
import { hear, jsonAnswer, playVendor, textOf, type Heard, type Said } from './call-kit.ts';
import { destination, faultOf, moment } from './kit.ts';

const codec = new EventStreamCodec(toUtf8, fromUtf8);
const message = (headers: Record<string, string>, body: string): Uint8Array =>
  codec.encode({
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }])),
    body: fromUtf8(body),
  });
const event = (name: string, body: unknown): Uint8Array =>
  message({ ':message-type': 'event', ':event-type': name, ':content-type': 'application/json' }, JSON.stringify(body));
const exception = (name: string, text: string): Uint8Array =>
  message({ ':message-type': 'exception', ':exception-type': name }, JSON.stringify({ message: text }));

const said = (text: string): Uint8Array => event('contentBlockDelta', { contentBlockIndex: 0, delta: { text }, p: 'abc' });
const usage = { inputTokens: 5, outputTokens: 3, totalTokens: 108, cacheReadInputTokens: 90, cacheWriteInputTokens: 10 };
const whole = [
  event('messageStart', { role: 'assistant' }),
  said('Sela'),
  said('mat 🌞'),
  event('contentBlockStop', { contentBlockIndex: 0 }),
  event('messageStop', { stopReason: 'end_turn' }),
  event('metadata', { usage, metrics: { latencyMs: 1 } }),
];
const binary = { 'content-type': 'application/vnd.amazon.eventstream' };
const answer = {
  output: { message: { role: 'assistant', content: [{ text: 'Hello.' }] } },
  stopReason: 'end_turn',
  usage,
};

async function ask(
  reply: Said,
  body = {},
  secret = 'ABSKbearer-CANARY-1',
): Promise<Heard & { headers: Record<string, unknown>; path: string }> {
  const vendor = await playVendor(() => reply);
  const heard = await hear(destination('bedrock', 'amazon.nova-pro-v1:0', {}, vendor.origin), secret, body);
  return { ...heard, headers: vendor.seen[0]?.headers ?? {}, path: vendor.seen[0]?.path ?? '' };
}

describe('over the wire', () => {
  test('a whole answer comes back in the house language; cached tokens are part of the prompt', async () => {
    const heard = await ask(jsonAnswer(answer));
    expect(heard).toMatchObject({
      end: 'whole',
      path: '/model/amazon.nova-pro-v1%3A0/converse',
      headers: { authorization: 'Bearer ABSKbearer-CANARY-1' },
      facts: { usage: { tokensIn: 105, tokensOut: 3, tokensCached: 90, tokensCacheWrite: 10 }, finishReason: 'stop' },
    });
    expect(heard.answer?.choices[0]?.message.content).toBe('Hello.');
  });

  test.each([1, 3, 7, 50, 4096])('a stream in pieces of %i bytes says the same', async (size) => {
    const bytes = Buffer.concat(whole);
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
    const heard = await ask({ headers: binary, pieces }, { stream: true });
    expect(heard).toMatchObject({
      end: 'stream',
      path: '/model/amazon.nova-pro-v1%3A0/converse-stream',
      headers: { accept: 'application/vnd.amazon.eventstream' },
      facts: { usage: { tokensIn: 105 }, finishReason: 'stop' },
    });
    expect(textOf(heard.chunks)).toBe('Selamat 🌞');
  });

  test('pages that it names are told at their places, passages of documents stay beside it', async () => {
    const page = { title: 'A', location: { web: { url: 'https://example.com/a' } } };
    const passage = { title: 'Mine', location: { documentChar: { documentIndex: 0, start: 0, end: 3 } } };
    const cited = {
      citationsContent: { content: [{ text: 'So it' }, { text: ' is.' }], citations: [page, passage, { location: { web: {} } }] },
    };
    const content = [{ text: 'Hm. ' }, cited];
    const expected = [{ type: 'url_citation', url_citation: { start_index: 4, end_index: 13, url: 'https://example.com/a', title: 'A' } }];
    const heard = await ask(jsonAnswer({ ...answer, output: { message: { role: 'assistant', content } } }));
    expect(heard.answer?.choices[0]?.message).toMatchObject({
      content: 'Hm. So it is.',
      annotations: expected,
      patchbay: { parts: [cited] },
    });
    const delta = (contentBlockIndex: number, one: object): Uint8Array => event('contentBlockDelta', { contentBlockIndex, delta: one });
    for (const isEnded of [true, false]) {
      const pieces = [
        event('messageStart', { role: 'assistant' }),
        delta(0, { text: 'Hm. ' }),
        event('contentBlockStop', { contentBlockIndex: 0 }),
        delta(1, { citation: page }),
        delta(1, { text: 'So it' }),
        delta(1, { citation: passage }),
        delta(1, { text: ' is.' }),
        ...(isEnded ? [event('contentBlockStop', { contentBlockIndex: 1 })] : []),
        event('messageStop', { stopReason: 'end_turn' }),
      ];
      const { chunks } = await ask({ headers: binary, pieces }, { stream: true });
      expect(textOf(chunks)).toBe('Hm. So it is.');
      expect(chunks.flatMap(({ choices }) => choices.flatMap((choice) => choice.delta['annotations'] ?? []))).toEqual(expected);
    }
  });

  test('a stream that breaks off before its end is no answer; after it, the answer stands', async () => {
    for (const isBroken of [true, false]) {
      expect((await ask({ headers: binary, pieces: whole.slice(0, 3), isBroken }, { stream: true })).failure).toMatchObject({
        fault: 'connection_lost',
      });
      const late = await ask({ headers: binary, pieces: whole.slice(0, 5), isBroken }, { stream: true });
      expect([late.end, textOf(late.chunks)]).toEqual(['stream', 'Selamat 🌞']);
    }
  });

  test.each([
    ['throttlingException', 'rate_limited'],
    ['validationException', 'bad_request'],
    ['internalServerException', 'server_error'],
    ['modelStreamErrorException', 'server_error'],
    ['serviceUnavailableException', 'overloaded'],
    ['modelTimeoutException', 'request_timeout'],
    ['brandNewException', 'server_error'],
  ])('%s in a stream is %s, first or in the middle', async (name, fault) => {
    for (const before of [[], whole.slice(0, 3)]) {
      const heard = await ask({ headers: binary, pieces: [...before, exception(name, 'Too much.')] }, { stream: true });
      expect(heard.failure).toMatchObject({ fault, vendorMessage: 'Too much.' });
    }
  });

  test('an exception that says that the prompt is too long says so', async () => {
    const heard = await ask(
      { headers: binary, pieces: [exception('validationException', 'Input is too long for requested model.')] },
      { stream: true },
    );
    expect(heard.failure?.fault).toBe('context_length');
  });

  test.each([
    [403, 'The security token included in the request is invalid.', 'auth'],
    [403, "You don't have access to the model with the specified model ID.", 'model_not_found'],
    [400, 'The provided model identifier is invalid.', 'model_not_found'],
    [404, 'Could not resolve the foundation model from the model identifier.', 'model_not_found'],
    [400, "Invocation of model ID x with on-demand throughput isn't supported.", 'model_not_found'],
    [400, 'Malformed input request.', 'bad_request'],
    [429, 'Too many tokens, please wait before trying again.', 'rate_limited'],
    [424, 'The model failed.', 'server_error'],
    [408, 'Model timed out.', 'request_timeout'],
    [503, 'Service unavailable.', 'overloaded'],
  ])('%i %s', async (status, text, fault) => {
    expect((await ask(jsonAnswer({ message: text }, status), { stream: true })).failure).toMatchObject({ fault, vendorStatus: status });
    expect((await ask(jsonAnswer({ Message: text }, status))).failure).toMatchObject({ fault, vendorMessage: text });
  });
});

describe('binary messages', () => {
  const read = (bytes: Uint8Array): unknown => awsMessages.reader().push(bytes);

  test('a damaged message, an impossible length and one without end are refused', () => {
    const damaged = Buffer.from(whole[1]!);
    damaged[damaged.length - 6] = damaged[damaged.length - 6]! ^ 1;
    expect(faultOf(() => read(damaged))).toBe('invalid_response');
    expect(faultOf(() => read(Buffer.from([0, 0, 0, 3])))).toBe('invalid_response');
    expect(() => read(Buffer.from([0x7f, 0xff, 0xff, 0xff]))).toThrow(SseTooLarge);
  });

  test('an error without a body tells its message all the same', () => {
    const bytes = message({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'Gone.' }, '');
    expect(awsMessages.reader().push(bytes)).toEqual([{ event: 'exception:InternalError', data: '{"message":"Gone."}' }]);
  });

  test('a long message in tiny pieces costs no more than its length, and comes out whole', () => {
    const text = 'x'.repeat(900_000);
    const bytes = said(text);
    const reader = awsMessages.reader();
    // Watched, not replaced: what is joined again and again is what a sender of tiny pieces would have us pay for.
    const joins = vi.spyOn(Buffer, 'concat');
    const events = [];
    for (let from = 0; from < bytes.length; from += 512) events.push(...reader.push(bytes.subarray(from, from + 512)));
    const joinedBytes = joins.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
    joins.mockRestore();
    expect(events).toHaveLength(1);
    expect(events[0]!.data).toContain(text);
    expect(joinedBytes).toBeLessThan(bytes.length * 3);
  });

  test('half a message waits, and is dropped at the end', () => {
    const reader = awsMessages.reader();
    expect(reader.push(whole[1]!.subarray(0, 20))).toEqual([]);
    expect(reader.end()).toEqual([]);
  });

  test('random bytes end in a refusal or in nothing, and never otherwise', () => {
    let seed = 7;
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from({ length: 64 }, () => ((seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31), seed >> 16) & 255);
      try {
        expect(awsMessages.reader().push(bytes)).toEqual([]);
      } catch (error) {
        expect(
          error instanceof SseTooLarge ||
            faultOf(() => {
              throw error;
            }) === 'invalid_response',
        ).toBe(true);
      }
    }
  });
});

describe('answers', () => {
  const to = destination('bedrock', 'm');
  const from = (body: unknown) => bedrock.fromVendor(body, to, moment);

  test('that are none are classified', () => {
    for (const body of [null, 'x', [], {}, { output: {} }, { output: { message: { content: [] } } }, { ...answer, stopReason: '' }])
      expect(
        faultOf(() => from(body)),
        JSON.stringify(body),
      ).toBe('invalid_response');
  });

  test.each([
    ['end_turn', 'stop', undefined],
    ['stop_sequence', 'stop', 'stop_sequence'],
    ['max_tokens', 'length', undefined],
    ['model_context_window_exceeded', 'length', 'model_context_window_exceeded'],
    ['guardrail_intervened', 'content_filter', 'guardrail_intervened'],
    ['content_filtered', 'content_filter', 'content_filtered'],
    ['malformed_model_output', 'stop', 'malformed_model_output'],
    ['brand_new', 'stop', 'brand_new'],
  ])('%s is %s', (stopReason, finish, kept) => {
    const choice = from({ ...answer, stopReason }).choices[0];
    expect([choice?.finish_reason, choice?.message.patchbay?.['stop_reason']]).toEqual([finish, kept]);
    expect(choice?.message.refusal === undefined).toBe(finish !== 'content_filter');
  });

  test("thoughts are kept in Claude's own words, so that either address can go on with them", () => {
    const content = [
      { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
      { reasoningContent: { redactedContent: 'cmVk' } },
      { text: 'x' },
      { toolUse: { toolUseId: 't', name: 'f', input: { a: 1 } } },
    ];
    const { message: kept } = from({ ...answer, output: { message: { content } }, stopReason: 'tool_use' }).choices[0]!;
    expect(kept.reasoning_content).toBe('Hm.');
    expect(kept.patchbay).toEqual({
      blocks: [
        { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'cmVk' },
        { type: 'text', text: 'x' },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
      ],
    });
    const { body } = bedrock.toVendor({ messages: [kept] }, destination('bedrock', 'anthropic.claude-sonnet-4'));
    expect(body['messages']).toEqual([{ role: 'assistant', content }]);
  });

  test('what the house has no word for is kept as it came', () => {
    const strange = { image: { format: 'png', source: { bytes: 'AA' } } };
    const { message: kept } = from({ ...answer, output: { message: { content: [{ text: 'x' }, strange] } } }).choices[0]!;
    expect([kept.content, kept.patchbay]).toEqual(['x', { parts: [strange] }]);
  });

  test('senseless counts are no usage', () => {
    for (const counts of [null, {}, { inputTokens: 1 }, { inputTokens: -1, outputTokens: 1 }, { inputTokens: 1.5, outputTokens: 1 }])
      expect(from({ ...answer, usage: counts }).usage, JSON.stringify(counts)).toBeNull();
  });
});
