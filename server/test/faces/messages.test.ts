/** POST /v1/messages through the official client: whichever provider answers, the Messages wire comes back. */
import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  anthropic as anthropicAnswer,
  chunk,
  doneEvent,
  plain,
  roleEvent,
  sse,
  streaming,
  usage,
  usageEvent,
  whole,
  wholeBody,
  words,
} from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const ask = (model: string, more: Record<string, unknown> = {}): Anthropic.MessageCreateParamsNonStreaming => ({
  model,
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Say something.' }],
  ...more,
});
const said = (message: Anthropic.Message): string => message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

const post = (body: string, headers: Record<string, string> = {}, path = '/v1/messages'): Promise<Response> =>
  fetch(`${house.rig.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...(headers['authorization'] === undefined && { 'x-api-key': house.key }), ...headers },
  });

describe('POST /v1/messages', () => {
  test('200 an answer in the chat wire comes back as a message', async () => {
    house.answer('openai', plain);
    const message = await house.messages.messages.create(ask('Chat/gpt-4o', { system: 'Be brief.', stop_sequences: ['END'] }));
    expect(said(message)).toBe(words.join(''));
    expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn', stop_sequence: null });
    expect(message.usage).toMatchObject({ input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens });
    // The client reads the id of its request from this wire's own header.
    expect(Reflect.get(message, '_request_id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(house.lastBody('openai')).toMatchObject({
      model: 'gpt-4o',
      max_tokens: 100,
      stop: ['END'],
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Say something.' },
      ],
    });
    expect(JSON.stringify(house.lastBody('openai'))).not.toContain('patchbay');
  });

  test('200 a stream of chunks comes back as events, each block begun and ended once', async () => {
    house.answer('openai', plain);
    const stream = house.messages.messages.stream(ask('Chat/gpt-4o'));
    const types: string[] = [];
    stream.on('streamEvent', (event) => void types.push(event.type));
    const message = await stream.finalMessage();
    expect(said(message)).toBe(words.join(''));
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    expect(types[0]).toBe('message_start');
    expect(types.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
    expect(types.filter((type) => type === 'content_block_start')).toHaveLength(1);
  });

  test('200 the same wire on both sides: the bytes pass, but for the model', async () => {
    house.answer('anthropic', anthropicAnswer);
    const body =
      '{ "model":"Claude/claude-sonnet-4-5", "max_tokens": 1e2, "brand_new":{"a":1}, "messages":[{"role":"user","content":"hi"}] }';
    const answer = await post(body, { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x-1' });
    const text = await answer.text();
    const received = house.families.anthropic.fake.received.at(-1)!;
    expect(received.text).toBe(body.replace('Claude/claude-sonnet-4-5', 'claude-sonnet-4-5'));
    expect(received.headers).toMatchObject({ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x-1' });
    expect(JSON.parse(text)).toMatchObject({ id: 'msg_fake', usage: { input_tokens: 11, output_tokens: 7 } });
    expect(answer.headers.get('x-patchbay-changed')).toBeNull();
    const [row] = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 11, tokensOut: 7, isEstimated: false });
  });

  test('200 a stream of the same wire passes event by event, and its usage is in the books', async () => {
    house.answer('anthropic', anthropicAnswer);
    const { data, response } = await house.messages.messages.create({ ...ask('Claude/claude-sonnet-4-5'), stream: true }).withResponse();
    const types: string[] = [];
    let text = '';
    for await (const event of data) {
      types.push(event.type);
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    expect(text).toBe(words.join(''));
    expect(types.at(-1)).toBe('message_stop');
    const [row] = await house.rig.rowsOf(response.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 11, tokensOut: 7, finishReason: 'stop' });
  });
});

describe('what a message may hold', () => {
  const tool: Anthropic.Tool = {
    name: 'weather',
    description: 'of a city',
    input_schema: { type: 'object', properties: { city: { type: 'string' } } },
  };
  const call = (index: number, id: string, args: string): Record<string, unknown> => ({
    index,
    id,
    type: 'function',
    function: { name: 'weather', arguments: args },
  });

  test('200 calls that stream side by side arrive one after the other, whole', async () => {
    house.answer(
      'openai',
      streaming([
        roleEvent,
        sse(chunk({ content: 'Both.' })),
        sse(chunk({ tool_calls: [call(0, 'call_a', '')] })),
        sse(chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] })),
        sse(chunk({ tool_calls: [call(1, 'call_b', '{"ci')] })),
        sse(
          chunk({
            tool_calls: [
              { index: 0, function: { arguments: '"Bogor"}' } },
              { index: 1, function: { arguments: 'ty":"Solo"}' } },
            ],
          }),
        ),
        sse(chunk({}, 'tool_calls')),
        usageEvent,
        doneEvent,
      ]),
    );
    const message = await house.messages.messages
      .stream(ask('Chat/gpt-4o', { tools: [tool], tool_choice: { type: 'any' } }))
      .finalMessage();
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Both.' },
      { type: 'tool_use', id: 'call_a', name: 'weather', input: { city: 'Bogor' } },
      { type: 'tool_use', id: 'call_b', name: 'weather', input: { city: 'Solo' } },
    ]);
    expect(house.lastBody('openai')).toMatchObject({
      tool_choice: 'required',
      tools: [{ type: 'function', function: { name: 'weather', parameters: tool.input_schema } }],
    });
  });

  test.each([false, true])(
    '200 a forced call is a reason to stop, also where the provider says a plain stop (streamed %s)',
    async (isStream) => {
      const forced = call(0, 'call_a', '{"city":"Bogor"}');
      const body = wholeBody('', { choices: [{ index: 0, message: { content: null, tool_calls: [forced] }, finish_reason: 'stop' }] });
      house.answer(
        'openai',
        isStream
          ? streaming([roleEvent, sse(chunk({ tool_calls: [forced] })), sse(chunk({}, 'stop')), usageEvent, doneEvent])
          : whole(body),
      );
      const params = ask('Chat/gpt-4o', { tools: [tool], tool_choice: { type: 'tool', name: 'weather' } });
      const { messages } = house.messages;
      const message = isStream ? await messages.stream(params).finalMessage() : await messages.create(params);
      expect(message.content).toMatchObject([{ type: 'tool_use', id: 'call_a', input: { city: 'Bogor' } }]);
      expect(message.stop_reason).toBe('tool_use');
    },
  );

  test.each<[string, Record<string, unknown>[], Record<string, unknown>[]]>([
    [
      'words in the middle of a call come after it',
      [
        { tool_calls: [call(0, 'call_a', '{"city"')] },
        { content: 'Let me ' },
        { content: 'see.' },
        { tool_calls: [{ index: 0, function: { arguments: ':"Bogor"}' } }] },
      ],
      [
        { type: 'tool_use', id: 'call_a', name: 'weather', input: { city: 'Bogor' } },
        { type: 'text', text: 'Let me see.' },
      ],
    ],
    [
      'a call that waits for another stays whole, whatever is said meanwhile, and calls keep their order',
      [
        { tool_calls: [call(0, 'call_a', '{}'), call(1, 'call_b', '{"city"')] },
        { content: 'And.' },
        { tool_calls: [{ index: 1, function: { arguments: ':"Solo"}' } }, call(2, 'call_c', '{}')] },
      ],
      [
        { type: 'tool_use', id: 'call_a', name: 'weather', input: {} },
        { type: 'text', text: 'And.' },
        { type: 'tool_use', id: 'call_b', name: 'weather', input: { city: 'Solo' } },
        { type: 'tool_use', id: 'call_c', name: 'weather', input: {} },
      ],
    ],
    [
      'a name that comes after its id is not lost',
      [
        { tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { name: 'weather', arguments: '{"city":"Bogor"}' } }] },
      ],
      [{ type: 'tool_use', id: 'call_a', name: 'weather', input: { city: 'Bogor' } }],
    ],
  ])('200 %s', async (_name, deltas, content) => {
    house.answer(
      'openai',
      streaming([roleEvent, ...deltas.map((delta) => sse(chunk(delta))), sse(chunk({}, 'tool_calls')), usageEvent, doneEvent]),
    );
    const message = await house.messages.messages.stream(ask('Chat/gpt-4o', { tools: [tool] })).finalMessage();
    expect(message.content).toMatchObject(content);
    expect(message.content).toHaveLength(content.length);
    expect(message.stop_reason).toBe('tool_use');
  });

  test('200 pictures of a user and of a tool reach a provider that takes results as texts', async () => {
    house.answer('openai', plain);
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' };
    const answer = await house.messages.messages
      .create(
        ask('Chat/gpt-4o', {
          messages: [
            {
              role: 'user',
              content: [
                { type: 'image', source },
                { type: 'text', text: 'Look.' },
              ],
            },
            { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'camera', input: {} }] },
            {
              role: 'user',
              content: [
                {
                  type: 'tool_result',
                  tool_use_id: 't1',
                  is_error: true,
                  content: [
                    { type: 'text', text: 'seen' },
                    { type: 'image', source },
                  ],
                },
                { type: 'text', text: 'Well?' },
              ],
            },
          ],
        }),
      )
      .withResponse();
    const url = 'data:image/png;base64,iVBORw0KGgo=';
    expect(house.lastBody('openai')['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url } },
          { type: 'text', text: 'Look.' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 't1', type: 'function', function: { name: 'camera', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 't1', content: 'seen' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
      { role: 'user', content: [{ type: 'text', text: 'Well?' }] },
    ]);
    const changed = answer.response.headers.get('x-patchbay-changed');
    expect(changed).toContain('messages.is_error;dropped');
    expect(changed).toContain('messages.tool.content;approximated;messages.user.content');
  });

  test('200 an answer in a given form', async () => {
    house.answer('openai', whole(wholeBody('{"city":"Bogor"}')));
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const message = await house.messages.messages.create(
      ask('Chat/gpt-4o', { output_config: { format: { type: 'json_schema', schema } } }),
    );
    expect(JSON.parse(said(message))).toEqual({ city: 'Bogor' });
    expect(house.lastBody('openai')['response_format']).toMatchObject({ type: 'json_schema', json_schema: { schema, strict: true } });
    expect(house.lastBody('openai')['output_config']).toBeUndefined();
  });

  test('200 thoughts of another provider come as thinking, and a budget goes as an effort', async () => {
    house.answer(
      'openai',
      streaming([
        roleEvent,
        sse(chunk({ reasoning_content: 'Hm.' })),
        sse(chunk({ content: 'Yes.' })),
        sse(chunk({}, 'length')),
        usageEvent,
        doneEvent,
      ]),
    );
    const message = await house.messages.messages
      .stream(ask('Chat/gpt-5', { max_tokens: 20_000, thinking: { type: 'enabled', budget_tokens: 9_000 } }))
      .finalMessage();
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Yes.' },
    ]);
    expect(message.stop_reason).toBe('max_tokens');
    expect(house.lastBody('openai')).toMatchObject({ reasoning_effort: 'medium', max_completion_tokens: 20_000 });
  });

  test('200 what only this wire can say is left out elsewhere, and named', async () => {
    house.answer('openai', plain);
    const { response } = await house.messages.messages
      .create(
        ask('Chat/gpt-4o', {
          system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
          context_management: { edits: [] },
        }),
      )
      .withResponse();
    const changed = response.headers.get('x-patchbay-changed');
    expect(changed).toContain('messages.cache_control;dropped');
    expect(changed).toContain('context_management;dropped');
  });

  test('400 a tool that runs at the provider is refused by name where the provider has none, and never sent', async () => {
    house.answer('openai', plain);
    const refused: unknown = await house.messages.messages
      .create(ask('Chat/gpt-4o', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BadRequestError);
    expect((refused as Error).message).toContain('web_search_20250305');
    expect(house.families.openai.fake.received).toHaveLength(0);
  });

  test('200 the same tool is left out where the connection says so', async () => {
    house.answer('openai', plain);
    await house.rig.connect({ name: 'Lenient', baseUrl: house.families.openai.fake.baseUrl, settings: { parameterMode: 'warn' } });
    const { response } = await house.messages.messages
      .create(ask('Lenient/gpt-4o', { tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'auto' } }))
      .withResponse();
    expect(response.headers.get('x-patchbay-changed')).toContain('tools.web_search_20250305;dropped');
    expect(house.lastBody('openai')['tools']).toBeUndefined();
    expect(house.lastBody('openai')['tool_choice']).toBeUndefined();
  });
});

describe('money and limits', () => {
  test('200 a budget bounds the output of a body that passes', async () => {
    house.answer('anthropic', anthropicAnswer);
    const { text: key } = await house.rig.issueKey({ budgetUsd: 50 });
    const body = JSON.stringify(ask('Claude/claude-sonnet-4-5', { max_tokens: 77 }));
    expect((await post(body, { 'x-api-key': key })).status).toBe(200);
    expect(house.lastBody('anthropic')).toMatchObject({ max_tokens: 77, model: 'claude-sonnet-4-5' });
    const without = JSON.stringify({ ...ask('Claude/claude-sonnet-4-5'), max_tokens: undefined });
    expect((await post(without, { 'x-api-key': key })).status).toBe(200);
    expect(house.lastBody('anthropic')['max_tokens']).toBe(64_000);
  });

  test('402 a budget that is used up', async () => {
    const { text: key } = await house.rig.issueKey({ budgetUsd: '0.000000001' });
    const answer = await post(JSON.stringify(ask('Claude/claude-sonnet-4-5')), { 'x-api-key': key });
    expect(answer.status).toBe(402);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'billing_error', code: 'budget_exceeded' } });
  });

  test('429 a rate that is reached, with the time to wait', async () => {
    house.answer('anthropic', anthropicAnswer);
    const { text: key } = await house.rig.issueKey({ rpm: 1 });
    const body = JSON.stringify(ask('Claude/claude-sonnet-4-5'));
    expect((await post(body, { 'x-api-key': key })).status).toBe(200);
    const answer = await post(body, { 'x-api-key': key });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });
});
