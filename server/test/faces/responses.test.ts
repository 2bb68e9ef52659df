/** POST /v1/responses through the official client: events, tools, structured answers, and conversations that go on by id. */
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  anthropic,
  chunk,
  doneEvent,
  plain,
  roleEvent,
  sse,
  streaming,
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

type Events = OpenAI.Responses.ResponseStreamEvent[];

async function eventsOf(params: OpenAI.Responses.ResponseCreateParamsNonStreaming): Promise<Events> {
  const events: Events = [];
  for await (const event of await house.responses.responses.create({ ...params, stream: true })) events.push(event);
  expect(
    events.map((event) => event.sequence_number),
    'events are numbered from nought without a gap',
  ).toEqual(events.map((_, at) => at));
  return events;
}

const send = (body: string, headers: Record<string, string> = {}, path = '', method = 'POST'): Promise<Response> =>
  fetch(`${house.rig.url}/v1/responses${path}`, {
    method,
    ...(method === 'POST' && { body }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${house.key}`, ...headers },
  });

const typesOf = (events: Events): string[] => events.map((event) => event.type);

describe('POST /v1/responses', () => {
  test('200 an answer of the chat wire comes back as a response', async () => {
    house.answer('openai', plain);
    const response = await house.responses.responses.create({
      model: 'Chat/gpt-4o',
      input: 'Say something.',
      instructions: 'Be brief.',
      max_output_tokens: 50,
    });
    expect(response.output_text).toBe(words.join(''));
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      instructions: 'Be brief.',
      max_output_tokens: 50,
      error: null,
    });
    expect(response.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    expect(house.lastBody('openai')).toMatchObject({
      model: 'gpt-4o',
      max_tokens: 50,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Say something.' },
      ],
    });
    expect(house.lastBody('openai')['store']).toBeUndefined();
  });

  test('200 a stream has every event in its order', async () => {
    house.answer('openai', plain);
    const events = await eventsOf({ model: 'Chat/gpt-4o', input: 'Say something.' });
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...words.map(() => 'response.output_text.delta'),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const last = events.at(-1);
    expect(last?.type === 'response.completed' && last.response.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    expect(last?.type === 'response.completed' && last.response.output).toMatchObject([
      { type: 'message', content: [{ text: words.join('') }] },
    ]);
  });

  test('200 a conversation goes on by id, at another provider too, and its turns are told again', async () => {
    house.answer('openai', plain);
    const first = await house.responses.responses.create({ model: 'Chat/gpt-4o', input: 'One.' });
    const second = await eventsOf({ model: 'Chat/gpt-4o', input: [{ role: 'user', content: 'Two.' }], previous_response_id: first.id });
    const end = second.at(-1);
    const secondId = end?.type === 'response.completed' ? end.response.id : '';
    expect(end?.type === 'response.completed' && end.response.previous_response_id).toBe(first.id);
    const third = await house.responses.responses.create({ model: 'Chat/gpt-4o', input: 'Three.', previous_response_id: secondId });
    expect(third.status).toBe('completed');
    expect(house.lastBody('openai')['messages']).toEqual([
      { role: 'user', content: 'One.' },
      { role: 'assistant', content: words.join('') },
      { role: 'user', content: 'Two.' },
      { role: 'assistant', content: words.join('') },
      { role: 'user', content: 'Three.' },
    ]);
  });
});

const weather = {
  type: 'function' as const,
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: true,
};

describe('what a response may hold', () => {
  test('200 calls stream with their arguments, side by side, and come back as results', async () => {
    const call = (index: number, id: string, args: string): Record<string, unknown> => ({
      index,
      id,
      type: 'function',
      function: { name: 'weather', arguments: args },
    });
    house.answer(
      'openai',
      streaming([
        roleEvent,
        sse(chunk({ tool_calls: [call(0, 'call_a', '{"city":')] })),
        sse(chunk({ tool_calls: [call(1, 'call_b', '{"city":"Solo"}')] })),
        sse(chunk({ tool_calls: [{ index: 0, function: { arguments: '"Bogor"}' } }] })),
        sse(chunk({}, 'tool_calls')),
        usageEvent,
        doneEvent,
      ]),
      plain,
    );
    const events = await eventsOf({
      model: 'Chat/gpt-4o',
      input: 'How?',
      tools: [weather],
      tool_choice: { type: 'function', name: 'weather' },
    });
    const done = events.filter((event) => event.type === 'response.function_call_arguments.done');
    expect(done).toMatchObject([
      { name: 'weather', arguments: '{"city":"Bogor"}' },
      { name: 'weather', arguments: '{"city":"Solo"}' },
    ]);
    expect(house.lastBody('openai')).toMatchObject({
      tool_choice: { type: 'function', function: { name: 'weather' } },
      tools: [{ type: 'function', function: { name: 'weather', parameters: weather.parameters, strict: true } }],
    });
    const end = events.at(-1);
    const output = end?.type === 'response.completed' ? end.response.output : [];
    expect(output).toMatchObject([
      { type: 'function_call', call_id: 'call_a', status: 'completed' },
      { type: 'function_call', call_id: 'call_b', status: 'completed' },
    ]);
    await house.responses.responses.create({
      model: 'Chat/gpt-4o',
      input: [
        { role: 'user', content: 'How?' },
        ...(output as OpenAI.Responses.ResponseInput),
        { type: 'function_call_output', call_id: 'call_a', output: 'dry' },
        { type: 'function_call_output', call_id: 'call_b', output: [{ type: 'input_text', text: 'wet' }] },
      ],
    });
    expect(house.lastBody('openai')['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_a' }, { id: 'call_b' }] },
      { role: 'tool', tool_call_id: 'call_a', content: 'dry' },
      { role: 'tool', tool_call_id: 'call_b', content: 'wet' },
    ]);
  });

  test('200 pictures and files reach a provider of another wire', async () => {
    house.answer('anthropic', anthropic);
    await house.responses.responses.create({
      model: 'Claude/claude-sonnet-4-5',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look.' },
            { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
          ],
        },
      ],
    });
    expect(house.lastBody('anthropic')['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look.' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'a.pdf' },
        ],
      },
    ]);
  });

  test('200 an answer in a given form, read by the client as an object', async () => {
    house.answer('openai', whole(wholeBody('{"city":"Bogor"}')));
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const parsed = await house.responses.responses.parse({
      model: 'Chat/gpt-4o',
      input: 'Where?',
      text: { format: { type: 'json_schema', name: 'place', schema, strict: true }, verbosity: 'low' },
      reasoning: { effort: 'low' },
    });
    expect(parsed.output_parsed).toEqual({ city: 'Bogor' });
    expect(house.lastBody('openai')).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
      reasoning_effort: 'low',
      verbosity: 'low',
    });
    expect(house.lastBody('openai')['text']).toBeUndefined();
  });

  test('200 thoughts, a refusal and a limit are told in this wire', async () => {
    house.answer(
      'openai',
      streaming([
        roleEvent,
        sse(chunk({ reasoning_content: 'Hm.' })),
        sse(chunk({ refusal: 'No.' })),
        sse(chunk({}, 'length')),
        usageEvent,
        doneEvent,
      ]),
    );
    const events = await eventsOf({ model: 'Chat/gpt-4o', input: 'x' });
    expect(typesOf(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.refusal.delta',
      'response.refusal.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    const end = events.at(-1);
    expect(end?.type === 'response.incomplete' && end.response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
  });

  test('200 a free-form tool is a function elsewhere, and its call comes back as one', async () => {
    const answer = { id: 'call_c', type: 'function', function: { name: 'shell', arguments: '{"input":"ls -l"}' } };
    house.answer(
      'openai',
      streaming([roleEvent, sse(chunk({ tool_calls: [{ index: 0, ...answer }] })), sse(chunk({}, 'tool_calls')), usageEvent, doneEvent]),
    );
    const events = await eventsOf({ model: 'Chat/gpt-4o', input: 'x', tools: [{ type: 'custom', name: 'shell' }] });
    const end = events.at(-1);
    expect(end?.type === 'response.completed' && end.response.output).toMatchObject([
      { type: 'custom_tool_call', call_id: 'call_c', name: 'shell', input: 'ls -l' },
    ]);
    expect(house.lastBody('openai')['tools']).toMatchObject([
      { type: 'function', function: { name: 'shell', parameters: { required: ['input'] } } },
    ]);
  });

  test('400 a tool that runs at the provider is refused by name where there is none', async () => {
    house.answer('openai', plain);
    const answer = await send(JSON.stringify({ model: 'Chat/gpt-4o', input: 'x', tools: [{ type: 'web_search' }] }));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { code: 'unsupported_parameter', param: 'tools', message: expect.stringContaining('web_search') as string },
    });
    expect(house.families.openai.fake.received).toHaveLength(0);
  });
});

describe('the same wire on both sides', () => {
  const output = [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Yes.', annotations: [] }],
    },
  ];
  const vendor = {
    id: 'resp_vendor',
    object: 'response',
    created_at: 1,
    model: 'gpt-5',
    status: 'completed',
    error: null,
    incomplete_details: null,
    output,
    usage: {
      input_tokens: 6,
      output_tokens: 3,
      total_tokens: 9,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
  };

  test("200 bytes pass both ways, hosted tools and unknown fields too, and the answer can be gone on from by the provider's own id", async () => {
    house.answer('responses', whole(JSON.stringify(vendor)));
    const body = '{"model":"Resp/gpt-5", "input":"x", "tools":[{"type":"web_search"}], "brand_new": 1e3}';
    const answer = await send(body);
    expect(house.families.responses.fake.received[0]).toMatchObject({ path: '/v1/responses', text: body.replace('Resp/gpt-5', 'gpt-5') });
    expect(await answer.text()).toBe(JSON.stringify(vendor));
    await house.responses.responses.create({ model: 'Resp/gpt-5', input: 'And?', previous_response_id: 'resp_vendor' });
    expect(house.lastBody('responses')).toMatchObject({
      previous_response_id: null,
      input: [
        { type: 'message', role: 'user', content: 'x' },
        { type: 'message', role: 'assistant', content: output[0]?.content },
        { type: 'message', role: 'user', content: 'And?' },
      ],
    });
  });

  test('200 a stream passes event by event, and is in the books', async () => {
    const named = (type: string, more: Record<string, unknown>): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
    const events = [
      named('response.created', { sequence_number: 0, response: { ...vendor, id: 'resp_vendor_2', status: 'in_progress', output: [] } }),
      named('response.output_item.added', { sequence_number: 1, output_index: 0, item: { ...output[0], content: [] } }),
      named('response.output_text.delta', { sequence_number: 2, output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'Yes.' }),
      named('response.completed', { sequence_number: 3, response: { ...vendor, id: 'resp_vendor_2' } }),
    ];
    house.answer('responses', streaming(events));
    const answer = await send(JSON.stringify({ model: 'Resp/gpt-5', input: 'x', stream: true }));
    expect(await answer.text()).toBe(events.join(''));
    const [row] = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 6, tokensOut: 3 });
    expect((await house.responses.responses.retrieve('resp_vendor_2')).status).toBe('completed');
  });

  test("200 a provider that has both wires is asked in the caller's", async () => {
    await house.rig.connect({ name: 'Both', baseUrl: house.families.responses.fake.baseUrl });
    house.answer('responses', whole(JSON.stringify({ ...vendor, id: 'resp_vendor_3' })));
    await house.responses.responses.create({ model: 'Both/gpt-4o', input: 'x' });
    expect(house.families.responses.fake.received[0]?.path).toBe('/v1/responses');
  });
});
