/** The built-in demo provider over a real socket: a lawful OpenAI wire, the same answer every time, for this installation alone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatResponse } from '../../src/domain/chat.ts';
import { demoAnswer, demoModels, demoTokens } from '../../src/faces/demo/answers.ts';
import { demoBodyBytesMax, demoSilenceMs, handleDemo } from '../../src/faces/demo/handler.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createSseReader, type SseEvent } from '../../src/lib/sse.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { mustProviderRow } from '../../src/providers/catalog.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { destination, moment } from './kit.ts';

const key = 'demo-key-of-this-process';
let server: Server;
let base: string;
/** Delays that the demo asked for which are longer than a test; they run at once. */
const longDelays: number[] = [];
const clock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    if (delayMs > 1000) longDelays.push(delayMs);
    return systemClock.after(Math.min(delayMs, 5), run);
  },
};

beforeAll(async () => {
  server = createServer((req, res) => void handleDemo({ clock, key }, req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const post = (body: unknown, secret = key): Promise<Response> =>
  fetch(`${base}/demo/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const ask = (content: unknown, more = {}): Record<string, unknown> => ({
  model: 'demo-small',
  messages: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content },
  ],
  ...more,
});
const answerTo = async (body: unknown): Promise<ChatResponse> => (await (await post(body)).json()) as ChatResponse;
const eventsOf = async (response: Response): Promise<SseEvent[]> => createSseReader().push(new Uint8Array(await response.arrayBuffer()));
const tool = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        days: { type: 'integer' },
        brief: { type: 'boolean' },
        tags: { type: 'array' },
        more: { type: 'object' },
      },
    },
  },
};

describe('who may ask', () => {
  test.each([
    ['', 401],
    ['wrong', 401],
    [`${key}x`, 401],
    [key, 200],
  ])('401 for every key but the one of this process: %j', async (secret, status) => {
    expect((await post(ask('hi'), secret)).status).toBe(status);
  });
  test('401 also for a process that has drawn no key', async () => {
    const open = createServer((req, res) => void handleDemo({ clock, key: '' }, req, res));
    await new Promise<void>((resolve) => open.listen(0, '127.0.0.1', resolve));
    const response = await fetch(`http://127.0.0.1:${(open.address() as AddressInfo).port}/demo/v1/models`, {
      headers: { authorization: 'Bearer ' },
    });
    expect(response.status).toBe(401);
    await new Promise((resolve) => open.close(resolve));
  });
  test.each([
    ['GET', '/demo/v1/nothing'],
    ['GET', '/demo/v1/chat/completions'],
    ['POST', '/demo/v1/models'],
    ['GET', '/'],
  ])('404 %s %s', async (method, path) => {
    expect((await fetch(base + path, { method, headers: { authorization: `Bearer ${key}` } })).status).toBe(404);
  });
});

describe('what it answers', () => {
  test('200 a list of its models, and its row suggests each of them', async () => {
    const response = await fetch(`${base}/demo/v1/models?x=1`, { headers: { authorization: `Bearer ${key}` } });
    expect(openai.modelsOf(await response.json()).map((model) => model.id)).toEqual([...demoModels]);
    expect(mustProviderRow('demo').models.suggested).toEqual([...demoModels]);
  });

  test('200 the same text for the same question, labelled as a demo, with usage that can be checked', async () => {
    const first = await answerTo(ask('What is a patch panel?'));
    const second = await answerTo(ask([{ type: 'text', text: 'What is a patch panel?' }, { type: 'image_url' }]));
    expect(first.choices).toEqual(second.choices);
    expect(first).toMatchObject({ object: 'chat.completion', model: 'demo-small', system_fingerprint: 'patchbay-demo' });
    const text = first.choices[0]?.message.content ?? '';
    expect(text).toContain('What is a patch panel?');
    expect(first.usage).toEqual({
      prompt_tokens: demoTokens('Be kind.What is a patch panel?'.length),
      completion_tokens: demoTokens(text.length),
      total_tokens: demoTokens(30) + demoTokens(text.length),
    });
    expect((await answerTo(ask('Other'))).choices[0]?.message.content).not.toBe(text);
    expect((await answerTo(ask('Other', { model: 'demo-large' }))).choices[0]?.message.content?.length).toBeGreaterThan(text.length / 2);
    expect((await answerTo(ask(undefined))).choices[0]?.message.content).toContain('no text');
  });

  test('200 a limit is kept, and said to be the reason', async () => {
    const { choices, usage } = await answerTo(ask('Tell me a long story', { max_completion_tokens: 5 }));
    expect(choices[0]?.finish_reason).toBe('length');
    expect(usage?.completion_tokens).toBeLessThanOrEqual(5);
  });

  test('200 a stream says the same in several chunks, with usage where it was asked for', async () => {
    const whole = await answerTo(ask('Stream this'));
    const events = await eventsOf(await post(ask('Stream this', { stream: true, stream_options: { include_usage: true } })));
    expect(events.length).toBeGreaterThan(4);
    expect(events.at(-1)?.data).toBe('[DONE]');
    for (const event of events.slice(0, -1)) expect(event.data).toContain('"system_fingerprint":"patchbay-demo"');
    const reader = openai.streamReader(destination('openai', 'demo-small'), moment);
    const chunks = [...events.flatMap((event) => reader.push(event)), ...reader.end().chunks];
    expect(assemble(chunks)).toMatchObject({
      choices: [{ message: { content: whole.choices[0]?.message.content }, finish_reason: 'stop' }],
      usage: whole.usage,
    });
    expect((await eventsOf(await post(ask('Stream this', { stream: true })))).some((event) => event.data.includes('"usage"'))).toBe(false);
  });

  test('200 a call where the text asks for it, whole and streamed, and words after the result', async () => {
    const body = ask('Please use the tool for Bandung', { tools: [tool] });
    const whole = await answerTo(body);
    const [call] = whole.choices[0]?.message.tool_calls ?? [];
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    expect(JSON.parse(call?.function.arguments ?? '')).toEqual({
      city: 'Please use the tool for Bandung',
      days: 1,
      brief: true,
      tags: [],
      more: {},
    });
    const reader = openai.streamReader(destination('openai', 'demo-small'), moment);
    const chunks = (await eventsOf(await post({ ...body, stream: true }))).flatMap((event) => reader.push(event));
    expect(assemble(chunks).choices[0]?.message.tool_calls).toEqual([call]);
    const messages = [
      ...(body['messages'] as unknown[]),
      whole.choices[0]?.message,
      { role: 'tool', tool_call_id: call?.id, content: 'rain' },
    ];
    expect((await answerTo({ ...body, messages })).choices[0]?.finish_reason).toBe('stop');
  });

  test('200 no call unless the text or the request asks for one', async () => {
    expect((await answerTo(ask('Hello', { tools: [tool] }))).choices[0]?.finish_reason).toBe('stop');
    expect((await answerTo(ask('use the tool', { tools: [tool], tool_choice: 'none' }))).choices[0]?.finish_reason).toBe('stop');
    expect((await answerTo(ask('use the tool', { tools: [{ type: 'function' }, 'odd'] }))).choices[0]?.finish_reason).toBe('stop');
    expect((await answerTo(ask('Hello', { tools: [tool], tool_choice: 'required' }))).choices[0]?.finish_reason).toBe('tool_calls');
  });

  test('a tool without parameters is called with the empty object', () => {
    const answer = demoAnswer({
      model: 'demo-small',
      question: 'q',
      promptChars: 1,
      tool: { name: 'f', parameters: undefined },
      outputTokensMax: null,
    });
    expect(answer.call?.function.arguments).toBe('{}');
  });
});

describe('how it fails', () => {
  test.each([
    ['demo-fail-401', 401, 'auth'],
    ['demo-fail-429', 429, 'rate_limited'],
    ['demo-fail-500', 500, 'server_error'],
    ['demo-none', 404, 'model_not_found'],
  ])('%s answers %s, which means %s', async (model, status, fault) => {
    for (const stream of [false, true]) {
      const response = await post(ask('hi', { model, stream }));
      expect(response.status).toBe(status);
      expect(openai.errorOf(status, await response.json()).fault).toBe(fault);
    }
  });

  test('429 says when to come back', async () => {
    expect((await post(ask('hi', { model: 'demo-fail-429' }))).headers.get('retry-after')).toBe('1');
  });

  test('demo-fail-timeout stays silent for minutes, then hangs up without an answer', async () => {
    await expect(post(ask('hi', { model: 'demo-fail-timeout' }))).rejects.toThrow(TypeError);
    expect(longDelays).toEqual([demoSilenceMs]);
  });

  test('demo-fail-midstream breaks off after its first chunks, without an end', async () => {
    const response = await post(ask('hi', { model: 'demo-fail-midstream', stream: true }));
    expect(response.status).toBe(200);
    let text = '';
    const read = async (): Promise<void> => {
      for await (const piece of response.body ?? []) text += new TextDecoder().decode(piece as Uint8Array);
    };
    await expect(read()).rejects.toThrow(TypeError);
    expect(text).toContain('chat.completion.chunk');
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('"finish_reason":"stop"');
  });

  test('demo-fail-midstream breaks off a whole answer too', async () => {
    await expect(post(ask('hi', { model: 'demo-fail-midstream' })).then((response) => response.text())).rejects.toThrow(TypeError);
  });

  test('400 for a body that is no JSON object, 413 for one that is too large', async () => {
    for (const body of ['{', '[]', '7', '']) expect((await post(body)).status).toBe(400);
    expect((await post(JSON.stringify(ask('x'.repeat(demoBodyBytesMax))))).status).toBe(413);
  });

  test('a caller who leaves in the middle of a stream ends it', async () => {
    const leaving = new AbortController();
    const response = await fetch(`${base}/demo/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(ask('hi', { stream: true })),
      signal: leaving.signal,
    });
    leaving.abort();
    await expect(response.text()).rejects.toThrow(/abort/i);
    expect((await post(ask('hi'))).status).toBe(200);
  });
});
