/** How the Messages wire says no: to what cannot be read, to whom may not, and in the middle of a stream. */
import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunk, holding, holdingBetween, plain, refusing, roleEvent, sse, streaming } from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';
import { movingClock } from '../support/moving-clock.ts';
import { until } from '../support/wait.ts';

const clock = movingClock();
let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse({ clock });
});
afterAll(() => house.close());

const ask = (model: string, more: Record<string, unknown> = {}): Anthropic.MessageCreateParamsNonStreaming => ({
  model,
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Say something.' }],
  ...more,
});
const textOf = (part: { value?: Uint8Array | undefined }): string => Buffer.from(part.value ?? []).toString('utf8');

const post = (body: string, headers: Record<string, string> = {}, path = '/v1/messages'): Promise<Response> =>
  fetch(`${house.rig.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...(headers['authorization'] === undefined && { 'x-api-key': house.key }), ...headers },
  });

const refusals: readonly (readonly [string, string, number, string])[] = [
  ['no body', '', 400, 'invalid_request_error'],
  ['a list', '[]', 400, 'invalid_request_error'],
  ['broken JSON', '{"model":', 400, 'invalid_request_error'],
  ['JSON that only looks sound from outside', '{"model":"x","messages":[tru]}', 400, 'invalid_request_error'],
  ['a key twice', '{"model":"a","model":"b"}', 400, 'invalid_request_error'],
  ['nesting beyond all use', `{"messages":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 400, 'invalid_request_error'],
  ['a model that is a number', '{"model":5}', 400, 'invalid_request_error'],
  ['a stream that is a text', '{"model":"gpt-4o","stream":"yes"}', 400, 'invalid_request_error'],
  ['a limit below nothing', '{"model":"gpt-4o","max_tokens":-1}', 400, 'invalid_request_error'],
  ['a model that nobody serves', '{"model":"no-such-model","messages":[]}', 404, 'not_found_error'],
];

describe('saying no', () => {
  test.each(refusals)('%s', async (_name, body, status, type) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    const said = (await answer.json()) as { type: string; error: Record<string, string>; request_id: string };
    expect(said).toMatchObject({ type: 'error', error: { type } });
    expect(said.error['message']).not.toMatch(/\.ts|node:|undici/);
    expect(said.request_id).toBe(answer.headers.get('request-id'));
    expect(answer.headers.get('x-request-id')).toBe(answer.headers.get('request-id'));
  });

  const strange: readonly unknown[] = [
    { messages: 'not a list' },
    {
      messages: [
        null,
        5,
        'x',
        [],
        { role: 'user' },
        { role: 'user', content: 7 },
        { role: 'assistant', content: [null, 3, { type: 5 }, { type: 'tool_use' }] },
      ],
    },
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'tool_result' },
            { type: 'image' },
            { type: 'image', source: { type: 'base64' } },
            { type: 'document', source: 3 },
          ],
        },
      ],
    },
    {
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', signature: 'patchbay.1.AAAA' },
            { type: 'redacted_thinking', data: 'patchbay.1.' },
          ],
        },
      ],
    },
    { messages: [], system: 5, tools: 'x', tool_choice: 7, thinking: [], output_config: 'y', metadata: 3, stop_sequences: {} },
    { messages: [], tools: [null, 5, { name: 3 }, { type: 7 }, { name: 'f', input_schema: 'x' }], tool_choice: { type: 'tool' } },
    { messages: [], __proto__x: 1, patchbay: { wire: 'messages', native: { model: 'stolen' }, lost: [] } },
  ];
  test.each(strange.map((body, at) => [at, body] as const))(
    'nonsense number %i is answered, by a provider or by a refusal, and never by a crash',
    async (_at, body) => {
      for (const model of ['Chat/gpt-4o', 'Claude/claude-sonnet-4-5', 'Gem/gemini-2.5-pro', 'Resp/gpt-5']) {
        for (const family of ['openai', 'anthropic', 'gemini', 'responses'] as const) house.answer(family, refusing(400));
        const answer = await post(JSON.stringify({ max_tokens: 5, ...(body as object), model }));
        expect([400, 404]).toContain(answer.status);
        expect(await answer.json()).toMatchObject({ type: 'error' });
        for (const { fake } of Object.values(house.families))
          for (const { json } of fake.received) expect(json['model']).not.toBe('stolen');
      }
      expect(house.rig.logged.filter((line) => line.includes('failed before it became') || line.includes('on our side'))).toEqual([]);
    },
  );

  test('400 a role that the wire of the provider does not know, and nobody is asked; a provider of the same wire decides by itself', async () => {
    const body = (model: string): string => JSON.stringify(ask(model, { messages: [{ role: 'critic', content: 'Say something.' }] }));
    for (const model of ['Chat/gpt-4o', 'Gem/gemini-2.5-pro', 'Resp/gpt-5']) {
      for (const family of ['openai', 'gemini', 'responses'] as const) house.answer(family, plain);
      const answer = await post(body(model));
      expect([answer.status, await answer.json()], model).toMatchObject([
        400,
        {
          type: 'error',
          error: { type: 'invalid_request_error', param: 'messages', message: expect.stringContaining('"critic"') as unknown },
        },
      ]);
      for (const family of ['openai', 'gemini', 'responses'] as const) expect(house.families[family].fake.received).toEqual([]);
    }
    house.answer('anthropic', refusing(400));
    expect((await post(body('Claude/claude-sonnet-4-5'))).status).toBe(400);
    expect(house.lastBody('anthropic')['messages']).toEqual([{ role: 'critic', content: 'Say something.' }]);
  });

  test('200 a kind of choice of tools that nobody knows is named', async () => {
    house.answer('openai', plain);
    const tools = [{ name: 'f', input_schema: { type: 'object' } }];
    const answer = await post(JSON.stringify(ask('Chat/gpt-4o', { tools, tool_choice: { type: 'sometimes' } })));
    expect([answer.status, answer.headers.get('x-patchbay-changed')]).toEqual([200, expect.stringContaining('tool_choice')]);
  });

  test('401 without a key, with a wrong one, and with a personal token', async () => {
    const wrong: Record<string, string>[] = [
      { 'x-api-key': 'sk-pb-no' },
      { 'x-api-key': '' },
      { authorization: 'Bearer pat-pb-x' },
      { authorization: 'Basic x' },
    ];
    for (const headers of wrong) {
      const answer = await post(JSON.stringify(ask('Chat/gpt-4o')), headers);
      expect([answer.status, ((await answer.json()) as { error: { type: string } }).error.type]).toEqual([401, 'authentication_error']);
    }
  });

  test('200 with a bearer key as well', async () => {
    house.answer('openai', plain);
    expect((await post(JSON.stringify(ask('Chat/gpt-4o')), { authorization: `Bearer ${house.key}` })).status).toBe(200);
  });

  test('405 for another method, in the shape of this wire', async () => {
    const answer = await fetch(`${house.rig.url}/v1/messages`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
  });

  test('404 below the address of this wire, in its shape', async () => {
    const answer = await post('{}', {}, '/v1/messages/batches');
    expect([answer.status, await answer.json()]).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }]);
  });

  test('each is booked as a refused request of the key that sent it', async () => {
    const answer = await post('{', { 'x-request-id': 'of-the-client' });
    expect(await house.rig.rowsOf(answer.headers.get('x-request-id')!)).toEqual([
      expect.objectContaining({ state: 'refused', reason: 'invalid_json', clientRequestId: 'of-the-client' }),
    ]);
  });

  const failures: readonly (readonly [number, number, string])[] = [
    [401, 502, 'api_error'],
    [429, 429, 'rate_limit_error'],
    [500, 502, 'api_error'],
    [529, 503, 'overloaded_error'],
    [400, 400, 'invalid_request_error'],
  ];
  test.each(failures)('a provider that answers %i is a %i here, and its words stay inside', async (vendor, status, type) => {
    const answerOf = refusing(vendor, { type: 'error', error: { type: 'x', message: 'secret words of the vendor' } });
    house.answer('anthropic', answerOf, answerOf, answerOf, answerOf);
    const answer = await post(JSON.stringify(ask('Claude/claude-sonnet-4-5')));
    const text = await answer.text();
    expect([answer.status, (JSON.parse(text) as { error: { type: string } }).error.type]).toEqual([status, type]);
    expect(text).not.toContain('secret words');
  });
});

describe('streams that do not end well', () => {
  test('a stream of the same wire that fails after its first word ends with an error event, and not with its end', async () => {
    const begun = [
      'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}\n\n',
    ];
    const failing = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"secret words"}}\n\n';
    for (const rest of [[failing], []]) {
      house.answer('anthropic', holdingBetween(begun, rest));
      const answer = await post(JSON.stringify({ ...ask('Claude/claude-sonnet-4-5'), stream: true }));
      const reader = answer.body!.getReader();
      let text = '';
      while (!text.includes('Half')) text += textOf(await reader.read());
      house.families.anthropic.fake.release();
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += textOf(part);
      expect(text).toContain('"Half"');
      expect(text.trimEnd().split('\n\n').at(-1)).toMatch(/^event: error\ndata: \{"type":"error"/);
      expect(text).not.toMatch(/message_stop|secret words/);
    }
  });

  test('a translated stream that breaks off says so, and the client of this wire throws', async () => {
    house.answer('openai', streaming([roleEvent, sse(chunk({ content: 'Half' }))], 1));
    const stream = house.messages.messages.stream(ask('Chat/gpt-4o'));
    await expect(stream.finalMessage()).rejects.toThrow(APIError);
  });

  test('a silent line is kept alive with pings', async () => {
    const { fake } = house.families.openai;
    house.answer('openai', holding(plain));
    const asking = post(JSON.stringify({ ...ask('Chat/gpt-4o'), stream: true }));
    await until(() => fake.received.length === 1, 'the provider is asked');
    clock.move(house.rig.deps.timeouts.heartbeatMs);
    const reader = (await asking).body!.getReader();
    expect(textOf(await reader.read())).toBe('event: ping\ndata: {"type":"ping"}\n\n');
    fake.release();
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += textOf(part);
    expect(rest).toContain('message_stop');
  });
});
