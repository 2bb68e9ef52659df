/** Model lists in every shape that providers answer, bounded. */
import { expect, test } from 'vitest';
import { catalog, mustProviderRow } from '../../src/providers/catalog.ts';
import { catalogModels, isModelList, listedModelsMax, modelIdCharsMax, modelsOf } from '../../src/providers/model-lists.ts';
import { modelLimitOf } from '../../src/providers/model-limits.ts';

test.each([
  [
    'OpenAI',
    { object: 'list', data: [{ id: 'gpt-4o', object: 'model', created: 1_715_367_049, owned_by: 'system' }] },
    [{ id: 'gpt-4o', createdS: 1_715_367_049 }],
  ],
  ['Together', [{ id: 'a/b', display_name: 'B', context_length: 8192, created: 0 }], [{ id: 'a/b', name: 'B', contextWindow: 8192 }]],
  [
    'Google',
    { models: [{ name: 'models/gemini-2.5-pro', displayName: 'Gemini 2.5 Pro', inputTokenLimit: 1_048_576, outputTokenLimit: 65_536 }] },
    [{ id: 'gemini-2.5-pro', name: 'Gemini 2.5 Pro', contextWindow: 1_048_576, maxOutputTokens: 65_536 }],
  ],
  ['Google by OpenAI', { data: [{ id: 'models/gemini-2.5-flash', object: 'model' }] }, [{ id: 'gemini-2.5-flash' }]],
  [
    'Anthropic',
    { data: [{ type: 'model', id: 'claude-x', display_name: 'Claude X', created_at: '2026-01-01T00:00:00Z' }], has_more: false },
    [{ id: 'claude-x', name: 'Claude X' }],
  ],
  ['vLLM', { data: [{ id: 'llama3', max_model_len: 4096, root: '/models/llama3' }] }, [{ id: 'llama3', contextWindow: 4096 }]],
  [
    'OpenRouter',
    { data: [{ id: 'x/y', name: 'X: Y', context_length: 9, top_provider: { max_completion_tokens: 5 } }] },
    [{ id: 'x/y', name: 'X: Y', contextWindow: 9, maxOutputTokens: 5 }],
  ],
  [
    'GitHub',
    [{ id: 'openai/gpt-4o', name: 'GPT-4o', limits: { max_input_tokens: 131_072, max_output_tokens: 16_384 } }],
    [{ id: 'openai/gpt-4o', name: 'GPT-4o', contextWindow: 131_072, maxOutputTokens: 16_384 }],
  ],
  [
    'Groq',
    { data: [{ id: 'llama', context_window: 131_072, max_completion_tokens: 32_768 }] },
    [{ id: 'llama', contextWindow: 131_072, maxOutputTokens: 32_768 }],
  ],
  [
    'Hugging Face: the least of those who serve it',
    {
      object: 'list',
      data: [
        {
          id: 'deepseek-ai/DeepSeek-V4-Pro',
          object: 'model',
          created: 1_776_837_885,
          providers: [
            { provider: 'novita', status: 'live', context_length: 1_048_576, pricing: { input: 1.69, output: 3.38 } },
            { provider: 'featherless-ai', status: 'live' },
            { provider: 'ill', status: 'error', context_length: 8 },
            { provider: 'deepinfra', status: 'live', context_length: 65_536 },
          ],
        },
        { id: 'nobody/serves-it', object: 'model', providers: [{ provider: 'x', status: 'error', context_length: 8 }] },
      ],
    },
    [{ id: 'deepseek-ai/DeepSeek-V4-Pro', contextWindow: 65_536, createdS: 1_776_837_885 }, { id: 'nobody/serves-it' }],
  ],
  [
    'Mistral',
    { object: 'list', data: [{ id: 'mistral-small-latest', max_context_length: 131_072, name: 'mistral-small-2603', capabilities: {} }] },
    [{ id: 'mistral-small-latest', name: 'mistral-small-2603', contextWindow: 131_072 }],
  ],
  [
    'Cohere',
    { models: [{ name: 'command-a-03-2025', endpoints: ['chat'], context_length: 288_000, finetuned: false }], next_page_token: '' },
    [{ id: 'command-a-03-2025', contextWindow: 288_000 }],
  ],
  [
    'Kimi',
    { object: 'list', data: [{ id: 'kimi-k2.6', object: 'model', created: 7, context_length: 262_144, supports_image_in: true }] },
    [{ id: 'kimi-k2.6', contextWindow: 262_144, createdS: 7 }],
  ],
  ['Ollama tags', { models: [{ name: 'llama3:8b', model: 'llama3:8b' }] }, [{ id: 'llama3:8b' }]],
  ['texts', { models: ['a', 'b', 'a', ''] }, [{ id: 'a' }, { id: 'b' }]],
  ['nonsense entries', { data: [null, 7, {}, [], { id: 5 }, { id: ' x ', context_window: -1, max_tokens: 'many' }] }, [{ id: 'x' }]],
])('%s', (_name, body, expected) => {
  expect(modelsOf(body)).toEqual(expected);
  expect(isModelList(body)).toBe(true);
});

test.each([[null], ['<html>'], [{}], [{ data: 'x' }], [{ error: { message: 'no' } }], [7]])('%j is no list', (body) => {
  expect(modelsOf(body)).toEqual([]);
  expect(isModelList(body)).toBe(false);
});

test('a list without end is cut, and so is none of its ids: too long ones are left out', () => {
  const body = { data: Array.from({ length: 20_000 }, (_, at) => ({ id: `m${at}` })) };
  expect(modelsOf(body)).toHaveLength(listedModelsMax);
  expect(modelsOf([{ id: 'x'.repeat(modelIdCharsMax + 1) }, { id: 'y'.repeat(modelIdCharsMax) }])).toHaveLength(1);
});

test('the catalogue has a list for every provider that suggests models (C-24)', () => {
  for (const row of catalog) expect(catalogModels(row).map((model) => model.id)).toEqual(row.models.suggested);
  expect(catalogModels(mustProviderRow('openai'))[0]).toEqual({ id: 'gpt-4o', contextWindow: 128_000, maxOutputTokens: 16_384 });
});

test.each([
  ['gpt-4o', 16_384],
  ['gpt-4o-2024-05-13', 4096],
  ['gpt-4-turbo', 4096],
  ['gpt-4-turbo-2024-04-09', 4096],
  ['gpt-4', 8192],
  ['gpt-4-0613', 8192],
  ['gpt-3.5-turbo', 4096],
  ['gpt-4.1-mini', 32_768],
  ['gpt-5-chat-latest', 16_384],
  ['gpt-5.5', 128_000],
  ['o3-mini', 100_000],
  ['openai/GPT-4o', 16_384],
  ['claude-3-opus-latest', 4096],
  ['claude-3-5-sonnet-20240620', 8192],
  ['claude-sonnet-4-5-20250929', 64_000],
  ['claude-opus-4-1', 32_000],
  ['gemini-2.5-pro', 65_536],
  ['deepseek-chat', 8192],
  ['unheard-of', null],
  ['my-gpt-4o', null],
])('%s answers at most %s tokens', (model, maxOutputTokens) => {
  expect(modelLimitOf(model).maxOutputTokens).toBe(maxOutputTokens);
});
