/** Streams of OpenAI's wire, read into chunks and scanned in passing (group E of the fault matrix). */
import { describe, expect, test } from 'vitest';
import type { ChatChunk } from '../../src/domain/chat.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { createStreamScanner, type StreamFacts } from '../../src/providers/openai/scan.ts';
import type { StreamEnd } from '../../src/providers/protocol.ts';
import { destination, event, faultOf, moment } from './kit.ts';

const to = destination('openai', 'asked');

const chunk = (delta: unknown, finish: string | null = null, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

function stream(...data: unknown[]): { chunks: ChatChunk[]; end: StreamEnd } {
  const reader = openai.streamReader(to, moment);
  const chunks = data.flatMap((one) => reader.push(event(one)));
  return { chunks, end: reader.end() };
}

describe('a stream', () => {
  test('ends well with [DONE], or with a finish for want of it, and with nothing else (E6)', () => {
    expect(stream(chunk({ content: 'a' }), chunk({}, 'stop'), '[DONE]').end.isComplete).toBe(true);
    expect(stream(chunk({ content: 'a' }), chunk({}, 'stop')).end.isComplete).toBe(true);
    expect(stream(chunk({ content: 'a' }), '[DONE]').end.isComplete).toBe(true);
    expect(stream(chunk({ content: 'a' })).end.isComplete).toBe(false);
    expect(stream().end.isComplete).toBe(false);
  });

  test('one of two choices that finished is not a finish', () => {
    const both = {
      id: 'c',
      choices: [
        { index: 0, delta: { content: 'a' } },
        { index: 1, delta: { content: 'b' } },
      ],
    };
    const first = { id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
    const second = { id: 'c', choices: [{ index: 1, delta: {}, finish_reason: 'length' }] };
    expect(stream(both, first).end.isComplete).toBe(false);
    expect(assemble(stream(both, first, second).chunks).choices.map((choice) => choice.finish_reason)).toEqual(['stop', 'length']);
  });

  test.each([
    ['an error event', event({ message: 'x' }, 'error'), 'invalid_response'],
    ['an error event with no JSON', event('overloaded', 'error'), 'invalid_response'],
    ['an error event with nothing', event('', 'error'), 'invalid_response'],
    ['an error in the data', event({ error: { message: 'x', code: 'server_error' } }), 'server_error'],
    ['an error with a status', event({ error: { message: 'x', code: 429 } }), 'rate_limited'],
    ['an error object', event({ object: 'error', message: 'maximum context length is 5', code: 400 }), 'context_length'],
    ['a finish that is an error', event(chunk({}, 'error')), 'invalid_response'],
  ])('%s ends it, first (E2) or in the middle (E7)', (_name, bad, fault) => {
    expect(faultOf(() => openai.streamReader(to, moment).push(bad))).toBe(fault);
    const reader = openai.streamReader(to, moment);
    reader.push(event(chunk({ content: 'a' })));
    expect(faultOf(() => reader.push(bad))).toBe(fault);
    expect(reader.end().isComplete).toBe(false);
    const scanner = createStreamScanner();
    scanner.push(event(chunk({ content: 'a' })));
    expect(scanner.push(bad)).toMatchObject({ kind: 'error', failure: { fault }, isComplete: false });
    expect(scanner.push(event(chunk({ content: 'b' })))).toMatchObject({ kind: 'late', contentChars: 1 });
  });

  test('one event that is no JSON is passed over, the second one ends it (E8)', () => {
    for (const broken of ['{"choices":[', '7', '"x"', '[1]', 'null']) {
      const reader = openai.streamReader(to, moment);
      expect(reader.push(event(broken))).toEqual([]);
      expect(reader.push(event(chunk({ content: 'a' })))).toHaveLength(1);
      expect(faultOf(() => reader.push(event(broken)))).toBe('invalid_response');
      const scanner = createStreamScanner();
      expect(scanner.push(event(broken))).toMatchObject({ kind: 'malformed', malformed: 1, failure: null });
      scanner.push(event(chunk({ content: 'a' })));
      expect(scanner.push(event(broken))).toMatchObject({ malformed: 2, failure: { fault: 'invalid_response' } });
    }
  });

  test('usage in several chunks: the last one, once, at the end (E15)', () => {
    const { chunks, end } = stream(
      chunk({ content: 'a' }, null, { usage }),
      chunk({}, 'stop', { usage: { ...usage, completion_tokens: 9, total_tokens: 12 } }),
      { choices: [], usage: null },
      '[DONE]',
    );
    expect(chunks.some((one) => 'usage' in one)).toBe(false);
    expect(end.chunks).toEqual([
      {
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [],
        usage: { ...usage, completion_tokens: 9, total_tokens: 12 },
      },
    ]);
    expect(stream(chunk({}, 'stop')).end.chunks).toEqual([]);
  });

  test('data after [DONE] is passed over (E16)', () => {
    expect(
      stream(chunk({ content: 'a' }, 'stop'), '[DONE]', chunk({ content: 'late' }), { error: { message: 'late' } }, '{').chunks,
    ).toHaveLength(1);
  });

  test('a second finish of one choice is none', () => {
    const { chunks } = stream(chunk({ content: 'a' }, 'stop'), chunk({}, 'stop'));
    expect(chunks.flatMap((one) => one.choices).filter((choice) => choice.finish_reason !== null)).toHaveLength(1);
  });

  test('the role comes once and first, also where the vendor leaves it out or repeats it', () => {
    const { chunks } = stream(chunk({ content: 'a' }), chunk({ role: 'assistant', content: 'b' }));
    expect(chunks.map((one) => one.choices[0]?.delta)).toEqual([{ role: 'assistant', content: 'a' }, { content: 'b' }]);
  });

  test('a choice without delta, an odd choice and an odd call break nothing', () => {
    const { chunks } = stream(
      { choices: [{ index: 0 }] },
      { choices: ['odd'] },
      chunk({ tool_calls: ['odd', null] }),
      chunk({ content: 'x' }, 'stop'),
    );
    expect(assemble(chunks).choices[0]?.message.content).toBe('x');
  });

  test('reasoning by its other name, and parts of content, are read', () => {
    const { chunks } = stream(
      chunk({ reasoning: 'hm' }),
      chunk({
        content: [
          { type: 'thinking', thinking: [{ text: '!' }] },
          { type: 'text', text: 'a' },
        ],
      }),
      chunk({}, 'stop'),
    );
    expect(assemble(chunks).choices[0]?.message).toMatchObject({ content: 'a', reasoning_content: 'hm!' });
  });

  test("the head is one for the whole answer, whatever the vendor's clock and names do", () => {
    const { chunks } = stream(
      { id: '', model: '', choices: [] },
      { ...chunk({ content: 'a' }), created: 5 },
      { ...chunk({}, 'stop'), created: 9, id: 'other' },
    );
    expect(chunks.map(({ id, created, model }) => [id, created, model])).toEqual([
      ['c', 5, 'm'],
      ['c', 5, 'm'],
    ]);
    const bare = stream({ choices: [{ delta: { content: 'a' } }] });
    expect(bare.chunks[0]).toMatchObject({ id: moment.id, created: moment.createdS, model: 'asked' });
  });
});

describe('streamed calls (E17)', () => {
  const calls = (...pieces: Record<string, unknown>[]): unknown => {
    const { chunks } = stream(...pieces.map((piece) => chunk({ tool_calls: [piece] })), chunk({}, 'tool_calls'));
    return assemble(chunks).choices[0]?.message.tool_calls?.map((call) => [call.id, call.function.name, call.function.arguments]);
  };
  const fn = (name: string | undefined, args: string): unknown => ({ ...(name !== undefined && { name }), arguments: args });

  test.each([
    [
      'split in the middle of their JSON',
      [
        { index: 0, id: 'a', function: fn('f', '') },
        { index: 0, function: fn(undefined, '{"x') },
        { index: 0, function: fn(undefined, '":1}') },
      ],
      [['a', 'f', '{"x":1}']],
    ],
    [
      'numbered with gaps',
      [
        { index: 3, id: 'a', function: fn('f', '{}') },
        { index: 7, id: 'b', function: fn('g', '{}') },
        { index: 3, function: fn(undefined, ' ') },
      ],
      [
        ['a', 'f', '{} '],
        ['b', 'g', '{}'],
      ],
    ],
    [
      'all numbered 0',
      [
        { index: 0, id: 'a', function: fn('f', '{}') },
        { index: 0, id: 'b', function: fn('g', '{}') },
      ],
      [
        ['a', 'f', '{}'],
        ['b', 'g', '{}'],
      ],
    ],
    [
      'not numbered',
      [{ id: 'a', function: fn('f', '{') }, { function: fn(undefined, '}') }, { id: 'b', function: fn('g', '{}') }],
      [
        ['a', 'f', '{}'],
        ['b', 'g', '{}'],
      ],
    ],
    [
      'with the id repeated',
      [
        { index: 0, id: 'a', function: fn('f', '{') },
        { index: 0, id: 'a', function: fn(undefined, '}') },
      ],
      [['a', 'f', '{}']],
    ],
    [
      'with one id for two numbers',
      [
        { index: 0, id: 'a', function: fn('f', '{}') },
        { index: 1, id: 'a', function: fn('g', '{}') },
      ],
      [
        ['a', 'f', '{}'],
        ['a', 'g', '{}'],
      ],
    ],
    [
      'with the id in a later piece',
      [
        { index: 0, function: fn('f', '') },
        { index: 0, id: 'a', function: fn(undefined, '{}') },
      ],
      [['a', 'f', '{}']],
    ],
    [
      'with an id and no number, repeated',
      [
        { id: 'a', function: fn('f', '{') },
        { id: 'a', function: fn(undefined, '}') },
      ],
      [['a', 'f', '{}']],
    ],
    ['with arguments as an object', [{ index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } }], [['a', 'f', '{"x":1}']]],
    ['with null arguments', [{ index: 0, id: 'a', function: { name: 'f', arguments: null } }], [['a', 'f', '']]],
  ])('%s', (_name, pieces, expected) => {
    expect(calls(...(pieces as Record<string, unknown>[]))).toEqual(expected);
  });
});

describe('the scanner', () => {
  const kinds = (...data: unknown[]): StreamFacts['kind'][] => {
    const scanner = createStreamScanner();
    return data.map((one) => scanner.push(event(one)).kind);
  };

  test.each([
    ['the role alone', chunk({ role: 'assistant', content: '' }), 'other'],
    ['text', chunk({ content: 'a' }), 'semantic'],
    ['parts', chunk({ content: [{ type: 'text', text: 'a' }] }), 'semantic'],
    ['reasoning', chunk({ reasoning_content: 'a' }), 'semantic'],
    ['reasoning by its other name', chunk({ reasoning: 'a' }), 'semantic'],
    ['a refusal', chunk({ refusal: 'a' }), 'semantic'],
    ['a call without arguments', chunk({ tool_calls: [{ index: 0, id: 'a' }] }), 'semantic'],
    ['an empty list of calls', chunk({ tool_calls: [] }), 'other'],
    ['an old call', chunk({ function_call: { name: 'f' } }), 'semantic'],
    ['sound', chunk({ audio: { data: 'x' } }), 'semantic'],
    ['a finish', chunk({}, 'stop'), 'semantic'],
    ['text of the older endpoint', { choices: [{ index: 0, text: 'a' }] }, 'semantic'],
    ['usage alone', { choices: [], usage }, 'usage'],
    ['usage that makes no sense, alone', { choices: [], usage: { prompt_tokens: -1 } }, 'usage'],
    ['a first event without choices', { choices: [], prompt_filter_results: [] }, 'other'],
    ['something else', { hello: 1 }, 'other'],
    ['nothing', '', 'empty'],
    ['the end', '[DONE]', 'done'],
    ['the end, with space', ' [DONE] ', 'done'],
  ])('%s', (_name, data, kind) => {
    expect(kinds(data)).toEqual([kind]);
  });

  test('says where the answer began, what it counted, and that later data is late', () => {
    const scanner = createStreamScanner();
    expect(scanner.push(event(chunk({ role: 'assistant' }))).isSemantic).toBe(false);
    scanner.push(
      event(chunk({ content: 'ab', reasoning_content: 'c', refusal: 'd', tool_calls: [{ function: { name: 'ef', arguments: 'g' } }] })),
    );
    scanner.push(event(chunk({}, 'stop', { usage })));
    scanner.push(event({ choices: [], usage: { ...usage, completion_tokens: 7, total_tokens: 10 } }));
    scanner.push(event({ choices: [], usage: { prompt_tokens: 'x' } }));
    scanner.push(event('[DONE]'));
    expect(scanner.push(event(chunk({ content: 'late' }))).kind).toBe('late');
    expect(scanner.facts).toMatchObject({
      isSemantic: true,
      contentChars: 7,
      finishReason: 'stop',
      usage: { tokensIn: 3, tokensOut: 7 },
      modelReported: 'm',
      isDone: true,
      isComplete: true,
    });
  });

  test('a finish makes up for a missing [DONE], text alone does not (E6)', () => {
    const scanner = createStreamScanner();
    expect(scanner.push(event(chunk({ content: 'a' }))).isComplete).toBe(false);
    expect(scanner.push(event(chunk({}, 'length')))).toMatchObject({ isComplete: true, isDone: false, finishReason: 'length' });
  });

  test('never throws, whatever comes', () => {
    const scanner = createStreamScanner();
    for (const odd of [
      { choices: [null, 7, { delta: 'x' }, { delta: { content: 7, tool_calls: 'x' } }] },
      { choices: 'x', usage: 'y', model: 7 },
      chunk({ content: [null, { thinking: [{ text: 'a' }] }] }),
    ]) {
      expect(scanner.push(event(odd)).failure).toBeNull();
    }
    expect(scanner.facts.contentChars).toBe(1);
  });
});
