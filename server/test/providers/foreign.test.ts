/** What goes out for a caller of another wire: its own bytes where the provider speaks the same, a translation elsewhere. */
import { describe, expect, test } from 'vitest';
import { readForeign } from '../../src/gateway/request.ts';
import type { Call } from '../../src/providers/calling.ts';
import { prepareForeign } from '../../src/providers/foreign.ts';
import { modelAbilitiesOf } from '../../src/providers/model-abilities.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { rowForCaller, wireOf } from '../../src/providers/wires.ts';
import { chatWriter, namedEvent, type CallerWire } from '../../src/providers/writer.ts';
import { toHouse } from '../../src/faces/anthropic/request.ts';
import { destination, messagesWire, moment } from './kit.ts';

function sent(
  body: string,
  to: Destination,
  more: { outputTokensMax?: number; wire?: Partial<CallerWire> } = {},
): { text: string; changed: string[] } {
  const own = { ...messagesWire, ...more.wire };
  const request = { ...readForeign(Buffer.from(body), own, toHouse), outputTokensMax: more.outputTokensMax ?? null };
  const call = { to, origin: '', trust: 'member', secret: '', customHeaders: {}, request, timeouts: {}, moment } as unknown as Call;
  const prepared = prepareForeign(call, protocolOf(to.row), own);
  return { text: prepared.body.toString(), changed: prepared.changed.map(({ parameter, what }) => `${parameter} ${what}`) };
}

const body = '{"max_tokens" : 1e3,"model":"Name/x", "odd":0.10000000000000000001,"messages":[{"role":"user","content":"hi"}]}';

describe('the same wire', () => {
  const claude = destination('anthropic', 'claude-sonnet-4-5');

  test('gets every byte as it came, but for the model', () => {
    expect(sent(body, claude)).toEqual({ text: body.replace('Name/x', 'claude-sonnet-4-5'), changed: [] });
  });

  test('has its limit lowered where a budget says so, and never raised', () => {
    expect(sent(body, claude, { outputTokensMax: 50 }).text).toContain('"max_tokens" : 50,');
    expect(sent(body, claude, { outputTokensMax: 5_000 }).text).toContain('"max_tokens" : 1000,');
    expect(JSON.parse(sent('{"model":"x","messages":[]}', claude, { outputTokensMax: 50 }).text)).toMatchObject({ max_tokens: 50 });
  });

  test("is translated where the connection adds something of its own, and the caller's own words win", () => {
    const to = destination('anthropic', 'claude-sonnet-4-5', { temperature: 0.5 });
    const added = sent(body, to);
    expect(JSON.parse(added.text)).toMatchObject({ temperature: 0.5, max_tokens: 1_000, messages: [{ role: 'user' }] });
    expect(added.changed).toContain('temperature added');
    const own = body.replace('"odd":0.10000000000000000001', '"temperature":1');
    expect(sent(own, to).text).toBe(own.replace('Name/x', 'claude-sonnet-4-5'));
  });

  test('is translated where the body holds what only the house understands', () => {
    expect(sent(body, claude, { wire: { isPassable: false } }).text).not.toContain('1e3');
  });
});

describe('another wire', () => {
  test('gets a translation, and the limit of a budget', () => {
    const { text } = sent(body, destination('openai', 'gpt-4o'), { outputTokensMax: 50 });
    expect(JSON.parse(text)).toEqual({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], max_tokens: 50, stream: false });
    expect(JSON.parse(sent('{"model":"x","messages":[]}', destination('openai', 'gpt-4o'), { outputTokensMax: 50 }).text)).toMatchObject({
      max_completion_tokens: 50,
    });
  });
});

describe('which wire a provider speaks', () => {
  test('is known by its row', () => {
    expect(['openai', 'anthropic', 'gemini', 'ollama', 'bedrock'].map((id) => wireOf(destination(id, 'm').row))).toEqual([
      'chat',
      'messages',
      null,
      'ollama',
      null,
    ]);
  });

  test('may be two, and then the caller is asked in its own unless the connection says which', () => {
    const { row } = destination('openai', 'gpt-4o');
    expect(wireOf(rowForCaller(row, {}, 'responses'))).toBe('responses');
    expect(wireOf(rowForCaller(row, { wire: 'chat' }, 'responses'))).toBe('chat');
    expect(wireOf(rowForCaller(row, {}, 'messages'))).toBe('chat');
    const deepseek = destination('deepseek', 'deepseek-chat').row;
    expect(rowForCaller(deepseek, {}, 'responses')).toBe(deepseek);
  });
});

describe('the pieces of a wire', () => {
  test('usage alone is said to whoever asked for it', () => {
    const usage = { id: 'c', object: 'chat.completion.chunk' as const, created: 1, model: 'm', choices: [], usage: null };
    expect(chatWriter(false).chunk(usage)).toBe('');
    expect(chatWriter(true).chunk(usage)).toBe(`data: ${JSON.stringify(usage)}\n\n`);
  });

  test('an event of several lines stays one event', () => {
    expect(namedEvent('a', 'x\ny')).toBe('event: a\ndata: x\ndata: y\n\n');
    expect(chatWriter(true).pass({ event: 'message', data: 'x\ny' })).toBe('data: x\ndata: y\n\n');
  });
});

describe('abilities of models', () => {
  test.each([
    ['gpt-4o-mini', { tools: true, reasoning: false, structuredOutput: true }],
    ['gpt-4o-audio-preview', { input: ['text', 'audio'], output: ['text', 'audio'] }],
    ['openai/gpt-5.2', { reasoning: true }],
    ['o1-mini', { tools: false, reasoning: true }],
    ['claude-sonnet-4-5-20250929', { reasoning: true, input: ['text', 'image', 'file'] }],
    ['claude-3-5-haiku-latest', { reasoning: false, structuredOutput: false }],
    ['gemini-2.5-flash', { reasoning: true, input: ['text', 'image', 'audio', 'video', 'file'] }],
    ['deepseek-chat', { input: ['text'], reasoning: false }],
  ])('%s', (model, abilities) => {
    expect(modelAbilitiesOf(model)).toMatchObject(abilities);
  });

  test('of a model that nobody knows are not made up', () => {
    for (const model of ['my-tuned-model', '', '/', 'claude', 'gpt']) expect(modelAbilitiesOf(model)).toBeNull();
  });
});
