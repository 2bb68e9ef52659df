/** Functions, the choice among them and answers in a given form, for models old and new. */
import { describe, expect, test } from 'vitest';
import { smallSchemaOf } from '../../src/providers/gemini/schema.ts';
import { budgeted, current, old, send, type Sent } from './gemini-kit.ts';

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const tool = (name: string, more = {}): unknown => ({
  type: 'function',
  function: { name, description: `Does ${name}.`, parameters: schema, ...more },
});
const tools = [tool('weather'), tool('time')];
const choiceOf = ({ body }: Sent): unknown =>
  (body['toolConfig'] as { functionCallingConfig?: unknown } | undefined)?.functionCallingConfig;
const declared = ({ body }: Sent): unknown => (body['tools'] as { functionDeclarations: unknown }[])[0]?.functionDeclarations;

describe('functions', () => {
  test('they keep their JSON Schema as it is', () => {
    const sent = send({ tools });
    expect(sent.body['tools']).toEqual([
      {
        functionDeclarations: [
          { name: 'weather', description: 'Does weather.', parametersJsonSchema: schema },
          { name: 'time', description: 'Does time.', parametersJsonSchema: schema },
        ],
      },
    ]);
    expect(sent.body).not.toHaveProperty('toolConfig');
    expect(sent.changed).toEqual([]);
  });

  test('older models get the smaller language, and silence for a function without parameters', () => {
    const bare = { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } };
    const map = { type: 'function', function: { name: 'tag', parameters: { type: 'object', additionalProperties: { type: 'string' } } } };
    const sent = send({ tools: [tool('weather'), bare, { type: 'function', function: { name: 'none' } }, map] }, old);
    expect(declared(sent)).toEqual([
      {
        name: 'weather',
        description: 'Does weather.',
        parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] },
      },
      { name: 'now' },
      { name: 'none' },
      { name: 'tag', parameters: { type: 'OBJECT' } },
    ]);
    expect(sent.changed).toEqual(['tools.function.parameters approximated']);
  });

  test("Google's own tools pass beside functions; foreign kinds are reported once each", () => {
    const sent = send({
      tools: [...tools, { googleSearch: {} }, { type: 'custom', custom: {} }, { type: 'custom', custom: {} }, { type: 'web_search' }, 7],
    });
    expect(sent.body['tools']).toMatchObject([{ functionDeclarations: [{}, {}] }, { googleSearch: {} }]);
    expect(sent.changed).toEqual(['tools.custom dropped', 'tools.web_search dropped']);
    expect(send({ tools: [{ google_search: {} }] }).body['tools']).toEqual([{ google_search: {} }]);
  });

  test('the older form of a function is understood, a mark for a cache is not', () => {
    const sent = send({
      functions: [{ name: 'f' }],
      tools: [{ ...(tool('g') as object), cache_control: {} }],
      function_call: { name: 'f' },
    });
    expect(declared(sent)).toMatchObject([{ name: 'g' }, { name: 'f' }]);
    expect(choiceOf(sent)).toEqual({ mode: 'ANY', allowedFunctionNames: ['f'] });
    expect(sent.changed).toEqual(['tools.cache_control dropped', 'functions renamed tools']);
  });

  test.each([[undefined], [null], [[]], ['x'], [{}]])('tools %j are no tools, and a choice among them says nothing', (none) => {
    const sent = send({ tools: none, tool_choice: 'required', parallel_tool_calls: false });
    expect(sent.body).not.toHaveProperty('tools');
    expect(sent.body).not.toHaveProperty('toolConfig');
    expect(sent.changed).toEqual([]);
  });

  test('one call at a time cannot be asked for, and that is said', () => {
    expect(send({ tools, parallel_tool_calls: false }).changed).toEqual(['parallel_tool_calls dropped']);
    expect(send({ tools, parallel_tool_calls: true }).changed).toEqual([]);
  });
});

describe('the choice', () => {
  const allowed = (mode: string): unknown => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: [{ type: 'function', function: { name: 'time' } }] },
  });
  test.each([
    ['auto', { mode: 'AUTO' }],
    ['none', { mode: 'NONE' }],
    ['required', { mode: 'ANY' }],
    ['any', { mode: 'ANY' }],
    [
      { type: 'function', function: { name: 'time' } },
      { mode: 'ANY', allowedFunctionNames: ['time'] },
    ],
    [{ name: 'time' }, { mode: 'ANY', allowedFunctionNames: ['time'] }],
    [allowed('required'), { mode: 'ANY', allowedFunctionNames: ['time'] }],
    [null, undefined],
  ])('%j', (choice, config) => {
    const sent = send({ tools, tool_choice: choice });
    expect(choiceOf(sent)).toEqual(config);
    expect(declared(sent)).toHaveLength(2);
    expect(sent.changed).toEqual([]);
  });

  test('of a free choice the functions that are not allowed are left out', () => {
    const sent = send({ tools, tool_choice: allowed('auto') });
    expect(choiceOf(sent)).toEqual({ mode: 'AUTO' });
    expect(declared(sent)).toMatchObject([{ name: 'time' }]);
    expect(declared(send({ tools, tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ name: 'weather' }] } }))).toMatchObject([
      { name: 'weather' },
    ]);
  });

  test.each(['sometimes', 'constructor', { type: 'custom' }, 7])('%j is no choice, and that is said', (choice) => {
    expect(send({ tools, tool_choice: choice })).toMatchObject({ changed: ['tool_choice dropped'] });
  });

  test('a strict function is checked where the model knows how, and forced ones are anyway', () => {
    const strict = [tool('weather', { strict: true })];
    expect(choiceOf(send({ tools: strict }))).toEqual({ mode: 'VALIDATED' });
    expect(choiceOf(send({ tools: strict, tool_choice: 'auto' }, budgeted))).toEqual({ mode: 'VALIDATED' });
    expect(choiceOf(send({ tools: strict, tool_choice: 'required' }))).toEqual({ mode: 'ANY' });
    expect(choiceOf(send({ tools: strict, tool_choice: 'none' }))).toEqual({ mode: 'NONE' });
    expect(send({ tools: strict }, old)).toMatchObject({ changed: ['tools.function.strict dropped'] });
    expect(choiceOf(send({ tools: strict }, old))).toBeUndefined();
  });
});

describe('the form of the answer', () => {
  const asked = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } } };
  test.each([
    [current, { type: 'json_object' }, { responseMimeType: 'application/json' }, 'response_format renamed responseMimeType'],
    [old, { type: 'json_object' }, { responseMimeType: 'application/json' }, 'response_format renamed responseMimeType'],
    [
      current,
      asked.response_format,
      { responseMimeType: 'application/json', responseJsonSchema: schema },
      'response_format renamed responseJsonSchema',
    ],
    [
      old,
      asked.response_format,
      {
        responseMimeType: 'application/json',
        responseSchema: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] },
      },
      'response_format renamed responseSchema',
    ],
    [
      old,
      { type: 'json_schema', json_schema: { schema: { type: 'object', patternProperties: {} } } },
      { responseMimeType: 'application/json', responseSchema: { type: 'OBJECT' } },
      'response_format approximated responseSchema',
    ],
    [current, { type: 'grammar' }, {}, 'response_format dropped'],
    [current, { type: 'json_schema' }, {}, 'response_format dropped'],
  ])('%s, %j', (model, format, config, change) => {
    expect(send({ response_format: format }, model)).toMatchObject({ config, changed: [change] });
    expect(send({ response_format: format }, model).config).toEqual(config);
  });

  test('plain text is no form', () => {
    for (const format of [undefined, null, { type: 'text' }])
      expect(send({ response_format: format })).toMatchObject({ config: {}, changed: [] });
  });

  test('together with functions only newer models can keep a form, and that is said of the others', () => {
    expect(send({ ...asked, tools })).toMatchObject({
      config: { responseJsonSchema: schema },
      changed: ['response_format renamed responseJsonSchema'],
    });
    expect(send({ ...asked, tools }, budgeted)).toMatchObject({ config: {}, changed: ['response_format dropped'] });
  });
});

describe('JSON Schema in the smaller language', () => {
  test.each([
    [{ type: ['string', 'null'] }, { type: 'STRING', nullable: true }, false],
    [{ type: ['string', 'integer'] }, { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] }, false],
    [
      { type: 'array', items: { type: 'number', minimum: 1 }, minItems: 1 },
      { type: 'ARRAY', minItems: 1, items: { type: 'NUMBER', minimum: 1 } },
      false,
    ],
    [{ enum: ['a', 'b', null] }, { type: 'STRING', enum: ['a', 'b'], nullable: true }, false],
    [{ const: 'a', description: 'only' }, { type: 'STRING', enum: ['a'], description: 'only' }, false],
    [{ type: 'integer', enum: [1, 2] }, { type: 'INTEGER' }, true],
    [{ oneOf: [{ type: 'string' }, { type: 'boolean' }] }, { anyOf: [{ type: 'STRING' }, { type: 'BOOLEAN' }] }, false],
    [
      { $defs: { C: { type: 'string' } }, properties: { c: { $ref: '#/$defs/C', title: 'c' } } },
      { properties: { c: { type: 'STRING', title: 'c' } } },
      false,
    ],
    [{ $defs: { 'a/b': { type: 'string' } }, items: { $ref: '#/$defs/a~1b' } }, { items: { type: 'STRING' } }, false],
    [{ $ref: 'https://x.example/s', title: 't' }, { title: 't' }, true],
    [{ $ref: '#/constructor' }, {}, true],
    [{ not: { type: 'string' } }, {}, true],
    [{ type: 'object', additionalProperties: { type: 'string' } }, { type: 'OBJECT' }, true],
    [{ anyOf: [true, 7] }, { anyOf: [{}, {}] }, true],
    [{ $schema: 'x', $id: 'y', anyOf: [true] }, { anyOf: [{}] }, false],
  ])('%j', (given, expected, isLossy) => {
    expect(smallSchemaOf(given)).toEqual({ schema: expected, isLossy });
  });

  test('a schema that refers to itself, or doubles at every level, ends', () => {
    const list = { $ref: '#/$defs/node', $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } } };
    expect(smallSchemaOf(list).isLossy).toBe(true);
    const defs = Object.fromEntries(
      Array.from({ length: 22 }, (_, at) => [`d${at}`, { anyOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] }]),
    );
    const doubling = smallSchemaOf({ $ref: '#/$defs/d0', $defs: { ...defs, d22: { type: 'string' } } });
    expect(doubling.isLossy).toBe(true);
    expect(JSON.stringify(doubling.schema).length).toBeLessThan(200_000);
  });
});
