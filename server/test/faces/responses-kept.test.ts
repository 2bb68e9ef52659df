/** Kept responses, and how the Responses wire says no: what is not there, not the caller's, or cannot be read. */
import { NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunk, holdingBetween, plain, refusing, roleEvent, sse, streaming, words, whole, wholeBody } from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const send = (body: string, headers: Record<string, string> = {}, path = '', method = 'POST'): Promise<Response> =>
  fetch(`${house.rig.url}/v1/responses${path}`, {
    method,
    ...(method === 'POST' && { body }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${house.key}`, ...headers },
  });

const textOf = (part: { value?: Uint8Array | undefined }): string => Buffer.from(part.value ?? []).toString('utf8');

describe('kept responses', () => {
  test('200 one can be read, its input page by page, and deleted; then it is gone', async () => {
    house.answer('openai', plain);
    const made = await house.responses.responses.create({
      model: 'Chat/gpt-4o',
      input: [
        { role: 'user', content: 'a' },
        { role: 'user', content: 'b' },
        { role: 'user', content: 'c' },
      ],
    });
    expect((await house.responses.responses.retrieve(made.id)).output_text).toBe(words.join(''));
    const items: unknown[] = [];
    for await (const item of house.responses.responses.inputItems.list(made.id, { limit: 2, order: 'asc' })) items.push(item);
    expect(items).toMatchObject([{ content: 'a' }, { content: 'b' }, { content: 'c' }]);
    await house.responses.responses.delete(made.id);
    const { responses } = house.responses;
    const asked = [() => responses.retrieve(made.id), () => responses.delete(made.id), () => responses.inputItems.list(made.id)];
    for (const ask of asked) await expect(ask()).rejects.toThrow(NotFoundError);
    await expect(house.responses.responses.create({ model: 'Chat/gpt-4o', input: 'x', previous_response_id: made.id })).rejects.toThrow(
      NotFoundError,
    );
  });

  /** A whole number and a decimal that no double holds, where each of them may stand. */
  const digits = '{"id":1234567890123456789,"share":0.12345678901234567891}';
  const long = `"metadata":{"k":"v"},"tools":[{"type":"function","name":"f","parameters":{"type":"object","enum":[${digits}]}}]`;

  test.each([
    ['Chat', false],
    ['Chat', true],
    ['Resp', false],
    ['Resp', true],
  ] as const)('200 no digit of a number is lost in what is answered and told again (%s, streamed: %s)', async (name, stream) => {
    const call = { type: 'program_call', id: 'p', input: 'INPUT' };
    const said = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'ok', annotations: [] }] };
    const answered = JSON.stringify({ id: 'resp_1', object: 'response', model: 'm', status: 'completed', output: [call, said] });
    const response = answered.replace('"INPUT"', digits);
    const ended = `event: response.completed\ndata: {"type":"response.completed","response":${response}}\n\n`;
    house.answer('openai', plain, plain);
    house.answer('responses', ...(stream ? [streaming([ended]), streaming([ended])] : [whole(response), whole(response)]));
    const items = `[{"type":"program_call","id":"q","input":${digits}},{"role":"user","content":"hi"}]`;
    const body = (input: string, more = ''): string => `{"model":"${name}/gpt-4o","stream":${stream},${long},"input":${input}${more}}`;
    const first = await (await send(body(items))).text();
    if (name === 'Chat') expect(first).toContain(`"enum":[${digits}]`);
    const id = /"id":"(resp_[^"]+)"/.exec(first)![1]!;
    const kept = await (await send('', {}, `/${id}`, 'GET')).text();
    expect(kept).toContain(name === 'Chat' ? `"enum":[${digits}]` : `"input":${digits}`);
    expect(await (await send('', {}, `/${id}/input_items`, 'GET')).text()).toContain(`"input":${digits}`);
    expect((await send(body('"And now?"', `,"previous_response_id":"${id}"`))).status).toBe(200);
    const sent = house.families[name === 'Chat' ? 'openai' : 'responses'].fake.received.at(-1)!.text;
    expect(sent).toContain(digits);
    if (name === 'Resp') expect(sent.split(`"input":${digits}`)).toHaveLength(3);
  });

  test('404 what was not to be stored is not, and says so', async () => {
    house.answer('openai', plain);
    const made = await house.responses.responses.create({ model: 'Chat/gpt-4o', input: 'x', store: false });
    expect((made as unknown as { store: boolean }).store).toBe(false);
    await expect(house.responses.responses.retrieve(made.id)).rejects.toThrow(NotFoundError);
  });

  test("404 somebody else's response looks exactly like a missing one", async () => {
    house.answer('openai', plain);
    const made = await house.responses.responses.create({ model: 'Chat/gpt-4o', input: 'x' });
    const { text: other } = await house.rig.issueKey({}, await house.workspaceId());
    const headers = { authorization: `Bearer ${other}` };
    for (const [path, method] of [
      ['', 'GET'],
      ['', 'DELETE'],
      ['/input_items', 'GET'],
    ] as const) {
      const [foreign, missing] = await Promise.all([made.id, 'resp_none'].map((id) => send('', headers, `/${id}${path}`, method)));
      expect([foreign!.status, missing!.status]).toEqual([404, 404]);
      const plainer = async (answer: Response, id: string): Promise<string> =>
        (await answer.text()).replace(id, 'ID').replace(/"request_id":"[^"]+"/, '');
      expect(await plainer(foreign!, made.id)).toBe(await plainer(missing!, 'resp_none'));
    }
    const goingOn = await send(JSON.stringify({ model: 'Chat/gpt-4o', input: 'x', previous_response_id: made.id }), headers);
    expect(goingOn.status).toBe(404);
    expect((await house.responses.responses.retrieve(made.id)).id).toBe(made.id);
  });

  test('404 an id that can be none, 405 another method, 401 without a key', async () => {
    for (const path of ['/', `/${'x'.repeat(300)}`, '/%00', '/%', '/a/b', '/a/input_items/c'])
      expect((await send('', {}, path, 'GET')).status).toBe(404);
    expect((await send('{}', {}, '/resp_1')).status).toBe(405);
    expect((await send('', { authorization: 'Bearer sk-pb-no' }, '/resp_1', 'GET')).status).toBe(401);
    expect((await fetch(`${house.rig.url}/v1/responses`)).status).toBe(405);
  });

  test('200 items are found by the ids that they were given, and 404 those of somebody else', async () => {
    const call = { id: 'call_a', type: 'function', function: { name: 'f', arguments: '{}' } };
    const message = { role: 'assistant', content: 'Wait.', tool_calls: [call] };
    house.answer('openai', whole(wholeBody('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] })), plain);
    const made = await house.responses.responses.create({ model: 'Chat/gpt-4o', input: 'x' });
    const references = made.output.map((item) => ({ type: 'item_reference' as const, id: (item as { id: string }).id }));
    expect(references).toHaveLength(2);
    const body = {
      model: 'Chat/gpt-4o',
      input: [
        { role: 'user' as const, content: 'x' },
        ...references,
        { type: 'function_call_output' as const, call_id: 'call_a', output: 'y' },
      ],
    };
    await house.responses.responses.create(body);
    expect(house.lastBody('openai')['messages']).toMatchObject([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'Wait.', tool_calls: [{ id: 'call_a' }] },
      { role: 'tool', tool_call_id: 'call_a', content: 'y' },
    ]);
    const { text: other } = await house.rig.issueKey({}, await house.workspaceId());
    expect((await send(JSON.stringify(body), { authorization: `Bearer ${other}` })).status).toBe(404);
    const wrong = { ...body, input: [{ type: 'item_reference', id: `fc_${'0'.repeat(32)}_0` }] };
    expect((await send(JSON.stringify(wrong))).status).toBe(404);
  });

  test('an answer that broke off is not kept', async () => {
    house.answer('openai', holdingBetween([roleEvent, sse(chunk({ content: 'Half' }))], []));
    const answer = await send(JSON.stringify({ model: 'Chat/gpt-4o', input: 'x', stream: true }));
    const reader = answer.body!.getReader();
    let text = '';
    while (!text.includes('Half')) text += textOf(await reader.read());
    house.families.openai.fake.release();
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += textOf(part);
    const events = text
      .trimEnd()
      .split('\n\n')
      .filter((block) => block.startsWith('event: '))
      .map((block) => JSON.parse(block.split('\ndata: ')[1]!) as Record<string, never>);
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at));
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'upstream_connection_lost' } },
    });
    const id = (events[0] as unknown as { response: { id: string } }).response.id;
    await expect(house.responses.responses.retrieve(id)).rejects.toThrow(NotFoundError);
  });
});

describe('saying no', () => {
  const refusals: readonly (readonly [string, string, number, string])[] = [
    ['no body', '', 400, 'invalid_json'],
    ['a list', '[]', 400, 'invalid_json'],
    ['broken JSON', '{"model":', 400, 'invalid_json'],
    ['a key twice', '{"model":"a","model":"b"}', 400, 'duplicate_key'],
    ['nesting beyond all use', `{"input":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 400, 'too_deep'],
    ['a model that is a number', '{"model":5}', 400, 'invalid_type'],
    ['a limit of half a token', '{"model":"gpt-4o","max_output_tokens":0.5}', 400, 'invalid_type'],
    ['work in the background', '{"model":"Chat/gpt-4o","background":true}', 400, 'invalid_type'],
    ['a conversation kept elsewhere', '{"model":"Chat/gpt-4o","conversation":"conv_1"}', 400, 'invalid_type'],
    ['a prompt kept elsewhere', '{"model":"Chat/gpt-4o","prompt":{"id":"p"}}', 400, 'invalid_type'],
    ['a response that is not there', '{"model":"Chat/gpt-4o","previous_response_id":"resp_none"}', 404, 'response_not_found'],
    ['a model that nobody serves', '{"model":"no-such-model","input":"x"}', 404, 'model_not_found'],
  ];
  test.each(refusals)('%s', async (_name, body, status, code) => {
    const answer = await send(body);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([status, code]);
  });

  const strange: readonly unknown[] = [
    { input: 5 },
    {
      input: [
        null,
        5,
        'x',
        {},
        { type: 7 },
        { role: 'user', content: 5 },
        { type: 'message' },
        { type: 'function_call' },
        { type: 'function_call_output' },
      ],
    },
    {
      input: [
        { type: 'reasoning', encrypted_content: 'patchbay.1.AAAA' },
        { type: 'reasoning', summary: 'x' },
        { type: 'item_reference', id: 'x' },
      ],
    },
    {
      input: [
        { role: 'assistant', content: [null, { type: 'refusal' }] },
        { role: 'user', content: [{ type: 'input_image' }, { type: 'input_file' }, { type: 'odd' }] },
      ],
    },
    {
      input: 'x',
      tools: [null, 4, { type: 'function' }, { type: 'custom' }],
      tool_choice: { type: 'odd' },
      text: 5,
      reasoning: 'x',
      include: 7,
      metadata: 'x',
    },
    { input: 'x', instructions: 7, previous_response_id: 7, store: 'x', stream_options: 5, tool_choice: 7 },
  ];
  test.each(strange.map((body, at) => [at, body] as const))(
    'nonsense number %i is answered, by a provider or by a refusal, and never by a crash',
    async (_at, body) => {
      for (const model of ['Chat/gpt-4o', 'Claude/claude-sonnet-4-5', 'Gem/gemini-2.5-pro', 'Resp/gpt-5']) {
        for (const family of ['openai', 'anthropic', 'gemini', 'responses'] as const) house.answer(family, refusing(400));
        const answer = await send(JSON.stringify({ ...(body as object), model }));
        expect(answer.status).toBe(400);
        expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
      }
      expect(house.rig.logged.filter((line) => line.includes('failed before it became') || line.includes('on our side'))).toEqual([]);
    },
  );
});
