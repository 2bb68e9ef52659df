/** Answers of OpenAI's Responses over the real way out: events, failures at every point, and hostile ones. */
import { describe, expect, test } from 'vitest';
import { responses } from '../../src/providers/responses/protocol.ts';
import { hear, jsonAnswer, playVendor, textOf, type Heard, type Said } from './call-kit.ts';
import { destination, event, faultOf, moment } from './kit.ts';

const usage = {
  input_tokens: 40,
  input_tokens_details: { cached_tokens: 32, cache_write_tokens: 4 },
  output_tokens: 90,
  output_tokens_details: { reasoning_tokens: 64 },
};
const text = (said: string): unknown => ({
  id: 'm',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: said, annotations: [] }],
});
const response = (output: unknown[], more = {}): Record<string, unknown> => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1_760_000_000,
  model: 'gpt-5-pro-2026',
  status: 'completed',
  error: null,
  output,
  usage,
  ...more,
});
const sse = (body: { type: string }): string => `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`;
const begun = sse({ type: 'response.created', response: response([], { status: 'in_progress', usage: null }) } as { type: string });
const delta = (piece: string): string =>
  sse({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: piece } as { type: string });
const done = (output: unknown[]): string => sse({ type: 'response.completed', response: response(output) } as { type: string });
const stream = { 'content-type': 'text/event-stream' };

async function ask(
  reply: Said,
  body = {},
): Promise<Heard & { path: string; sent: Record<string, unknown>; headers: Record<string, unknown> }> {
  const vendor = await playVendor(() => reply);
  const heard = await hear(destination('openai', 'gpt-5-pro', {}, `${vendor.origin}/v1`), 'sk-CANARY-responses', body);
  const [seen] = vendor.seen;
  return { ...heard, path: seen?.path ?? '', sent: seen?.json ?? {}, headers: seen?.headers ?? {} };
}

describe('over the wire', () => {
  test('a whole answer comes back in the house language, with every kind of token', async () => {
    const heard = await ask(jsonAnswer(response([text('Hello.')])));
    expect(heard).toMatchObject({
      end: 'whole',
      path: '/v1/responses',
      headers: { authorization: 'Bearer sk-CANARY-responses' },
      sent: { model: 'gpt-5-pro', store: false },
      facts: {
        modelReported: 'gpt-5-pro-2026',
        usage: { tokensIn: 40, tokensOut: 90, tokensCached: 32, tokensCacheWrite: 4, tokensReasoning: 64, isEstimated: false },
      },
    });
    expect(heard.answer).toMatchObject({ id: 'resp_1', created: 1_760_000_000, choices: [{ message: { content: 'Hello.' } }] });
  });

  test('a stream of events becomes chunks; the end closes it', async () => {
    const heard = await ask({ headers: stream, pieces: [begun, delta('Hel'), delta('lo.'), done([text('Hello.')])] }, { stream: true });
    expect(heard).toMatchObject({ end: 'stream', sent: { stream: true }, facts: { usage: { tokensIn: 40 }, finishReason: 'stop' } });
    expect(textOf(heard.chunks)).toBe('Hello.');
  });

  test('a stream without its end is no answer', async () => {
    const heard = await ask({ headers: stream, pieces: [begun, delta('Hel')] }, { stream: true });
    expect(heard.failure?.fault).toBe('connection_lost');
  });

  test.each([
    ['an error event', { type: 'error', code: 'rate_limit_exceeded', message: 'Slow down.' }, 'rate_limited'],
    ['an error event with an envelope', { type: 'error', error: { code: 'insufficient_quota', message: 'Pay.' } }, 'quota_exhausted'],
    [
      'a failed response',
      { type: 'response.failed', response: response([], { status: 'failed', error: { code: 'server_error', message: 'x' } }) },
      'server_error',
    ],
    ['a failed response that says nothing', { type: 'response.failed', response: response([], { status: 'failed' }) }, 'server_error'],
  ])('%s ends the stream, first or in the middle', async (_name, body, fault) => {
    for (const before of [[], [begun, delta('Hel')]])
      expect((await ask({ headers: stream, pieces: [...before, sse(body)] }, { stream: true })).failure?.fault).toBe(fault);
  });

  test.each([
    [400, { error: { message: 'Unsupported parameter', type: 'invalid_request_error', code: 'unsupported_parameter' } }, 'bad_request'],
    [401, { error: { message: 'Incorrect API key provided: sk-CANARY-responses', code: 'invalid_api_key' } }, 'auth'],
    [404, { error: { message: 'The model `x` does not exist', code: 'model_not_found' } }, 'model_not_found'],
    [429, { error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 'rate_limited'],
  ])('%i', async (status, body, fault) => {
    const heard = await ask(jsonAnswer(body, status), { stream: true });
    expect(heard.failure).toMatchObject({ fault, vendorStatus: status });
    expect(heard.failure?.vendorMessage).not.toContain('CANARY');
  });
});

describe('answers', () => {
  const to = destination('openai', 'gpt-5-pro');
  const from = (body: unknown) => responses.fromVendor(body, to, moment);

  test('that are none are classified', () => {
    for (const body of [
      null,
      'x',
      [],
      {},
      { output: 'x' },
      response([]),
      response([text('x')], { status: 'queued' }),
      response([], { status: 'in_progress' }),
    ])
      expect(
        faultOf(() => from(body)),
        JSON.stringify(body),
      ).toBe('invalid_response');
    expect(faultOf(() => from(response([], { status: 'cancelled' })))).toBe('server_error');
    expect(faultOf(() => from(response([], { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'x' } })))).toBe(
      'rate_limited',
    );
  });

  test.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content_filter'],
    ['brand_new', 'length'],
  ])('one cut short by %s ends as %s', (reason, finish) => {
    const answer = from(response([text('x')], { status: 'incomplete', incomplete_details: { reason } }));
    expect(answer.choices[0]?.finish_reason).toBe(finish);
  });

  test('a plain text needs no extension; citations, phases and tools of the provider do', () => {
    const extensionOf = (...output: unknown[]): unknown => from(response(output)).choices[0]?.message.patchbay;
    expect(extensionOf(text('x'))).toBeUndefined();
    const cited = { id: 'm', type: 'message', content: [{ type: 'output_text', text: 'x', annotations: [{ type: 'url_citation' }] }] };
    const search = { id: 'w', type: 'web_search_call', status: 'completed' };
    for (const output of [[cited], [search, text('x')], [{ ...(text('x') as object), phase: 'commentary' }], [text('x'), text('y')]])
      expect(extensionOf(...output)).toEqual({ items: output });
  });

  test('a call in the name of a program is kept, one by the model itself needs nothing', () => {
    const call = (more: object): unknown => ({
      type: 'function_call',
      id: 'fc',
      call_id: 'c',
      name: 'f',
      arguments: '{}',
      status: 'completed',
      ...more,
    });
    const extensionOf = (item: unknown): unknown => from(response([item])).choices[0]?.message.patchbay;
    expect(extensionOf(call({ caller: { type: 'direct' }, namespace: null }))).toBeUndefined();
    for (const more of [{ namespace: 'n' }, { caller: { type: 'program', caller_id: 'p' } }, { async: true }])
      expect(extensionOf(call(more))).toEqual({ items: [call(more)] });
  });

  const result = {
    type: 'moderation_result',
    model: 'omni',
    flagged: false,
    categories: {},
    category_scores: {},
    category_applied_input_types: {},
  };
  const moderation = { input: result, output: { type: 'error', code: 'x', message: 'y' } };
  const moderated = { input: { type: 'moderation_results', model: 'omni', results: [result] }, output: moderation.output };

  test('what was asked about question and answer is told, whole and streamed', async () => {
    expect(from(response([text('x')], { moderation }))['moderation']).toEqual(moderated);
    expect(from(response([text('x')], { moderation: null }))).not.toHaveProperty('moderation');
    const last = sse({ type: 'response.completed', response: response([text('Hi.')], { moderation }) } as { type: string });
    const { chunks } = await ask({ headers: stream, pieces: [begun, delta('Hi.'), last] }, { stream: true, moderation: { model: 'omni' } });
    expect(chunks.flatMap((chunk) => chunk['moderation'] ?? [])).toEqual([moderated]);
  });

  test('strange members of a sound answer do no harm', () => {
    const output = [
      null,
      3,
      {},
      { type: 'message', content: 'x' },
      { type: 'message', content: [null, { type: 'output_text' }] },
      { type: 'function_call' },
    ];
    const answer = from(response(output, { model: 7, usage: 'x', created_at: 'x' }));
    expect(answer).toMatchObject({ model: 'gpt-5-pro', created: moment.createdS, usage: null, choices: [{ finish_reason: 'tool_calls' }] });
  });

  test('log probabilities are told', () => {
    const logprobs = [{ token: 'x', logprob: -1 }];
    const answer = from(response([{ type: 'message', content: [{ type: 'output_text', text: 'x', logprobs }] }]));
    expect(answer.choices[0]?.logprobs).toEqual({ content: logprobs, refusal: null });
  });
});

describe('streams', () => {
  const to = destination('openai', 'gpt-5-pro');
  const read = (...bodies: unknown[]) => {
    const reader = responses.streamReader(to, moment);
    const chunks = bodies.flatMap((body) => reader.push(event(body)));
    return { chunks, end: reader.end() };
  };

  test('unknown events and pieces of things that were never opened say nothing', () => {
    const { chunks, end } = read(
      { type: 'response.brand_new', deep: { a: [1] } },
      { type: 'response.function_call_arguments.delta', output_index: 9, delta: '{' },
      { type: 'response.output_text.delta', delta: 7 },
      { type: 'response.output_item.done', item: null },
    );
    expect(chunks.filter((chunk) => chunk.choices.some(({ delta: { role: _role, content } }) => content !== ''))).toEqual([]);
    expect(end).toEqual({ chunks: [], isComplete: false });
  });

  test('a call that is told whole, without pieces, is told once', () => {
    const item = { type: 'function_call', id: 'f', call_id: 'c', name: 'lamp', arguments: '{"on":1}' };
    const { chunks } = read(
      { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: response([item]) },
    );
    const pieces = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(pieces.map((piece) => piece.function?.arguments).join('')).toBe('{"on":1}');
    expect(pieces.filter((piece) => piece.id === 'c')).toHaveLength(1);
  });

  test('nothing is said after the end, and a second broken event ends the stream', () => {
    const { chunks } = read(
      { type: 'response.completed', response: response([text('x')]) },
      { type: 'response.output_text.delta', delta: 'y' },
    );
    expect(textOf(chunks)).toBe('x');
    const reader = responses.streamReader(to, moment);
    expect(reader.push(event('{broken'))).toEqual([]);
    expect(faultOf(() => reader.push(event('[]')))).toBe('invalid_response');
  });
});
