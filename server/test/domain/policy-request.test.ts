/** Rules beside the texts: names with stars, lengths, attachments, and tools that describe themselves. */
import { describe, expect, test } from 'vitest';
import {
  allowsModelByPolicy,
  allowsTool,
  factsOfRequest,
  fitsName,
  modelFact,
  toolFact,
  unreadableFact,
  type AskedFacts,
} from '../../src/domain/policy-request.ts';
import type { PolicyRules } from '../../src/domain/policy.ts';

const nothing: AskedFacts = { promptTokens: 0, outputTokensMax: null, attachments: [], tools: [] };
const namesOf = (rules: PolicyRules, asked: Partial<AskedFacts>): string[] =>
  factsOfRequest(rules, { ...nothing, ...asked }).map(({ rule, name, count }) => `${rule} ${name} x${count}`);

describe('names with stars', () => {
  test.each([
    ['gpt-4o', 'gpt-4o', true],
    ['gpt-4o', 'GPT-4O', true],
    ['gpt-4o', 'gpt-4o-mini', false],
    ['gpt-*', 'gpt-4o-mini', true],
    ['*-mini', 'gpt-4o-mini', true],
    ['*-mini', 'gpt-4o-mini-2', false],
    ['gpt-*-mini', 'gpt-4o-mini', true],
    ['gpt-*-mini', 'gpt-mini', false],
    ['*4o*', 'gpt-4o-mini', true],
    ['*', '', true],
    ['**', 'anything', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['gpt.4o', 'gptx4o', false],
    ['(a+)+', 'aaaa', false],
  ])('%s fits %s: %s', (pattern, name, fits) => {
    expect(fitsName([pattern], name)).toBe(fits);
  });

  test('one of several is enough, and none of none', () => {
    expect([fitsName(['a', 'b*'], 'bc'), fitsName([], 'a')]).toEqual([true, false]);
  });

  test('a pattern of many stars over a long name takes no time', () => {
    expect(fitsName(['*a'.repeat(90)], `${'a'.repeat(5_000)}b`)).toBe(false);
  });
});

describe('models', () => {
  test.each([
    [undefined, true],
    [[], true],
    [['gpt-*'], true],
    [['openai/*'], true],
    [['openai/gpt-4o'], true],
    [['anthropic/*'], false],
    [['claude-*'], false],
  ])('with the list %o a model may answer: %s', (models, may) => {
    expect(allowsModelByPolicy(models === undefined ? {} : { models }, 'openai', 'gpt-4o')).toBe(may);
  });
});

describe('lengths', () => {
  test('a prompt at its bound passes, and one above does not', () => {
    expect(namesOf({ promptTokensMax: 10 }, { promptTokens: 10 })).toEqual([]);
    expect(namesOf({ promptTokensMax: 10 }, { promptTokens: 11 })).toEqual(['tokens prompt 11 > 10 x1']);
  });

  test('an answer whose length is not asked for is bounded elsewhere, and breaks nothing here', () => {
    expect(namesOf({ outputTokensMax: 10 }, {})).toEqual([]);
    expect(namesOf({ outputTokensMax: 10 }, { outputTokensMax: 10 })).toEqual([]);
    expect(namesOf({ outputTokensMax: 10 }, { outputTokensMax: 11 })).toEqual(['tokens output 11 > 10 x1']);
  });
});

describe('attachments', () => {
  const image = { kind: 'image' as const, bytes: 100 };
  const file = { kind: 'file' as const, bytes: 2_000 };

  test.each([
    ['none is none too many', { attachmentsMax: 0 }, [], []],
    ['one is more than none', { attachmentsMax: 0 }, [image], ['attachment 1 > 0 x1']],
    ['as many as allowed', { attachmentsMax: 2 }, [image, file], []],
    ['large ones are counted together', { attachmentBytesMax: 50 }, [image, file], ['attachment bytes > 50 x2']],
    ['at the bound is not large', { attachmentBytesMax: 2_000 }, [file], []],
    ['a kind that is not allowed', { attachmentKinds: ['image' as const] }, [image, file, file], ['attachment file x2']],
    ['no kind at all', { attachmentKinds: [] }, [image], ['attachment image x1']],
    ['every kind where nothing is said', {}, [image, file], []],
  ])('%s', (_, rules, attachments, expected) => {
    expect(namesOf(rules, { attachments })).toEqual(expected);
  });
});

describe('tools', () => {
  const closed = { type: 'object', properties: { q: { type: 'string' } }, additionalProperties: false };
  const tool = (name: string, parameters: unknown = closed) => ({ name, parameters });

  test.each([
    ['a name on the list', { tools: ['search*'] }, [tool('search_web')], []],
    ['a name off the list', { tools: ['search*'] }, [tool('erase')], ['tool erase x1']],
    ['an empty list is no list', { tools: [] }, [tool('erase')], []],
    ['too many', { toolsMax: 1 }, [tool('a'), tool('b')], ['tool 2 > 1 x1']],
    ['a closed schema', { isToolSchemaRequired: true }, [tool('a')], []],
    ['no schema', { isToolSchemaRequired: true }, [tool('a', null)], ['tool a: schema x1']],
    ['an open schema', { isToolSchemaRequired: true }, [tool('a', { ...closed, additionalProperties: true })], ['tool a: schema x1']],
    ['a schema that is no object', { isToolSchemaRequired: true }, [tool('a', { type: 'string' })], ['tool a: schema x1']],
    ['schemas are not asked for where the rule is off', { isToolSchemaRequired: false }, [tool('a', null)], []],
  ])('%s', (_, rules, tools, expected) => {
    expect(namesOf(rules, { tools })).toEqual(expected);
  });

  test('a thousand tools off the list are told in ten facts', () => {
    const tools = Array.from({ length: 1_000 }, (_, at) => tool(`erase${at}`));
    expect(factsOfRequest({ tools: ['search'] }, { ...nothing, tools })).toHaveLength(10);
  });

  test('what an answer calls is held against the same list', () => {
    expect([allowsTool({ tools: ['a*'] }, 'abc'), allowsTool({ tools: ['a*'] }, 'bc'), allowsTool({}, 'bc')]).toEqual([true, false, true]);
  });
});

test('a fact keeps no more of a name than a list can show', () => {
  for (const fact of [modelFact('m'.repeat(5_000)), toolFact('t'.repeat(5_000)), unreadableFact('x'.repeat(5_000))]) {
    expect(fact.name).toHaveLength(200);
    expect(fact.excerpt).toBeNull();
  }
});
