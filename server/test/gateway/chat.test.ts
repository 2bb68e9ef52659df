/** The ordinary way of a completion: what goes up, what comes back, and what the books say of it. */
import OpenAI, { AuthenticationError, NotFoundError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  anthropic,
  plain,
  refusing,
  startFakeProvider,
  streaming,
  streamEvents,
  whole,
  wholeBody,
  words,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { canary, message, openRig, readStream, type Rig } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
let key = '';
let mainId = '';
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  mainId = (await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, isDefault: true })).id;
  await rig.connect({ name: 'Claude', providerId: 'anthropic', baseUrl: fake.baseUrl, model: 'claude-sonnet-5' });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.answer(plain);
  fake.received.length = 0;
});

const sentUp = () => fake.received.at(-1)!;

describe('a whole answer', () => {
  test('passes through byte for byte, with the headers that tell its way', async () => {
    const said = await rig.ask(key, { model: 'Main/gpt-4o', messages: message() });
    expect(said.text).toBe(wholeBody());
    expect(said.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-patchbay-connection': mainId,
      'x-patchbay-attempts': '1',
      'x-patchbay-config-rev': String(rig.deps.keeper.snapshot.revision),
    });
    expect(said.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(said.headers['x-patchbay-changed']).toBeUndefined();
  });

  test('is booked once, with tokens, cost and the unit prices it was reckoned with', async () => {
    const said = await rig.ask(key, { model: 'Main/gpt-4o', messages: message() }, { 'x-request-id': 'client-17' });
    const rows = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(rows).toEqual([
      expect.objectContaining({
        attemptNo: 1,
        isLast: true,
        state: 'settled',
        reason: null,
        status: 200,
        connectionId: mainId,
        modelAsked: 'Main/gpt-4o',
        model: 'gpt-4o',
        modelReported: 'gpt-4o-2024-08-06',
        isStream: false,
        tokensIn: 11,
        tokensOut: 7,
        isEstimated: false,
        finishReason: 'stop',
        clientRequestId: 'client-17',
      }),
    ]);
    const prices = JSON.parse(rows[0]!.prices!) as { input: number; output: number };
    expect(rows[0]!.cost).toBe(Math.floor((11 * prices.input + 7 * prices.output) / 1e6 + 0.5));
    expect(said.headers['x-request-id']).not.toBe('client-17');
  });

  test('no header of the provider is passed on', async () => {
    fake.answer(
      whole(wholeBody(), {
        'set-cookie': 'a=b',
        location: '/x',
        server: 'fake',
        'alt-svc': 'h3',
        'x-provider': '1',
        'x-request-id': 'theirs',
      }),
    );
    const said = await rig.ask(key, { messages: message() });
    for (const name of ['set-cookie', 'location', 'server', 'alt-svc', 'x-provider']) expect(said.headers[name]).toBeUndefined();
    expect(said.headers['x-request-id']).not.toBe('theirs');
  });
});

describe('what goes up', () => {
  test('is the body as it came, but for the model', async () => {
    const body = `{ "messages" : ${JSON.stringify(message('héllo'))},\n "model":"Main/gpt-4o" , "temperature":1e0,"future_field":{"a":[1,2]} }`;
    await rig.ask(key, body);
    expect(sentUp().text).toBe(body.replace('"Main/gpt-4o"', '"gpt-4o"'));
    expect(sentUp().path).toBe('/v1/chat/completions');
  });

  test("carries the connection's key and nothing of the caller's", async () => {
    await rig.ask(
      key,
      { messages: message() },
      { 'x-secret-of-mine': 'x', cookie: 'session=abc', 'x-forwarded-for': '1.2.3.4', 'openai-organization': 'org' },
    );
    const { headers } = sentUp();
    expect(headers['authorization']).toBe(`Bearer ${canary}`);
    expect(headers['accept-encoding']).toBe('identity');
    expect(Object.keys(headers).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
    ]);
    expect(JSON.stringify(headers)).not.toContain(key);
  });

  test('names the default model where the caller named none', async () => {
    await rig.ask(key, { messages: message() });
    expect(sentUp().json['model']).toBe('gpt-4o');
  });

  test("keeps an empty list of messages, which is the provider's to refuse", async () => {
    fake.answer(refusing(400, { error: { message: 'messages must not be empty', type: 'invalid_request_error', code: null } }));
    const said = await rig.ask(key, { messages: [] });
    expect(said.status).toBe(400);
    expect(sentUp().json['messages']).toEqual([]);
    expect(said.text).not.toContain('must not be empty');
  });

  test('a stream is asked for its usage, whether the caller wants to see it or not', async () => {
    await rig.ask(key, { messages: message(), stream: true });
    expect(sentUp().json['stream_options']).toEqual({ include_usage: true });
    await rig.ask(key, { messages: message(), stream: true, stream_options: { include_usage: false, include_obfuscation: false } });
    expect(sentUp().json['stream_options']).toEqual({ include_usage: true, include_obfuscation: false });
    await rig.ask(key, { messages: message() });
    expect(sentUp().json['stream_options']).toBeUndefined();
  });
});

describe('a streamed answer', () => {
  test('passes every event in its own bytes, in order, with one end mark', async () => {
    const said = await rig.ask(key, { messages: message(), stream: true });
    const [role, ...rest] = streamEvents();
    expect(said.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(said.headers['x-accel-buffering']).toBe('no');
    expect(said.text).toBe([role, ...rest.slice(0, -2), rest.at(-1)].join(''));
  });

  test('shows the usage chunk to who asked for it', async () => {
    const said = await rig.ask(key, { messages: message(), stream: true, stream_options: { include_usage: true } });
    expect(said.text).toBe(streamEvents().join(''));
    expect(readStream(said.text).usage).toMatchObject({ prompt_tokens: 11 });
  });

  test('is booked with the usage that the caller did not see', async () => {
    const said = await rig.ask(key, { messages: message(), stream: true });
    expect(said.text).not.toContain('prompt_tokens');
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({
        state: 'settled',
        isStream: true,
        tokensIn: 11,
        tokensOut: 7,
        isEstimated: false,
        finishReason: 'stop',
        cost: 97_500,
      }),
    ]);
  });

  test('without usage is booked as an estimate, marked as one', async () => {
    fake.answer(streaming(streamEvents().filter((event) => !event.includes('prompt_tokens'))));
    const said = await rig.ask(key, { messages: message(), stream: true });
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ isEstimated: true, tokensOut: Math.ceil(words.join('').length / 4) });
    expect(row!.tokensIn).toBeGreaterThan(0);
  });

  test('leaves its connection for the next one', async () => {
    const before = fake.connections();
    for (let count = 0; count < 15; count++) await rig.ask(key, { messages: message(), stream: true });
    expect(fake.connections() - before).toBeLessThanOrEqual(2);
  });
});

describe('a provider of another wire', () => {
  beforeEach(() => fake.answer(anthropic));

  test("answers in the caller's wire, whole", async () => {
    const said = await rig.ask(key, {
      model: 'Claude/claude-sonnet-5',
      messages: [{ role: 'system', content: 'Be brief.' }, ...message()],
      max_tokens: 50,
    });
    const answer = JSON.parse(said.text) as {
      object: string;
      choices: { message: { content: string }; finish_reason: string }[];
      usage: Record<string, number>;
    };
    expect(answer).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
    expect(sentUp().path).toBe('/v1/messages');
    expect(sentUp().headers).toMatchObject({ 'x-api-key': canary, 'anthropic-version': '2023-06-01' });
    expect(sentUp().headers['authorization']).toBeUndefined();
    expect(sentUp().json).toMatchObject({ model: 'claude-sonnet-5', max_tokens: 50, system: expect.anything() as unknown });
  });

  test("streams in the caller's wire", async () => {
    const said = await rig.ask(key, {
      model: 'claude-sonnet-5',
      messages: message(),
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 50,
    });
    expect(readStream(said.text)).toMatchObject({
      content: words.join(''),
      isDone: true,
      error: null,
      finishReason: 'stop',
      usage: { prompt_tokens: 11, completion_tokens: 7 },
    });
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({ state: 'settled', tokensIn: 11, tokensOut: 7 }),
    ]);
  });

  test('says what it could not say, in the answer and in the books', async () => {
    const said = await rig.ask(key, { model: 'claude-sonnet-5', messages: message(), logit_bias: { 5: 1 }, max_tokens: 50 });
    expect(said.headers['x-patchbay-changed']).toContain('logit_bias;dropped');
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(JSON.parse(row!.changed!)).toContainEqual({ parameter: 'logit_bias', what: 'dropped' });
  });
});

describe('the openai package as the caller', () => {
  const client = () => new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 0 });

  test('reads a whole answer', async () => {
    const answer = await client().chat.completions.create({ model: 'Main/gpt-4o', messages: [{ role: 'user', content: 'hi' }] });
    expect(answer.choices[0]?.message.content).toBe(words.join(''));
    expect(answer.usage?.total_tokens).toBe(18);
  });

  test('reads a stream to its end', async () => {
    const stream = await client().chat.completions.create({
      model: 'Main/gpt-4o',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let total = 0;
    for await (const part of stream) {
      text += part.choices[0]?.delta.content ?? '';
      total = part.usage?.total_tokens ?? total;
    }
    expect({ text, total }).toEqual({ text: words.join(''), total: 18 });
  });

  test('throws its own error classes for our refusals', async () => {
    const asked = client().chat.completions.create({ model: 'no-such-model', messages: [] });
    await expect(asked).rejects.toBeInstanceOf(NotFoundError);
    await expect(asked).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model', type: 'invalid_request_error' });
    await expect(new OpenAI({ apiKey: 'sk-pb-wrong', baseURL: `${rig.url}/v1`, maxRetries: 0 }).models.list()).rejects.toBeInstanceOf(
      AuthenticationError,
    );
  });

  test('does not multiply attempts that were made already: it heeds x-should-retry', async () => {
    fake.answer(refusing(500));
    const eager = new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 5 });
    await expect(eager.chat.completions.create({ model: 'Main/gpt-4o', messages: [] })).rejects.toMatchObject({
      status: 502,
      code: 'upstream_error',
    });
    expect(fake.received).toHaveLength(2);
  });

  test('throws on a stream that breaks, after the words that came', async () => {
    fake.answer(streaming([streamEvents()[0]!, streamEvents()[1]!], 40));
    const stream = await client().chat.completions.create({ model: 'Main/gpt-4o', messages: [], stream: true });
    let text = '';
    const reading = (async () => {
      for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toThrow(/closed the connection|complete/);
    expect(text).toBe(words[0]);
  });

  test('lists the models that the key may name', async () => {
    const listed: string[] = [];
    for await (const model of await client().models.list()) listed.push(model.id);
    expect(listed).toEqual(expect.arrayContaining(['gpt-4o', 'claude-sonnet-5']));
  });
});
