/** The catalogue: complete rows, found by id, by address and by the AI LLM face's word. */
import { describe, expect, test } from 'vitest';
import { findProvider } from '@pydantic/genai-prices';
import {
  aiTypeOf,
  catalog,
  defaultProviderId,
  inferProvider,
  mustProviderRow,
  providerOfAiType,
  providerRow,
  rowAt,
} from '../../src/providers/catalog.ts';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { replacementOf } from '../../src/providers/model-lists.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { protocolOf } from '../../src/providers/protocols.ts';

describe('rows', () => {
  test('there are at least 32 providers, each once, OpenAI first and the default (R-023)', () => {
    expect(catalog.length).toBeGreaterThanOrEqual(32);
    expect(new Set(catalog.map((row) => row.id)).size).toBe(catalog.length);
    expect(new Set(catalog.map((row) => row.name)).size).toBe(catalog.length);
    expect(catalog[0]?.id).toBe(defaultProviderId);
  });

  test.each(catalog.map((row) => [row.id, row] as const))('%s is a row that a form can be made of', (id, row) => {
    expect(id).toMatch(/^[a-z0-9-]{2,40}$/);
    expect(row.capabilities).toContain('chat');
    expect(row.models.suggested.length).toBeLessThanOrEqual(20);
    if (row.models.default !== null) expect(row.models.suggested).toContain(row.models.default);
    if (row.auth.kind === 'header') expect(row.auth.header).toMatch(/^[a-z-]+$/);
    for (const link of [row.keyPage, row.docs]) if (link !== null) expect(new URL(link).protocol).toBe('https:');
    if (row.needsSecret) expect(row.keyPage).not.toBeNull();
  });

  test.each(catalog.filter((row) => row.baseUrl !== null).map((row) => [row.id, row.baseUrl ?? '', row.isLocal] as const))(
    '%s has a canonical address of its own',
    (_id, baseUrl, isLocal) => {
      const url = new URL(baseUrl);
      expect(baseUrl.endsWith('/')).toBe(false);
      expect(url.search + url.hash + url.username).toBe('');
      expect(url.protocol).toBe(isLocal ? 'http:' : 'https:');
    },
  );

  test('only the three that cannot know it have no address', () => {
    expect(
      catalog
        .filter((row) => row.baseUrl === null)
        .map((row) => row.id)
        .toSorted(),
    ).toEqual(['azure-openai', 'custom', 'demo']);
  });

  test.each(catalog.filter((row) => row.priceId !== null).map((row) => [row.id, row.priceId ?? ''] as const))(
    '%s: the price book knows %s',
    (_id, priceId) => {
      expect(findProvider({ providerId: priceId })?.id).toBe(priceId);
    },
  );

  test('the models that the documents name are suggested (R-022, R-025, R-027, R-160)', () => {
    const suggested = (id: string): readonly string[] => mustProviderRow(id).models.suggested;
    expect(suggested('openai')).toEqual(expect.arrayContaining(['gpt-4o', 'gpt-4-turbo', 'gpt-3.5-turbo', 'gpt-4o-mini']));
    expect(suggested('deepseek')).toEqual(expect.arrayContaining(['deepseek-chat', 'deepseek-coder']));
    for (const id of ['ollama', 'vllm']) expect(suggested(id)).toEqual(expect.arrayContaining(['llama3', 'mistral']));
    expect(suggested('gemini')).toEqual(expect.arrayContaining(['gemini-pro', 'gemini-pro-vision']));
  });

  test('retired models are known with what answers in their place (C-06, C-38)', () => {
    expect(replacementOf(mustProviderRow('gemini'), 'gemini-pro')).toBe('gemini-2.5-flash');
    expect(replacementOf(mustProviderRow('deepseek'), 'deepseek-coder')).toBe('deepseek-chat');
    expect(replacementOf(mustProviderRow('gemini'), 'gemini-2.5-pro')).toBeNull();
    expect(replacementOf(mustProviderRow('gemini'), 'constructor')).toBeNull();
  });

  test('local ones and custom need no key (R-026, C-04)', () => {
    const free = catalog.filter((row) => !row.needsSecret).map((row) => row.id);
    expect(free.toSorted()).toEqual(['custom', 'demo', 'llamacpp', 'lmstudio', 'localai', 'ollama', 'vllm']);
  });

  test('an unknown id has no row', () => {
    expect(providerRow('nobody')).toBeUndefined();
    expect(providerRow('__proto__')).toBeUndefined();
    expect(() => mustProviderRow('nobody')).toThrow('nobody');
  });
});

describe('provider from an address (C-18)', () => {
  test.each([
    ['https://api.openai.com/v1', 'openai'],
    ['https://api.openai.com/v1/chat/completions', 'openai'],
    ['https://eu.api.openai.com/v1', 'openai'],
    [' https://API.OpenAI.com/v1 ', 'openai'],
    ['https://api.openai.com.evil.example/v1', 'custom'],
    ['https://api.anthropic.com', 'anthropic'],
    ['https://generativelanguage.googleapis.com/v1beta', 'gemini'],
    ['https://api.deepseek.com', 'deepseek'],
    ['https://house.openai.azure.com/openai/deployments/x', 'azure-openai'],
    ['https://house.services.ai.azure.com/openai/v1', 'azure-openai'],
    ['https://openai.azure.com', 'custom'],
    ['https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1', 'bedrock'],
    ['https://bedrock-runtime.a.b.amazonaws.com', 'custom'],
    ['https://bedrock-runtime..amazonaws.com', 'custom'],
    ['https://api.groq.com/openai/v1', 'groq'],
    ['http://localhost:11434/v1', 'ollama'],
    ['http://127.0.0.1:11434', 'ollama'],
    ['http://[::1]:11434', 'ollama'],
    ['http://192.168.1.7:11434', 'ollama'],
    ['http://localhost:8000/v1', 'vllm'],
    ['http://localhost:1234/v1', 'lmstudio'],
    ['http://localhost:8080/v1', 'llamacpp'],
    ['http://localhost:9999/v1', 'custom'],
    ['http://localhost/v1', 'custom'],
    ['http://192.168.1.7:8000/v1', 'custom'],
    ['https://llm.example.com/v1', 'custom'],
    ['not a url', 'custom'],
    ['', 'custom'],
  ])('%s is %s', (address, id) => {
    expect(inferProvider(address)).toBe(id);
  });

  test('every hosted row is found by its own address', () => {
    const hosted = catalog.filter((row) => row.baseUrl !== null && !row.isLocal);
    expect(hosted.map((row) => inferProvider(row.baseUrl ?? ''))).toEqual(hosted.map((row) => row.id));
  });
});

describe('a provider with two wires', () => {
  const row = mustProviderRow('gemini');
  test.each([
    ['https://generativelanguage.googleapis.com/v1beta', 'gemini', 'header'],
    ['https://generativelanguage.googleapis.com/v1beta/openai', 'openai', 'bearer'],
    ['https://proxy.example/google/v1beta/openai', 'openai', 'bearer'],
    ['https://openai', 'gemini', 'header'],
    ['https://proxy.example/openai/v1beta', 'gemini', 'header'],
  ])('%s speaks %s', (baseUrl, protocol, auth) => {
    const at = rowAt(row, baseUrl);
    expect([at.protocol, at.auth.kind]).toEqual([protocol, auth]);
    expect(protocolOf(at)).toBe(protocol === 'gemini' ? gemini : openai);
    // It is the same provider: its prices, its models and its name stay.
    expect([at.id, at.name, at.aiType, at.priceId, at.models, at.retired]).toEqual([
      row.id,
      row.name,
      row.aiType,
      'google',
      row.models,
      row.retired,
    ]);
  });

  test('every other row is itself at every address, and no row stands for another provider', () => {
    for (const one of catalog) {
      if (one.wires.length === 0) expect(rowAt(one, 'https://x.example/openai')).toBe(one);
      for (const wire of one.wires) expect([wire.row.id, wire.row.wires]).toEqual([one.id, []]);
    }
  });
});

describe('the words of the AI LLM face (C-18)', () => {
  test.each([
    ['openai', 'OPENAI'],
    ['gemini', 'GOOGLE'],
    ['anthropic', 'ANTHROPIC'],
    ['bedrock', 'AWS'],
    ['azure-openai', 'OTHER'],
    ['deepseek', 'OTHER'],
    ['custom', 'OTHER'],
    ['gone-from-the-catalogue', 'OTHER'],
  ] as const)('%s is %s', (id, aiType) => {
    expect(aiTypeOf(id)).toBe(aiType);
  });

  test.each([
    ['OPENAI', 'https://llm.example.com/v1', 'openai'],
    ['GOOGLE', null, 'gemini'],
    ['ANTHROPIC', null, 'anthropic'],
    ['AWS', null, 'bedrock'],
    ['OTHER', null, 'custom'],
    ['OTHER', 'https://api.deepseek.com', 'deepseek'],
    ['OTHER', 'https://llm.example.com/v1', 'custom'],
    ['OTHER', 'https://api.openai.com/v1', 'custom'],
  ] as const)('%s at %s is %s', (aiType, endpoint, id) => {
    expect(providerOfAiType(aiType, endpoint)).toBe(id);
  });

  test('a type that was set is read back as it was set, whatever the host', () => {
    for (const aiType of ['OPENAI', 'GOOGLE', 'ANTHROPIC', 'AWS', 'OTHER'] as const) {
      for (const row of catalog) expect(aiTypeOf(providerOfAiType(aiType, row.baseUrl))).toBe(aiType);
    }
  });
});
