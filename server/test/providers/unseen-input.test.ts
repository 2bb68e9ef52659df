/** What a provider reads besides the bytes of a request: whatever brings more must be told, and what is in the bytes must not count twice. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { scanObject, type Scan } from '../../src/lib/json-scan.ts';
import type { CallerWire, WireId } from '../../src/providers/writer.ts';
import { inputsOf, unseenInputOf } from '../../src/providers/unseen-input.ts';
import type { Unseen } from '../../src/domain/prompt-bound.ts';

/** A body as it came by some wire; `house` is its translation, where the test is about what that leaves out. */
function unseen(
  body: Record<string, unknown>,
  { wire, house = {}, model = 'gpt-4o' }: { wire?: WireId; house?: ChatRequest; model?: string } = {},
): Unseen {
  const bytes = Buffer.from(JSON.stringify(body));
  const request = { bytes, scan: scanObject(bytes) as Scan, ...(wire && { wire: { id: wire } as CallerWire }) };
  return unseenInputOf(request, wire ? house : { ...body, ...house }, model);
}

const described = {
  chat: { type: 'function', function: { name: 'look_up', parameters: {} } },
  messages: { name: 'look_up', input_schema: { type: 'object' } },
  responses: { type: 'function', name: 'look_up', parameters: {} },
  gemini: { functionDeclarations: [{ name: 'look_up' }] },
};

test('a plain question brings nothing along', () => {
  expect(unseen({ messages: [], temperature: 1, n: 2 })).toEqual({ items: undefined, addedTokens: 0, fillsWindow: false });
});

describe('tools', () => {
  test.each(Object.entries(described))(
    "that the caller describes bring the vendor's instructions alone, however many there are (%s)",
    (_name, tool) => {
      const one = unseen({ tools: [tool] });
      expect(one).toMatchObject({ addedTokens: 600, fillsWindow: false });
      expect(unseen({ tools: [tool, tool, tool] })).toEqual(one);
    },
  );

  test.each(['functions', 'response_format'])('in the older words, or a form of the answer, bring them too (%s)', (name) => {
    expect(unseen({ [name]: [{ name: 'f' }] })).toMatchObject({ addedTokens: 600, fillsWindow: false });
  });

  test.each(['bash_20250124', 'text_editor_20250728', 'computer_20250124', 'memory_20250818', 'local_shell', 'apply_patch'])(
    'that the vendor describes and the caller runs have a weight of their own (%s)',
    (type) => {
      const tool = { type, name: 'x' };
      expect(unseen({ tools: [tool] })).toMatchObject({ addedTokens: 2_100, fillsWindow: false });
      expect(unseen({ tools: [tool, described.chat, tool] })).toMatchObject({ addedTokens: 3_600, fillsWindow: false });
    },
  );

  test.each<[string, Record<string, unknown>]>([
    ['a search', { type: 'web_search' }],
    ['a search of Anthropic', { type: 'web_search_20250305', name: 'web_search', max_uses: 1 }],
    ['a fetch', { type: 'web_fetch_20250910', name: 'web_fetch' }],
    ['files', { type: 'file_search', vector_store_ids: ['vs_1'] }],
    ['code', { type: 'code_interpreter', container: { type: 'auto' } }],
    ['another server', { type: 'mcp', server_url: 'https://example.org' }],
    ['a search of Google', { googleSearch: {} }],
    ['what nobody has heard of yet', { type: 'telepathy' }],
    ['nothing that is known', {}],
  ])('that run at the vendor fill the window, in every wire: %s', (_name, tool) => {
    expect(unseen({ tools: [described.chat, tool] }).fillsWindow).toBe(true);
    // The translation has a word for none of them.
    for (const wire of ['messages', 'responses'] as const) expect(unseen({ tools: [tool] }, { wire, house: {} }).fillsWindow).toBe(true);
  });

  test.each([[null], ['x'], [7], [{}], [[]], [[null, 7, 'x']]])('that are none bring no window: %j', (tools) => {
    expect(unseen({ tools }).fillsWindow).toBe(false);
  });
});

describe('what is looked up, or kept under a name', () => {
  test.each<[string, unknown]>([
    ['web_search_options', {}],
    ['search_parameters', { mode: 'auto' }],
    ['plugins', [{ id: 'web' }]],
    ['enable_search', true],
    ['data_sources', [{ type: 'azure_search' }]],
    ['mcp_servers', [{ type: 'url', url: 'https://example.org' }]],
    ['cached_content', 'cachedContents/1'],
    ['previous_response_id', 'resp_1'],
    ['conversation', 'conv_1'],
    ['extra_body', { google: { cached_content: 'cachedContents/1' } }],
  ])('%s fills the window, whether the caller says it or the connection', (name, value) => {
    expect(unseen({ [name]: value }).fillsWindow).toBe(true);
    expect(unseen({}, { house: { [name]: value } }).fillsWindow).toBe(true);
    expect(unseen({ [name]: value }, { wire: 'responses' }).fillsWindow).toBe(true);
    for (const nothing of [null, false, []]) expect(unseen({ [name]: nothing }).fillsWindow).toBe(false);
  });

  test.each([
    ['openai/gpt-4o:online', true],
    ['o3-deep-research', true],
    ['sonar-deep-research', true],
    ['groq/compound-mini', true],
    ['compound-beta', true],
    ['gpt-4o', false],
    ['qwen3:8b', false],
  ])('a model that looks things up by itself fills it: %s %s', (model, expected) => {
    expect(unseen({}, { model }).fillsWindow).toBe(expected);
  });
});

test('what the house has no word for is read in the words of its own wire', () => {
  const input = [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://example.org/a.pdf' }] }];
  expect(unseen({ input }, { wire: 'responses' }).items).toEqual(input);
  expect(unseen({ messages: input }, { wire: 'messages' }).items).toEqual(input);
  expect(unseen({ messages: input }).items).toBeUndefined();
  expect(unseen({ messages: input }, { wire: 'ollama' }).items).toBeUndefined();
});

test('the inputs of what is no conversation are found by all their names', () => {
  expect(inputsOf({ model: 'm', input: 'text' }).filter((one) => one !== undefined)).toEqual([]);
  expect(
    inputsOf({ query: { image: 'x' }, documents: ['a', { image: 'y' }], inputs: [{ content: [] }] }).filter((one) => one !== undefined),
  ).toEqual([{ content: [] }, { image: 'x' }, 'a', { image: 'y' }]);
});
