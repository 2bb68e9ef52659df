/** What is known of models without asking anybody: limits, abilities, last days and names; consistent, and silent where nobody says. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { catalog, mustProviderRow } from '../../src/providers/catalog.ts';
import { modelAbilitiesOf } from '../../src/providers/model-abilities.ts';
import { aliasOf, isRetired, lifecycleOf } from '../../src/providers/model-lifecycle.ts';
import { modelLimitOf } from '../../src/providers/model-limits.ts';
import { createPriceBook } from '../../src/providers/prices.ts';

const openai = mustProviderRow('openai');
const anthropic = mustProviderRow('anthropic');

describe('limits', () => {
  test.each<[string, number | null, number | null]>([
    ['gpt-4o', 16_384, 128_000],
    ['gpt-4o-2024-05-13', 4096, 128_000],
    ['openai/gpt-4o-mini', 16_384, 128_000],
    ['gpt-5', 128_000, 400_000],
    ['gpt-5.4-mini', 128_000, 400_000],
    ['gpt-5.4', 128_000, 1_050_000],
    ['gpt-5.5', 128_000, 1_000_000],
    ['gpt-6-luna', 128_000, 1_050_000],
    ['claude-opus-4-20250514', 32_000, 200_000],
    ['claude-opus-4-5', 64_000, 200_000],
    ['claude-opus-4-8', 128_000, 1_000_000],
    ['claude-sonnet-4-6', 64_000, 1_000_000],
    ['claude-haiku-4-5-20251001', 64_000, 200_000],
    ['claude-opus-5-5', 128_000, 1_000_000],
    ['claude-fable-5', 128_000, 1_000_000],
    ['gemini-3.8-flash', 65_536, 1_048_576],
    ['deepseek-v4-pro', 384_000, 1_000_000],
    ['mistral-large-2512', null, 262_144],
    ['grok-4-fast-reasoning', null, 2_000_000],
    ['grok-4.6', null, 500_000],
    ['grok-4-0709', null, 256_000],
    ['llama-3.3-70b-versatile', 32_768, 131_072],
    ['command-a-03-2025', 8000, 256_000],
    ['embed-v4.0', null, 128_000],
    ['a-model-of-ones-own', null, null],
  ])('%s answers with at most %s tokens and holds %s', (model, maxOutputTokens, contextWindow) => {
    expect(modelLimitOf(model)).toEqual({ maxOutputTokens, contextWindow });
  });

  test('are never further than the bundled catalogue from what it says of the same model', () => {
    const book = createPriceBook({ clock: systemClock });
    const compared: string[] = [];
    for (const row of catalog) {
      if (!['openai', 'anthropic', 'gemini', 'mistral', 'xai', 'groq', 'cohere'].includes(row.id)) continue;
      for (const model of row.models.suggested) {
        const [ours, theirs] = [modelLimitOf(model).contextWindow, book.catalogueOf(row, model)?.contextWindow];
        if (ours === null || theirs === undefined) continue;
        compared.push(model);
        // "One million" is written as 1,000,000, 1,047,576, 1,048,576 and 1,050,000.
        expect(Math.abs(ours - theirs) / theirs, `${row.id} ${model}`).toBeLessThanOrEqual(0.06);
      }
    }
    expect(compared.length).toBeGreaterThan(20);
  });

  test('no answer is longer than what the model holds', () => {
    const longer = catalog
      .flatMap((row) => row.models.suggested)
      .filter((model) => {
        const { contextWindow, maxOutputTokens } = modelLimitOf(model);
        return contextWindow !== null && (maxOutputTokens ?? 0) > contextWindow;
      });
    expect(longer).toEqual([]);
  });
});

describe('abilities', () => {
  test.each<[string, { reasoning?: boolean; tools?: boolean; sees?: boolean; chats?: boolean }]>([
    ['gpt-4o', { reasoning: false, tools: true, sees: true }],
    ['gpt-3.5-turbo', { sees: false, tools: true }],
    ['gpt-6-sol', { reasoning: true, sees: true }],
    ['claude-opus-5-5', { reasoning: true, sees: true, tools: true }],
    ['gemini-3.8-flash', { reasoning: true, sees: true }],
    ['deepseek-v4-flash', { reasoning: true, sees: false }],
    ['mistral-large-2512', { sees: true, reasoning: false }],
    ['magistral-medium-latest', { reasoning: true }],
    ['codestral-latest', { sees: false, tools: true }],
    ['grok-4.6', { reasoning: true, sees: true }],
    ['grok-4-fast-non-reasoning', { reasoning: false, sees: true }],
    ['grok-code-fast-1', { reasoning: true, sees: false }],
    ['openai/gpt-oss-120b', { reasoning: true, sees: false }],
    ['llama-3.1-8b-instant', { tools: true, reasoning: false }],
    ['command-a-03-2025', { tools: true, sees: false }],
    ['text-embedding-3-small', { tools: false, chats: false }],
    ['gemini-embedding-001', { tools: false, chats: false }],
  ])('%s', (model, { reasoning, tools, sees, chats = true }) => {
    const known = modelAbilitiesOf(model)!;
    if (reasoning !== undefined) expect(known.reasoning).toBe(reasoning);
    if (tools !== undefined) expect(known.tools).toBe(tools);
    if (sees !== undefined) expect(known.input.includes('image')).toBe(sees);
    expect(known.output.includes('text')).toBe(chats);
  });

  test('every suggested model of the great vendors is known; one that nobody knows is not', () => {
    for (const id of ['openai', 'anthropic', 'deepseek', 'mistral', 'xai', 'cohere', 'groq'])
      for (const model of mustProviderRow(id).models.suggested)
        if (!model.startsWith('qwen/')) expect(modelAbilitiesOf(model), `${id} ${model}`).not.toBeNull();
    expect(modelAbilitiesOf('a-model-of-ones-own')).toBeNull();
  });
});

describe('last days and names', () => {
  const dayBefore = Date.UTC(2026, 9, 22, 23, 59);

  test('a model is retired from its last day on, and its replacement is named', () => {
    expect(lifecycleOf(openai, 'gpt-4-turbo')).toEqual({ retiresOn: '2026-10-23', replacement: 'gpt-5.6-sol' });
    expect(isRetired(openai, 'gpt-4-turbo', dayBefore)).toBe(false);
    expect(isRetired(openai, 'gpt-4-turbo', dayBefore + 60_000)).toBe(true);
    expect(isRetired(anthropic, 'claude-3-5-sonnet-20240620', dayBefore)).toBe(true);
    expect(isRetired(anthropic, 'claude-sonnet-4-5', dayBefore)).toBe(false);
    expect(isRetired(mustProviderRow('gemini'), 'gemini-pro', 0)).toBe(true);
  });

  test.each([
    // platform.claude.com/docs/en/about-claude/model-deprecations.
    ['anthropic', 'claude-3-haiku-20240307', '2026-04-20', 'claude-haiku-4-5'],
    ['anthropic', 'claude-opus-4-1', '2026-08-05', 'claude-opus-4-8'],
    ['anthropic', 'claude-opus-4-1-20250805', '2026-08-05', 'claude-opus-4-8'],
    ['anthropic', 'claude-sonnet-4-5-20250929', '2026-11-30', 'claude-sonnet-5-5'],
    // ai.google.dev/gemini-api/docs/deprecations.
    ['gemini', 'gemini-2.0-flash-001', '2026-06-01', 'gemini-3.1-flash-lite'],
    ['gemini', 'gemini-2.5-pro', '2026-12-01', 'gemini-3.8-flash'],
    ['gemini', 'gemini-2.5-flash', '2026-12-01', 'gemini-3.5-flash-lite'],
    ['gemini', 'gemini-3-pro-image-preview', '2026-06-25', 'gemini-3-pro-image'],
    // platform.kimi.ai/docs/models.
    ['moonshot', 'kimi-k2-0905-preview', '2026-05-25', 'kimi-k2.6'],
    ['moonshot', 'moonshot-v1-128k', '2026-08-31', 'kimi-k2.6'],
    ['github-models', 'openai/gpt-4.1', '2026-07-30', null],
  ])('%s %s ends on %s', (provider, model, retiresOn, replacement) => {
    expect(lifecycleOf(mustProviderRow(provider), model)).toEqual({ retiresOn, replacement });
  });

  test.each([
    ['anthropic', 'claude-opus-4-5'],
    ['anthropic', 'claude-haiku-4-5'],
    ['gemini', 'gemini-2.5-flash-lite'],
    ['gemini', 'gemini-3.5-flash'],
    ['moonshot', 'kimi-k2.6'],
    ['moonshot', 'kimi-k3'],
    ['deepseek', 'deepseek-flash'],
  ])('%s has announced no last day of %s', (provider, model) => {
    expect(lifecycleOf(mustProviderRow(provider), model)).toBeNull();
  });

  test('a calendar is the vendor’s own: a cloud that serves the same model has another', () => {
    expect(lifecycleOf(mustProviderRow('azure-openai'), 'gpt-4o')).toBeNull();
    expect(lifecycleOf(mustProviderRow('bedrock'), 'claude-3-5-sonnet')).toBeNull();
    expect(lifecycleOf(openai, 'gpt-4o-audio-preview')).toBeNull();
  });

  test('a replacement exists, is not retired itself and is known', () => {
    for (const row of catalog) {
      for (const model of [...row.models.suggested, 'claude-3-opus-20240229', 'o1-pro', 'gemini-3-pro-preview', 'gpt-4o-2024-05-13']) {
        const lifecycle = lifecycleOf(row, model);
        if (!lifecycle) continue;
        expect(Number.isNaN(Date.parse(lifecycle.retiresOn)), model).toBe(false);
        if (lifecycle.replacement === null) continue;
        expect(lifecycleOf(row, lifecycle.replacement), `${model} -> ${lifecycle.replacement}`).toBeNull();
        expect(modelAbilitiesOf(lifecycle.replacement), lifecycle.replacement).not.toBeNull();
      }
    }
  });

  test('a name without a date stands for one with it, at its own vendor alone', () => {
    expect(aliasOf(openai, 'gpt-4o')).toBe('gpt-4o-2024-08-06');
    expect(aliasOf(anthropic, 'claude-haiku-4-5')).toBe('claude-haiku-4-5-20251001');
    expect(aliasOf(openai, 'gpt-4o-2024-08-06')).toBeNull();
    expect(aliasOf(anthropic, 'gpt-4o')).toBeNull();
    expect(aliasOf(openai, 'constructor')).toBeNull();
    expect(lifecycleOf({ ...openai, id: 'constructor' }, 'gpt-4o')).toBeNull();
  });
});
