/** A bound of the answer that a limit sets: in the body's own bytes where they can stay, and the same there as where it is written anew. */
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../src/gateway/request.ts';
import { bodyOf } from '../../src/providers/call.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { capOutput, capPatches, namesLimit } from '../../src/providers/output-cap.ts';

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
