/** What one event of a stream says in each wire: which texts go on, which stand whole, and what ends. */
import { describe, expect, test } from 'vitest';
import { calledTools, dropLikelihoods, readEvent } from '../../src/gateway/policy-events.ts';

type Body = Record<string, unknown>;
const deltasOf = (body: Body): string[] =>
  readEvent(body).deltas.map(({ strand, part, text, isJson }) => `${strand}${part ?? ''}${isJson ? ' json' : ''}: ${text}`);
const wholesOf = (body: Body): string[] => readEvent(body).wholes.map(({ text }) => text);
const chunk = (delta: Body, index = 0, finish: string | null = null): Body => ({
  id: 'x',
  choices: [{ index, delta, finish_reason: finish }],
});

describe('chunks of a conversation', () => {
  test.each([
    ['content', { content: 'a' }, ['c0/delta/content: a']],
    ['a refusal', { refusal: 'a' }, ['c0/delta/refusal: a']],
    ['reasoning under any name', { reasoning: 'a', reasoning_content: 'b' }, ['c0/delta/reasoning: a', 'c0/delta/reasoning_content: b']],
    ['nested reasoning', { reasoning_details: [{ type: 'text', index: 2, text: 'a' }] }, ['c0/delta/reasoning_details/2/text: a']],
    [
      'arguments of a call',
      { tool_calls: [{ index: 1, function: { arguments: '{' } }] },
      ['c0/delta/tool_calls/1/function/arguments json: {'],
    ],
    ['arguments of the old kind', { function_call: { arguments: '{' } }, ['c0/delta/function_call/arguments json: {']],
    ['a transcript of a sound', { audio: { id: 'a', data: 'UklGR', transcript: 'a' } }, ['c0/delta/audio/transcript: a']],
    [
      'names and roles',
      { role: 'assistant', tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }] },
      [],
    ],
    ['nothing', { content: '' }, []],
  ])('%s', (_, delta, expected) => {
    expect(deltasOf(chunk(delta))).toEqual(expected);
  });

  test('parts of a text go on as the text itself does', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'thinking', thinking: [{ type: 'text', text: 'b' }] },
      { type: 'text', text: 'c' },
    ];
    expect(deltasOf(chunk({ content: parts }))).toEqual(['c0/delta/content: a', 'c0/delta/content/1/thinking: b', 'c0/delta/content: c']);
  });

  test('each choice is told apart, by its index and not by its place', () => {
    expect(deltasOf(chunk({ content: 'a' }, 3))).toEqual(['c3/delta/content: a']);
  });

  test('the end of a choice ends all its texts', () => {
    expect(readEvent(chunk({}, 1, 'stop')).ends).toEqual(['c1/']);
    expect(readEvent(chunk({ content: 'a' })).ends).toEqual([]);
    expect(readEvent(chunk({ content: 'a' }, 1, '')).ends).toEqual([]);
  });

  test('a whole message in a stream stands whole', () => {
    expect(wholesOf({ choices: [{ index: 0, message: { content: 'a' } }] })).toEqual(['a']);
  });

  test('completions go on by their text', () => {
    expect(deltasOf({ choices: [{ index: 0, text: 'a' }] })).toEqual(['c0/text: a']);
  });

  test('usage alone says nothing', () => {
    expect(readEvent({ choices: [], usage: { total_tokens: 3 } })).toEqual({ deltas: [], wholes: [], ends: [] });
  });
});

describe('events of messages', () => {
  const delta = (part: Body): Body => ({ type: 'content_block_delta', index: 2, delta: part });

  test.each([
    ['text', { type: 'text_delta', text: 'a' }, ['said/b2/: a']],
    ['thoughts', { type: 'thinking_delta', thinking: 'a' }, ['b2/thinking: a']],
    ['arguments', { type: 'input_json_delta', partial_json: '{' }, ['b2/partial_json json: {']],
    ['proofs', { type: 'signature_delta', signature: 's' }, []],
  ])('%s', (_, part, expected) => {
    expect(deltasOf(delta(part))).toEqual(expected);
  });

  test('a source that is cited stands whole', () => {
    expect(wholesOf(delta({ type: 'citations_delta', citation: { type: 'x', cited_text: 'a' } }))).toEqual(['a']);
  });

  test('a block that begins with something says it whole, and its end ends its texts', () => {
    expect(
      wholesOf({ type: 'content_block_start', index: 0, content_block: { type: 'tool_result', content: [{ type: 'text', text: 'a' }] } }),
    ).toEqual(['a']);
    expect(readEvent({ type: 'content_block_stop', index: 2 })).toEqual({ deltas: [], wholes: [], ends: ['b2/'], endedPart: 'b2/' });
  });

  test('the head of a message is read too', () => {
    expect(wholesOf({ type: 'message_start', message: { id: 'm', content: [{ type: 'text', text: 'a' }] } })).toEqual(['a']);
  });
});

describe('lines of a server that runs its models', () => {
  test.each([
    ['text', { message: { role: 'assistant', content: 'a' }, done: false }, ['line/content: a']],
    ['thoughts before it', { message: { content: 'b', thinking: 'a' }, done: false }, ['line/content: b', 'line/thinking: a']],
    ['a prompt that goes on', { model: 'm', created_at: '2026-11-21T08:00:00Z', response: 'a', done: false }, ['line/response: a']],
    ['the last one', { message: { content: '' }, done: true, done_reason: 'stop' }, []],
  ])('%s', (_, body, expected) => {
    expect(deltasOf(body)).toEqual(expected);
    expect(readEvent(body).ends).toEqual(body.done ? ['line/'] : []);
  });

  test('what a tool is given stands whole', () => {
    const call = { id: 'c', function: { index: 0, name: 'f', arguments: { to: 'a' } } };
    expect(wholesOf({ message: { content: '', tool_calls: [call] }, done: false })).toEqual(['f', 'a']);
  });
});

describe('events of responses', () => {
  const at = { output_index: 1, content_index: 0 };

  test.each([
    ['text', { type: 'response.output_text.delta', ...at, delta: 'a' }, ['said/r1/0: a']],
    ['a refusal', { type: 'response.refusal.delta', ...at, delta: 'a' }, ['r1/response.refusal.delta/0/-: a']],
    [
      'a summary of thoughts',
      { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 2, delta: 'a' },
      ['r0/response.reasoning_summary_text.delta/-/2: a'],
    ],
    [
      'arguments',
      { type: 'response.function_call_arguments.delta', output_index: 1, delta: '{' },
      ['r1/response.function_call_arguments.delta/-/- json: {'],
    ],
    [
      'input of a tool of one text',
      { type: 'response.custom_tool_call_input.delta', output_index: 1, delta: 'a' },
      ['r1/response.custom_tool_call_input.delta/-/-: a'],
    ],
    ['sound', { type: 'response.audio.delta', delta: 'UklGR' }, []],
  ])('%s', (_, body, expected) => {
    expect(deltasOf(body)).toEqual(expected);
  });

  test.each([
    ['the text', { type: 'response.output_text.done', ...at, text: 'a' }, ['a']],
    ['the part', { type: 'response.content_part.done', ...at, part: { type: 'output_text', text: 'a' } }, ['a']],
    ['the item', { type: 'response.output_item.done', output_index: 1, item: { content: [{ text: 'a' }] } }, ['a']],
    ['the arguments', { type: 'response.function_call_arguments.done', output_index: 1, arguments: '{"x":"a"}' }, ['{"x":"a"}']],
  ])('what ends says all of %s once more, and ends its texts', (_, body, expected) => {
    expect(wholesOf(body)).toEqual(expected);
    expect(readEvent(body).ends).toEqual(['r1/']);
  });

  test('the last event holds the whole response', () => {
    expect(wholesOf({ type: 'response.completed', response: { instructions: 'x', output: [{ content: [{ text: 'a' }] }] } })).toEqual([
      'a',
    ]);
  });

  test('parts of a picture have no words', () => {
    expect(readEvent({ type: 'response.image_generation_call.partial_image', partial_image_b64: 'iVBOR' }).wholes).toEqual([]);
  });
});

test('an event of no known wire is read whole', () => {
  expect(wholesOf({ type: 'transcript.text.delta', delta: 'a' })).toEqual(['a']);
});

describe('likelihoods', () => {
  test.each([
    ['of a choice', { choices: [{ logprobs: { content: [{ token: 'a' }] } }] }, { choices: [{ logprobs: null }] }],
    ['of an event', { type: 'x', logprobs: [{ token: 'a' }] }, { type: 'x', logprobs: [] }],
    ['that are none', { choices: [{ logprobs: null }] }, { choices: [{ logprobs: null }] }],
    [
      'deep down',
      { response: { output: [{ content: [{ logprobs: [{ token: 'a' }] }] }] } },
      { response: { output: [{ content: [{ logprobs: [] }] }] } },
    ],
  ])('%s go', (_, body, left) => {
    dropLikelihoods(body);
    expect(body).toEqual(left);
  });
});

describe('tools that are called', () => {
  test.each([
    ['in a chunk', chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] }), ['f']],
    [
      'in a message',
      {
        choices: [
          { message: { tool_calls: [{ function: { name: 'f', arguments: '{}' } }, { function: { name: 'g', arguments: '{}' } }] } },
        ],
      },
      ['f', 'g'],
    ],
    ['in a block', { content_block: { type: 'tool_use', name: 'f', input: {} } }, ['f']],
    ['in an item', { item: { type: 'function_call', name: 'f', arguments: '' } }, ['f']],
    ['that are only offered', { response: { tools: [{ type: 'function', name: 'f', parameters: {} }] } }, []],
    ['by their arguments alone', chunk({ tool_calls: [{ index: 0, function: { arguments: '{' } }] }), []],
    ['in nothing', null, []],
  ])('%s', (_, body, names) => {
    expect(calledTools(body)).toEqual(names);
  });
});
