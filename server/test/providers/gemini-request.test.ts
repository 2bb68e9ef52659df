/** What a request of the house becomes on Google's wire, and what is said of everything that has no place there. */
import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { traitsOf } from '../../src/providers/gemini/wire.ts';
import { budgeted, current, old, send } from './gemini-kit.ts';
import { destination } from './kit.ts';

describe('where it goes and what it carries', () => {
  test.each([
    ['gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
    ['models/gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
    ['a/../b?key=x#y', '/v1beta/models/a%2F..%2Fb%3Fkey%3Dx%23y:generateContent'],
    ['x:countTokens', '/v1beta/models/x%3AcountTokens:generateContent'],
    ['modèle', '/v1beta/models/mod%C3%A8le:generateContent'],
  ])('the model %s is one segment of the path', (model, path) => {
    expect(gemini.chatPath(destination('gemini', model), false)).toBe(path);
  });

  test('a stream is asked for in the path, and the body says neither model nor stream', () => {
    expect(gemini.chatPath(destination('gemini', 'm'), true)).toBe('/v1beta/models/m:streamGenerateContent?alt=sse');
    expect(send({ model: 'm', stream: true, stream_options: { include_usage: true } })).toEqual({
      body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      config: {},
      changed: [],
    });
  });

  test('the key travels in its header and nowhere else', () => {
    const to = destination('gemini', 'm');
    expect(gemini.authHeaders(to, 'AIza-secret')).toEqual({ 'x-goog-api-key': 'AIza-secret' });
    expect(gemini.authHeaders(to, '')).toEqual({});
    expect(gemini.headers(to)).toEqual({});
    expect(gemini.modelsPath(to)).toBe('/v1beta/models?pageSize=1000');
  });

  test('an address of its own keeps its path', () => {
    const to = destination('gemini', 'm', {}, 'https://proxy.example/google/v1beta/');
    expect(gemini.chatPath(to, false)).toBe('/google/v1beta/models/m:generateContent');
    expect(gemini.modelsPath(to)).toBe('/google/v1beta/models?pageSize=1000');
  });
});

describe('the list of models', () => {
  test('only those that can hold a conversation are named; one that does not say stays', () => {
    const models = [
      {
        name: 'models/gemini-2.5-pro',
        displayName: 'Gemini 2.5 Pro',
        inputTokenLimit: 10,
        supportedGenerationMethods: ['generateContent', 'countTokens'],
      },
      { name: 'models/gemini-embedding-001', supportedGenerationMethods: ['embedContent'] },
      { name: 'models/imagen-4', supportedGenerationMethods: ['predict'] },
      { name: 'models/silent' },
      null,
    ];
    expect(gemini.modelsOf({ models })).toEqual([{ id: 'gemini-2.5-pro', name: 'Gemini 2.5 Pro', contextWindow: 10 }, { id: 'silent' }]);
    expect(gemini.modelsOf({ data: [{ id: 'models/x' }] })).toEqual([{ id: 'x' }]);
    expect(gemini.modelsOf({})).toEqual([]);
  });
});

describe('sampling and limits', () => {
  test('everything that has a place is said in it, and nothing is reported', () => {
    const sent = send({
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      max_tokens: 100,
      n: 2,
      stop: ['END', 'STOP'],
      seed: 7,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      logprobs: true,
      top_logprobs: 3,
    });
    expect(sent.config).toEqual({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 100,
      candidateCount: 2,
      stopSequences: ['END', 'STOP'],
      seed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
      responseLogprobs: true,
      logprobs: 3,
    });
    expect(sent.changed).toEqual([]);
  });

  test('the newer name of the limit wins over the older one', () => {
    expect(send({ max_tokens: 5, max_completion_tokens: 9 }).config).toEqual({ maxOutputTokens: 9 });
  });

  test('what everybody gets is not asked for', () => {
    const asked = {
      n: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      logprobs: false,
      store: false,
      service_tier: 'auto',
      modalities: ['text'],
      user: null,
    };
    expect(send(asked)).toMatchObject({ config: {}, changed: [] });
  });

  test.each([
    [{ temperature: 3 }, current, { temperature: 2 }, 'temperature clamped 2'],
    [{ temperature: -1 }, current, { temperature: 0 }, 'temperature clamped 0'],
    [{ temperature: 1.5 }, 'gemini-pro', { temperature: 1 }, 'temperature clamped 1'],
    [{ n: 20 }, current, { candidateCount: 8 }, 'n clamped 8'],
    [{ logprobs: true, top_logprobs: 50 }, current, { responseLogprobs: true, logprobs: 20 }, 'top_logprobs clamped 20'],
    [{ top_logprobs: 2 }, current, {}, 'top_logprobs dropped'],
    [{ seed: 2 ** 40 }, current, {}, 'seed dropped'],
    [{ seed: 1.5 }, current, {}, 'seed dropped'],
    [{ stop: ['a', 'b', 'c', 'd', 'e', 'f'] }, current, { stopSequences: ['a', 'b', 'c', 'd', 'e'] }, 'stop dropped'],
    [{ stop: '' }, current, {}, 'stop dropped'],
  ] as const)('%j at %s is moved or left out, and that is said', (request, model, config, change) => {
    expect(send(structuredClone(request) as never, model)).toMatchObject({ config, changed: [change] });
  });

  test.each(['logit_bias', 'user', 'metadata', 'store', 'prediction', 'verbosity', 'web_search_options', 'brand_new'])(
    '%s has no place there, and that is said',
    (name) => {
      const sent = send({ [name]: { a: 1 } });
      expect(sent.changed).toEqual([`${name} dropped`]);
      expect(sent.body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
    },
  );

  test('a tier with a price of its own, sound as an answer and a limit beside ours are not asked for', () => {
    const sent = send({
      service_tier: 'priority',
      modalities: ['text', 'audio'],
      generationConfig: { maxOutputTokens: 9e9 },
      cached_content: 'cachedContents/x',
    });
    expect(sent.body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
    expect(sent.changed.toSorted()).toEqual([
      'cached_content dropped',
      'generationConfig dropped',
      'modalities dropped',
      'service_tier dropped',
    ]);
  });
});

describe("the connection's own settings (R-151, C-49)", () => {
  const safetySettings = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }];

  test('they stand where the caller is silent, and each is reported', () => {
    const sent = send({}, current, { temperature: 0.2, topK: 10, topP: 0.8, maxOutputTokens: 64, safetySettings });
    expect(sent.config).toEqual({ temperature: 0.2, topK: 10, topP: 0.8, maxOutputTokens: 64 });
    expect(sent.body['safetySettings']).toEqual(safetySettings);
    expect(sent.changed.toSorted()).toEqual([
      'max_tokens added',
      'safety_settings added',
      'temperature added',
      'top_k added',
      'top_p added',
    ]);
  });

  test('the caller wins', () => {
    const sent = send({ temperature: 1, max_completion_tokens: 5, safety_settings: [] }, current, {
      temperature: 0.2,
      maxOutputTokens: 64,
      safetySettings,
    });
    expect(sent.config).toEqual({ temperature: 1, maxOutputTokens: 5 });
    expect(sent.body['safetySettings']).toEqual([]);
    expect(sent.changed).toEqual([]);
  });

  test("Google's own words are taken, at the top or where its other wire has them; unknown ones are reported", () => {
    const google = { thinking_config: { thinking_budget: 5 }, safety_settings: safetySettings, cached_content: 'c' };
    const sent = send({ extra_body: { google, other: 1 }, media_resolution: 'MEDIA_RESOLUTION_LOW' });
    expect(sent.config).toEqual({ thinkingConfig: { thinking_budget: 5 }, mediaResolution: 'MEDIA_RESOLUTION_LOW' });
    expect(sent.body['safetySettings']).toEqual(safetySettings);
    expect(sent.changed).toEqual(['extra_body.google.cached_content dropped', 'extra_body.other dropped']);
  });
});

describe('thinking', () => {
  test.each([
    [current, 'minimal', { thinkingLevel: 'minimal', includeThoughts: true }, 'renamed thinkingConfig.thinkingLevel=minimal'],
    [current, 'high', { thinkingLevel: 'high', includeThoughts: true }, 'renamed thinkingConfig.thinkingLevel=high'],
    [current, 'xhigh', { thinkingLevel: 'high', includeThoughts: true }, 'approximated thinkingConfig.thinkingLevel=high'],
    [current, 'none', { thinkingLevel: 'minimal' }, 'approximated thinkingConfig.thinkingLevel=minimal'],
    ['gemini-3-pro-preview', 'medium', { thinkingLevel: 'high', includeThoughts: true }, 'approximated thinkingConfig.thinkingLevel=high'],
    ['gemini-3.1-pro-preview', 'medium', { thinkingLevel: 'medium', includeThoughts: true }, 'renamed thinkingConfig.thinkingLevel=medium'],
    ['gemini-3.1-pro-preview', 'minimal', { thinkingLevel: 'low', includeThoughts: true }, 'approximated thinkingConfig.thinkingLevel=low'],
    [budgeted, 'none', { thinkingBudget: 0 }, 'renamed thinkingConfig.thinkingBudget=0'],
    [budgeted, 'medium', { thinkingBudget: 8192, includeThoughts: true }, 'approximated thinkingConfig.thinkingBudget=8192'],
    [budgeted, 'xhigh', { thinkingBudget: 24_576, includeThoughts: true }, 'approximated thinkingConfig.thinkingBudget=24576'],
    ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }, 'approximated thinkingConfig.thinkingBudget=128'],
    ['gemini-2.5-pro', 'max', { thinkingBudget: 32_768, includeThoughts: true }, 'approximated thinkingConfig.thinkingBudget=32768'],
    ['gemini-2.5-flash-lite', 'low', { thinkingBudget: 1024, includeThoughts: true }, 'approximated thinkingConfig.thinkingBudget=1024'],
  ])('%s thinks %s', (model, effort, thinkingConfig, change) => {
    expect(send({ reasoning_effort: effort }, model)).toMatchObject({
      config: { thinkingConfig },
      changed: [`reasoning_effort ${change}`],
    });
  });

  test.each([
    [old, 'high'],
    ['gemma-3-27b-it', 'high'],
    [current, 'constructor'],
    [budgeted, 'constructor'],
    [current, 7],
  ])('%s cannot think %s, and that is said', (model, effort) => {
    expect(send({ reasoning_effort: effort }, model)).toMatchObject({ config: {}, changed: ['reasoning_effort dropped'] });
  });

  test('a model that cannot think does what none asks for', () => {
    expect(send({ reasoning_effort: 'none' }, old)).toMatchObject({ config: {}, changed: [] });
  });

  test("a caller's own words stay, and the effort beside them is reported", () => {
    const sent = send({ reasoning_effort: 'low', thinkingConfig: { thinkingBudget: -1 } }, budgeted);
    expect(sent).toMatchObject({ config: { thinkingConfig: { thinkingBudget: -1 } }, changed: ['reasoning_effort dropped'] });
  });
});

test.each([
  ['gemini-2.5-flash', 'budget', true, false],
  ['models/gemini-2.5-pro-preview-06-05', 'budget', true, false],
  ['gemini-3.8-flash', 'level', true, true],
  ['gemini-4-argon', 'level', true, true],
  ['gemini-flash-latest', 'level', true, true],
  ['gemini-exp-1206', 'level', true, true],
  ['gemini-live-2.5-flash-preview', 'budget', true, false],
  ['gemini-2.0-flash-lite', 'none', false, false],
  ['gemini-1.5-pro-002', 'none', false, false],
  ['gemini-pro-vision', 'none', false, false],
  ['gemma-7b-it', 'none', false, false],
])('%s is known by its name', (model, thinking, hasJsonSchema, isSigned) => {
  expect(traitsOf(model)).toMatchObject({ thinking: { kind: thinking }, hasJsonSchema, isSigned });
});

test('a connection at the OpenAI-compatible address never comes here', () => {
  expect(destination('gemini', 'm', {}, 'https://generativelanguage.googleapis.com/v1beta/openai').row.protocol).toBe('openai');
  expect(destination('gemini', 'm').row.protocol).toBe('gemini');
});
