/** The rules of a configuration per provider, as the documents state them (R-148 to R-161, C-05 to C-07, D-31 to D-33). */
import { describe, expect, test } from 'vitest';
import { catalog, mustProviderRow } from '../../src/providers/catalog.ts';
import type { Field } from '../../src/providers/fields.ts';
import { configurationFaults, parametersMax, schemaOf, settingsFaults } from '../../src/providers/schemas.ts';

const faults = (providerId: string, settings: unknown, model: string | null = null): string[] =>
  settingsFaults(mustProviderRow(providerId), model, settings).map((fault) => `${fault.path} ${fault.code}`);
const whole = (providerId: string, configuration: unknown): string[] =>
  configurationFaults(mustProviderRow(providerId), configuration).map((fault) => `${fault.path} ${fault.code}`);

describe('OpenAI', () => {
  test('every parameter of the document is taken (R-149)', () => {
    expect(
      faults('openai', { temperature: 0.7, maxTokens: 100, topP: 1, frequencyPenalty: -2, presencePenalty: 2, organizationId: 'org-1' }),
    ).toEqual([]);
  });
  test.each([
    [-0.1, false],
    [0, true],
    [2, true],
    [2.01, false],
    [Number.NaN, false],
    ['1', false],
  ])('temperature %s: fits is %s (R-157)', (temperature, fits) => {
    expect(faults('openai', { temperature }).length === 0).toBe(fits);
  });
  test.each([
    [null, 0, false],
    [null, 1, true],
    [null, 4096, true],
    [null, 4097, false],
    ['gpt-4-turbo', 4096, true],
    ['gpt-4-turbo', 4097, false],
    ['gpt-4o', 16_384, true],
    ['gpt-4o', 16_385, false],
    ['gpt-5', 128_000, true],
    ['unheard-of', 4097, false],
    ['gpt-4o', 1.5, false],
  ])('model %s, maxTokens %s: fits is %s (R-158, C-05)', (model, maxTokens, fits) => {
    expect(faults('openai', { maxTokens }, model).length === 0).toBe(fits);
  });
  test('key and model are needed and may not be empty (R-148, R-157)', () => {
    expect(whole('openai', {}).toSorted()).toEqual(['apiKey required', 'model required']);
    expect(whole('openai', { apiKey: '', model: ' ' })).toHaveLength(2);
    expect(whole('openai', { apiKey: 'sk-test', model: 'gpt-4o', baseUrl: 'https://api.openai.com/v1', temperature: 1 })).toEqual([]);
  });
});

describe('Gemini', () => {
  test('every parameter of the document is taken (R-151, C-49)', () => {
    const safetySettings = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }];
    expect(faults('gemini', { temperature: 1, topK: 40, topP: 0.9, maxOutputTokens: 100, safetySettings })).toEqual([]);
    expect(faults('gemini', { safetySettings: [{ category: 'ANYTHING', threshold: 'SOMETIMES' }] })).toEqual([
      'safetySettings.0.category invalid_format',
      'safetySettings.0.threshold invalid_value',
    ]);
  });
  test('the two retired models are valid, with a temperature of 1 at most; others go to 2 (R-160, R-161, C-07)', () => {
    for (const model of ['gemini-pro', 'gemini-pro-vision']) {
      expect(whole('gemini', { apiKey: 'AIza', model, temperature: 1 })).toEqual([]);
      expect(faults('gemini', { temperature: 1.1 }, model)).toEqual(['temperature too_big']);
    }
    expect(faults('gemini', { temperature: 2 }, 'gemini-2.5-flash')).toEqual([]);
    expect(faults('gemini', { temperature: -0.1 }, 'gemini-2.5-flash')).toEqual(['temperature too_small']);
  });
  test('key and model are needed (R-150)', () => {
    expect(whole('gemini', {}).toSorted()).toEqual(['apiKey required', 'model required']);
    expect(whole('gemini', { apiKey: 'AIza' })).toEqual(['model required']);
    expect(whole('gemini', { model: 'gemini-2.5-flash' })).toEqual(['apiKey required']);
    expect(whole('gemini', { apiKey: 'AIza', model: 'gemini-2.5-flash' })).toEqual([]);
  });
  test('an empty key is refused (R-159)', () => {
    expect(whole('gemini', { apiKey: '', model: 'gemini-pro' })).toEqual(['apiKey required']);
  });
});

describe('Ollama', () => {
  test('every parameter of the document is taken, without a key (R-152, R-153, D-32)', () => {
    expect(
      whole('ollama', {
        baseUrl: 'http://localhost:11434',
        model: 'llama3:8b',
        temperature: 1,
        topP: 1,
        topK: 40,
        repeatPenalty: 1.1,
        seed: 7,
        numCtx: 8192,
      }),
    ).toEqual([]);
    expect(faults('ollama', { numCtx: 512 })).toEqual(['numCtx too_small']);
    expect(faults('ollama', { numCtx: 32_769 })).toEqual(['numCtx too_big']);
  });
});

describe('Anthropic', () => {
  test('temperature goes to 1, and the version is one of two', () => {
    expect(faults('anthropic', { temperature: 1, topK: 5, topP: 0.5, anthropicVersion: '2026-10-21' })).toEqual([]);
    expect(faults('anthropic', { temperature: 1.1 })).toEqual(['temperature too_big']);
    expect(faults('anthropic', { anthropicVersion: '2024-01-01' })).toEqual(['anthropicVersion invalid_value']);
  });
});

describe('custom and Azure', () => {
  test('address and model are needed, key and headers are not (R-154)', () => {
    expect(whole('custom', { headers: { 'x-team': 'a' } }).toSorted()).toEqual(['baseUrl required', 'model required']);
    expect(
      whole('custom', {
        baseUrl: 'http://127.0.0.1:8000/v1',
        model: 'm',
        headers: { 'x-team': 'a' },
        parameters: { min_p: 0.1 },
        authType: 'custom',
        headerName: 'x-key',
      }),
    ).toEqual([]);
  });
  test('free parameters may not take over the request (R-155)', () => {
    for (const name of ['model', 'messages', 'stream', 'stream_options'])
      expect(faults('custom', { parameters: { [name]: 1 } })).toEqual([`parameters.${name} custom`]);
    expect(
      faults('custom', { parameters: Object.fromEntries(Array.from({ length: parametersMax + 1 }, (_, at) => [`p${at}`, 1])) }),
    ).toEqual(['parameters custom']);
    expect(faults('custom', { parameters: { a: 'x'.repeat(20_000) } })).toEqual(['parameters custom']);
  });
  test('headers that could break the request are refused (D-31)', () => {
    expect(faults('custom', { headers: { 'a b': 'x' } })).toHaveLength(1);
    expect(faults('custom', { headers: { a: 'x\r\nhost: evil' } })).toHaveLength(1);
    expect(faults('custom', { headers: { a: 1 } })).toHaveLength(1);
    expect(faults('custom', { authType: 'magic', headerName: 'a:b' })).toHaveLength(2);
  });
  test('Azure takes a deployment and a dated version (C-48)', () => {
    expect(faults('azure-openai', { deployment: 'my-gpt', apiVersion: '2024-10-21' })).toEqual([]);
    expect(faults('azure-openai', { deployment: '../other', apiVersion: 'latest&x=1' })).toEqual([
      'deployment invalid_format',
      'apiVersion invalid_format',
    ]);
  });
});

describe('every provider', () => {
  test.each(catalog.map((row) => [row.id, row] as const))('%s refuses an unknown setting with its path (R-200)', (id) => {
    expect(faults(id, { temprature: 1, timeouts: { totalMs: 5000, forever: true } }).toSorted()).toEqual([
      'temprature unknown_field',
      'timeouts.forever unknown_field',
    ]);
  });

  test.each(catalog.map((row) => [row.id, row] as const))('%s takes the common settings, and null for "not set"', (id) => {
    expect(
      faults(id, {
        parameterMode: 'strict',
        timeouts: { connectMs: 1000, firstByteMs: 5000, idleMs: 5000, totalMs: 10_000 },
        headers: {},
        temperature: null,
      }),
    ).toEqual([]);
    expect(faults(id, {})).toEqual([]);
    expect(faults(id, { parameterMode: 'sometimes', timeouts: { totalMs: 0 } }).toSorted()).toEqual([
      'parameterMode invalid_value',
      'timeouts.totalMs too_small',
    ]);
  });

  test.each(catalog.map((row) => [row.id, row] as const))('%s: form and JSON Schema name the same fields (R-067, D-33)', (_id, row) => {
    const { jsonSchema, fields } = schemaOf(row);
    const properties = jsonSchema['properties'] as Record<string, unknown>;
    expect(new Set(fields.map((field) => field.name.split('.')[0]))).toEqual(new Set(Object.keys(properties)));
    expect(jsonSchema['additionalProperties']).toBe(false);
    expect(new Set((jsonSchema['required'] as string[] | undefined) ?? [])).toEqual(
      new Set(fields.filter((field) => field.required).map((field) => field.name)),
    );
    expect(JSON.stringify(fields).length).toBeLessThan(20_000);
    const names = fields.map((field) => field.name);
    expect(new Set(names).size).toBe(names.length);
    for (const field of fields) checkField(field, names);
  });

  test('what is no object is refused', () => {
    for (const settings of [null, [], 'x', 1]) expect(faults('openai', settings)).toHaveLength(1);
  });

  test('many faults are cut, not listed for ever', () => {
    const settings = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`unknown${at}`, 1]));
    expect(settingsFaults(mustProviderRow('openai'), null, settings)).toHaveLength(50);
  });
});

function checkField(field: Field, names: readonly string[]): void {
  expect(field.label).toBe(`providers.fields.${field.name}`);
  if (field.kind === 'select') expect(field.options?.length).toBeGreaterThan(1);
  if (field.kind === 'slider') expect([field.min, field.max, field.step].every((bound) => typeof bound === 'number')).toBe(true);
  if (field.visibleWhen) expect(names).toContain(field.visibleWhen.field);
  if (field.kind === 'password' || field.kind === 'headers') expect(field.secret).toBe(true);
}
