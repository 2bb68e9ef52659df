/** Google's whole answers in the house's words: every reason to end, blocked prompts, counts and probabilities. */
import { describe, expect, test } from 'vitest';
import type { ChatResponse } from '../../src/domain/chat.ts';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { chatUsageOf } from '../../src/providers/gemini/response.ts';
import { destination, faultOf, moment } from './kit.ts';

const to = destination('gemini', 'gemini-3.5-flash');
const whole = (body: unknown): ChatResponse => gemini.fromVendor(body, to, moment);
const answer = (parts: unknown, finishReason: unknown = 'STOP', more = {}): unknown => ({
  candidates: [{ content: { role: 'model', parts }, finishReason, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
  modelVersion: 'gemini-x',
  responseId: 'resp-1',
});
const choiceOf = (body: unknown): ChatResponse['choices'][number] => whole(body).choices[0]!;
const fn = (name: string, args: unknown = {}): unknown => ({ functionCall: { name, args } });

describe('a whole answer', () => {
  test.each([
    [null],
    ['x'],
    [[]],
    [[{}, {}]],
    [{}],
    [{ candidates: [] }],
    [{ candidates: 'x' }],
    [{ candidates: [null, 7] }],
    [{ promptFeedback: {} }],
    [{ usageMetadata: {} }],
  ])('%j is no answer', (body) => {
    expect(faultOf(() => whole(body))).toBe('invalid_response');
  });

  test.each([
    [{ code: 503, status: 'UNAVAILABLE' }, 'overloaded'],
    [{ code: 429, status: 'RESOURCE_EXHAUSTED' }, 'rate_limited'],
    [{ code: 401, status: 'UNAUTHENTICATED' }, 'auth'],
    [{ code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] }, 'auth'],
    [{ code: 500, status: 'INTERNAL' }, 'server_error'],
    [{ code: 504, status: 'DEADLINE_EXCEEDED' }, 'request_timeout'],
  ])('%j in a success is %s, alone or in a list of one', (error, fault) => {
    expect(faultOf(() => whole({ error: { message: 'x', ...error } }))).toBe(fault);
    expect(faultOf(() => whole([{ error: { message: 'x', ...error } }]))).toBe(fault);
  });

  test('the wait of a 429 is read from its body', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }];
    expect(gemini.errorOf(429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'quota', details } })).toEqual({
      fault: 'rate_limited',
      message: 'quota',
      retryAfterMs: 34_400,
    });
  });

  test('text, thoughts and calls are told apart', () => {
    const parts = [
      { text: 'Hm. ', thought: true },
      { text: 'Well.', thought: true },
      { text: 'One, ' },
      fn('f', { a: 1 }),
      { text: 'two.' },
      { functionCall: { name: 'g' } },
    ];
    expect(whole(answer(parts))).toEqual({
      id: 'resp-1',
      object: 'chat.completion',
      created: moment.createdS,
      model: 'gemini-x',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'One, two.',
            reasoning_content: 'Hm. Well.',
            tool_calls: [
              { id: 'call_resp-1_0_0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 'call_resp-1_0_1', type: 'function', function: { name: 'g', arguments: '{}' } },
            ],
            patchbay: { blocks: parts },
          },
        },
      ],
      usage: {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });

  test('what the house says completely carries nothing beside it', () => {
    expect(choiceOf(answer([{ text: 'x' }])).message).toEqual({ role: 'assistant', content: 'x' });
    expect(choiceOf(answer([fn('f')])).message).not.toHaveProperty('patchbay');
    expect(choiceOf(answer([fn('f')])).message.content).toBeNull();
  });

  test.each([
    ['a signature', { text: 'x', thoughtSignature: 's' }],
    ["a call's own id", { functionCall: { id: 'fc', name: 'f', args: {} } }],
    ['a picture', { inlineData: { mimeType: 'image/png', data: 'AA==' } }],
    ['code', { executableCode: { language: 'PYTHON', code: '1' } }],
    ['something new', { hologram: 1 }],
  ])('%s is kept beside the message', (_name, part) => {
    expect(choiceOf(answer([{ text: 'y' }, part])).message.patchbay).toEqual({ blocks: [{ text: 'y' }, part] });
  });

  test("a call keeps the provider's id, and one without gets its own within 40 characters", () => {
    expect(choiceOf(answer([{ functionCall: { id: 'fc', name: 'f' } }])).message.tool_calls?.[0]?.id).toBe('fc');
    const long = whole({ candidates: [{ content: { parts: Array.from({ length: 12 }, () => fn('f')) } }], responseId: 'x'.repeat(99) });
    const ids = long.choices[0]!.message.tool_calls!.map((call) => call.id);
    expect(new Set(ids).size).toBe(12);
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(40);
  });

  test('sources, citations and addresses travel beside the text', () => {
    const more = {
      groundingMetadata: { webSearchQueries: ['q'] },
      citationMetadata: { citationSources: [] },
      urlContextMetadata: { urlMetadata: [] },
      avgLogprobs: -1,
    };
    expect(choiceOf(answer([{ text: 'x' }], 'STOP', more)).message.patchbay).toEqual({
      groundingMetadata: more.groundingMetadata,
      citationMetadata: more.citationMetadata,
      urlContextMetadata: more.urlContextMetadata,
    });
  });

  test('what is missing is filled in, and odd parts are passed over', () => {
    expect(
      whole({ candidates: [{ content: { parts: [null, 7, { text: 7 }, { functionCall: {} }] } }, { finishReason: 'STOP' }] }),
    ).toMatchObject({
      id: moment.id,
      model: 'gemini-3.5-flash',
      usage: null,
      choices: [
        { index: 0, finish_reason: null, message: { content: null, tool_calls: [{ function: { name: '', arguments: '{}' } }] } },
        { index: 1, finish_reason: 'stop', message: { content: '' } },
      ],
    });
  });
});

describe('the end', () => {
  test.each([
    ['STOP', 'stop', undefined],
    ['MAX_TOKENS', 'length', undefined],
    ['FINISH_REASON_UNSPECIFIED', null, undefined],
    [undefined, null, undefined],
    ['OTHER', 'stop', { stop_reason: 'OTHER', stop_details: { message: 'why' } }],
    ['MALFORMED_FUNCTION_CALL', 'stop', { stop_reason: 'MALFORMED_FUNCTION_CALL', stop_details: { message: 'why' } }],
    ['UNEXPECTED_TOOL_CALL', 'stop', { stop_reason: 'UNEXPECTED_TOOL_CALL', stop_details: { message: 'why' } }],
    ['BRAND_NEW', 'stop', { stop_reason: 'BRAND_NEW', stop_details: { message: 'why' } }],
  ])('%s is %s', (reason, finish, patchbay) => {
    // Handing `undefined` to a default would give the default.
    const body = { candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: reason, finishMessage: 'why' }] };
    expect(choiceOf(body)).toMatchObject({ finish_reason: finish, message: { content: 'x' } });
    expect(choiceOf(body).message.patchbay).toEqual(patchbay);
    expect(choiceOf(body).message).not.toHaveProperty('refusal');
  });

  test.each([
    'SAFETY',
    'RECITATION',
    'LANGUAGE',
    'BLOCKLIST',
    'PROHIBITED_CONTENT',
    'SPII',
    'IMAGE_SAFETY',
    'IMAGE_PROHIBITED_CONTENT',
    'IMAGE_RECITATION',
  ])('%s is a filter, says so, and keeps what was said before', (reason) => {
    const safetyRatings = [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'HIGH' }];
    const cut = choiceOf(answer([{ text: 'First, ' }], reason, { safetyRatings }));
    expect(cut).toMatchObject({
      finish_reason: 'content_filter',
      message: { content: 'First, ', patchbay: { stop_reason: reason, stop_details: { safetyRatings } } },
    });
    expect(cut.message.refusal).toContain(reason);
    const silent = choiceOf({ candidates: [{ finishReason: reason, finishMessage: 'Not this.' }] });
    expect(silent.message).toMatchObject({ content: null, refusal: 'Not this.' });
  });

  test('calls end as calls, unless the answer was cut off', () => {
    expect(choiceOf(answer([fn('f')])).finish_reason).toBe('tool_calls');
    expect(choiceOf(answer([fn('f')], 'MAX_TOKENS')).finish_reason).toBe('length');
    expect(choiceOf(answer([fn('f')], 'SAFETY')).finish_reason).toBe('content_filter');
  });

  test.each([
    [
      { blockReason: 'SAFETY', safetyRatings: [{ category: 'c' }] },
      /SAFETY/,
      { stop_reason: 'SAFETY', stop_details: { safetyRatings: [{ category: 'c' }] } },
    ],
    [{ blockReason: 'OTHER', blockReasonMessage: 'Not here.' }, /^Not here\.$/, { stop_reason: 'OTHER' }],
  ])('a prompt that is blocked is an answer that was withheld: %j', (promptFeedback, refusal, patchbay) => {
    const said = whole({ promptFeedback, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 }, responseId: 'r' });
    expect(said.choices).toHaveLength(1);
    expect(said.choices[0]).toMatchObject({
      index: 0,
      finish_reason: 'content_filter',
      message: { role: 'assistant', content: null, patchbay },
    });
    expect(said.choices[0]!.message.refusal).toMatch(refusal);
    expect(said.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 0 });
  });

  test('feedback that blocks nothing is passed over', () => {
    for (const blockReason of [undefined, '', 'BLOCK_REASON_UNSPECIFIED'])
      expect(whole({ ...(answer([{ text: 'x' }]) as object), promptFeedback: { blockReason } }).choices[0]?.finish_reason).toBe('stop');
  });
});

describe('usage (R-172)', () => {
  test('thoughts are completion, the results of tools are prompt, and what was cached is part of it', () => {
    expect(
      chatUsageOf({
        promptTokenCount: 100,
        cachedContentTokenCount: 60,
        toolUsePromptTokenCount: 20,
        candidatesTokenCount: 7,
        thoughtsTokenCount: 50,
        totalTokenCount: 177,
      }),
    ).toEqual({
      prompt_tokens: 120,
      completion_tokens: 57,
      total_tokens: 177,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 50 },
    });
  });

  test('zeros that the wire leaves out are zeros', () => {
    expect(chatUsageOf({ promptTokenCount: 0 })).toMatchObject({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  });

  test.each([
    null,
    'x',
    {},
    { candidatesTokenCount: 1 },
    { promptTokenCount: -1 },
    { promptTokenCount: 1, thoughtsTokenCount: 1.5 },
    { promptTokenCount: '9' },
  ])('%j is no usage (D10)', (usage) => {
    expect(chatUsageOf(usage)).toBeNull();
  });

  test('sound is told apart, and so is the sound that was cached', () => {
    const inSound = (tokenCount: number): object[] => [
      { modality: 'TEXT', tokenCount: 1 },
      { modality: 'AUDIO', tokenCount },
    ];
    const usageMetadata = {
      promptTokenCount: 30,
      cachedContentTokenCount: 20,
      candidatesTokenCount: 2,
      promptTokensDetails: inSound(12),
      cacheTokensDetails: inSound(7),
    };
    const { usage } = whole({ candidates: [{}], usageMetadata });
    expect(usage?.prompt_tokens_details).toEqual({ cached_tokens: 20, audio_tokens: 12, cached_tokens_details: { audio_tokens: 7 } });
    expect(gemini.usageOf(usage)).toMatchObject({ tokensIn: 30, tokensCached: 20, tokensAudioIn: 12, tokensAudioCached: 7 });
  });

  test('the ledger reads the same numbers', () => {
    const usage = whole({
      candidates: [{}],
      usageMetadata: { promptTokenCount: 9, cachedContentTokenCount: 4, candidatesTokenCount: 2, thoughtsTokenCount: 3 },
    }).usage;
    expect(gemini.usageOf(usage)).toEqual({
      tokensIn: 9,
      tokensOut: 5,
      tokensCached: 4,
      tokensCacheWrite: 0,
      tokensReasoning: 3,
      isEstimated: false,
    });
  });
});

test('probabilities have the shape that callers know', () => {
  const logprobsResult = {
    chosenCandidates: [{ token: 'é', tokenId: 1, logProbability: -0.1 }, { token: 'x' }, {}],
    topCandidates: [
      {
        candidates: [
          { token: 'é', logProbability: -0.1 },
          { token: 'e', logProbability: -2 },
        ],
      },
    ],
  };
  expect(choiceOf(answer([{ text: 'éx' }], 'STOP', { logprobsResult })).logprobs).toEqual({
    content: [
      {
        token: 'é',
        logprob: -0.1,
        bytes: [195, 169],
        top_logprobs: [
          { token: 'é', logprob: -0.1, bytes: [195, 169] },
          { token: 'e', logprob: -2, bytes: [101] },
        ],
      },
      { token: 'x', logprob: 0, bytes: [120], top_logprobs: [] },
      { token: '', logprob: 0, bytes: [], top_logprobs: [] },
    ],
    refusal: null,
  });
  expect(choiceOf(answer([{ text: 'x' }]))).not.toHaveProperty('logprobs');
});
