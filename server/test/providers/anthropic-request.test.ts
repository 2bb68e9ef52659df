/** Limits, sampling, versions and thinking in Anthropic's words. */
import { describe, expect, test } from 'vitest';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import { maxTokensDefault } from '../../src/providers/anthropic/request.ts';
import { traitsOf } from '../../src/providers/claude-models.ts';
import { hi, send, text } from './anthropic-kit.ts';
import { destination } from './kit.ts';

describe('limits and sampling', () => {
  test.each([
    [{ max_tokens: 5 }, 'claude-sonnet-4-5', 5, []],
    [{ max_completion_tokens: 7 }, 'claude-sonnet-4-5', 7, ['max_completion_tokens renamed max_tokens']],
    [{}, 'claude-sonnet-4-5', 64_000, ['max_tokens added 64000']],
    [{ max_tokens: null }, 'claude-3-haiku-20240307', 4096, ['max_tokens added 4096']],
    [{}, 'some-claude', maxTokensDefault, [`max_tokens added ${maxTokensDefault}`]],
  ])('%j at %s is a limit of %s', (request, model, limit, changes) => {
    const { body, changed } = anthropic.toVendor({ messages: hi, ...request }, destination('anthropic', model));
    expect(body['max_tokens']).toBe(limit);
    expect(changed.map((change) => `${change.parameter} ${change.what} ${change.to}`)).toEqual(changes);
  });

  test("the connection's own limit and sampling fill in", () => {
    const { body } = anthropic.toVendor(
      { messages: hi },
      destination('anthropic', 'claude-sonnet-4-5', { maxTokens: 9, temperature: 0.5, topK: 3 }),
    );
    expect(body).toMatchObject({ max_tokens: 9, temperature: 0.5, top_k: 3 });
  });

  test('temperature goes to 1 at most, and moving it is told', () => {
    expect(send({ temperature: 1.7 })).toMatchObject({ body: { temperature: 1 }, changed: ['temperature clamped 1'] });
    expect(send({ temperature: 0.3 })).toMatchObject({ body: { temperature: 0.3 }, changed: [] });
  });

  test('temperature and top_p together: newer models take one of them', () => {
    expect(send({ temperature: 0.3, top_p: 0.9 }).changed).toEqual(['top_p dropped']);
    expect(send({ temperature: 0.3, top_p: 0.9 }, {}, 'claude-3-5-haiku-latest').body).toMatchObject({ temperature: 0.3, top_p: 0.9 });
    expect(send({ top_p: 0.9, top_k: 4 }).body).toMatchObject({ top_p: 0.9, top_k: 4 });
  });

  test('version 2026-10-21 takes no sampling at all, not even the default; each is told', () => {
    const { body, changed } = send({ temperature: 1, top_p: 0.9, top_k: 5 }, { anthropicVersion: '2026-10-21' });
    expect(body).toEqual({ model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: [text('hi')] }] });
    expect(changed.toSorted()).toEqual(['temperature dropped', 'top_k dropped', 'top_p dropped']);
  });

  test('models after 4.6 refuse sampling in the older version too, but for the default', () => {
    expect(send({ temperature: 0.3, top_k: 4, top_p: 0.5 }, {}, 'claude-opus-5').changed.toSorted()).toEqual([
      'temperature dropped',
      'top_k dropped',
      'top_p dropped',
    ]);
    expect(send({ temperature: 1, top_p: 1 }, {}, 'claude-opus-5').changed).toEqual([]);
  });

  test('the version travels as a header', () => {
    expect(anthropic.headers(destination('anthropic', 'm'))).toEqual({ 'anthropic-version': '2023-06-01' });
    expect(anthropic.headers(destination('anthropic', 'm', { anthropicVersion: '2026-10-21' }))).toEqual({
      'anthropic-version': '2026-10-21',
    });
    expect(anthropic.headers(destination('anthropic', 'm', { anthropicVersion: 'x\r\ny: z' }))).toEqual({
      'anthropic-version': '2023-06-01',
    });
    expect(anthropic.authHeaders(destination('anthropic', 'm'), 'sk-ant-1')).toEqual({ 'x-api-key': 'sk-ant-1' });
    expect(anthropic.authHeaders(destination('anthropic', 'm'), '')).toEqual({});
    expect(anthropic.chatPath(destination('anthropic', 'm'), true)).toBe('/v1/messages');
    expect(anthropic.modelsPath(destination('anthropic', 'm'))).toBe('/v1/models?limit=1000');
  });

  test('stop sequences: one or several, none of white space', () => {
    expect(send({ stop: 'END' }).body['stop_sequences']).toEqual(['END']);
    expect(send({ stop: ['a', '\n', 'b'] })).toMatchObject({ body: { stop_sequences: ['a', 'b'] }, changed: ['stop dropped'] });
    expect(send({ stop: null }).body).not.toHaveProperty('stop_sequences');
  });
});

describe('thinking', () => {
  test.each([
    [
      'claude-sonnet-4-5',
      'low',
      20_000,
      { type: 'enabled', budget_tokens: 2048 },
      ['reasoning_effort approximated thinking.budget_tokens=2048'],
    ],
    [
      'claude-sonnet-4-5',
      'high',
      20_000,
      { type: 'enabled', budget_tokens: 10_000 },
      ['reasoning_effort approximated thinking.budget_tokens=10000'],
    ],
    [
      'claude-sonnet-4-5',
      'minimal',
      1500,
      { type: 'enabled', budget_tokens: 1024 },
      ['reasoning_effort approximated thinking.budget_tokens=1024'],
    ],
    ['claude-sonnet-4-5', 'high', 1024, undefined, ['reasoning_effort dropped']],
    ['claude-sonnet-4-5', 'none', 5000, undefined, []],
    ['claude-sonnet-4-5', 'extreme', 5000, undefined, ['reasoning_effort dropped']],
    ['claude-sonnet-4-5', 5 as unknown as string, 5000, undefined, ['reasoning_effort dropped']],
    ['claude-3-5-sonnet-20240620', 'high', 5000, undefined, ['reasoning_effort dropped']],
    ['claude-opus-4-6', 'high', 100, { type: 'adaptive' }, ['reasoning_effort renamed output_config.effort=high']],
    ['claude-opus-4-6', 'xhigh', 100, { type: 'adaptive' }, ['reasoning_effort approximated output_config.effort=high']],
    ['claude-opus-5', 'xhigh', 100, { type: 'adaptive' }, ['reasoning_effort renamed output_config.effort=xhigh']],
    ['claude-opus-5', 'minimal', 100, { type: 'adaptive' }, ['reasoning_effort approximated output_config.effort=low']],
    ['claude-opus-5', 'none', 100, { type: 'disabled' }, []],
  ])('%s with effort %s and a limit of %s', (model, effort, limit, thinking, changes) => {
    const { body, changed } = send({ reasoning_effort: effort, max_tokens: limit }, {}, model);
    expect(body['thinking']).toEqual(thinking);
    expect(changed).toEqual(changes);
  });

  test('does not go with a forced tool or with sampling', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(send({ reasoning_effort: 'high', max_tokens: 9000, tools, tool_choice: 'required' }).changed).toEqual([
      'reasoning_effort dropped',
    ]);
    expect(send({ reasoning_effort: 'high', max_tokens: 9000, temperature: 0.2, top_k: 1 }).changed).toEqual([
      'reasoning_effort approximated thinking.budget_tokens=4500',
      'temperature dropped',
      'top_k dropped',
    ]);
  });

  test("a caller who says thinking in Anthropic's words is heard", () => {
    const { body, changed } = send({
      thinking: { type: 'enabled', budget_tokens: 2000 },
      reasoning_effort: 'low',
      output_config: { effort: 'low' },
      container: 'c',
      context_management: { edits: [] },
    });
    expect(body).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 2000 },
      output_config: { effort: 'low' },
      container: 'c',
      context_management: { edits: [] },
    });
    expect(changed).toEqual([]);
  });

  test.each([
    ['claude-2.1', { hasBudget: false, isAdaptive: false, hasOutputFormat: false }],
    ['claude-3-7-sonnet-latest', { hasBudget: true, isAdaptive: false, refusesBoth: false }],
    ['claude-sonnet-4-20250514', { hasBudget: true, refusesBoth: false, hasOutputFormat: false }],
    ['claude-opus-4-1', { refusesBoth: true, hasOutputFormat: true }],
    ['claude-haiku-4-5-20251001', { hasOutputFormat: true, isAdaptive: false }],
    ['anthropic/claude-opus-4.6', { isAdaptive: true, hasExtraEffort: false }],
    ['claude-fable-5-1', { isAdaptive: true, hasExtraEffort: true, refusesSampling: true }],
    ['house-model', { hasBudget: true, refusesSampling: false }],
  ])('%s is able to %j', (model, traits) => {
    expect(traitsOf(model)).toMatchObject(traits);
  });
});
