/** Ollama's wire below /ollama through the official client: whichever provider answers, this wire comes back. */
import type { Tool } from 'ollama';
import { describe, expect, test } from 'vitest';
import { createUseCase } from '../../src/control/use-cases.ts';
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
import {
  answerMachine,
  client,
  ended,
  gathered,
  house,
  linesOf,
  machine,
  machineEnd,
  machineLines,
  machineWhole,
  messages,
  ofMachine,
  ollamaScene,
  post,
} from '../support/ollama-house.ts';

ollamaScene();

describe('POST /ollama/api/chat', () => {
  test('200 an answer in the chat wire comes back in this one, with counts and durations', async () => {
    house.answer('openai', plain);
    const said = await client.chat({
      model: 'Chat/gpt-4o',
      messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
      options: { temperature: 0.5, top_p: 0.9, num_predict: 50, stop: ['END'], seed: 3 },
    });
    expect(said).toMatchObject({ message: { role: 'assistant', content: words.join('') }, ...ended, load_duration: 0 });
    expect(said.total_duration).toBeGreaterThan(0);
    expect(Date.parse(String(said.created_at))).toBeGreaterThan(0);
    expect(house.lastBody('openai')).toMatchObject({
      model: 'gpt-4o',
      stream: false,
      temperature: 0.5,
      top_p: 0.9,
      max_tokens: 50,
      stop: ['END'],
      seed: 3,
      messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
    });
    expect(house.lastBody('openai')['options']).toBeUndefined();
    expect(JSON.stringify(house.lastBody('openai'))).not.toContain('patchbay');
  });

  test.each([
    ['openai', 'Chat/gpt-4o', plain],
    ['anthropic', 'Claude/claude-sonnet-4-5', anthropic],
  ] as const)('200 a stream of %s comes back line by line, with one last line', async (family, model, answer) => {
    house.answer(family, answer);
    const { text, lines } = await gathered(await client.chat({ model, messages, stream: true }));
    expect(text).toBe(words.join(''));
    expect(lines.filter(({ done }) => done)).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject(ended);
  });

  test('200 a body that says nothing of it is answered in a stream, as lines and nothing else', async () => {
    house.answer('openai', plain);
    const answer = await post('/api/chat', { model: 'Chat/gpt-4o', messages });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = linesOf(await answer.text());
    expect(lines.at(-1)).toMatchObject({ done: true });
    expect(house.lastBody('openai')['stream']).toBe(true);
    const [row] = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', isStream: true, tokensIn: 11, tokensOut: 7 });
  });

  test('200 the same wire on both sides: the bytes pass, but for the model', async () => {
    answerMachine(ofMachine);
    const body =
      '{ "model":"Llama/llama3.1", "stream":false, "options":{"num_ctx":8192,"temperature":1e0}, "brand_new":{"a":1}, "messages":[{"role":"user","content":"hi"}] }';
    const answer = await post('/api/chat', body);
    expect(await answer.json()).toEqual(machineWhole);
    expect(machine.received.at(-1)).toMatchObject({ path: '/api/chat', text: body.replace('Llama/llama3.1', 'llama3.1') });
    expect(answer.headers.get('x-patchbay-changed')).toBeNull();
    const [row] = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 11, tokensOut: 7, isEstimated: false, isStream: false });
  });

  test('200 a stream of the same wire passes line by line, in its own bytes', async () => {
    answerMachine(ofMachine);
    const answer = await post('/api/chat', { model: 'Llama/llama3.1', messages });
    expect(await answer.text()).toBe(machineLines.join(''));
    const [row] = await house.rig.rowsOf(answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ state: 'settled', tokensIn: 11, tokensOut: 7, finishReason: 'stop' });
  });

  test('200 a budget bounds the output of a body that passes, and leaves its other options', async () => {
    answerMachine(ofMachine);
    const { text: key } = await house.rig.issueKey({ budgetUsd: 50 });
    const limited = async (options: Record<string, unknown>): Promise<unknown> => {
      const body = { model: 'Llama/llama3.1', messages, stream: false, options };
      expect((await post('/api/chat', body, { authorization: `Bearer ${key}` })).status).toBe(200);
      return machine.received.at(-1)!.json['options'];
    };
    expect(await limited({ num_predict: 77, num_ctx: 4_096 })).toEqual({ num_predict: 77, num_ctx: 4_096 });
    expect(await limited({ num_predict: -1, num_ctx: 4_096 })).toEqual({ num_predict: expect.any(Number) as number, num_ctx: 4_096 });
    expect(await limited({ num_predict: -1 })).not.toEqual({ num_predict: -1 });
  });
});

describe('what a chat may hold', () => {
  const tool: Tool = {
    type: 'function',
    function: { name: 'weather', description: 'of a city', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  };
  const call = (index: number, id: string, args: string): Record<string, unknown> => ({
    index,
    id,
    type: 'function',
    function: { name: 'weather', arguments: args },
  });

  test('200 calls that stream in pieces arrive whole, and results find their calls', async () => {
    house.answer(
      'openai',
      streaming([
        roleEvent,
        sse(chunk({ tool_calls: [call(0, 'call_a', '{"city":'), call(1, 'call_b', '{"city":"Solo"}')] })),
        sse(chunk({ tool_calls: [{ index: 0, function: { arguments: '"Bogor"}' } }] })),
        sse(chunk({}, 'tool_calls')),
        usageEvent,
        doneEvent,
      ]),
    );
    const { lines } = await gathered(await client.chat({ model: 'Chat/gpt-4o', messages, tools: [tool], stream: true }));
    const calls = lines.flatMap(({ message }) => message.tool_calls ?? []);
    expect(calls).toMatchObject([
      { id: 'call_a', function: { name: 'weather', arguments: { city: 'Bogor' } } },
      { id: 'call_b', function: { name: 'weather', arguments: { city: 'Solo' } } },
    ]);
    expect(house.lastBody('openai')['tools']).toMatchObject([tool]);
    house.answer('openai', plain);
    // Clients of this wire keep no ids: calls are told apart by their names and their order.
    const turns = [
      ...messages,
      { role: 'assistant', content: '', tool_calls: calls.map(({ function: said }) => ({ function: said })) },
      { role: 'tool', tool_name: 'weather', content: 'dry' },
      { role: 'tool', tool_name: 'weather', content: 'wet' },
    ];
    await client.chat({ model: 'Chat/gpt-4o', messages: turns, tools: [tool] });
    expect(house.lastBody('openai')['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_0' }, { id: 'call_1' }] },
      { role: 'tool', tool_call_id: 'call_0', content: 'dry' },
      { role: 'tool', tool_call_id: 'call_1', content: 'wet' },
    ]);
  });

  test('200 a picture reaches a provider that takes addresses', async () => {
    house.answer('openai', plain);
    const picture = Uint8Array.from(Buffer.from('/9j/4AAQSkZJRg==', 'base64'));
    await client.chat({ model: 'Chat/gpt-4o', messages: [{ role: 'user', content: 'What is it?', images: [picture] }] });
    expect(house.lastBody('openai')['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/4AAQSkZJRg==' } },
        ],
      },
    ]);
  });

  test('200 an answer in a given form, kept to strictly where the schema can be', async () => {
    house.answer('openai', whole(wholeBody('{"city":"Bogor"}')));
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const said = await client.chat({ model: 'Chat/gpt-4o', messages, format: schema });
    expect(JSON.parse(said.message.content)).toEqual({ city: 'Bogor' });
    expect(house.lastBody('openai')['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema, strict: true },
    });
    await client.chat({ model: 'Chat/gpt-4o', messages, format: { ...schema, required: [] } });
    expect(house.lastBody('openai')['response_format']).not.toHaveProperty('json_schema.strict');
    await client.chat({ model: 'Chat/gpt-4o', messages, format: 'json' });
    expect(house.lastBody('openai')['response_format']).toEqual({ type: 'json_object' });
  });

  test('200 thoughts come apart from the text, and what their provider wants back travels along', async () => {
    const thinking = { type: 'thinking', thinking: 'Hm.', signature: 'sig-1' };
    const answer = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [thinking, { type: 'text', text: 'Yes.' }],
      stop_reason: 'max_tokens',
      stop_sequence: null,
      usage: { input_tokens: 11, output_tokens: 7 },
    };
    house.answer('anthropic', whole(JSON.stringify(answer)));
    const said = await client.chat({ model: 'Claude/claude-sonnet-4-5', messages, think: 'medium', options: { num_predict: 20_000 } });
    expect(said).toMatchObject({ message: { thinking: 'Hm.', content: 'Yes.' }, done_reason: 'length' });
    expect(house.lastBody('anthropic')['thinking']).toMatchObject({ type: 'enabled' });
    await client.chat({ model: 'Claude/claude-sonnet-4-5', messages: [...messages, said.message, ...messages] });
    expect(house.lastBody('anthropic')['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'Yes.' }] },
      { role: 'user' },
    ]);
    // Nobody else sees what is only its provider's.
    answerMachine(ofMachine);
    await client.chat({ model: 'Llama/llama3.1', messages: [...messages, said.message, ...messages] });
    expect(machine.received.at(-1)!.text).not.toMatch(/patchbay|sig-1/);
  });

  test('200 what only a machine of its own can do is left out elsewhere, and named', async () => {
    house.answer('openai', plain);
    const body = { model: 'Chat/gpt-4o', messages, stream: false, keep_alive: '5m', options: { num_ctx: 8_192, mirostat: 1 } };
    const answer = await post('/api/chat', body);
    const changed = answer.headers.get('x-patchbay-changed');
    for (const name of ['keep_alive', 'options.num_ctx', 'options.mirostat']) expect(changed).toContain(`${name};dropped`);
    expect(Object.keys(house.lastBody('openai')).toSorted()).toEqual(['messages', 'model', 'stream']);
  });

  test('200 an answer that was given before is given again, in the lines that it had', async () => {
    house.answer('openai', plain);
    const asked = (): Promise<Response> => post('/api/chat', { model: 'Chat/gpt-4o', messages }, { 'x-patchbay-cache': '60' });
    const [first, again] = [await asked(), await asked()];
    expect([first, again].map(({ headers }) => headers.get('x-patchbay-cache'))).toEqual(['miss', 'hit']);
    expect(await again.text()).toBe(await first.text());
    expect(house.families.openai.fake.received).toHaveLength(1);
  });

  test('200 a use case puts its prompt in front, in either form', async () => {
    const connection = [...house.rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Chat')!;
    await createUseCase(house.rig.deps, house.rig.caller, {
      name: 'Poet',
      slug: 'poet',
      systemPrompt: 'You rhyme.',
      allRoles: true,
      connectionId: connection.id,
      model: 'gpt-4o',
    });
    house.answer('openai', plain);
    await client.chat({ model: 'use-case/poet', messages: [{ role: 'system', content: 'Be brief.' }, ...messages] });
    expect(house.lastBody('openai')['messages']).toEqual([{ role: 'system', content: 'You rhyme.\n\nBe brief.' }, ...messages]);
    await client.generate({ model: 'use-case/poet', prompt: 'Say something.', system: 'Be brief.' });
    expect(house.lastBody('openai')['messages']).toEqual([{ role: 'system', content: 'You rhyme.\n\nBe brief.' }, ...messages]);
  });
});

describe('POST /ollama/api/generate', () => {
  test.each([false, true])('200 a prompt is asked as a conversation and answered as a text (streamed: %s)', async (stream) => {
    house.answer('openai', plain);
    const asked = { model: 'Chat/gpt-4o', prompt: 'Go on.', system: 'Be brief.', images: ['iVBORw0KGgo='] };
    if (stream) {
      let text = '';
      let last: unknown;
      for await (const line of await client.generate({ ...asked, stream: true })) {
        text += line.response ?? '';
        last = line;
      }
      expect(text).toBe(words.join(''));
      expect(last).toMatchObject(ended);
    } else expect(await client.generate(asked)).toMatchObject({ response: words.join(''), ...ended });
    expect(house.lastBody('openai')['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Go on.' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        ],
      },
    ]);
  });

  test.each([false, true])(
    '200 a server of this wire is asked with its own options, and its durations are kept (streamed: %s)',
    async (stream) => {
      answerMachine(ofMachine);
      const asked = { model: 'Llama/llama3.1', prompt: 'Go on.', keep_alive: '1h', think: false, options: { num_ctx: 4_096, top_k: 5 } };
      const answer = await post('/api/generate', { ...asked, stream });
      const lines = linesOf(await answer.text());
      expect(lines.map((line) => line['response']).join('')).toBe(words.join(''));
      expect(lines.at(-1)).toMatchObject(machineEnd);
      expect(lines.some((line) => 'message' in line)).toBe(false);
      expect(machine.received.at(-1)).toMatchObject({
        path: '/api/chat',
        json: { model: 'llama3.1', stream, keep_alive: '1h', think: false, options: { num_ctx: 4_096, top_k: 5 } },
      });
      expect(answer.headers.get('x-patchbay-changed')).toBeNull();
    },
  );

  test('200 what only a prompt can have is named', async () => {
    answerMachine(ofMachine);
    const asked = { model: 'Llama/llama3.1', prompt: 'x', suffix: 'y', raw: true, context: [1], stream: false };
    const changed = (await post('/api/generate', asked)).headers.get('x-patchbay-changed');
    for (const name of ['suffix', 'raw', 'context']) expect(changed).toContain(`${name};dropped`);
  });
});
