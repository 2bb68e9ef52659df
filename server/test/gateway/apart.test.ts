/** Answers stay apart: nobody reads another's words, and words that look like the wire are words all the same. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import {
  chunk,
  doneEvent,
  finishEvent,
  plain,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  usageEvent,
  whole,
  wholeBody,
  words,
  type Answer,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { message, openRig, readStream, type Rig } from './rig.ts';
import { until } from '../support/wait.ts';

let rig: Rig;
let fake: FakeProvider;
const keys: string[] = [];
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  for (let count = 0; count < 10; count++) keys.push((await rig.issueKey()).text);
  await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, isDefault: true });
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

const contentOf = (text: string): string =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;

/** Says the caller's own words back, a few characters at a time where a stream was asked for. */
const echo: Answer = (turn) => {
  const said = (turn.call.json['messages'] as { content: string }[])[0]!.content;
  if (turn.call.json['stream'] !== true) return whole(wholeBody(said))(turn);
  return streaming(
    [roleEvent, ...(said.match(/.{1,7}/gsu) ?? []).map((content) => sse(chunk({ content }))), finishEvent, usageEvent, doneEvent],
    1,
  )(turn);
};

describe('many callers at once', () => {
  test('each of 400 interleaved requests gets its own words, its own id and its own row', async () => {
    fake.answer(echo);
    const asked = Array.from({ length: 400 }, (_, n) => ({
      key: keys[n % keys.length]!,
      said: `caller ${n} says ${'x'.repeat(n % 50)} ${n}`,
      stream: n % 2 === 0,
    }));
    const answers = await Promise.all(
      asked.map(async ({ key, said, stream }) => ({
        said,
        stream,
        answer: await rig.ask(key, { messages: message(said), stream }, { 'x-request-id': said }),
      })),
    );
    for (const { said, stream, answer } of answers) expect(stream ? readStream(answer.text).content : contentOf(answer.text)).toBe(said);
    const requestIds = new Map(answers.map(({ said, answer }) => [String(answer.headers['x-request-id']), said]));
    expect(requestIds.size).toBe(400);
    const rows = (await rig.rows()).filter((row) => requestIds.has(row.requestId));
    expect(rows).toHaveLength(400);
    for (const row of rows) expect(row.clientRequestId).toBe(requestIds.get(row.requestId));
    expect(requestsInFlight()).toBe(0);
  });

  test('the connections to the provider are few, and those that rest are the only ones left', async () => {
    const before = fake.connections();
    for (let round = 0; round < 5; round++) await Promise.all(keys.map((key) => rig.ask(key, { messages: message() })));
    expect(fake.connections() - before).toBeLessThanOrEqual(keys.length);
    await until(() => fake.openSockets() === rig.deps.egress.openSockets(), 'both sides count the same lines');
  });
});

/** Text that would end or forge an event, a line, a page or a terminal if it were not encoded (G1). */
const tricky = [
  'data: [DONE]\n\n',
  '\r\n\r\ndata: [DONE]\r\n\r\n',
  '\nevent: error\ndata: {"error":{"message":"forged"}}\n\n',
  ': comment\n\n',
  '</script><script>alert(1)</script>',
  '\u001b[31mred\u001b[0m',
  '\u2028\u2029\u0085',
  'nul \u0000 and bell \u0007',
  '😀 世界 \u202e',
  '{"choices":[]}',
];

describe('words that look like the wire', () => {
  test.each(tricky)('%j arrives as it was said, whole and streamed', async (said) => {
    fake.answer(echo);
    const [key] = keys;
    expect(contentOf((await rig.ask(key!, { messages: message(said) })).text)).toBe(said);
    const read = readStream((await rig.ask(key!, { messages: message(said), stream: true })).text);
    expect(read).toMatchObject({ content: said, isDone: true, error: null });
  });

  test('also through a translation from another wire: one event in is one event out', async () => {
    const said = tricky.join('');
    const event = (value: { type: string } & Record<string, unknown>): string => `event: ${value.type}\n${sse(value)}`;
    fake.answer(
      streaming([
        event({
          type: 'message_start',
          message: {
            id: 'm',
            type: 'message',
            role: 'assistant',
            model: 'c',
            content: [],
            stop_reason: null,
            usage: { input_tokens: 1, output_tokens: 1 },
          },
        }),
        event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
        event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said } }),
        event({ type: 'content_block_stop', index: 0 }),
        event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
        event({ type: 'message_stop' }),
      ]),
    );
    const answer = await rig.ask(keys[0]!, { model: 'claude-sonnet-5', messages: message(), stream: true, max_tokens: 9 });
    const read = readStream(answer.text);
    expect(read).toMatchObject({ content: said, isDone: true, error: null });
    expect(answer.text.split('\n\n').filter((block) => !block.startsWith('data: ') && block !== '')).toEqual([]);
  });

  test("a provider's own event names, ids and pauses do not reach the caller", async () => {
    fake.answer(streaming([`event: message\nid: 7\nretry: 999999\n${sse(chunk({ content: words[0] }))}`, finishEvent, doneEvent]));
    const answer = await rig.ask(keys[0]!, { messages: message(), stream: true });
    expect(answer.text).not.toMatch(/^(event|id|retry):/m);
    expect(readStream(answer.text)).toMatchObject({ content: words[0], isDone: true });
  });
});
