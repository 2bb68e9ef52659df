/** A bound of the answer that a limit sets: in the body's own bytes where they can stay, and the same there as where it is written anew. */
import { describe, expect, test } from 'vitest';
import { toHouse } from '../../src/faces/anthropic/request.ts';
import { readForeign, readRequest } from '../../src/gateway/request.ts';
import { bodyOf } from '../../src/providers/call.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { capOutput, capPatches, namesLimit } from '../../src/providers/output-cap.ts';
import { isRecord, type Json } from '../../src/providers/shape.ts';
import { messagesWire } from './kit.ts';

const sent = (
  text: string,
  outputTokensMax: number | null,
  { row = 'custom', model = 'm', settings = {} }: { row?: string; model?: string; settings?: Record<string, unknown> } = {},
) => {
  const request = { ...readRequest(Buffer.from(text)), outputTokensMax };
  const { body, changed } = bodyOf({ to: { row: providerRow(row)!, baseUrl: 'https://a.example/v1', settings, model }, request });
  return { text: body.toString(), json: JSON.parse(body.toString()) as Record<string, unknown>, changed };
};

const limits = (json: Record<string, unknown>) => ({
  max_tokens: json['max_tokens'],
  max_completion_tokens: json['max_completion_tokens'],
});

describe("a capped request of the house's own wire", () => {
  test('keeps every other byte as it came: spaces, the spelling of numbers, the order of members', () => {
    const { text } = sent('{ "model" : "x", "temperature" : 1.0 , "seed": 12345678901234567890, "messages": [ ] }', 50);
    expect(text).toBe('{"max_completion_tokens":50, "model" : "m", "temperature" : 1.0 , "seed": 12345678901234567890, "messages": [ ] }');
  });

  test('says that a limit was added, or made smaller, and nothing where the caller asked for less', () => {
    expect(sent('{"model":"x","messages":[]}', 50).changed).toEqual([{ parameter: 'max_completion_tokens', what: 'added', to: '50' }]);
    expect(sent('{"model":"x","messages":[],"max_tokens":80}', 50).changed).toEqual([
      { parameter: 'max_tokens', what: 'clamped', to: '50' },
    ]);
    const less = sent('{"model":"x","messages":[],"max_tokens":20}', 50);
    expect(less.changed).toEqual([]);
    expect(less.text).toBe('{"model":"m","messages":[],"max_tokens":20}');
  });

  test.each([
    ['{"model":"x","messages":[]}'],
    ['{"model":"x","messages":[],"max_tokens":null}'],
    ['{"model":"x","messages":[],"max_tokens":80}'],
    ['{"model":"x","messages":[],"max_completion_tokens":80}'],
    ['{"model":"x","messages":[],"max_tokens":20,"max_completion_tokens":80}'],
    ['{"model":"x","messages":[],"max_tokens":80,"max_completion_tokens":20}'],
    ['{"model":"x","messages":[],"max_tokens":80,"max_completion_tokens":null}'],
    ['{"model":"x","max\\u005ftokens":80,"messages":[]}'],
    ['{"model":"x","messages":[],"max_tokens":0}'],
  ])('has the limits of one that is written anew, under both names: %s', (text) => {
    const rewritten = JSON.parse(text) as Record<string, unknown>;
    const changed = capOutput(rewritten, 50);
    const passed = sent(text, 50);
    expect(limits(passed.json)).toEqual(limits(rewritten));
    expect(passed.changed).toEqual(changed);
  });

  test('is written anew where the provider has another name for the limit', () => {
    const { json } = sent('{"model":"x","messages":[]}', 50, { row: 'mistral', model: 'mistral-small-latest' });
    expect(limits(json)).toEqual({ max_tokens: 50, max_completion_tokens: undefined });
  });

  test('is written anew for a reasoning model that knows no old name, with what it refuses left out', () => {
    const { json } = sent('{"model":"x","messages":[],"max_tokens":80,"temperature":0.2}', 50, { row: 'openai', model: 'o3' });
    expect(limits(json)).toEqual({ max_tokens: undefined, max_completion_tokens: 50 });
    expect(json['temperature']).toBeUndefined();
  });

  test("keeps the smaller of the cap and the connection's own limit", () => {
    expect(limits(sent('{"model":"x","messages":[]}', 50, { settings: { maxTokens: 30 } }).json).max_tokens).toBe(30);
    expect(limits(sent('{"model":"x","messages":[]}', 50, { settings: { maxTokens: 90 } }).json).max_tokens).toBe(50);
    // What the caller said goes before what the connection says.
    expect(limits(sent('{"model":"x","messages":[],"max_tokens":40}', 50, { settings: { maxTokens: 30 } }).json).max_tokens).toBe(40);
  });

  test("is capped beside the connection's other parameters, each told", () => {
    const { json, changed } = sent('{"model":"x","messages":[]}', 50, { settings: { temperature: 0.3 } });
    expect(json).toMatchObject({ temperature: 0.3, max_completion_tokens: 50 });
    expect(changed.map(({ parameter }) => parameter)).toEqual(['temperature', 'max_completion_tokens']);
  });
});

test('without a cap nothing is set, and a connection that names no limit brings none', () => {
  expect(capPatches({ ...readRequest(Buffer.from('{"model":"x","max_tokens":9}')), outputTokensMax: null })).toEqual({
    patches: [],
    changed: [],
  });
  expect([namesLimit({}), namesLimit({ max_tokens: 1 }), namesLimit({ max_completion_tokens: 1 })]).toEqual([false, true, true]);
});

describe('a budget for thinking that the cap leaves no room for', () => {
  const body = (wire: 'chat' | 'messages', more: object): Buffer =>
    Buffer.from(
      JSON.stringify({
        model: 'x',
        messages: [{ role: 'user', content: 'hi' }],
        ...(wire === 'messages' && { max_tokens: 20_000 }),
        ...more,
      }),
    );
  const thinking = { type: 'enabled', budget_tokens: 10_000, display: 'omitted' };
  const sentTo = (row: string, wire: 'chat' | 'messages', cap: number | null, more: object = {}, model = 'claude-sonnet-4-5') => {
    const bytes = body(wire, { thinking, ...more });
    const read = wire === 'chat' ? readRequest(bytes) : readForeign(bytes, messagesWire, toHouse);
    const to = { row: providerRow(row)!, baseUrl: 'https://a.example/v1', settings: {}, model };
    const { body: written, changed } = bodyOf({ to, request: { ...read, outputTokensMax: cap } });
    const json = JSON.parse(written.toString()) as Json;
    const said = isRecord(json['additionalModelRequestFields']) ? json['additionalModelRequestFields'] : json;
    return {
      thinking: said['thinking'],
      changed: changed.map(({ parameter, what, to: value }) => `${parameter} ${what} ${value ?? ''}`.trim()),
    };
  };
  const ways = [
    ['anthropic', 'messages', undefined],
    ['anthropic', 'chat', undefined],
    ['bedrock', 'messages', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['bedrock', 'chat', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['custom', 'chat', undefined],
  ] as const;

  test.each(ways)('becomes smaller, and is named (%s, %s)', (row, wire, model) => {
    const { thinking: said, changed } = sentTo(row, wire, 5_000, {}, model);
    if (row === 'bedrock' && wire === 'messages') return expect(JSON.stringify(said)).toContain('"budget_tokens":2500');
    expect(said).toEqual({ ...thinking, budget_tokens: 2_500 });
    expect(changed).toContain('thinking.budget_tokens clamped 2500');
  });

  test('is never below what the vendor accepts, and left out where there is no room for that', () => {
    expect(sentTo('anthropic', 'messages', 1_100).thinking).toEqual({ ...thinking, budget_tokens: 1_024 });
    for (const wire of ['messages', 'chat'] as const) {
      const { thinking: said, changed } = sentTo('anthropic', wire, 1_024);
      expect(said).toEqual({ type: 'disabled' });
      expect(changed).toContain('thinking dropped');
    }
  });

  test('stays where it fits, where nothing is capped, and where the caller itself asked for no more than it', () => {
    for (const wire of ['messages', 'chat'] as const) {
      expect(sentTo('anthropic', wire, 10_001).thinking).toEqual(thinking);
      expect(sentTo('anthropic', wire, null).thinking).toEqual(thinking);
      expect(sentTo('anthropic', wire, 5_000, { max_tokens: 8_000 }).thinking).toEqual(thinking);
    }
  });
});
