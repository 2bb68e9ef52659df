/** Requests on OpenAI's wire: what passes as it came, and what a provider or a model's family calls otherwise or refuses. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { catalog } from '../../src/providers/catalog.ts';
import { isLoss, requestDefaults, withDefaults } from '../../src/providers/defaults.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { isReasoningModel } from '../../src/providers/openai-families.ts';
import { destination } from './kit.ts';

const hi = [{ role: 'user', content: 'hi' }];
const send = (providerId: string, request: ChatRequest, settings = {}, model = 'm'): ReturnType<typeof openai.toVendor> =>
  openai.toVendor({ messages: hi, ...request }, destination(providerId, model, settings));
const said = (changed: readonly { parameter: string; what: string; to?: string }[]): string[] =>
  changed.map((change) => `${change.parameter} ${change.what}${change.to === undefined ? '' : ` ${change.to}`}`);

describe('what passes (R-020, R-043)', () => {
  test('every field that the house does not know reaches the provider as it came', () => {
    const request = {
      model: 'asked',
      messages: hi,
      tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
      response_format: { type: 'json_object' },
      logit_bias: { 5: -100 },
      prediction: { type: 'content', content: 'x' },
      metadata: { a: 'b' },
      store: true,
      brand_new_field: { deep: [1, null] },
      temperature: 0,
      stop: ['a'],
      n: 2,
      seed: 7,
      user: 'u',
    };
    const { body, changed } = openai.toVendor(request, destination('custom', 'sent'));
    expect(body).toEqual({ ...request, model: 'sent' });
    expect(changed).toEqual([]);
  });

  test("the caller's request is never changed itself", () => {
    const request = { messages: [{ role: 'developer', content: 'x', patchbay: { blocks: [] } }], max_completion_tokens: 5, stream: true };
    const before = structuredClone(request);
    send('deepseek', request);
    expect(request).toEqual(before);
  });

  test("usage is asked for in streams where that is possible, and the caller's own options stay", () => {
    expect(send('openai', { stream: true }).body['stream_options']).toEqual({ include_usage: true });
    expect(send('openai', { stream: true, stream_options: { include_obfuscation: false } }).body['stream_options']).toEqual({
      include_obfuscation: false,
      include_usage: true,
    });
    expect(send('openai', {}).body).not.toHaveProperty('stream_options');
    const mistral = send('mistral', { stream: true, stream_options: { include_usage: true } });
    expect(mistral.body).not.toHaveProperty('stream_options');
    expect(mistral.changed).toEqual([]);
  });
});

describe('quirks of a provider', () => {
  test('a field is renamed, and the change is told', () => {
    const { body, changed } = send('deepseek', { max_completion_tokens: 9 });
    expect(body).toMatchObject({ max_tokens: 9 });
    expect(body).not.toHaveProperty('max_completion_tokens');
    expect(said(changed)).toEqual(['max_completion_tokens renamed max_tokens']);
  });

  test("both names at once: the provider's own stays, and only a difference is a loss", () => {
    expect(send('deepseek', { max_completion_tokens: 9, max_tokens: 5 }).body['max_tokens']).toBe(5);
    expect(said(send('deepseek', { max_completion_tokens: 9, max_tokens: 5 }).changed)).toEqual(['max_completion_tokens dropped']);
    expect(said(send('deepseek', { max_completion_tokens: 5, max_tokens: 5 }).changed)).toEqual([]);
  });

  test('a refused field is dropped, and a null one without a word', () => {
    const { body, changed } = send('groq', { logit_bias: { 1: 1 }, logprobs: null, n: 3 });
    expect(body).not.toHaveProperty('logit_bias');
    expect(body).not.toHaveProperty('logprobs');
    expect(body['n']).toBe(1);
    expect(said(changed)).toEqual(['logit_bias dropped', 'n clamped 1']);
  });

  test('asking for the one answer that everybody gets is no loss', () => {
    expect(send('cohere', { n: 1 }).changed).toEqual([]);
    expect(said(send('cohere', { n: 2 }).changed)).toEqual(['n dropped']);
  });

  test('a developer message becomes a system message where it is refused, and stays elsewhere', () => {
    const messages = [{ role: 'developer', content: 'x', name: 'n' }, 'odd', ...hi];
    const mistral = send('mistral', { messages });
    expect(mistral.body['messages']).toEqual([{ role: 'system', content: 'x' }, 'odd', ...hi]);
    expect(said(mistral.changed)).toEqual(['messages.name dropped', 'messages.role renamed system']);
    expect(send('openai', { messages }).body['messages']).toBe(messages);
    expect(send('openai', { messages: 'odd' }).body['messages']).toBe('odd');
  });

  test('what only the house understands does not reach a provider, and that is told once', () => {
    const messages = [
      ...hi,
      { role: 'assistant', content: 'a', patchbay: { blocks: [1] } },
      { role: 'assistant', content: 'b', patchbay: {} },
    ];
    const { body, changed } = send('openai', { messages });
    expect(JSON.stringify(body)).not.toContain('patchbay');
    expect(said(changed)).toEqual(['messages.patchbay dropped']);
  });

  test.each(catalog.map((row) => [row.id, row] as const))('%s renames no field to one that it drops', (_id, row) => {
    expect(Object.values(row.rename).filter((to) => row.drop.includes(to))).toEqual([]);
  });
});

describe('families of models (C-39)', () => {
  test.each([
    ['o1', true],
    ['o3-mini', true],
    ['o4-mini-2025-04-16', true],
    ['gpt-5', true],
    ['gpt-5-mini', true],
    ['gpt-5.5', true],
    ['gpt-6-sol', true],
    ['openai/o3', true],
    ['gpt-5-chat-latest', false],
    ['gpt-5.1-chat-latest', false],
    ['gpt-4o', false],
    ['gpt-4.1', false],
    ['gpt-3.5-turbo', false],
    ['gpt-oss-120b', false],
    ['omni', false],
  ])('%s reasons: %s', (model, reasons) => {
    expect(isReasoningModel(model)).toBe(reasons);
  });

  test('a reasoning model gets max_completion_tokens and no sampling, and each change is told', () => {
    const { body, changed } = send(
      'openai',
      { max_tokens: 9, temperature: 0.2, top_p: 0.5, presence_penalty: 1, logprobs: true, top_logprobs: 3, logit_bias: { 1: 1 } },
      {},
      'o3',
    );
    expect(body).toEqual({ model: 'o3', messages: hi, max_completion_tokens: 9 });
    expect(said(changed).toSorted()).toEqual([
      'logit_bias dropped',
      'logprobs dropped',
      'max_tokens renamed max_completion_tokens',
      'presence_penalty dropped',
      'temperature dropped',
      'top_logprobs dropped',
      'top_p dropped',
    ]);
  });

  test('the one value that is allowed passes', () => {
    const request = { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0, logprobs: false };
    const { body, changed } = send('openai', request, {}, 'gpt-5');
    expect(body).toMatchObject(request);
    expect(changed).toEqual([]);
  });

  test('max_completion_tokens wins over max_tokens where both are said', () => {
    expect(send('openai', { max_tokens: 9, max_completion_tokens: 5 }, {}, 'o3').body).toMatchObject({ max_completion_tokens: 5 });
  });

  test.each([
    ['gpt-5.1', undefined, true],
    ['gpt-5.1', 'none', true],
    ['gpt-5.1', 'high', false],
    ['gpt-5.5', undefined, false],
    ['gpt-5.5', 'none', true],
    ['gpt-5', undefined, false],
  ])('%s with effort %s keeps the temperature: %s', (model, effort, keeps) => {
    expect('temperature' in send('openai', { temperature: 0.3, reasoning_effort: effort }, {}, model).body).toBe(keeps);
  });

  test('older models and other providers are left alone', () => {
    expect(send('openai', { max_tokens: 9, temperature: 0.2 }, {}, 'gpt-4o').changed).toEqual([]);
    expect(send('custom', { max_tokens: 9, temperature: 0.2 }, {}, 'o3').changed).toEqual([]);
    expect(send('azure-openai', { max_tokens: 9 }, {}, 'o3').body).toMatchObject({ max_completion_tokens: 9 });
  });
});

describe("a connection's own parameters (R-051, R-149, R-155)", () => {
  const settings = {
    temperature: 0.3,
    maxTokens: 50,
    topP: 0.9,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    organizationId: 'org-1',
    parameterMode: 'warn',
    timeouts: { totalMs: 5000 },
  };

  test('fill in what the caller left out, and are told', () => {
    const { body, changed } = send('openai', { temperature: 0.9 }, settings, 'gpt-4o');
    expect(body).toEqual({
      model: 'gpt-4o',
      messages: hi,
      temperature: 0.9,
      max_tokens: 50,
      top_p: 0.9,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
    });
    expect(said(changed).toSorted()).toEqual(['frequency_penalty added', 'max_tokens added', 'presence_penalty added', 'top_p added']);
    expect(changed.some(isLoss)).toBe(false);
  });

  test("a limit by either name is the caller's", () => {
    for (const field of ['max_tokens', 'max_completion_tokens'] as const) {
      const { body } = send('openai', { [field]: 7 }, settings, 'gpt-5');
      expect(body).toMatchObject({ max_completion_tokens: 7 });
      expect(body).not.toHaveProperty('max_tokens');
    }
  });

  test("a null of the caller's is an answer too", () => {
    expect(send('openai', { temperature: null }, settings, 'gpt-4o').body['temperature']).toBeNull();
  });

  test('free parameters are merged, and cannot take over the request', () => {
    const parameters = JSON.parse('{"min_p":0.1,"model":"evil","stream":true,"__proto__":{"a":1},"messages":[]}') as Record<
      string,
      unknown
    >;
    const { body } = send('custom', {}, { parameters }, 'good');
    expect(body).toEqual({ model: 'good', messages: hi, min_p: 0.1 });
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  test('a setting outranks a free parameter of the same name, and null is not set', () => {
    expect(send('custom', {}, { temperature: 0.1, parameters: { temperature: 2, top_p: 1 }, topP: null }).body).toMatchObject({
      temperature: 0.1,
      top_p: 1,
    });
  });

  test('what a provider cannot take is dropped, and told', () => {
    const settings = { repeatPenalty: 1.1, numCtx: 4096, topK: 5, seed: 3, keepAlive: '5m' };
    const { body, changed } = openai.toVendor({ messages: hi }, destination('ollama', 'm', settings, 'http://localhost:11434/v1'));
    expect(body).toEqual({ model: 'm', messages: hi, seed: 3 });
    expect(
      said(changed)
        .filter((text) => text.endsWith('dropped'))
        .toSorted(),
    ).toEqual(['keep_alive dropped', 'num_ctx dropped', 'repeat_penalty dropped', 'top_k dropped']);
  });

  test('doing it twice changes nothing more', () => {
    const to = destination('openai', 'gpt-4o', settings);
    const once = withDefaults({ messages: hi }, to);
    const twice = withDefaults(once.request, to);
    expect(twice.changed).toEqual([]);
    expect(twice.request).toBe(once.request);
  });

  test("the same, for a request that is patched in its bytes: under the provider's own names", () => {
    const row = destination('openai', 'o3').row;
    expect(requestDefaults(row, { maxTokens: 9, temperature: 0.1 }, 'o3').fields).toEqual({ max_completion_tokens: 9 });
    expect(requestDefaults(row, { maxTokens: 9 }, 'o3', (field) => field === 'max_tokens').fields).toEqual({});
    expect(requestDefaults(row, { maxTokens: 9 }, 'gpt-4o').fields).toEqual({ max_tokens: 9 });
    expect(requestDefaults(destination('mistral', 'm').row, { seed: 1 }, 'm').fields).toEqual({ random_seed: 1 });
    expect(requestDefaults(destination('anthropic', 'm').row, { maxTokens: 9 }, 'm').fields).toEqual({ max_tokens: 9 });
  });
});

describe('where it goes and what it carries', () => {
  test.each([
    ['openai', null, {}, '/v1/chat/completions', '/v1/models'],
    ['deepseek', null, {}, '/chat/completions', '/models'],
    ['gemini', 'https://generativelanguage.googleapis.com/v1beta/openai', {}, '/v1beta/openai/chat/completions', '/v1beta/openai/models'],
    ['github-models', null, {}, '/inference/chat/completions', '/catalog/models'],
    ['cohere', null, {}, '/compatibility/v1/chat/completions', '/v1/models'],
    ['custom', 'http://h/Team/v2', {}, '/Team/v2/chat/completions', '/Team/v2/models'],
    [
      'azure-openai',
      'https://h.openai.azure.com',
      {},
      '/openai/deployments/gpt%204/chat/completions?api-version=2024-10-21',
      '/openai/models?api-version=2024-10-21',
    ],
    [
      'azure-openai',
      'https://h.openai.azure.com/openai/',
      { deployment: 'd', apiVersion: '2025-01-01-preview' },
      '/openai/deployments/d/chat/completions?api-version=2025-01-01-preview',
      '/openai/models?api-version=2025-01-01-preview',
    ],
    [
      'azure-openai',
      'https://h.openai.azure.com/openai/deployments/D1',
      {},
      '/openai/deployments/D1/chat/completions?api-version=2024-10-21',
      '/openai/models?api-version=2024-10-21',
    ],
    [
      'azure-openai',
      'https://h.openai.azure.com/openai/deployments/D1/chat/completions?api-version=2024-06-01',
      {},
      '/openai/deployments/D1/chat/completions?api-version=2024-06-01',
      '/openai/models?api-version=2024-06-01',
    ],
    ['azure-openai', 'https://h.openai.azure.com/openai/v1', {}, '/openai/v1/chat/completions', '/openai/v1/models'],
  ])('%s at %s', (providerId, entered, settings, chat, models) => {
    const to = destination(providerId, 'gpt 4', settings, entered);
    expect(openai.chatPath(to, false)).toBe(chat);
    expect(openai.modelsPath(to)).toBe(models);
  });

  test.each([
    ['openai', {}, { authorization: 'Bearer s' }],
    ['azure-openai', {}, { 'api-key': 's' }],
    ['custom', {}, { authorization: 'Bearer s' }],
    ['custom', { authType: 'bearer' }, { authorization: 'Bearer s' }],
    ['custom', { authType: 'api-key' }, { 'api-key': 's' }],
    ['custom', { authType: 'api-key', headerName: 'X-Key' }, { 'x-key': 's' }],
    ['custom', { authType: 'custom', headerName: 'X-Key' }, { 'x-key': 's' }],
    ['custom', { authType: 'none' }, {}],
    ['groq', { authType: 'none' }, { authorization: 'Bearer s' }],
  ])('%s with %j authenticates by %j (D-31)', (providerId, settings, headers) => {
    const to = destination(providerId, 'm', settings);
    expect(openai.authHeaders(to, 's')).toEqual(headers);
    expect(openai.authHeaders(to, '')).toEqual({});
  });

  test('the organisation and the project travel as headers, never in the body (R-149)', () => {
    const to = destination('openai', 'm', { organizationId: 'org-1', projectId: 'proj_1' });
    expect(openai.headers(to)).toEqual({ 'openai-organization': 'org-1', 'openai-project': 'proj_1' });
    expect(openai.headers(destination('openai', 'm'))).toEqual({});
    expect(JSON.stringify(openai.toVendor({ messages: hi }, to).body)).not.toContain('org-1');
  });
});
