/** Every form of address that the documents and people use becomes one canonical base (C-17). */
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/domain/errors.ts';
import { catalog, mustProviderRow } from '../../src/providers/catalog.ts';
import { baseUrlCharsMax, chatUrl, normaliseBase, originOf, pathOf, proposedBase } from '../../src/providers/normalise.ts';

const base = (providerId: string, entered: string | null): string => normaliseBase(mustProviderRow(providerId), entered).baseUrl;

describe('one base', () => {
  test.each([
    ['openai', 'https://api.openai.com/v1', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1/', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1///', 'https://api.openai.com/v1'],
    ['openai', '  https://api.openai.com/v1  ', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1/chat/completions', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1/chat/completions/', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1/models', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1/completions', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com/v1/embeddings', 'https://api.openai.com/v1'],
    ['openai', 'https://API.OPENAI.com:443/v1', 'https://api.openai.com/v1'],
    ['openai', 'https://api.openai.com', 'https://api.openai.com'],
    ['deepseek', 'https://api.deepseek.com', 'https://api.deepseek.com'],
    ['deepseek', 'https://api.deepseek.com/', 'https://api.deepseek.com'],
    ['deepseek', 'https://api.deepseek.com/chat/completions', 'https://api.deepseek.com'],
    ['deepseek', 'https://api.deepseek.com/v1', 'https://api.deepseek.com/v1'],
    ['ollama', 'http://localhost:11434', 'http://localhost:11434'],
    ['ollama', 'http://localhost:11434/', 'http://localhost:11434'],
    ['ollama', 'http://localhost:11434/api', 'http://localhost:11434'],
    ['ollama', 'http://localhost:11434/api/chat', 'http://localhost:11434'],
    ['ollama', 'http://localhost:11434/v1', 'http://localhost:11434/v1'],
    ['vllm', 'http://localhost:8000/v1', 'http://localhost:8000/v1'],
    ['anthropic', 'https://api.anthropic.com', 'https://api.anthropic.com/v1'],
    ['anthropic', 'https://api.anthropic.com/v1/messages', 'https://api.anthropic.com/v1'],
    ['gemini', 'https://generativelanguage.googleapis.com', 'https://generativelanguage.googleapis.com/v1beta'],
    ['gemini', 'https://generativelanguage.googleapis.com/v1', 'https://generativelanguage.googleapis.com/v1beta'],
    ['gemini', 'https://generativelanguage.googleapis.com/v1beta/', 'https://generativelanguage.googleapis.com/v1beta'],
    ['gemini', 'https://generativelanguage.googleapis.com/v1beta/models', 'https://generativelanguage.googleapis.com/v1beta'],
    [
      'gemini',
      'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent',
      'https://generativelanguage.googleapis.com/v1beta',
    ],
    [
      'gemini',
      'https://generativelanguage.googleapis.com/v1beta/openai/chat/completions',
      'https://generativelanguage.googleapis.com/v1beta/openai',
    ],
    ['gemini', 'https://generativelanguage.googleapis.com/v1beta/openai/', 'https://generativelanguage.googleapis.com/v1beta/openai'],
    ['custom', 'http://127.0.0.1:5000/Team/LLM/v2', 'http://127.0.0.1:5000/Team/LLM/v2'],
    ['custom', 'https://llm.example.com/CHAT/Completions', 'https://llm.example.com'],
    ['custom', 'https://llm.example.com/v1/models/chat/completions', 'https://llm.example.com/v1'],
    ['custom', 'https://llm.example.com/mymodels', 'https://llm.example.com/mymodels'],
    ['custom', 'https://[::1]:8443/v1/', 'https://[::1]:8443/v1'],
  ])('%s: %s', (providerId, entered, expected) => {
    expect(base(providerId, entered)).toBe(expected);
  });

  test('both forms of the document give one chat address (R-021)', () => {
    const urls = ['https://api.openai.com/v1', 'https://api.openai.com/v1/chat/completions'].map((entered) =>
      chatUrl(base('openai', entered)),
    );
    expect(new Set(urls)).toEqual(new Set(['https://api.openai.com/v1/chat/completions']));
  });

  test('what came out goes in unchanged', () => {
    for (const row of catalog) {
      if (row.baseUrl === null) continue;
      expect(base(row.id, row.baseUrl)).toBe(row.baseUrl);
      expect(base(row.id, chatUrl(row.baseUrl))).toBe(row.baseUrl);
    }
  });

  test("nothing entered means the row's own address (C-23)", () => {
    for (const entered of [null, '', '  ']) expect(base('openai', entered)).toBe('https://api.openai.com/v1');
    for (const entered of [null, '', 'http://localhost:11434', 'http://localhost:11434/'])
      expect(base('ollama', entered)).toBe('http://localhost:11434');
    expect(normaliseBase(mustProviderRow('groq'), undefined).origin).toBe('https://api.groq.com');
  });

  test('a pasted Azure address keeps its deployment and its version (C-48)', () => {
    const entered = 'https://house.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-06-01';
    expect(normaliseBase(mustProviderRow('azure-openai'), entered)).toEqual({
      baseUrl: 'https://house.openai.azure.com/openai/deployments/gpt-4o?api-version=2024-06-01',
      origin: 'https://house.openai.azure.com',
    });
    const once = base('azure-openai', entered);
    expect(base('azure-openai', once)).toBe(once);
  });

  test('secrets are bound to scheme, host and port', () => {
    expect(originOf(mustProviderRow('custom'), 'https://Llm.Example.com:8443/v1/chat/completions')).toBe('https://llm.example.com:8443');
    expect(originOf(mustProviderRow('custom'), 'http://llm.example.com/v1')).not.toBe(
      originOf(mustProviderRow('custom'), 'https://llm.example.com/v1'),
    );
  });
});

describe('refused', () => {
  const codeOf = (providerId: string, entered: string | null): unknown => {
    try {
      base(providerId, entered);
    } catch (error) {
      if (error instanceof Refusal) return [error.code, (error.details as { path: string; code: string }[])[0]];
      throw error;
    }
    return null;
  };
  test.each([
    ['ftp://llm.example.com/v1', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['llm.example.com/v1', 'not_a_url'],
    ['http://', 'not_a_url'],
    ['https://user:pass@llm.example.com/v1', 'has_credentials'],
    ['https://user@llm.example.com/v1', 'has_credentials'],
    ['https://llm.example.com/v1?key=abc', 'has_query'],
    ['https://llm.example.com/v1?api-version=1&key=abc', 'has_query'],
    ['https://llm.example.com/v1#a', 'has_fragment'],
    [`https://llm.example.com/${'a'.repeat(baseUrlCharsMax)}`, 'too_long'],
  ])('%s', (entered, code) => {
    expect(codeOf('custom', entered)).toEqual(['URL_REFUSED', expect.objectContaining({ path: 'baseUrl', code })]);
  });

  test('no address at all, where there is no default', () => {
    for (const id of ['custom', 'azure-openai'])
      expect(codeOf(id, null)).toEqual(['VALIDATION_ERROR', expect.objectContaining({ path: 'baseUrl', code: 'required' })]);
  });
});

test('the path of a base', () => {
  expect(pathOf('https://api.openai.com/v1')).toBe('/v1');
  expect(pathOf('https://api.deepseek.com')).toBe('');
  expect(pathOf('http://[::1]:11434/a/b')).toBe('/a/b');
});

test('a base that answered 404 is proposed with /v1, once', () => {
  expect(proposedBase('https://llm.example.com')).toBe('https://llm.example.com/v1');
  expect(proposedBase('https://llm.example.com/llm')).toBe('https://llm.example.com/llm/v1');
  for (const ended of ['https://a.example/v1', 'https://a.example/api/v4', 'https://a.example/v1beta'])
    expect(proposedBase(ended)).toBeNull();
});
