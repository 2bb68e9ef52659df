/** What is asked of Ollama in its own wire, and what is told of whatever it has no word for. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { ollama } from '../../src/providers/ollama/protocol.ts';
import { destination } from './kit.ts';

const hi = [{ role: 'user', content: 'hi' }];

interface Sent {
  body: Record<string, unknown>;
  options: Record<string, unknown>;
  changed: string[];
}

function send(request: ChatRequest, model = 'qwen3:8b', settings = {}): Sent {
  const { body, changed } = ollama.toVendor({ messages: hi, ...request }, destination('ollama', model, settings));
  return {
    body,
    options: (body['options'] ?? {}) as Record<string, unknown>,
    changed: changed.map((change) => `${change.parameter} ${change.what}${change.to === undefined ? '' : ` ${change.to}`}`),
  };
}
const told = (messages: unknown): { messages: unknown; changed: string[] } => {
  const { body, changed } = send({ messages });
  return { messages: body['messages'], changed };
};

describe('where requests go', () => {
  const path = (entered: string): string => ollama.chatPath(destination('ollama', 'm', {}, entered), false);

  test.each([
    ['http://localhost:11434', '/api/chat'],
    ['http://localhost:11434/api', '/api/chat'],
    ['http://localhost:11434/api/chat', '/api/chat'],
    ['https://house.example/ollama', '/ollama/api/chat'],
  ])('%s', (entered, expected) => {
    expect(path(entered)).toBe(expected);
  });

  test('an address that ends in /v1 is asked in the wire that lies there', () => {
    const native = destination('ollama', 'm', {}, 'http://localhost:11434');
    const compatible = destination('ollama', 'm', {}, 'http://localhost:11434/v1');
    expect([native.row.protocol, compatible.row.protocol]).toEqual(['ollama', 'openai']);
    expect(ollama.modelsPath(native)).toBe('/api/tags');
  });

  test('no key sends no header; one is a bearer token, for a server behind a proxy', () => {
    const to = destination('ollama', 'm');
    expect(ollama.authHeaders(to, '')).toEqual({});
    expect(ollama.authHeaders(to, 'k')).toEqual({ authorization: 'Bearer k' });
  });
});

describe('parameters', () => {
  test('a plain question is whole unless a stream is asked for, since the server streams by itself', () => {
    expect(send({}).body).toEqual({ model: 'qwen3:8b', messages: hi, stream: false });
    expect(send({ stream: true, stream_options: { include_usage: true } })).toMatchObject({ body: { stream: true }, changed: [] });
  });

  test('numbers of the run stand among the options, under their own names', () => {
    const { options, changed } = send({
      temperature: 0.2,
      top_p: 0.9,
      top_k: 40,
      seed: 7,
      stop: ['END', ''],
      frequency_penalty: 0.5,
      presence_penalty: 0.1,
      repeat_penalty: 1.1,
      num_ctx: 8192,
      min_p: 0.05,
      mirostat: 2,
    });
    expect(options).toEqual({
      temperature: 0.2,
      top_p: 0.9,
      top_k: 40,
      seed: 7,
      stop: ['END'],
      frequency_penalty: 0.5,
      presence_penalty: 0.1,
      repeat_penalty: 1.1,
      num_ctx: 8192,
      min_p: 0.05,
      mirostat: 2,
    });
    expect(changed).toEqual([]);
  });

  test('either name of the limit becomes num_predict, and is told', () => {
    expect(send({ max_tokens: 20 })).toMatchObject({ options: { num_predict: 20 }, changed: ['max_tokens renamed options.num_predict'] });
    expect(send({ max_completion_tokens: 9, max_tokens: 20 })).toMatchObject({
      options: { num_predict: 9 },
      changed: ['max_completion_tokens renamed options.num_predict'],
    });
  });

  test("options in Ollama's own words pass, and a parameter beside them wins", () => {
    expect(send({ options: { num_gpu: 2, temperature: 0.9, brand_new: 1 }, temperature: 0.1 })).toMatchObject({
      options: { num_gpu: 2, temperature: 0.1, brand_new: 1 },
      changed: [],
    });
    expect(send({ options: 'all' }).changed).toEqual(['options dropped']);
  });

  test("a connection's settings are sent where the caller is silent (R-153, D-32)", () => {
    const settings = { temperature: 0.3, topP: 0.8, topK: 5, repeatPenalty: 1.2, seed: 3, numCtx: 4096, keepAlive: '10m' };
    const { body, options, changed } = send({ temperature: 0.9 }, 'llama3', settings);
    expect(options).toEqual({ temperature: 0.9, top_p: 0.8, top_k: 5, repeat_penalty: 1.2, seed: 3, num_ctx: 4096 });
    expect(body['keep_alive']).toBe('10m');
    expect(changed.toSorted()).toEqual(
      ['keep_alive', 'num_ctx', 'repeat_penalty', 'seed', 'top_k', 'top_p'].map((name) => `${name} added`),
    );
  });

  test('what there is no word for is dropped by name, and defaults without a word', () => {
    expect(send({ n: 2, logit_bias: { 1: 2 }, user: 'u', service_tier: 'flex', brand_new: 1 }).changed.toSorted()).toEqual(
      ['brand_new', 'logit_bias', 'n', 'service_tier', 'user'].map((name) => `${name} dropped`),
    );
    expect(send({ n: 1, store: false, service_tier: 'auto', modalities: ['text'] }).changed).toEqual([]);
  });

  test('log probabilities are asked for where they are', () => {
    expect(send({ logprobs: true, top_logprobs: 3 })).toMatchObject({ body: { logprobs: true, top_logprobs: 3 }, changed: [] });
    expect(send({ top_logprobs: 3 }).changed).toEqual(['top_logprobs dropped']);
  });
});

describe('thinking', () => {
  test.each([
    ['qwen3:8b', 'none', { think: false }, 'reasoning_effort renamed think=false'],
    ['qwen3:8b', 'high', { think: true }, 'reasoning_effort approximated think=true'],
    ['deepseek-r1', 'low', { think: true }, 'reasoning_effort approximated think=true'],
    ['gpt-oss:20b', 'medium', { think: 'medium' }, 'reasoning_effort renamed think=medium'],
    ['gpt-oss:20b', 'xhigh', { think: 'high' }, 'reasoning_effort approximated think=high'],
    ['openai/gpt-oss:20b', 'none', { think: 'low' }, 'reasoning_effort approximated think=low'],
  ])('%s: %s', (model, effort, expected, change) => {
    expect(send({ reasoning_effort: effort }, model)).toMatchObject({ body: expected, changed: [change] });
  });

  test('a model that is known not to think is not asked to, and that is told', () => {
    for (const model of ['llama3.2', 'gemma3:4b', 'mistral', 'qwen2.5:7b'])
      expect(send({ reasoning_effort: 'low' }, model)).toMatchObject({ changed: ['reasoning_effort dropped'] });
    expect(send({ reasoning_effort: 'none' }, 'llama3.2')).toEqual(send({}, 'llama3.2'));
  });

  test("a caller's own word stays", () => {
    expect(send({ think: 'high', reasoning_effort: 'low' })).toMatchObject({
      body: { think: 'high' },
      changed: ['reasoning_effort dropped'],
    });
  });
});

describe('tools and forms', () => {
  const lamp = { type: 'function', function: { name: 'lamp', description: 'Lights.', parameters: { properties: { on: {} } } } };
  const door = { type: 'function', function: { name: 'door' } };
  const names = (body: Record<string, unknown>): unknown[] =>
    ((body['tools'] ?? []) as { function: { name: string } }[]).map((tool) => tool.function.name);

  test('functions keep their names and schemas; one without parameters takes none', () => {
    expect(send({ tools: [lamp, door] }).body['tools']).toEqual([
      { type: 'function', function: { name: 'lamp', description: 'Lights.', parameters: { type: 'object', properties: { on: {} } } } },
      { type: 'function', function: { name: 'door', parameters: { type: 'object', properties: {} } } },
    ]);
  });

  test('a choice among them is said by what is offered; what cannot be said is told', () => {
    expect(send({ tools: [lamp, door], tool_choice: 'none' })).toMatchObject({ changed: [] });
    expect(names(send({ tools: [lamp, door], tool_choice: 'none' }).body)).toEqual([]);
    const one = send({ tools: [lamp, door], tool_choice: { type: 'function', function: { name: 'door' } } });
    expect([names(one.body), one.changed]).toEqual([['door'], ['tool_choice approximated tools']]);
    expect(send({ tools: [lamp], tool_choice: 'required' }).changed).toEqual(['tool_choice dropped']);
    expect(send({ tools: [lamp], tool_choice: 'auto', parallel_tool_calls: false }).changed).toEqual(['parallel_tool_calls dropped']);
    expect(send({ tools: [lamp], tool_choice: { type: 'brand_new' } }).changed).toEqual(['tool_choice dropped']);
  });

  test('older functions become tools; tools of other kinds, strictness and markers are told', () => {
    const strict = { type: 'function', cache_control: { type: 'ephemeral' }, function: { ...lamp.function, strict: true } };
    const { body, changed } = send({ functions: [{ name: 'old' }], tools: [strict, { type: 'web_search' }] });
    expect(names(body)).toEqual(['lamp', 'old']);
    expect(changed).toEqual([
      'functions renamed tools',
      'tools.web_search dropped',
      'tools.function.strict dropped',
      'tools.cache_control dropped',
    ]);
  });

  test('an answer in a form is asked for by format', () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    expect(send({ response_format: { type: 'json_object' } })).toMatchObject({
      body: { format: 'json' },
      changed: ['response_format renamed format'],
    });
    expect(send({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }).body['format']).toEqual(schema);
    expect(send({ response_format: { type: 'xml' } }).changed).toEqual(['response_format dropped']);
    expect(send({ response_format: { type: 'text' } }).changed).toEqual([]);
  });
});

describe('messages', () => {
  test('texts of one message become one, pictures stand beside it by their bytes', () => {
    const content = [
      { type: 'text', text: 'What is' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'text', text: 'this?' },
    ];
    expect(told([{ role: 'user', content }])).toEqual({
      messages: [{ role: 'user', content: 'What is\nthis?', images: ['AAAA'] }],
      changed: [],
    });
  });

  test('an address of a picture cannot be fetched, and sound and files have no place; each is told once', () => {
    const far = { type: 'image_url', image_url: { url: 'https://house.example/a.png' } };
    const sound = { type: 'input_audio', input_audio: { data: 'x', format: 'wav' } };
    const { changed } = told([
      { role: 'user', content: [far, far, sound, { type: 'file', file: { file_id: 'f' } }] },
      { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
    ]);
    expect(changed).toEqual([
      'messages.image_url dropped',
      'messages.input_audio dropped',
      'messages.file dropped',
      'messages.cache_control dropped',
    ]);
  });

  test('a developer is a system here', () => {
    expect(told([{ role: 'developer', content: 'Be kind.' }, ...hi])).toEqual({
      messages: [{ role: 'system', content: 'Be kind.' }, ...hi],
      changed: ['messages.role renamed system'],
    });
  });

  test('calls carry their arguments as objects, results the names of their functions', () => {
    const call = (id: string, name: string, args: string): unknown => ({ id, type: 'function', function: { name, arguments: args } });
    const { messages, changed } = told([
      { role: 'assistant', content: null, reasoning_content: 'Hm.', tool_calls: [call('a', 'lamp', '{"on":true}'), call('b', 'door', '')] },
      { role: 'tool', tool_call_id: 'b', content: 'open' },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'lit' }] },
    ]);
    expect(messages).toEqual([
      {
        role: 'assistant',
        content: '',
        thinking: 'Hm.',
        tool_calls: [
          { id: 'a', function: { index: 0, name: 'lamp', arguments: { on: true } } },
          { id: 'b', function: { index: 1, name: 'door', arguments: {} } },
        ],
      },
      { role: 'tool', content: 'open', tool_name: 'door', tool_call_id: 'b' },
      { role: 'tool', content: 'lit', tool_name: 'lamp', tool_call_id: 'a' },
    ]);
    expect(changed).toEqual([]);
  });

  test('arguments that are no object are kept under one name, older spellings are understood', () => {
    const { messages, changed } = told([
      { role: 'assistant', content: 'x', function_call: { name: 'old', arguments: 'not json' } },
      { role: 'function', name: 'old', content: 'done' },
      { role: 'assistant', content: 'y', tool_calls: [{ id: 'c', type: 'custom' }], patchbay: { blocks: [{ type: 'thinking' }] } },
    ]);
    expect(messages).toMatchObject([
      { tool_calls: [{ function: { name: 'old', arguments: { arguments: 'not json' } } }] },
      { role: 'tool', tool_name: 'old', content: 'done' },
      { content: 'y' },
    ]);
    expect(changed).toEqual([
      'messages.tool_calls.arguments approximated arguments',
      'messages.tool_calls dropped',
      'messages.patchbay.blocks dropped',
    ]);
  });

  test('what is no message is passed over without harm', () => {
    for (const messages of [null, 'x', [null, 3, []], [{}], [{ role: 'user', content: 5 }]]) expect(() => told(messages)).not.toThrow();
  });
});
