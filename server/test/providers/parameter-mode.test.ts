/** Strict, warn and drop: what a connection refuses before anything leaves, and in whose words. */
import { describe, expect, test } from 'vitest';
import { bodyOf } from '../../src/providers/call.ts';
import { inCallersWords } from '../../src/providers/callers-words.ts';
import { modeOf, unsaidAt } from '../../src/providers/parameter-mode.ts';
import { saysNothing } from '../../src/providers/unread-fields.ts';
import { destination } from './kit.ts';
import type { Body } from './parameter-draw.ts';
import { asked, plainBody, sent } from './parameter-kit.ts';

const strict = { parameterMode: 'strict' };
const claude = (settings: Body = strict) => destination('anthropic', 'claude-sonnet-4-5', settings);
const chat = (more: Body) => asked('chat', { ...plainBody.chat, ...more });
const messages = (more: Body) => asked('messages', { ...plainBody.messages, ...more });

test('a connection that says nothing, or nonsense, warns', () => {
  expect([{}, { parameterMode: 'sometimes' }, { parameterMode: 'warn' }, strict, { parameterMode: 'drop' }].map(modeOf)).toEqual([
    'warn',
    'warn',
    'warn',
    'strict',
    'drop',
  ]);
});

describe('strict', () => {
  test.each([
    ['dropped', { seed: 5 }, 'seed', 'is not supported'],
    ['clamped', { temperature: 2 }, 'temperature', 'out of the bounds'],
    ['approximated', { response_format: { type: 'json_object' } }, 'response_format', 'only be approximated'],
    ['unknown', { frobnicate: false }, 'frobnicate', 'is not supported'],
  ])('refuses what is %s, and names it', (_what, more, param, words) => {
    const unsaid = unsaidAt({ to: claude(), request: chat(more) });
    expect(unsaid?.param).toBe(param);
    expect(unsaid?.message).toContain(words);
    expect(unsaid?.message).toContain(`"${param}"`);
  });

  test.each([[{}], [{ temperature: 0.5 }], [{ max_completion_tokens: 50 }], [{ user: 'u' }], [{ n: 1, logprobs: false, store: false }]])(
    'takes what is passed, renamed, or asks for what everybody gets: %o',
    (more) => {
      expect(unsaidAt({ to: claude(), request: chat(more) })).toBeNull();
    },
  );

  test('is not about what its owner has set', () => {
    expect(unsaidAt({ to: claude({ ...strict, temperature: 1.9, seed: 5 }), request: chat({}) })).toBeNull();
    expect(unsaidAt({ to: claude({ ...strict, seed: 5 }), request: chat({ logit_bias: { '1': 1 } }) })?.param).toBe('logit_bias');
  });

  test('holds at providers of the same wire for what their rows refuse', () => {
    const to = destination('deepseek', 'deepseek-chat', strict);
    expect(unsaidAt({ to, request: chat({ parallel_tool_calls: false }) })?.param).toBe('parallel_tool_calls');
    expect(unsaidAt({ to, request: chat({ frobnicate: 1 }) })).toBeNull();
  });

  test('names long and odd parameters safely', () => {
    const unsaid = unsaidAt({ to: claude(), request: chat({ [`x\n${'y'.repeat(300)}`]: 1 }) });
    expect(unsaid?.param).toHaveLength(100);
    expect(unsaid?.param.startsWith('x?y')).toBe(true);
  });
});

describe('others', () => {
  test('refuse nothing but a tool that runs elsewhere, and that only while nobody has said warn or drop', () => {
    const request = messages({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] });
    const to = (settings: Body) => destination('gemini', 'gemini-2.5-flash', settings);
    expect(unsaidAt({ to: to({}), request })).toEqual({ param: 'tools', message: expect.stringContaining('web_search') as string });
    for (const parameterMode of ['warn', 'drop']) expect(unsaidAt({ to: to({ parameterMode }), request })).toBeNull();
    expect(unsaidAt({ to: claude({}), request })).toBeNull();
    expect(unsaidAt({ to: to({}), request: messages({ container: 'c' }) })).toBeNull();
  });

  test.each([{}, { parameterMode: 'warn' }, { parameterMode: 'drop' }])('make no body only to look at it: %o', (settings) => {
    const request = { ...chat({ seed: 5 }), parsed: () => expect.unreachable() };
    expect(unsaidAt({ to: claude(settings), request })).toBeNull();
  });
});

describe('reports are in the words of the wire that a request came on', () => {
  const change = (parameter: string) => [{ parameter, what: 'dropped' as const }];

  test.each([
    ['messages', {}, 'stop', 'stop_sequences'],
    ['messages', {}, 'reasoning_effort', 'thinking'],
    ['messages', { output_config: { effort: 'low' } }, 'reasoning_effort', 'output_config.effort'],
    ['messages', {}, 'messages.cache_control', 'messages.cache_control'],
    ['responses', {}, 'max_tokens', 'max_output_tokens'],
    ['responses', {}, 'verbosity', 'text.verbosity'],
    ['chat', {}, 'stop', 'stop'],
  ] as const)('%s %o: %s is %s', (wire, more, house, theirs) => {
    expect(inCallersWords(change(house), asked(wire, { ...plainBody[wire], ...more }))).toEqual(change(theirs));
  });

  test('and names of objects are no words of a wire', () => {
    expect(inCallersWords(change('constructor'), messages({}))).toEqual(change('constructor'));
  });
});

describe('small losses that were silent', () => {
  test('FALSE is a word too where it is not what everybody gets', () => {
    expect(saysNothing('store', false)).toBe(true);
    expect(saysNothing('parallel_tool_calls', false)).toBe(false);
    expect(saysNothing('frobnicate', false)).toBe(false);
    expect(saysNothing('frobnicate', null)).toBe(true);
  });

  const lossOf = (wire: 'messages' | 'responses', more: Body): string[] =>
    sent(wire, { ...plainBody[wire], ...more }, destination('gemini', 'gemini-2.0-flash', { parameterMode: 'warn' })).changed.map(
      ({ parameter, what }) => `${parameter} ${what}`,
    );

  test('members of fields that the house says in part', () => {
    expect(lossOf('messages', { metadata: { user_id: 'u', team: 't' } })).toContain('metadata.team dropped');
    expect(lossOf('messages', { output_config: { tone: 'x' } })).toContain('output_config.tone dropped');
    expect(lossOf('messages', { thinking: { type: 'adaptive' } })).toContain('thinking dropped');
    expect(lossOf('responses', { reasoning: { summary: 'auto' } })).toContain('reasoning.summary approximated');
    expect(lossOf('responses', { text: { format: { type: 'odd' } } })).toContain('text.format dropped');
    expect(lossOf('responses', { stream: true, stream_options: { include_obfuscation: true } })).toContain(
      'stream_options.include_obfuscation dropped',
    );
    expect(lossOf('responses', { top_logprobs: 4 })).toContain('top_logprobs dropped');
  });

  test('a limit that a budget sets is said', () => {
    const capped = (wire: 'chat' | 'messages', more: Body, to = claude({})): unknown => {
      const request = { ...asked(wire, { ...plainBody[wire], ...more }), outputTokensMax: 77 };
      return bodyOf({ to, request }).changed.filter(({ what }) => what === 'added' || what === 'clamped');
    };
    expect(capped('chat', {})).toEqual([{ parameter: 'max_completion_tokens', what: 'added', to: '77' }]);
    expect(capped('chat', { max_tokens: 90 })).toEqual([{ parameter: 'max_tokens', what: 'clamped', to: '77' }]);
    expect(capped('messages', { max_tokens: 1_000 })).toEqual([{ parameter: 'max_tokens', what: 'clamped', to: '77' }]);
    expect(capped('messages', { max_tokens: 50 })).toEqual([]);
    expect(capped('chat', {}, destination('openai', 'gpt-4o', { wire: 'chat' }))).toEqual([
      { parameter: 'max_completion_tokens', what: 'added', to: '77' },
    ]);
  });
});
