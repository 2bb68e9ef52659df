/** What a caller says in the chat wire and another wire has no word for: it is named, wherever the request goes, and never lost silently. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import type { ConnectionSettings } from '../../src/domain/connection.ts';
import { toHouse as fromResponses } from '../../src/faces/responses/request.ts';
import { settleNative } from '../../src/providers/native.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import type { Json } from '../../src/providers/shape.ts';
import { destination } from './kit.ts';

const targets = {
  messages: destination('anthropic', 'claude-sonnet-4-5'),
  gemini: destination('gemini', 'gemini-2.5-flash'),
  bedrock: destination('bedrock', 'anthropic.claude-sonnet-4-5-v1:0'),
  ollama: destination('ollama', 'qwen3'),
  responses: destination('openai', 'gpt-4.1', { wire: 'responses' }),
};
type Target = keyof typeof targets;
const everywhere = Object.keys(targets) as Target[];

const hi = [{ role: 'user', content: 'hi' }];

function sent(target: Target, request: ChatRequest, settings: ConnectionSettings = {}): { body: Json; changed: string[] } {
  const to = { ...targets[target], settings: { ...targets[target].settings, ...settings } };
  const { body, changed } = protocolOf(to.row).toVendor({ messages: hi, ...request, model: to.model }, to);
  return { body, changed: changed.map(({ parameter, what }) => `${parameter} ${what}`) };
}

const user = (content: unknown, more: Json = {}): Json[] => [{ role: 'user', content, ...more }];
const picture = (detail?: string): Json => ({
  type: 'image_url',
  image_url: { url: 'data:image/png;base64,AAAA', ...(detail && { detail }) },
});
const file = (filename: string, data: string): Json[] =>
  user([
    { type: 'text', text: 'Read.' },
    { type: 'file', file: { filename, file_data: data } },
  ]);

describe('a refusal in the history', () => {
  const answered = (more: Json): Json[] => [...hi, { role: 'assistant', ...more }, ...hi];
  const refusal = { type: 'refusal', refusal: 'No more.' };
  const wordsOf = (target: Target, more: Json): unknown[] => {
    const { body, changed } = sent(target, { messages: answered(more) });
    expect(changed.filter((change) => change.startsWith('messages'))).toEqual([]);
    const turns = (body['messages'] ?? body['contents'] ?? body['input']) as Json[];
    const turn = turns[1]!;
    const parts = (turn['content'] ?? turn['parts']) as string | Json[];
    return typeof parts === 'string' ? parts.split('\n') : parts.map((part) => part['text'] ?? part['refusal']);
  };

  test.each<[string, Json, string[]]>([
    ['beside what was said', { content: 'So far.', refusal: 'No more.' }, ['So far.', 'No more.']],
    ['beside parts', { content: [{ type: 'text', text: 'So far.' }], refusal: 'No more.' }, ['So far.', 'No more.']],
    ['among parts', { content: [{ type: 'text', text: 'So far.' }, refusal] }, ['So far.', 'No more.']],
    ['alone', { content: null, refusal: 'No more.' }, ['No more.']],
    ['beside an empty text', { content: '', refusal: 'No more.' }, ['No more.']],
    ['beside no parts', { content: [], refusal: 'No more.' }, ['No more.']],
  ])('is said everywhere: %s', (_name, more, words) => {
    for (const target of everywhere) expect(wordsOf(target, more), target).toEqual(words);
  });

  test('is said beside what came from the provider before', () => {
    const blocks = [
      { type: 'thinking', thinking: 'Hm.', signature: 's' },
      { type: 'text', text: 'So far.' },
    ];
    const { body, changed } = sent('messages', { messages: answered({ content: 'So far.', refusal: 'No more.', patchbay: { blocks } }) });
    expect((body['messages'] as Json[])[1]!['content']).toEqual([...blocks, { type: 'text', text: 'No more.' }]);
    expect(changed).toEqual(sent('messages', {}).changed);
    const parts = [
      { text: 'Hm.', thought: true },
      { text: 'So far.', thoughtSignature: 's' },
    ];
    const told = sent('gemini', { messages: answered({ content: 'So far.', refusal: 'No more.', patchbay: { blocks: parts } }) });
    expect((told.body['contents'] as Json[])[1]!['parts']).toEqual([...parts, { text: 'No more.' }]);
    expect(told.changed).toEqual(sent('gemini', {}).changed);
  });

  test('goes back to the wire that it came from as it came', () => {
    const said = { type: 'output_text', text: 'So far.', annotations: [] };
    const items = [{ id: 'msg_1', type: 'message', role: 'assistant', phase: 'final_answer', content: [said, refusal] }];
    const more = { content: 'So far.', refusal: 'No more.', patchbay: { items } };
    const { body, changed } = sent('responses', { messages: answered(more) });
    expect([(body['input'] as Json[])[1], changed]).toEqual([items[0], sent('responses', {}).changed]);
    const plain = sent('responses', { messages: answered({ content: 'So far.', refusal: 'No more.' }) }).body;
    expect((plain['input'] as Json[])[1]).toEqual({ role: 'assistant', content: [{ type: 'output_text', text: 'So far.' }, refusal] });
  });
});

describe('members of messages', () => {
  test.each<[string, Json[], string]>([
    ['who speaks', user('hi', { name: 'alice' }), 'messages.name dropped'],
    ['sound that is kept at the provider', [...hi, { role: 'assistant', audio: { id: 'audio_1' } }, ...hi], 'messages.audio dropped'],
    ['a start that must be gone on from', [...hi, { role: 'assistant', content: 'So', prefix: true }], 'messages.prefix dropped'],
    ['content that is neither text nor parts', user({ type: 'text', text: 'hi' }), 'messages.content dropped'],
  ])('%s', (_name, messages, change) => {
    for (const target of everywhere) expect(sent(target, { messages }).changed, target).toContain(change);
  });

  test('what asks for nothing is not missed: empty members, notes of an answer, the name of a function', () => {
    const messages = [
      ...user('hi', { name: '', audio: null }),
      {
        role: 'assistant',
        content: null,
        refusal: null,
        annotations: [{ type: 'url_citation' }],
        images: [],
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', name: 'f', content: 'ok' },
    ];
    const tools = [{ type: 'function', function: { name: 'f' } }];
    for (const target of everywhere)
      expect(
        sent(target, { messages, tools, max_tokens: 5 }).changed.filter((change) => change.startsWith('messages')),
        target,
      ).toEqual([]);
  });

  test('how closely a picture is to be looked at', () => {
    for (const target of everywhere) {
      const lost = sent(target, { messages: user([picture('low')]) });
      if (target === 'responses') expect(JSON.stringify(lost.body)).toContain('"detail":"low"');
      else expect(lost.changed, target).toContain('messages.image_url.detail dropped');
      for (const detail of [undefined, 'auto'])
        expect(sent(target, { messages: user([picture(detail)]) }).changed.join(), target).not.toContain('detail');
    }
  });
});

describe('files', () => {
  const pdf = 'JVBERi0x';

  test.each([pdf, `data:application/pdf;base64,${pdf}`, `DATA:application/pdf;base64,${pdf}`])('a PDF as %s', (data) => {
    expect(sent('messages', { messages: file('a.pdf', data) }).body['messages']).toMatchObject([
      { content: [{}, { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: pdf }, title: 'a.pdf' }] },
    ]);
    expect(sent('bedrock', { messages: file('a.pdf', data) }).body['messages']).toMatchObject([
      { content: [{}, { document: { format: 'pdf', source: { bytes: pdf } } }] },
    ]);
    expect(sent('gemini', { messages: file('a.pdf', data) }).body['contents']).toMatchObject([
      { parts: [{}, { inlineData: { mimeType: 'application/pdf', data: pdf } }] },
    ]);
  });

  test.each([
    ['a.txt', 'data:text/plain;base64,aMOpbGxv', 'héllo'],
    ['a.md', 'IyBIaQ==', '# Hi'],
    ['a.json', 'data:application/json,%7B%7D', '{}'],
  ])('a text is told to Claude as one: %s', (name, data, said) => {
    expect(sent('messages', { messages: file(name, data) }).body['messages']).toMatchObject([
      { content: [{}, { type: 'document', source: { type: 'text', media_type: 'text/plain', data: said }, title: name }] },
    ]);
  });

  test('a picture that came as a file is a picture to Claude, and what is no text stays what it is', () => {
    const [image] = [sent('messages', { messages: file('a.png', 'data:image/png;base64,AAAA') })];
    expect(image.body['messages']).toMatchObject([{ content: [{}, { type: 'image', source: { media_type: 'image/png' } }] }]);
    const latin = sent('messages', { messages: file('a.txt', 'data:text/plain;base64,6Q==') });
    expect(latin.body['messages']).toMatchObject([{ content: [{}, { source: { type: 'base64', data: '6Q==' } }] }]);
  });

  test('an address of any spelling is read', () => {
    const url = 'DATA:image/png;base64,AAAA';
    const { body, changed } = sent('messages', { messages: user([{ type: 'image_url', image_url: { url } }]), max_tokens: 5 });
    expect(body['messages']).toMatchObject([
      { content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }] },
    ]);
    expect(changed).toEqual([]);
  });
});

describe('parameters', () => {
  test.each<Target>(['messages', 'gemini', 'bedrock'])('a number in quotes is none, and is named (%s)', (target) => {
    const { body, changed } = sent(target, { temperature: '0.5', top_p: '0.3', top_k: '5', max_tokens: 5 } as unknown as ChatRequest);
    expect(changed).toEqual(expect.arrayContaining(['temperature dropped', 'top_p dropped', 'top_k dropped']));
    expect(JSON.stringify(body)).not.toMatch(/0\.5|0\.3|"5"/);
  });

  test.each<Target>(['messages', 'bedrock'])(
    "an effort beside the caller's own thinking is named; the connection's is not missed (%s)",
    (target) => {
      const thinking = { type: 'enabled', budget_tokens: 2000 };
      const both = sent(target, { thinking, reasoning_effort: 'high', max_tokens: 9000 });
      expect(both.changed).toContain('reasoning_effort dropped');
      expect(JSON.stringify(both.body)).toContain('"budget_tokens":2000');
      const own = sent(target, { thinking, max_tokens: 9000 }, { reasoningEffort: 'high' });
      expect(own.changed).not.toContain('reasoning_effort dropped');
      expect(JSON.stringify(own.body)).toContain('"budget_tokens":2000');
    },
  );

  test('a choice of tools that nobody knows is named', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    for (const target of ['messages', 'gemini', 'bedrock', 'ollama'] as const)
      expect(sent(target, { tools, tool_choice: 'sometimes' }).changed, target).toContain('tool_choice dropped');
  });

  test('stops that are no texts are named', () => {
    for (const target of ['messages', 'gemini'] as const)
      expect(sent(target, { stop: ['END', 7] } as unknown as ChatRequest).changed, target).toContain('stop dropped');
  });

  test('tools that may not be called are not offered, also where only one may be', () => {
    const named = (name: string): Json => ({ type: 'function', function: { name } });
    const choice = (mode: string, ...names: string[]): ChatRequest => ({
      messages: hi,
      tools: ['a', 'b', 'c'].map(named),
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: names.map(named) } },
    });
    const offered = (target: Target, request: ChatRequest): string[] =>
      [
        ...JSON.stringify(sent(target, request).body['tools'] ?? sent(target, request).body['toolConfig']).matchAll(/"name":"([abc])"/g),
      ].map(([, name]) => name!);
    for (const target of ['messages', 'gemini', 'bedrock', 'ollama'] as const) {
      expect(offered(target, choice('auto', 'a')), target).toEqual(['a']);
      expect(offered(target, choice('auto', 'a', 'b')), target).toEqual(['a', 'b']);
    }
    const forced = sent('bedrock', choice('required', 'a')).body['toolConfig'];
    expect(forced).toMatchObject({ toolChoice: { tool: { name: 'a' } } });
  });
});

describe('a mark for the cache of one vendor', () => {
  const mark = { prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } };
  const parts = [
    { type: 'text', text: 'a', ...mark },
    { ...picture(), ...mark },
    { type: 'text', text: 'b' },
  ];

  test('stays on its part where the wire has it', () => {
    const { body, changed } = sent('responses', { messages: user(parts) });
    const content = (body['input'] as Json[])[0]!['content'] as Json[];
    expect(content.map((part) => part['prompt_cache_breakpoint'])).toEqual([
      mark.prompt_cache_breakpoint,
      mark.prompt_cache_breakpoint,
      undefined,
    ]);
    expect(changed).toEqual(sent('responses', {}).changed);
  });

  test('is named once elsewhere, and reaches nobody who would refuse it', () => {
    for (const target of ['messages', 'gemini', 'bedrock', 'ollama'] as const) {
      const { body, changed } = sent(target, { messages: [...user(parts), { role: 'assistant', content: [parts[0]] }, ...user(parts)] });
      expect(
        changed.filter((change) => change === 'messages.prompt_cache_breakpoint dropped'),
        target,
      ).toHaveLength(1);
      expect(JSON.stringify(body), target).not.toContain('prompt_cache_breakpoint');
    }
    const spoken = [...hi, { role: 'assistant', content: [parts[0]] }, ...hi];
    expect(sent('responses', { messages: spoken }).changed).toContain('messages.prompt_cache_breakpoint dropped');
  });
});

describe('what the Responses wire says of parts and calls', () => {
  const mark = { prompt_cache_breakpoint: { mode: 'explicit' } };
  const caller = { type: 'program', caller_id: 'p' };
  const input = [
    { role: 'user', content: [{ type: 'input_text', text: 'a', ...mark }, { type: 'input_file', file_id: 'f', detail: 'high' }, { type: 'input_image', image_url: 'https://x.example/a', detail: 'auto', ...mark }] },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', namespace: 'n', caller },
    { type: 'function_call_output', call_id: 'c', output: 'ok', caller, name: 'f' },
  ]; // prettier-ignore
  const told = (target: Target, items: readonly unknown[], wire: 'responses' | null): { body: Json; lost: string[] } => {
    const to = targets[target];
    const settled = settleNative(fromResponses({ input: [...items] }), wire, to);
    const { body, changed } = protocolOf(to.row).toVendor({ ...settled.request, model: to.model }, to);
    return { body, lost: [...settled.changed, ...changed].filter(({ what }) => what === 'dropped').map(({ parameter }) => parameter) };
  };

  test('goes back to a provider of that wire as it came, also where the request is written anew', () => {
    const { body, lost } = told('responses', input, 'responses');
    expect(body['input']).toEqual(input);
    expect(lost).toEqual([]);
  });

  test('is named elsewhere', () => {
    const { body, lost } = told('gemini', input, null);
    expect(lost).toEqual(
      expect.arrayContaining(['messages.prompt_cache_breakpoint', 'messages.detail', 'messages.caller', 'messages.name']),
    );
    expect(lost).toEqual(expect.arrayContaining(['input.function_call.namespace', 'input.function_call.caller']));
    expect(JSON.stringify(body)).not.toMatch(/breakpoint|namespace|program/);
  });

  test('names nothing where it says what every call says', () => {
    const plain = [
      {
        type: 'function_call',
        id: 'fc',
        call_id: 'c',
        name: 'f',
        arguments: '{}',
        status: 'completed',
        caller: { type: 'direct' },
        async: false,
      },
      { type: 'function_call_output', call_id: 'c', output: 'ok', status: 'completed', caller: null },
    ];
    expect(told('gemini', [{ role: 'user', content: 'hi' }, ...plain], null).lost).toEqual([]);
  });
});

test('what is said of the form of an answer reaches the model, beside its schema or in it', () => {
  const asked = (schema: Json): ChatRequest => ({
    response_format: { type: 'json_schema', json_schema: { name: 'n', description: 'Weather in °C.', strict: true, schema } },
  });
  for (const target of everywhere) {
    expect(JSON.stringify(sent(target, asked({ type: 'object' })).body), target).toContain('"Weather in °C."');
    const both = JSON.stringify(sent(target, asked({ type: 'object', description: 'An answer.' })).body);
    for (const words of ['Weather in °C.', 'An answer.']) expect(both, target).toContain(words);
  }
});

test('a member of a function that no wire knows is named, once', () => {
  const fn = (name: string): Json => ({
    name,
    description: 'd',
    parameters: { type: 'object', newer: 1 },
    strict: false,
    examples: [{ a: 1 }],
  });
  const tools = ['f', 'g'].map((name) => ({ type: 'function', function: fn(name), defer_loading: true, note: null }));
  for (const target of everywhere) {
    const lost = sent(target, { tools }).changed.filter((change) => change.startsWith('tools'));
    expect(lost, target).toEqual(['tools.defer_loading dropped', 'tools.function.examples dropped']);
  }
});
