/** Ids in the input of a call are often longer than a double is exact: no digit of them is lost, whichever wires they pass. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { messageOf } from '../../src/faces/anthropic/answer.ts';
import { wholeOf } from '../../src/faces/ollama/answer.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { scanObject, type Scan } from '../../src/lib/json-scan.ts';
import { limitPatch } from '../../src/providers/limit-field.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { parseExactly } from '../../src/providers/shape.ts';
import { hear, playVendor } from './call-kit.ts';
import { destination, event, moment } from './kit.ts';

const id = '1234567890123456789';
const input = `{"user":${id},"near":[-${id},9007199254740991,0.12345678901234567,1e21],"name":"${id}"}`;

test('a limit that is put among other numbers leaves them as they are', () => {
  const bytes = Buffer.from(`{"model":"m","options":{"seed":${id},"num_predict":90000}}`);
  const scan = scanObject(bytes) as Scan;
  expect(limitPatch({ bytes, scan }, 'options.num_predict', 50)).toEqual({ key: 'options', json: `{"seed":${id},"num_predict":50}` });
});

describe('a call in a whole answer', () => {
  const claude = `{"id":"m","type":"message","role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":${input}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":2}}`;
  const converse = `{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"f","input":${input}}}]}},"stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":2}}`;
  const ollama = `{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":${input}}}]},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}`;

  test.each([
    ['anthropic', claude],
    ['bedrock', converse],
    ['ollama', ollama],
  ])('of %s', async (provider, body) => {
    const vendor = await playVendor(() => ({ pieces: [body] }));
    const { answer, failure, facts } = await hear(destination(provider, 'm', {}, vendor.origin), 'sk-test', {});
    expect(failure).toBeNull();
    expect(answer?.choices[0]?.message.tool_calls?.[0]?.function.arguments).toBe(
      input.replace('0.12345678901234567', String(Number('0.12345678901234567'))).replace('1e21', '1e+21'),
    );
    expect(facts?.usage).toMatchObject({ tokensIn: 3, tokensOut: 2 });
  });

  test('told in wires whose input is an object', () => {
    const call = { id: 't', type: 'function' as const, function: { name: 'f', arguments: `{"user":${id}}` } };
    const message = { role: 'assistant' as const, content: null, tool_calls: [call] };
    const answer = {
      id: 'a',
      object: 'chat.completion' as const,
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' as const }],
    };
    expect(JSON.stringify(messageOf(answer, 1))).toContain(`"input":{"user":${id}}`);
    const frame = { kind: 'chat' as const, clock: systemClock, startedMs: 0, tokensIn: 1 };
    expect(wholeOf(frame, answer)).toContain(`"arguments":{"user":${id}}`);
  });
});

describe('a call in a stream', () => {
  test('is whole in the blocks that go back to Claude', () => {
    const reader = protocolOf(destination('anthropic', 'claude-sonnet-4-5').row).streamReader(destination('anthropic', 'm'), moment);
    const chunks = [
      { type: 'message_start', message: { id: 'm', model: 'm' } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: 'Hm.', signature: 's' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: `{"user":${id}}` } },
      { type: 'content_block_stop', index: 1 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
      { type: 'message_stop' },
    ].flatMap((one) => reader.push(event(one, one.type)));
    expect(JSON.stringify(chunks.at(-1))).toContain(`"input":{"user":${id}}`);
  });
});

test('a call in a stream of Google, where the arguments are an object', async () => {
  const one = `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"user":${id}}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}`;
  const vendor = await playVendor(() => ({ pieces: [`data: ${one}\n\n`], headers: { 'content-type': 'text/event-stream' } }));
  const { chunks, failure, facts } = await hear(destination('gemini', 'gemini-2.5-pro', {}, vendor.origin), 'sk-test', { stream: true });
  expect(failure).toBeNull();
  const calls = chunks.flatMap((chunk) => chunk.choices.flatMap(({ delta }) => delta.tool_calls ?? []));
  expect(calls.map((call) => call.function?.arguments)).toEqual([`{"user":${id}}`]);
  expect(facts?.usage).toMatchObject({ tokensIn: 3, tokensOut: 2 });
});

describe('a call of the history', () => {
  const request: ChatRequest = {
    messages: [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: `{"user":${id}}` } }],
      },
      { role: 'tool', tool_call_id: 't', content: 'ok' },
    ],
  };

  test.each([
    ['anthropic', 'claude-sonnet-4-5'],
    ['gemini', 'gemini-2.5-flash'],
    ['bedrock', 'amazon.nova-pro-v1:0'],
    ['ollama', 'qwen3'],
  ])('at %s', (provider, model) => {
    const to = destination(provider, model);
    expect(JSON.stringify(protocolOf(to.row).toVendor(request, to).body)).toContain(`{"user":${id}}`);
  });
});

test('what is no JSON, or too deep, is undefined with long numbers too', () => {
  expect(parseExactly(`{"a":${id}`)).toBeUndefined();
  expect(parseExactly(`${'['.repeat(300)}${id}${']'.repeat(300)}`)).toBeUndefined();
  expect(JSON.stringify(parseExactly(`[${id},${id}.5,"${id}",12]`))).toBe(`[${id},${id}.5,"${id}",12]`);
});

test.each([
  ['zeros within', `1${'0'.repeat(300_000)}1`],
  ['zeros behind the point', `0.${'0'.repeat(300_000)}1`],
  ['zeros at the end', `1.5${'0'.repeat(300_000)}`],
])('a number as long as a body, with %s, is read as fast as it is long', (_, number) => {
  const kept = JSON.stringify(parseExactly(`{"a":${number}}`));
  expect(kept === `{"a":${number}}` || kept === '{"a":1.5}').toBe(true);
});
