/** Lists of models and tools, and schemas of tools: what a name with stars fits, what a list lets through, which schema is closed. */
import { describe, expect, test } from 'vitest';
import {
  allowsModelByPolicy,
  allowsTool,
  factsOfRequest,
  fitsName,
  type AskedFacts,
  type OfferedTool,
} from '../../src/domain/policy-request.ts';
import { seeded } from '../vault/parts.ts';
import { oneOf, upTo } from './policy-made-up.ts';
import { cpuMsOf } from '../support/cpu.ts';

const asked = (part: Partial<AskedFacts> = {}): AskedFacts => ({
  promptTokens: 1,
  outputTokensMax: null,
  attachments: [],
  tools: [],
  ...part,
});

describe('a name with stars', () => {
  test('fits what the same regular expression fits, in ten thousand pairs', () => {
    const draw = seeded(1);
    const text = (letters: string, length: number): string =>
      Array.from({ length: upTo(draw, length) }, () => oneOf(draw, Array.from(letters))).join('');
    let fitting = 0;
    for (let round = 0; round < 10_000; round++) {
      const [pattern, name] = [text('aB.**-', 7), text('AAb.-', 7)];
      const escaped = pattern.split('*').map((part) => part.replaceAll(/[.-]/g, '\\$&'));
      const isFit = new RegExp(`^${escaped.join('.*')}$`, 'i').test(name);
      expect(fitsName([pattern], name), `${pattern} ${name}`).toBe(isFit);
      if (isFit) fitting++;
    }
    expect(fitting).toBeGreaterThan(500);
  });

  test('many stars take no longer than few, whatever the name', async () => {
    const tookMs = await cpuMsOf(() => expect(fitsName([`${'*a'.repeat(1_000)}*b`], 'a'.repeat(20_000))).toBe(false));
    expect(tookMs).toBeLessThan(1_000);
  });

  test('fits any one of a list, and nothing where the list is empty', () => {
    expect(fitsName(['gpt-*', 'claude-*'], 'claude-3')).toBe(true);
    expect(fitsName([], 'gpt-4o')).toBe(false);
    expect(fitsName([''], 'gpt-4o')).toBe(false);
  });
});

describe('a list of models', () => {
  test.each([
    [undefined, 'openai', 'gpt-4o', true],
    [[], 'openai', 'gpt-4o', true],
    [['gpt-4o'], 'openai', 'gpt-4o', true],
    [['GPT-4O'], 'openai', 'gpt-4o', true],
    [['gpt-4o'], 'openai', 'gpt-4o-mini', false],
    [['gpt-4o*'], 'openai', 'gpt-4o-mini', true],
    [['openai/*'], 'openai', 'anything', true],
    [['openai/*'], 'azure-openai', 'anything', false],
    [['*/gpt-4o'], 'groq', 'gpt-4o', true],
    [['anthropic/claude-*', 'mistral-*'], 'anthropic', 'claude-3', true],
    [['anthropic/claude-*', 'mistral-*'], 'bedrock', 'claude-3', false],
    // A model whose own name has a provider in it.
    [['meta/llama-*'], 'together', 'meta/llama-3', true],
    [['together/meta/llama-*'], 'together', 'meta/llama-3', true],
    [['gpt.4o'], 'openai', 'gpt-4o', false],
    [['gpt-4o '], 'openai', 'gpt-4o', false],
  ])('%j lets %s/%s answer: %s', (models, provider, model, isAllowed) =>
    expect(allowsModelByPolicy({ models }, provider, model)).toBe(isAllowed),
  );

  test('a longer list never lets fewer models through', () => {
    const draw = seeded(2);
    const names = ['gpt-4o', 'gpt-4o-mini', 'claude-3', 'mistral-large', 'o1'];
    const patterns = ['gpt-*', '*mini', 'claude-?', 'o1', '*-large', 'x'];
    for (let round = 0; round < 300; round++) {
      const models = Array.from({ length: 1 + upTo(draw, 3) }, () => oneOf(draw, patterns));
      const longer = [...models, oneOf(draw, patterns)];
      const answering = names.filter((name) => allowsModelByPolicy({ models }, 'p', name));
      expect(answering.filter((name) => !allowsModelByPolicy({ models: longer }, 'p', name))).toEqual([]);
    }
  });
});

describe('schemas of tools', () => {
  const schemaFacts = (parameters: unknown): number =>
    factsOfRequest({ isToolSchemaRequired: true }, asked({ tools: [{ name: 't', parameters }] })).length;

  test.each([
    [{ type: 'object', properties: {}, additionalProperties: false }],
    [{ type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }],
    [{ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: { a: true }, additionalProperties: false }],
  ])('%j is closed', (schema) => expect(schemaFacts(schema)).toBe(0));

  test.each([
    [undefined],
    [null],
    ['object'],
    [true],
    [[]],
    [{}],
    [{ type: 'object' }],
    [{ type: 'object', properties: {} }],
    [{ type: 'object', additionalProperties: false }],
    [{ type: 'object', properties: null, additionalProperties: false }],
    [{ type: 'object', properties: 'city', additionalProperties: false }],
    [{ type: 'object', properties: {}, additionalProperties: true }],
    [{ type: 'object', properties: {}, additionalProperties: {} }],
    [{ type: 'object', properties: {}, additionalProperties: 0 }],
    [{ type: 'array', properties: {}, additionalProperties: false }],
    [{ type: ['object', 'null'], properties: {}, additionalProperties: false }],
  ])('%j is open, and is told once', (schema) => expect(schemaFacts(schema)).toBe(1));

  test('of a tool that may not be offered at all only that is told', () => {
    const tools: OfferedTool[] = [{ name: 'shell', parameters: undefined }];
    expect(factsOfRequest({ tools: ['search'], isToolSchemaRequired: true }, asked({ tools }))).toEqual([
      { rule: 'tool', name: 'shell', count: 1, excerpt: null },
    ]);
  });
});

describe('bounds of a request', () => {
  test('lie between what is allowed and one more, for each of them', () => {
    const rules = { promptTokensMax: 100, outputTokensMax: 50, attachmentsMax: 2, attachmentBytesMax: 1_000, toolsMax: 1 };
    const tool: OfferedTool = { name: 't', parameters: undefined };
    const image = { kind: 'image' as const, bytes: 1_000 };
    const most = { promptTokens: 100, outputTokensMax: 50, attachments: [image, image], tools: [tool] };
    expect(factsOfRequest(rules, most)).toEqual([]);
    const over: Partial<AskedFacts>[] = [
      { promptTokens: 101 },
      { outputTokensMax: 51 },
      { attachments: [image, image, image] },
      { attachments: [{ ...image, bytes: 1_001 }] },
      { tools: [tool, tool] },
    ];
    for (const part of over) expect(factsOfRequest(rules, { ...most, ...part }), JSON.stringify(part)).toHaveLength(1);
    expect(over.flatMap((part) => factsOfRequest({}, { ...most, ...part }))).toEqual([]);
  });

  test('a bound of nought lets nothing through', () => {
    const image = { kind: 'image' as const, bytes: 1 };
    const rules = { attachmentsMax: 0, toolsMax: 0, attachmentKinds: [] };
    expect(
      factsOfRequest(rules, asked({ attachments: [image], tools: [{ name: 't', parameters: undefined }] })).map(({ name }) => name),
    ).toEqual(['1 > 0', 'image', '1 > 0']);
    expect(factsOfRequest(rules, asked())).toEqual([]);
  });

  test('ten thousand forbidden tools of endless names are told in a few short facts', () => {
    const tools = Array.from({ length: 10_000 }, (_, at) => ({ name: `${at}`.padEnd(10_000, 'x'), parameters: undefined }));
    const facts = factsOfRequest({ tools: ['search'], toolsMax: 5 }, asked({ tools }));
    expect(facts).toHaveLength(10);
    expect(JSON.stringify(facts).length).toBeLessThan(5_000);
    expect(allowsTool({ tools: ['search'] }, 'Search')).toBe(true);
  });
});
