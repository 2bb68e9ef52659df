/** Anthropic's answers in the house's words, whole and streamed, and thoughts that come back in the next turn unharmed. */
import { describe, expect, test } from 'vitest';
import type { ChatChunk, ChatMessage } from '../../src/domain/chat.ts';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import { chatUsageOf } from '../../src/providers/anthropic/response.ts';
import { jsonToolName } from '../../src/providers/anthropic/wire.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { destination, event, faultOf, moment } from './kit.ts';

const to = destination('anthropic', 'claude-sonnet-4-5');
const whole = (body: unknown): ReturnType<typeof anthropic.fromVendor> => anthropic.fromVendor(body, to, moment);
const answer = (content: unknown, stop: unknown = 'end_turn', more = {}): unknown => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content,
  stop_reason: stop,
  usage: { input_tokens: 3, output_tokens: 2 },
  ...more,
});
const text = (said: string): unknown => ({ type: 'text', text: said });

const start = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    model: 'claude-x',
    usage: { input_tokens: 3, output_tokens: 1, cache_read_input_tokens: 5, cache_creation_input_tokens: 7 },
  },
};
const block = (index: number, content: unknown): unknown => ({ type: 'content_block_start', index, content_block: content });
const delta = (index: number, type: string, more: object): unknown => ({ type: 'content_block_delta', index, delta: { type, ...more } });
const close = (index: number): unknown => ({ type: 'content_block_stop', index });
const ending = (stop: unknown, usage: unknown = { output_tokens: 9 }, more = {}): unknown => ({
  type: 'message_delta',
  delta: { stop_reason: stop, ...more },
  usage,
});
const stop = { type: 'message_stop' };

function stream(...events: unknown[]): { chunks: ChatChunk[]; isComplete: boolean } {
  const reader = anthropic.streamReader(to, moment);
  const chunks = events.flatMap((one) => reader.push(event(one)));
  const end = reader.end();
  return { chunks: [...chunks, ...end.chunks], isComplete: end.isComplete };
}
const message = (...events: unknown[]): ChatMessage => {
  const said = assemble(stream(...events).chunks).choices[0]?.message;
  if (!said) throw new Error('the stream said nothing');
  return said;
};

describe('a whole answer', () => {
  test.each([[null], ['x'], [[]], [{}], [{ content: 'x' }], [{ type: 'message', content: null }]])('%j is no answer', (body) => {
    expect(faultOf(() => whole(body))).toBe('invalid_response');
  });

  test.each([
    ['overloaded_error', 'overloaded'],
    ['rate_limit_error', 'rate_limited'],
    ['authentication_error', 'auth'],
    ['permission_error', 'auth'],
    ['api_error', 'server_error'],
    ['timeout_error', 'request_timeout'],
    ['billing_error', 'quota_exhausted'],
  ])('%s in a success is %s', (type, fault) => {
    expect(faultOf(() => whole({ type: 'error', error: { type, message: 'x' } }))).toBe(fault);
  });

  test.each([
    ['end_turn', 'stop', undefined],
    ['max_tokens', 'length', undefined],
    ['stop_sequence', 'stop', { stop_reason: 'stop_sequence', stop_sequence: 'END' }],
    ['pause_turn', 'stop', { stop_reason: 'pause_turn', stop_sequence: 'END' }],
    ['model_context_window_exceeded', 'length', { stop_reason: 'model_context_window_exceeded', stop_sequence: 'END' }],
    ['brand_new', 'stop', { stop_reason: 'brand_new', stop_sequence: 'END' }],
    [null, null, undefined],
  ])('stop reason %s is %s', (reason, finish, patchbay) => {
    const choice = whole(answer([text('x')], reason, { stop_sequence: 'END' })).choices[0];
    expect(choice?.finish_reason).toBe(finish);
    expect(choice?.message.patchbay).toEqual(patchbay);
  });

  test("a refusal says so, with the provider's words or with ours", () => {
    const details = { type: 'refusal', category: 'cyber', explanation: 'Blocked.' };
    const choice = whole(answer([], 'refusal', { stop_details: details })).choices[0];
    expect(choice).toMatchObject({
      finish_reason: 'content_filter',
      message: { content: null, refusal: 'Blocked.', patchbay: { stop_reason: 'refusal', stop_details: details } },
    });
    expect(whole(answer([], 'refusal')).choices[0]?.message.refusal).toMatch(/declined/);
  });

  test('an answer without a block is the empty text', () => {
    expect(whole(answer([])).choices[0]?.message).toEqual({ role: 'assistant', content: '' });
  });

  test('an answer through the JSON tool is text again', () => {
    const choice = whole(answer([{ type: 'tool_use', id: 't', name: jsonToolName, input: { a: 1 } }], 'tool_use')).choices[0];
    expect(choice).toEqual({ index: 0, message: { role: 'assistant', content: '{"a":1}' }, finish_reason: 'stop' });
  });

  test('what is missing is filled in, and odd blocks are passed over', () => {
    expect(whole({ content: [null, 7, { no: 'type' }, text('x'), { type: 'tool_use' }], stop_reason: 'tool_use' })).toMatchObject({
      id: moment.id,
      model: 'claude-sonnet-4-5',
      created: moment.createdS,
      usage: null,
      choices: [
        { message: { content: 'x', tool_calls: [{ id: '', function: { name: '', arguments: '{}' } }] }, finish_reason: 'tool_calls' },
      ],
    });
  });

  test('a call by the model itself is said completely, one by a program is kept', () => {
    const call = (caller: unknown): unknown => ({ type: 'tool_use', id: 't', name: 'f', input: {}, caller, toolset_name: null });
    expect(whole(answer([call({ type: 'direct' })], 'tool_use')).choices[0]?.message.patchbay).toBeUndefined();
    const blocks = [call({ type: 'code_execution_20260120', tool_id: 'srvtoolu_1' })];
    expect(whole(answer(blocks, 'tool_use')).choices[0]?.message.patchbay).toEqual({ blocks });
  });

  test('unknown blocks, server tools and citations are kept beside the text', () => {
    const blocks = [
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'hologram', data: 1 },
      { type: 'text', text: 'x', citations: [{ url: 'u' }] },
    ];
    expect(whole(answer(blocks)).choices[0]?.message).toEqual({ role: 'assistant', content: 'x', patchbay: { blocks } });
    expect(whole(answer([{ type: 'text', text: 'x', citations: null }])).choices[0]?.message).toEqual({ role: 'assistant', content: 'x' });
  });
});

describe('usage', () => {
  test('prompt tokens are the total, cached ones included (R-172)', () => {
    expect(
      chatUsageOf({
        input_tokens: 3,
        output_tokens: 2,
        cache_read_input_tokens: 5,
        cache_creation_input_tokens: 7,
        output_tokens_details: { thinking_tokens: 1 },
      }),
    ).toEqual({
      prompt_tokens: 15,
      completion_tokens: 2,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 7 },
      completion_tokens_details: { reasoning_tokens: 1 },
    });
    expect(
      anthropic.usageOf(chatUsageOf({ input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 5, cache_creation_input_tokens: 7 })),
    ).toEqual({
      tokensIn: 15,
      tokensOut: 2,
      tokensCached: 5,
      tokensCacheWrite: 7,
      tokensReasoning: 0,
      isEstimated: false,
    });
  });
  test.each([
    [null],
    ['x'],
    [{ input_tokens: -1, output_tokens: 1 }],
    [{ input_tokens: 1.5, output_tokens: 1 }],
    [{ input_tokens: 1, output_tokens: 'x' }],
  ])('%j is no usage (D10)', (usage) => {
    expect(chatUsageOf(usage)).toBeNull();
  });
  test('of a stream is the last of each count, and null says nothing', () => {
    const { chunks } = stream(
      start,
      ending(null, { input_tokens: null, output_tokens: 4 }),
      ending('end_turn', { output_tokens: 9, cache_read_input_tokens: null }),
      stop,
    );
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 15, completion_tokens: 9 });
    expect(stream({ type: 'message_start', message: {} }, ending('end_turn', 'odd'), stop).chunks.some((chunk) => chunk.usage)).toBe(false);
  });
});

describe('a stream', () => {
  test('is complete with message_stop and with nothing else (E20)', () => {
    const events = [start, block(0, text('')), delta(0, 'text_delta', { text: 'x' }), close(0), ending('end_turn'), stop];
    for (let count = 0; count < events.length; count++) {
      const { chunks, isComplete } = stream(...events.slice(0, count));
      expect(isComplete).toBe(false);
      expect(chunks.flatMap((chunk) => chunk.choices).some((choice) => choice.finish_reason !== null)).toBe(false);
    }
    expect(stream(...events).isComplete).toBe(true);
    expect(stream({ type: 'ping' }, { type: 'ping' }).isComplete).toBe(false);
  });

  test.each([
    [event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'error'), 'overloaded'],
    [event({ type: 'error', error: { type: 'api_error', message: 'x' } }), 'server_error'],
    [event('not json', 'error'), 'invalid_response'],
    [event('', 'error'), 'invalid_response'],
  ])('an error event ends it: %j', (bad, fault) => {
    const reader = anthropic.streamReader(to, moment);
    reader.push(event(start));
    expect(faultOf(() => reader.push(bad))).toBe(fault);
    expect(reader.end().isComplete).toBe(false);
  });

  test('one event that is no JSON is passed over, the second one ends it (E8)', () => {
    const reader = anthropic.streamReader(to, moment);
    expect(reader.push(event('{"type":'))).toEqual([]);
    expect(reader.push(event(''))).toEqual([]);
    expect(reader.push(event(start))).toHaveLength(1);
    expect(faultOf(() => reader.push(event('7')))).toBe('invalid_response');
  });

  test('a call without a piece of input has the empty object, one with input at its start has that', () => {
    const said = message(
      start,
      block(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }),
      delta(0, 'input_json_delta', { partial_json: '' }),
      close(0),
      block(1, { type: 'tool_use', id: 'b', name: 'g', input: { x: 1 } }),
      close(1),
      ending('tool_use'),
      stop,
    );
    expect(said.tool_calls?.map((call) => call.function.arguments)).toEqual(['{}', '{"x":1}']);
    expect(said.content).toBeNull();
  });

  test('an answer through the JSON tool is streamed as text', () => {
    for (const pieces of [['{"a"', ':1}'], ['']]) {
      const { chunks } = stream(
        start,
        block(0, { type: 'tool_use', id: 'a', name: jsonToolName, input: pieces.length === 1 ? { a: 1 } : {} }),
        ...pieces.map((piece) => delta(0, 'input_json_delta', { partial_json: piece })),
        close(0),
        ending('tool_use'),
        stop,
      );
      expect(assemble(chunks).choices[0]).toMatchObject({ message: { content: '{"a":1}' }, finish_reason: 'stop' });
      expect(JSON.stringify(chunks)).not.toContain(jsonToolName);
    }
  });

  test('text and thought that stand in the start of their block are not lost', () => {
    expect(
      message(
        start,
        block(0, { type: 'thinking', thinking: 'hm', signature: '' }),
        close(0),
        block(1, text('a')),
        delta(1, 'text_delta', { text: 'b' }),
        close(1),
        ending('end_turn'),
        stop,
      ),
    ).toMatchObject({ content: 'ab', reasoning_content: 'hm' });
  });

  test('odd blocks and pieces break nothing', () => {
    const { chunks, isComplete } = stream(
      start,
      block(0, null),
      block(0, {}),
      delta(0, 'text_delta', { text: 'lost' }),
      delta(9, 'text_delta', {}),
      close(4),
      { type: 'content_block_delta', index: 'x' },
      block(1, text('')),
      delta(1, 'text_delta', { text: '' }),
      delta(1, 'thinking_delta', { thinking: '' }),
      delta(1, 'text_delta', { text: 'a' }),
      { type: 'content_block_delta', index: 1, delta: null },
      delta(1, 'input_json_delta', { partial_json: '{' }),
      close(1),
      { type: 'message_delta' },
      stop,
    );
    expect(isComplete).toBe(true);
    expect(assemble(chunks).choices[0]).toMatchObject({ message: { content: 'a' }, finish_reason: 'stop' });
  });

  test('a second message_start neither changes the head nor mixes up the blocks', () => {
    const { chunks } = stream(
      start,
      block(0, text('')),
      delta(0, 'text_delta', { text: 'a' }),
      { type: 'message_start', message: { id: 'msg_2', model: 'other', usage: { output_tokens: 2 } } },
      delta(0, 'text_delta', { text: 'lost' }),
      block(0, text('')),
      delta(0, 'text_delta', { text: 'b' }),
      ending('end_turn'),
      stop,
      ending('max_tokens'),
    );
    expect(new Set(chunks.map((chunk) => chunk.id))).toEqual(new Set(['msg_1']));
    expect(assemble(chunks).choices[0]).toMatchObject({ message: { content: 'ab' }, finish_reason: 'stop' });
  });

  test('a call without id, name, number or input, and blocks of a kind nobody knows, break nothing', () => {
    const said = message(
      start,
      { type: 'content_block_start', content_block: { type: 'tool_use' } },
      { type: 'content_block_stop' },
      block(1, { type: 'hologram' }),
      delta(1, 'input_json_delta', { partial_json: '{"broken' }),
      close(1),
      ending('tool_use'),
      stop,
    );
    expect(said.tool_calls).toEqual([{ id: '', type: 'function', function: { name: '', arguments: '{}' } }]);
    expect(said.patchbay?.blocks).toEqual([{ type: 'tool_use' }, { type: 'hologram', input: '{"broken' }]);
  });

  test("a stream without message_start has the house's own head", () => {
    expect(stream(block(0, text('a'))).chunks[0]).toMatchObject({ id: moment.id, model: 'claude-sonnet-4-5' });
  });
});

describe('thoughts come back in the next turn as they were', () => {
  const blocks = [
    { type: 'thinking', thinking: 'Six times seven.', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'ZGF0YQ==' },
    { type: 'text', text: 'I will look.', citations: [{ type: 'page_location', cited_text: 'x' }] },
    { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'q' } },
    { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
  ];
  const events = [
    start,
    block(0, { type: 'thinking', thinking: '', signature: '' }),
    delta(0, 'thinking_delta', { thinking: 'Six times ' }),
    delta(0, 'thinking_delta', { thinking: 'seven.' }),
    delta(0, 'signature_delta', { signature: 'c2ln' }),
    close(0),
    block(1, { type: 'redacted_thinking', data: 'ZGF0YQ==' }),
    close(1),
    block(2, { type: 'text', text: '', citations: [] }),
    delta(2, 'text_delta', { text: 'I will look.' }),
    delta(2, 'citations_delta', { citation: { type: 'page_location', cited_text: 'x' } }),
    close(2),
    block(3, { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }),
    delta(3, 'input_json_delta', { partial_json: '{"query":"q"}' }),
    close(3),
    block(4, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }),
    delta(4, 'input_json_delta', { partial_json: '{"a":1}' }),
    close(4),
    ending('tool_use'),
    stop,
  ];
  const next = (said: unknown): unknown[] => {
    const { body } = anthropic.toVendor(
      { max_tokens: 9, messages: [{ role: 'user', content: 'hi' }, said, { role: 'tool', tool_call_id: 'toolu_1', content: 'r' }] },
      to,
    );
    return (body['messages'] as { content: unknown[] }[])[1]?.content ?? [];
  };

  test('from a whole answer', () => {
    const said = whole(answer(blocks, 'tool_use')).choices[0]?.message;
    expect(said).toMatchObject({ content: 'I will look.', reasoning_content: 'Six times seven.', tool_calls: [{ id: 'toolu_1' }] });
    expect(next(said)).toEqual(blocks);
    // Also by way of a client that stores JSON.
    expect(next(JSON.parse(JSON.stringify(said)))).toEqual(blocks);
  });

  test('from a stream', () => {
    expect(next(message(...events))).toEqual(blocks);
  });

  test('of a message that was edited since, the thoughts are kept and the new words are sent', () => {
    const said = { ...message(...events), content: 'I looked.' };
    expect(next(said)).toEqual([blocks[0], blocks[1], text('I looked.'), blocks[4]]);
    const { changed } = anthropic.toVendor({ max_tokens: 9, messages: [said] }, to);
    expect(changed).toContainEqual({ parameter: 'messages.patchbay.blocks', what: 'approximated' });
  });

  test('blocks that are none, and empty texts among them, are left out', () => {
    const said = {
      role: 'assistant',
      content: 'x',
      patchbay: { blocks: [null, 'odd', { no: 'type' }, blocks[0], { type: 'text', text: '' }, text('x')] },
    };
    expect(next(said)).toEqual([blocks[0], text('x')]);
  });
});
