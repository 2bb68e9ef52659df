/** Answers, streams and errors of single vendors of OpenAI's family, by hand and in the shapes of their own documents: read without a loss. */
import { describe, expect, test } from 'vitest';
import type { ChatResponse } from '../../src/domain/chat.ts';
import { UpstreamFailure, type Fault } from '../../src/domain/errors.ts';
import type { TokenUsage } from '../../src/domain/ledger.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { createStreamScanner } from '../../src/providers/openai/scan.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { usageOf } from '../../src/providers/usage.ts';
import { vendorErrorOf } from '../../src/providers/vendor-error.ts';
import { destination, event, moment } from './kit.ts';

type Json = Record<string, unknown>;

interface Said {
  content: string | null;
  reasoning: string;
  calls: readonly string[];
  finish: string | null;
  usage: Partial<TokenUsage> | null;
}

function saidBy(answer: ChatResponse): Said {
  const [choice] = answer.choices;
  return {
    content: choice!.message.content ?? null,
    reasoning: choice!.message.reasoning_content ?? '',
    calls: (choice!.message.tool_calls ?? []).map((call) => `${call.function.name} ${call.function.arguments}`),
    finish: choice!.finish_reason,
    usage: usageOf(answer.usage),
  };
}

const whole = (message: Json, finish: string, usage: Json, more: Json = {}): Json => ({
  id: 'a1',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
  usage,
  ...more,
});
const choice = (body: Json, more: Json): Json => ({ ...body, choices: [{ ...(body['choices'] as Json[])[0], ...more }] });

/** Vendor, what it answers, and what that says. */
const wholes: readonly (readonly [name: string, vendor: string, body: Json, said: Partial<Said>])[] = [
  [
    'DeepSeek thinks beside its answer and counts hits and misses (api-docs.deepseek.com, thinking mode and context caching)',
    'deepseek',
    whole({ content: '42', reasoning_content: 'Six times seven.' }, 'stop', {
      prompt_tokens: 10,
      completion_tokens: 11,
      total_tokens: 21,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 7 },
      prompt_cache_hit_tokens: 4,
      prompt_cache_miss_tokens: 6,
    }),
    { content: '42', reasoning: 'Six times seven.', usage: { tokensIn: 10, tokensOut: 11, tokensCached: 4, tokensReasoning: 7 } },
  ],
  [
    'Kimi counts cached tokens beside the others (platform.kimi.ai/docs/api/chat)',
    'moonshot',
    whole({ content: '42', reasoning_content: 'Hm.' }, 'stop', {
      prompt_tokens: 19,
      completion_tokens: 21,
      total_tokens: 40,
      cached_tokens: 10,
    }),
    { reasoning: 'Hm.', usage: { tokensIn: 19, tokensOut: 21, tokensCached: 10 } },
  ],
  [
    'GLM writes the arguments of a call as an object (docs.z.ai/api-reference/llm/chat-completion)',
    'zai',
    whole(
      {
        content: '',
        reasoning_content: 'A call.',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: { a: [1, 2.5] } } }],
      },
      'tool_calls',
      { prompt_tokens: 8, completion_tokens: 9, total_tokens: 17, prompt_tokens_details: { cached_tokens: 3 } },
      { request_id: 'r1' },
    ),
    { calls: ['f {"a":[1,2.5]}'], finish: 'tool_calls', usage: { tokensIn: 8, tokensCached: 3 } },
  ],
  [
    'GLM was stopped by its window',
    'zai',
    whole({ content: 'Half of' }, 'model_context_window_exceeded', { prompt_tokens: 8, completion_tokens: 9, total_tokens: 17 }),
    { content: 'Half of', finish: 'length' },
  ],
  [
    'GLM was stopped by its filter',
    'zai',
    whole({ content: '' }, 'sensitive', { prompt_tokens: 8, completion_tokens: 0, total_tokens: 8 }),
    { finish: 'content_filter' },
  ],
  [
    'Qwen says what it wrote to its cache (www.alibabacloud.com/help/en/model-studio/context-cache)',
    'alibaba',
    whole({ content: 'x' }, 'stop', {
      prompt_tokens: 2059,
      completion_tokens: 201,
      total_tokens: 2260,
      prompt_tokens_details: {
        cached_tokens: 0,
        text_tokens: 2059,
        cache_creation_input_tokens: 2048,
        cache_creation: { ephemeral_5m_input_tokens: 2048 },
        cache_type: 'ephemeral',
      },
      completion_tokens_details: { reasoning_tokens: 170 },
    }),
    { usage: { tokensIn: 2059, tokensCached: 0, tokensCacheWrite: 2048, tokensReasoning: 170 } },
  ],
  [
    'MiniMax says in each answer that all went well, and thinks beside it where it was asked to (platform.minimax.io, text-openai-api)',
    'minimax',
    whole(
      {
        content: 'Paris.',
        name: 'MiniMax AI',
        audio_content: '',
        reasoning_content: 'An easy one.',
        reasoning_details: [{ type: 'reasoning.text', id: 'r', format: 'MiniMax-response-v1', index: 0, text: 'An easy one.' }],
      },
      'stop',
      { total_tokens: 60, total_characters: 0, prompt_tokens: 7, completion_tokens: 53, prompt_tokens_details: { cached_tokens: 2 } },
      { input_sensitive: false, output_sensitive: false, base_resp: { status_code: 0, status_msg: '' } },
    ),
    { content: 'Paris.', reasoning: 'An easy one.', usage: { tokensIn: 7, tokensOut: 53, tokensCached: 2 } },
  ],
  [
    'MiniMax thinks in the text otherwise, and there it stays: the next turn needs it',
    'minimax',
    whole({ content: '<think>\nHm.\n</think>\nParis.' }, 'stop', { prompt_tokens: 7, completion_tokens: 53, total_tokens: 60 }),
    { content: '<think>\nHm.\n</think>\nParis.', reasoning: '' },
  ],
  [
    'Magistral thinks in parts of the content (docs.mistral.ai/capabilities/reasoning)',
    'mistral',
    whole(
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
          { type: 'text', text: '42' },
        ],
        tool_calls: null,
      },
      'model_length',
      { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
    ),
    { content: '42', reasoning: 'Hm.', finish: 'length' },
  ],
  [
    'Cohere by its compatible address (docs.cohere.com/docs/compatibility-api)',
    'cohere',
    whole({ content: 'x' }, 'stop', { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }),
    { content: 'x', finish: 'stop', usage: { tokensIn: 5, tokensOut: 6 } },
  ],
  [
    'Sonar has a delta beside the message and the bill beside its tokens (docs.perplexity.ai/api-reference/chat-completions-post)',
    'perplexity',
    choice(
      whole({ content: 'x [1]' }, 'stop', {
        prompt_tokens: 8,
        completion_tokens: 439,
        total_tokens: 447,
        search_context_size: 'low',
        cost: { input_tokens_cost: 2.4e-5, output_tokens_cost: 0.006585, request_cost: 0.006, total_cost: 0.012609 },
      }),
      { delta: { role: 'assistant', content: '' } },
    ),
    { content: 'x [1]', usage: { tokensIn: 8, tokensOut: 439, serviceTier: 'search_low' } },
  ],
  [
    'OpenRouter calls it reasoning, and counts what was read from and written to a cache (openrouter.ai/docs; its SDK, chatusage.ts)',
    'openrouter',
    choice(
      whole({ content: '42', reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', index: 0 }] }, 'stop', {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        cost: 0.0012,
        prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 50 },
        completion_tokens_details: { reasoning_tokens: 12 },
      }),
      { native_finish_reason: 'end_turn' },
    ),
    { reasoning: 'Hm.', usage: { tokensIn: 100, tokensCached: 40, tokensCacheWrite: 50, tokensReasoning: 12 } },
  ],
  [
    'Together ends with eos (github.com/togethercomputer/together-typescript, chat/completions.ts)',
    'together',
    choice(whole({ content: 'x', tool_calls: [] }, 'eos', { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }), { seed: 7 }),
    { content: 'x', finish: 'stop', calls: [] },
  ],
  [
    'Fireworks (docs.fireworks.ai/api-reference/post-chatcompletions)',
    'fireworks',
    whole({ content: 'x', reasoning_content: 'Hm.' }, 'stop', {
      prompt_tokens: 5,
      completion_tokens: 6,
      total_tokens: 11,
      prompt_tokens_details: { cached_tokens: 4 },
    }),
    { reasoning: 'Hm.', usage: { tokensIn: 5, tokensCached: 4 } },
  ],
  [
    'NVIDIA answers as vLLM does (docs.vllm.ai, reasoning outputs)',
    'nvidia',
    choice(
      whole(
        { content: 'x', reasoning: 'Hm.', refusal: null, annotations: null, audio: null, function_call: null, tool_calls: [] },
        'stop',
        {
          prompt_tokens: 5,
          completion_tokens: 6,
          total_tokens: 11,
          prompt_tokens_details: null,
        },
      ),
      { stop_reason: null, logprobs: null },
    ),
    { content: 'x', reasoning: 'Hm.', calls: [], usage: { tokensIn: 5, tokensOut: 6 } },
  ],
  [
    'Hugging Face (huggingface.co/docs/inference-providers/tasks/chat-completion)',
    'huggingface',
    whole({ content: 'x' }, 'stop', { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }, { system_fingerprint: '3.0.1-sha' }),
    { content: 'x', finish: 'stop' },
  ],
];

test.each(wholes)('%s', (_name, vendor, body, said) => {
  const answer = openai.fromVendor(body, destination(vendor, 'm'), moment);
  expect(saidBy(answer)).toMatchObject(said);
});

const piece = (delta: Json, finish: string | null = null, more: Json = {}): Json => ({
  id: 'a1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});

function heard(vendor: string, lines: readonly Json[]): ChatResponse {
  const reader = openai.streamReader(destination(vendor, 'm'), moment);
  const chunks = [...lines.flatMap((line) => reader.push(event(line))), ...reader.end().chunks];
  return assemble(chunks);
}

describe('streams', () => {
  test('Sonar repeats its message and its tokens in every piece, and ends with a piece of another name', () => {
    const usage = { prompt_tokens: 6, completion_tokens: 2, total_tokens: 8, search_context_size: 'low' };
    const said = (content: string) => ({ message: { role: 'assistant', content } });
    const lines = ['Rain', ' tonight'].map((content, at) => ({
      ...piece({ role: 'assistant', content }),
      usage: { ...usage, completion_tokens: at },
      choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null, ...said(content) }],
    }));
    const last = { ...piece({ role: 'assistant', content: '' }, 'stop'), object: 'chat.completion.done', usage };
    expect(saidBy(heard('perplexity', [...lines, last]))).toMatchObject({
      content: 'Rain tonight',
      finish: 'stop',
      usage: { tokensIn: 6, tokensOut: 2 },
    });
  });

  test('Kimi and GLM think in pieces before they answer, and count at the end', () => {
    const usage = { prompt_tokens: 6, completion_tokens: 9, total_tokens: 15, cached_tokens: 4 };
    const lines = [
      piece({ role: 'assistant', content: '' }),
      piece({ reasoning_content: 'Six ' }),
      piece({ reasoning_content: 'times.' }),
      piece({ content: '42' }),
      piece({}, 'stop', { usage }),
    ];
    for (const vendor of ['moonshot', 'zai'])
      expect(saidBy(heard(vendor, lines))).toMatchObject({
        content: '42',
        reasoning: 'Six times.',
        usage: { tokensIn: 6, tokensCached: 4 },
      });
  });

  test.each([
    ['deepseek', 'insufficient_system_resource', 'overloaded'],
    ['zai', 'network_error', 'server_error'],
    ['mistral', 'error', 'invalid_response'],
  ] as const)('%s broke off with %s: that is no answer, whole, in pieces or passed through', (vendor, finish, fault) => {
    const failure = expect.objectContaining({ fault }) as unknown;
    const cut = whole({ content: 'Half of' }, finish, { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 });
    expect(() => openai.fromVendor(cut, destination(vendor, 'm'), moment)).toThrow(UpstreamFailure);
    expect(faultOf(() => openai.fromVendor(cut, destination(vendor, 'm'), moment))).toBe(fault);
    const lines = [piece({ content: 'Half of' }), piece({}, finish)];
    expect(faultOf(() => heard(vendor, lines))).toBe(fault);
    const scanner = createStreamScanner();
    for (const line of lines) scanner.push(event(line));
    expect(scanner.facts.failure).toEqual(failure);
    expect(scanner.facts.kind).toBe('error');
  });

  test('MiniMax ends a stream with a number that is not zero', () => {
    const bad = { ...piece({}), choices: null, base_resp: { status_code: 1002, status_msg: 'rate limit' } };
    expect(faultOf(() => heard('minimax', [piece({ content: 'x' }), bad]))).toBe('rate_limited');
    const fine = { ...piece({}, 'stop'), base_resp: { status_code: 0, status_msg: '' } };
    expect(saidBy(heard('minimax', [piece({ content: 'x' }), fine]))).toMatchObject({ content: 'x', finish: 'stop' });
  });
});

function faultOf(ask: () => unknown): Fault | null {
  try {
    ask();
  } catch (error) {
    return error instanceof UpstreamFailure ? error.fault : null;
  }
  return null;
}

describe('errors', () => {
  const error = (more: Json): Json => ({ error: more });
  const numbered = (code: number, message: string): Json => ({
    id: 'a1',
    choices: null,
    usage: null,
    base_resp: { status_code: code, status_msg: message },
  });
  const unprocessable = { detail: [{ type: 'extra_forbidden', loc: ['body', 'user'], msg: 'Extra inputs are not permitted' }] };

  test.each<[string, number, unknown, Fault]>([
    [
      'DeepSeek without money',
      402,
      error({ message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' }),
      'quota_exhausted',
    ],
    ['Kimi without money', 429, error({ type: 'exceeded_current_quota_error', message: 'suspended' }), 'quota_exhausted'],
    ['Kimi too often', 429, error({ type: 'rate_limit_reached_error', message: 'max RPM: 3' }), 'rate_limited'],
    ['Kimi with a wrong key', 401, error({ type: 'invalid_authentication_error', message: 'Invalid Authentication' }), 'auth'],
    [
      'GLM without money',
      429,
      error({ code: '1113', message: 'Insufficient balance or no resource package. Please recharge.' }),
      'quota_exhausted',
    ],
    ['GLM too often', 429, error({ code: '1302', message: 'Rate limit reached for requests' }), 'rate_limited'],
    ['Qwen without money', 400, error({ code: 'Arrearage', type: 'Arrearage', message: 'Access denied.' }), 'quota_exhausted'],
    ['MiniMax without money, in a 200', 200, numbered(1008, 'insufficient balance'), 'quota_exhausted'],
    ['MiniMax with a wrong key, in a 200', 200, numbered(2049, 'invalid api key'), 'auth'],
    ['MiniMax too often, in a 200', 200, numbered(1039, 'token limit'), 'rate_limited'],
    ['MiniMax refused, in a 200', 200, numbered(2013, 'invalid params'), 'bad_request'],
    ['MiniMax filtered, in a 200', 200, numbered(1027, 'output new_sensitive'), 'bad_request'],
    ['MiniMax ill, in a 200', 200, numbered(1000, 'unknown error'), 'server_error'],
    ['MiniMax slow, in a 200', 200, numbered(1001, 'request timeout'), 'request_timeout'],
    ['MiniMax in a number of tomorrow', 200, numbered(9999, 'brand new'), 'invalid_response'],
    ['Mistral with a field that it does not know', 422, unprocessable, 'bad_request'],
    ['Fireworks with one', 422, unprocessable, 'bad_request'],
    ['Cohere with a wrong key', 401, { message: 'invalid api token' }, 'auth'],
    ['OpenRouter without money', 402, error({ code: 402, message: 'Insufficient credits' }), 'quota_exhausted'],
    ['OpenRouter in a 200', 200, error({ code: 502, message: 'Provider returned error' }), 'server_error'],
    [
      'Together without the model',
      404,
      error({ message: 'Unable to access model x.', type: 'invalid_request_error', code: 'model_not_available' }),
      'model_not_found',
    ],
    [
      'Fireworks without it',
      404,
      error({ code: 'NOT_FOUND', message: 'Model not found, inaccessible, and/or not deployed' }),
      'model_not_found',
    ],
    ['NVIDIA without it', 404, { status: 404, title: 'Not Found', detail: "Function 'x': Not found for account" }, 'endpoint_not_found'],
    [
      'Hugging Face without it',
      400,
      error({ message: "The requested model 'x' does not exist", code: 'model_not_found' }),
      'model_not_found',
    ],
  ])('%s', (_name, status, body, fault) => {
    expect(vendorErrorOf(status, body).fault).toBe(fault);
  });

  test('a number that says it was well is no error, and one that does not brings its own words', () => {
    const fine = whole({ content: 'x' }, 'stop', {}, { base_resp: { status_code: 0, status_msg: 'success' } });
    expect(openai.fromVendor(fine, destination('minimax', 'm'), moment).choices).toHaveLength(1);
    expect(vendorErrorOf(200, numbered(1008, 'insufficient balance')).message).toBe('insufficient balance');
    expect(faultOf(() => openai.fromVendor(numbered(1004, 'not authorized'), destination('minimax', 'm'), moment))).toBe('auth');
  });
});
