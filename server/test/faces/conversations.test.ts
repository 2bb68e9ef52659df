/** Conversations that change provider in the middle: ids, thoughts and signatures reach whoever gave them, and nobody else. */
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/providers/shape.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';
import { chunk, doneEvent, sse, streaming, usageEvent, whole, wholeBody, type Answer } from '../support/fake-provider.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const event = (value: { type: string } & Json): string => `event: ${value.type}\n${sse(value)}`;
const signature = 'c2lnbmF0dXJlIG9mIHRoZSBmaXJzdA==';

/** Thinks, signs it, and calls a tool. */
const claude: Answer = (turn) => {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', stop_reason: null, stop_sequence: null };
  const usage = { input_tokens: 9, output_tokens: 5 };
  if (turn.call.json['stream'] !== true) {
    const content = [
      { type: 'thinking', thinking: 'I need the weather.', signature },
      { type: 'tool_use', id: 'toolu_01', name: 'weather', input: { city: 'Bogor' } },
    ];
    return whole(JSON.stringify({ ...message, content, stop_reason: 'tool_use', usage }))(turn);
  }
  return streaming([
    event({ type: 'message_start', message: { ...message, content: [], usage } }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'I need the weather.' } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature } }),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_01', name: 'weather', input: {} } }),
    event({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":"Bogor"}' } }),
    event({ type: 'content_block_stop', index: 1 }),
    event({ type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 5 } }),
    event({ type: 'message_stop' }),
  ])(turn);
};

/** Thinks in clear and calls the tool again. */
const gpt: Answer = (turn) => {
  const call = { id: 'call_gpt', type: 'function', function: { name: 'weather', arguments: '{"city":"Depok"}' } };
  const message = { role: 'assistant', content: null, reasoning_content: 'And Depok.', tool_calls: [call] };
  if (turn.call.json['stream'] !== true)
    return whole(wholeBody('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }))(turn);
  return streaming([
    sse(chunk({ role: 'assistant', content: '', reasoning_content: 'And Depok.' })),
    sse(chunk({ tool_calls: [{ index: 0, ...call }] })),
    sse(chunk({}, 'tool_calls')),
    usageEvent,
    doneEvent,
  ])(turn);
};

const thoughtSignature = 'Z29vZ2xlIHNpZ25lZCB0aGlz';
/** Calls with a signature on the call, as its newer models do. */
const gemini: Answer = (turn) => {
  const body = {
    responseId: 'gem-1',
    modelVersion: 'gemini-2.5-pro',
    candidates: [
      {
        index: 0,
        content: { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'Solo' } }, thoughtSignature }] },
        finishReason: 'STOP',
      },
    ],
    usageMetadata: { promptTokenCount: 8, candidatesTokenCount: 4, totalTokenCount: 12 },
  };
  return turn.call.path.includes('stream') ? streaming([`data: ${JSON.stringify(body)}\r\n\r\n`])(turn) : whole(JSON.stringify(body))(turn);
};

/** Thinks with encrypted content, and calls. */
const responses: Answer = (turn) => {
  const output = [
    { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Now Tegal.' }], encrypted_content: 'ZW5jcnlwdGVk' },
    { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_resp', name: 'weather', arguments: '{"city":"Tegal"}' },
  ];
  const usage = {
    input_tokens: 6,
    output_tokens: 3,
    total_tokens: 9,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 1 },
  };
  const response = {
    id: 'resp_vendor_1',
    object: 'response',
    created_at: 1,
    model: 'gpt-5',
    status: 'completed',
    error: null,
    incomplete_details: null,
    output,
    usage,
  };
  if (turn.call.json['stream'] !== true) return whole(JSON.stringify(response))(turn);
  let sequence = 0;
  const numbered = (type: string, more: Json): string => event({ type, sequence_number: sequence++, ...more });
  return streaming([
    numbered('response.created', { response: { ...response, status: 'in_progress', output: [] } }),
    ...output.flatMap((item, at) => [
      numbered('response.output_item.added', { output_index: at, item }),
      numbered('response.output_item.done', { output_index: at, item }),
    ]),
    numbered('response.completed', { response }),
  ])(turn);
};

const tools: Anthropic.Tool[] = [{ name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }];

/** Asks one provider with everything said so far, and answers the calls of what came back. */
async function turn(history: Anthropic.MessageParam[], model: string, isStream: boolean): Promise<Anthropic.Message> {
  const params = { model, max_tokens: 500, tools, messages: history };
  const message = isStream ? await house.messages.messages.stream(params).finalMessage() : await house.messages.messages.create(params);
  const calls = message.content.filter((block) => block.type === 'tool_use');
  history.push({ role: 'assistant', content: message.content });
  history.push({
    role: 'user',
    content: calls.map(({ id }) => ({ type: 'tool_result' as const, tool_use_id: id, content: `dry at ${id}` })),
  });
  return message;
}

function answerAll(): void {
  house.answer('anthropic', claude);
  house.answer('openai', gpt);
  house.answer('gemini', gemini);
  house.answer('responses', responses);
}

describe.each([
  ['whole answers', false],
  ['streams', true],
] as const)('through the Messages wire, %s', (_name, isStream) => {
  test('a conversation goes from one provider to the next and back, and each finds its own words again', async () => {
    answerAll();
    const history: Anthropic.MessageParam[] = [{ role: 'user', content: 'How is the weather?' }];
    const first = await turn(history, 'Claude/claude-sonnet-4-5', isStream);
    expect(first.content).toMatchObject([
      { type: 'thinking', signature },
      { type: 'tool_use', id: 'toolu_01' },
    ]);
    const second = await turn(history, 'Chat/gpt-4o', isStream);
    expect(second.stop_reason).toBe('tool_use');
    const chat = JSON.stringify(house.lastBody('openai'));
    expect(chat).not.toContain(signature);
    expect(chat).not.toContain('patchbay');
    expect(house.lastBody('openai')['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'toolu_01', function: { name: 'weather', arguments: '{"city":"Bogor"}' } }] },
      { role: 'tool', tool_call_id: 'toolu_01', content: 'dry at toolu_01' },
    ]);

    const third = await turn(history, 'Gem/gemini-2.5-pro', isStream);
    expect(third.content.find((block) => block.type === 'tool_use')).toMatchObject({ name: 'weather', input: { city: 'Solo' } });
    const google = JSON.stringify(house.lastBody('gemini'));
    expect(google).not.toContain(signature);
    expect(google).toContain('"city":"Depok"');

    await turn(history, 'Resp/gpt-5', isStream);
    expect(JSON.stringify(house.lastBody('responses'))).not.toMatch(/patchbay|c2lnbmF0|Z29vZ2xl/);

    const back = await turn(history, 'Claude/claude-sonnet-4-5', isStream);
    expect(back.stop_reason).toBe('tool_use');
    const sent = house.lastBody('anthropic')['messages'] as { role: string; content: Json[] }[];
    expect(sent[1]?.content).toMatchObject([
      { type: 'thinking', thinking: 'I need the weather.', signature },
      { type: 'tool_use', id: 'toolu_01', input: { city: 'Bogor' } },
    ]);
    // What others thought bears no signature of this provider's, and is not shown to it.
    expect(JSON.stringify(sent)).not.toMatch(/patchbay|Z29vZ2xl|ZW5jcnlwdGVk|And Depok/);
    expect(sent.flatMap(({ content }) => content).filter((block) => block['type'] === 'tool_use')).toHaveLength(4);

    await turn(history, 'Gem/gemini-2.5-pro', isStream);
    const contents = JSON.stringify(house.lastBody('gemini')['contents']);
    expect(contents.split(thoughtSignature)).toHaveLength(2);
    expect(contents).toContain('"city":"Tegal"');
    await turn(history, 'Resp/gpt-5', isStream);
    const items = house.lastBody('responses')['input'] as Json[];
    expect(items.filter((item) => item['encrypted_content'] === 'ZW5jcnlwdGVk')).toHaveLength(1);
  });
});

describe.each([
  ['whole answers', false],
  ['streams', true],
] as const)('through the Responses wire, %s', (_name, isStream) => {
  /** One turn that goes on from the last by its id alone. */
  async function goOn(previousId: string | null, model: string, input: OpenAI.Responses.ResponseInput): Promise<OpenAI.Responses.Response> {
    const params = {
      model,
      input,
      tools: [{ type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: false }],
      ...(previousId !== null && { previous_response_id: previousId }),
    };
    if (!isStream) return house.responses.responses.create(params);
    let last: OpenAI.Responses.Response | null = null;
    for await (const one of await house.responses.responses.create({ ...params, stream: true }))
      if (one.type === 'response.completed') last = one.response;
    if (last === null) throw new Error('the stream did not complete');
    return last;
  }

  const resultsOf = (response: OpenAI.Responses.Response): OpenAI.Responses.ResponseInput =>
    response.output.flatMap((item) =>
      item.type === 'function_call' ? [{ type: 'function_call_output' as const, call_id: item.call_id, output: 'dry' }] : [],
    );

  test('a conversation goes on by id through every provider and back, and each finds its own words again', async () => {
    answerAll();
    let response = await goOn(null, 'Claude/claude-sonnet-4-5', [{ role: 'user', content: 'How is the weather?' }]);
    expect(response.output.map(({ type }) => type).toSorted()).toContain('function_call');
    for (const model of ['Chat/gpt-4o', 'Gem/gemini-2.5-pro', 'Resp/gpt-5', 'Claude/claude-sonnet-4-5'])
      response = await goOn(response.id, model, resultsOf(response));
    const sent = house.lastBody('anthropic')['messages'] as { role: string; content: Json[] }[];
    expect(sent[1]?.content).toMatchObject([
      { type: 'thinking', thinking: 'I need the weather.', signature },
      { type: 'tool_use', id: 'toolu_01', input: { city: 'Bogor' } },
    ]);
    expect(JSON.stringify(sent)).not.toMatch(/patchbay|Z29vZ2xl|ZW5jcnlwdGVk/);
    expect(sent.flatMap(({ content }) => content).filter((block) => block['type'] === 'tool_use')).toHaveLength(4);
    for (const family of ['openai', 'gemini', 'responses'] as const)
      expect(JSON.stringify(house.lastBody(family))).not.toMatch(/patchbay|c2lnbmF0/);

    response = await goOn(response.id, 'Gem/gemini-2.5-pro', resultsOf(response));
    expect(JSON.stringify(house.lastBody('gemini')['contents']).split(thoughtSignature)).toHaveLength(2);
    response = await goOn(response.id, 'Resp/gpt-5', resultsOf(response));
    const items = house.lastBody('responses')['input'] as Json[];
    expect(items.filter((item) => item['encrypted_content'] === 'ZW5jcnlwdGVk')).toHaveLength(1);
    expect(items.filter((item) => item['type'] === 'function_call')).toHaveLength(6);
    expect(items.filter((item) => item['type'] === 'function_call_output')).toHaveLength(6);
  });
});

describe('through the chat wire', () => {
  test('a client that sends back what it was given is understood by every provider, and each finds its own words again', async () => {
    answerAll();
    const history: unknown[] = [{ role: 'user', content: 'How is the weather?' }];
    const say = async (model: string): Promise<Json> => {
      const tool = { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } };
      const answer = await house.rig.ask(house.key, { model, messages: history, tools: [tool], max_tokens: 500 });
      expect(answer.status).toBe(200);
      const { message } = (JSON.parse(answer.text) as { choices: { message: Json }[] }).choices[0]!;
      const calls = message['tool_calls'] as { id: string }[];
      history.push(message, ...calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'dry' })));
      return message;
    };
    expect(await say('Claude/claude-sonnet-4-5')).toMatchObject({ reasoning_content: 'I need the weather.' });
    for (const model of ['Chat/gpt-4o', 'Gem/gemini-2.5-pro', 'Resp/gpt-5', 'Claude/claude-sonnet-4-5']) await say(model);
    expect(JSON.stringify(house.lastBody('openai'))).not.toMatch(/patchbay|c2lnbmF0/);
    const sent = house.lastBody('anthropic')['messages'] as { content: Json[] }[];
    expect(sent[1]?.content).toMatchObject([
      { type: 'thinking', signature },
      { type: 'tool_use', id: 'toolu_01' },
    ]);
    expect(JSON.stringify(sent)).not.toMatch(/patchbay|Z29vZ2xl|ZW5jcnlwdGVk/);
    await say('Gem/gemini-2.5-pro');
    expect(JSON.stringify(house.lastBody('gemini')['contents']).split(thoughtSignature)).toHaveLength(2);
    await say('Resp/gpt-5');
    expect((house.lastBody('responses')['input'] as Json[]).filter((item) => item['encrypted_content'] === 'ZW5jcnlwdGVk')).toHaveLength(1);
  });
});
