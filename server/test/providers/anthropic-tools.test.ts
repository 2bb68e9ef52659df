/** Tools, the form of the answer, and everything else of a request in Anthropic's words. */
import { describe, expect, test } from 'vitest';
import { jsonInstruction } from '../../src/providers/anthropic/tools.ts';
import { jsonToolName } from '../../src/providers/anthropic/wire.ts';
import { hi, send, text } from './anthropic-kit.ts';

describe('tools', () => {
  const f = {
    type: 'function',
    function: { name: 'f', description: 'd', parameters: { properties: { a: { type: 'string' } } }, strict: true },
  };

  test("functions get their schema, Anthropic's own tools pass, and a grammar tool is dropped and told", () => {
    const own = { type: 'web_search_20250305', name: 'web_search', max_uses: 2 };
    const { body, changed } = send({
      tools: [f, { type: 'function', function: { name: 'g' } }, own, { type: 'custom', custom: { name: 'x' } }, 'odd'],
    });
    expect(body['tools']).toEqual([
      { name: 'f', description: 'd', input_schema: { type: 'object', properties: { a: { type: 'string' } } }, strict: true },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
      own,
    ]);
    expect(changed).toEqual(['tools.custom dropped']);
  });

  test.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'any' }],
    [
      { type: 'function', function: { name: 'f' } },
      { type: 'tool', name: 'f' },
    ],
    [
      { type: 'tool', name: 'f' },
      { type: 'tool', name: 'f' },
    ],
    [{ type: 'any' }, { type: 'any' }],
    [undefined, undefined],
    [7, undefined],
  ])('choice %j is %j', (choice, expected) => {
    expect(send({ tools: [f], tool_choice: choice }).body['tool_choice']).toEqual(expected);
  });

  test('one call at a time', () => {
    expect(send({ tools: [f], parallel_tool_calls: false }).body['tool_choice']).toEqual({ type: 'auto', disable_parallel_tool_use: true });
    expect(send({ tools: [f], parallel_tool_calls: false, tool_choice: 'required' }).body['tool_choice']).toEqual({
      type: 'any',
      disable_parallel_tool_use: true,
    });
    expect(send({ tools: [f], parallel_tool_calls: false, tool_choice: 'none' }).body['tool_choice']).toEqual({ type: 'none' });
    expect(send({ tools: [f], parallel_tool_calls: true }).body).not.toHaveProperty('tool_choice');
    expect(send({ parallel_tool_calls: false, tool_choice: 'auto' }).body).not.toHaveProperty('tool_choice');
  });

  test('allowed tools leave only those, and an unknown choice is dropped; both are told', () => {
    const g = { type: 'function', function: { name: 'g' } };
    const choice = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'g' } }] } };
    const { body, changed } = send({ tools: [f, g], tool_choice: choice });
    expect(body).toMatchObject({ tools: [{ name: 'g' }], tool_choice: { type: 'any' } });
    expect(changed).toEqual(['tool_choice.allowed_tools approximated tools']);
    expect(send({ tools: [f], tool_choice: { type: 'custom' } }).changed).toEqual(['tool_choice dropped']);
  });

  test('the older words are understood', () => {
    const { body, changed } = send({ functions: [{ name: 'f', parameters: {} }], function_call: { name: 'f' } });
    expect(body).toMatchObject({ tools: [{ name: 'f' }], tool_choice: { type: 'tool', name: 'f' } });
    expect(changed).toEqual(['functions renamed tools']);
  });
});

describe('the form of the answer', () => {
  const format = {
    type: 'json_schema',
    json_schema: { name: 'x', strict: true, schema: { properties: { a: { type: 'string' } }, additionalProperties: false } },
  };

  test('a schema is an output format where there is one', () => {
    const { body, changed } = send({ response_format: format, output_config: { effort: 'low' } });
    expect(body['output_config']).toEqual({ effort: 'low', format: { type: 'json_schema', schema: format.json_schema.schema } });
    expect(changed).toEqual(['response_format renamed output_config.format']);
  });

  test('and one forced tool where there is none', () => {
    const { body, changed } = send({ response_format: format, reasoning_effort: 'high', max_tokens: 9000 }, {}, 'claude-3-7-sonnet-latest');
    expect(body).toMatchObject({
      tools: [{ name: jsonToolName, input_schema: { type: 'object', ...format.json_schema.schema } }],
      tool_choice: { type: 'tool', name: jsonToolName, disable_parallel_tool_use: true },
    });
    expect(body).not.toHaveProperty('thinking');
    expect(changed).toEqual(['response_format approximated tools', 'reasoning_effort dropped']);
  });

  test("the caller's own tools are not taken away for it", () => {
    const { body, changed } = send(
      { response_format: format, tools: [{ type: 'function', function: { name: 'f' } }] },
      {},
      'claude-3-7-sonnet-latest',
    );
    expect(body['tools']).toEqual([{ name: 'f', input_schema: { type: 'object', properties: {} } }]);
    expect(changed).toEqual(['response_format dropped']);
  });

  test('any JSON object is asked for in words; text is what everybody gets; the rest is told', () => {
    expect(send({ response_format: { type: 'json_object' }, messages: [{ role: 'system', content: 's' }, ...hi] })).toMatchObject({
      body: { system: `s\n\n${jsonInstruction}` },
      changed: ['response_format approximated system'],
    });
    expect(send({ response_format: { type: 'text' } }).changed).toEqual([]);
    for (const odd of [{ type: 'grammar' }, { type: 'json_schema' }])
      expect(send({ response_format: odd }).changed).toEqual(['response_format dropped']);
  });
});

describe('the rest', () => {
  test('what has no counterpart is dropped by name, and defaults without a word', () => {
    const { body, changed } = send({
      seed: 1,
      logprobs: true,
      top_logprobs: 2,
      n: 2,
      frequency_penalty: 0.5,
      presence_penalty: 0,
      logit_bias: { 1: 1 },
      store: false,
      prediction: {},
      modalities: ['text'],
      verbosity: 'low',
      brand_new: 1,
      nothing: null,
      stream_options: { include_usage: true },
      stream: true,
    });
    expect(body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: [text('hi')] }],
      stream: true,
    });
    expect(changed.toSorted()).toEqual(
      ['brand_new', 'frequency_penalty', 'logit_bias', 'logprobs', 'n', 'prediction', 'seed', 'top_logprobs', 'verbosity'].map(
        (name) => `${name} dropped`,
      ),
    );
    expect(send({ n: 1, logprobs: false }).changed).toEqual([]);
  });

  test('the user becomes metadata, and other metadata is told', () => {
    expect(send({ user: 'u' })).toMatchObject({ body: { metadata: { user_id: 'u' } }, changed: ['user renamed metadata.user_id'] });
    expect(send({ user: 'u', metadata: { user_id: 'v', team: 'x' } })).toMatchObject({
      body: { metadata: { user_id: 'v' } },
      changed: ['metadata dropped'],
    });
    expect(send({ metadata: { team: 'x' } }).body).not.toHaveProperty('metadata');
  });

  test('the tier passes where both know it', () => {
    expect(send({ service_tier: 'auto' })).toMatchObject({ body: { service_tier: 'auto' }, changed: [] });
    expect(send({ service_tier: 'flex' }).changed).toEqual(['service_tier dropped']);
  });
});
