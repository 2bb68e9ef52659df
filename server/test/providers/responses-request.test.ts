/** What is asked of OpenAI's Responses: when it is the wire at all, what goes in, and conversations that come back to it. */
import { describe, expect, test } from 'vitest';
import type { ChatMessage, ChatRequest } from '../../src/domain/chat.ts';
import { rowFor, mustProviderRow } from '../../src/providers/catalog.ts';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import { responses } from '../../src/providers/responses/protocol.ts';
import { destination, moment } from './kit.ts';

const hi = [{ role: 'user', content: 'hi' }];

interface Sent {
  body: Record<string, unknown>;
  changed: string[];
}

function send(request: ChatRequest, model = 'gpt-5-pro', settings: Record<string, unknown> = {}, provider = 'openai'): Sent {
  const to = destination(provider, model, { wire: 'responses', ...settings });
  const { body, changed } = responses.toVendor({ messages: hi, ...request }, to);
  return { body, changed: changed.map((change) => `${change.parameter} ${change.what}${change.to === undefined ? '' : ` ${change.to}`}`) };
}
const told = (messages: unknown): { input: unknown; changed: string[] } => {
  const { body, changed } = send({ messages });
  return { input: body['input'], changed };
};

describe('when this wire is spoken', () => {
  const wire = (provider: string, model: string, settings = {}): string => rowFor(mustProviderRow(provider), settings, model).protocol;

  test.each([
    ['openai', 'gpt-4o', 'openai'],
    ['openai', 'gpt-5', 'openai'],
    ['openai', 'o3', 'openai'],
    ['openai', 'o3-pro', 'responses'],
    ['openai', 'o1-pro-2025-03-19', 'responses'],
    ['openai', 'gpt-5-pro', 'responses'],
    ['openai', 'gpt-5.2-codex', 'responses'],
    ['openai', 'codex-mini-latest', 'responses'],
    ['openai', 'o4-mini-deep-research', 'responses'],
    ['azure-openai', 'gpt-5-codex', 'responses'],
    ['custom', 'gpt-5-pro', 'openai'],
    ['groq', 'o3-pro', 'openai'],
  ])('%s, %s: %s', (provider, model, protocol) => {
    expect(wire(provider, model)).toBe(protocol);
  });

  test('a connection may ask for it, or against it; the row is the same object for every request', () => {
    expect(wire('openai', 'gpt-4o', { wire: 'responses' })).toBe('responses');
    expect(wire('custom', 'any', { wire: 'responses' })).toBe('responses');
    expect(wire('openai', 'o3-pro', { wire: 'chat' })).toBe('openai');
    expect(wire('openai', 'o3-pro', { wire: 'auto' })).toBe('responses');
    expect(wire('anthropic', 'o3-pro', { wire: 'responses' })).toBe('anthropic');
    const row = mustProviderRow('openai');
    expect(rowFor(row, {}, 'o3-pro')).toBe(rowFor(row, { wire: 'responses' }, 'gpt-4o'));
  });
});

describe('where requests go', () => {
  const path = (provider: string, entered: string | null, settings = {}): string =>
    responses.chatPath(destination(provider, 'm', { wire: 'responses', ...settings }, entered), false);

  test.each([
    ['openai', null, {}, '/v1/responses'],
    ['custom', 'https://house.example/llm/v1', {}, '/llm/v1/responses'],
    ['azure-openai', 'https://house.openai.azure.com', {}, '/openai/responses?api-version=2024-10-21'],
    ['azure-openai', 'https://house.openai.azure.com', { apiVersion: 'preview' }, '/openai/responses?api-version=preview'],
    ['azure-openai', 'https://house.openai.azure.com/openai/deployments/d1', {}, '/openai/responses?api-version=2024-10-21'],
    ['azure-openai', 'https://house.openai.azure.com/openai/v1', {}, '/openai/v1/responses'],
  ])('%s %s %j', (provider, entered, settings, expected) => {
    expect(path(provider, entered, settings)).toBe(expected);
  });

  test('an Azure deployment is named in the body, its key in its own header', () => {
    const to = destination('azure-openai', 'gpt-5', { wire: 'responses', deployment: 'house' }, 'https://house.openai.azure.com');
    expect(responses.toVendor({ messages: hi }, to).body['model']).toBe('house');
    expect(responses.authHeaders(to, 'k')).toEqual({ 'api-key': 'k' });
    expect(responses.headers(destination('openai', 'm', { organizationId: 'org-1' }))).toEqual({ 'openai-organization': 'org-1' });
  });
});

describe('parameters', () => {
  test('a plain question keeps nothing at the provider, and asks for thoughts that can be carried on', () => {
    expect(send({})).toEqual({
      body: { model: 'gpt-5-pro', input: hi, store: false, include: ['reasoning.encrypted_content'] },
      changed: [],
    });
    expect(send({ store: true }).body).toMatchObject({ store: true, include: [] });
  });

  test('what is called otherwise is renamed, and told', () => {
    const { body, changed } = send({ max_tokens: 99, reasoning_effort: 'high', verbosity: 'low', stream: true });
    expect(body).toMatchObject({ max_output_tokens: 99, reasoning: { effort: 'high' }, text: { verbosity: 'low' }, stream: true });
    expect(changed).toEqual([
      'max_tokens renamed max_output_tokens',
      'verbosity renamed text.verbosity',
      'reasoning_effort renamed reasoning.effort',
    ]);
    expect(send({ max_completion_tokens: 5 }).changed).toEqual(['max_completion_tokens renamed max_output_tokens']);
  });

  test("the wire's own words pass, and a second word for the same is told", () => {
    const own = {
      reasoning: { effort: 'low', summary: 'auto' },
      truncation: 'auto',
      prompt_cache_key: 'k',
      metadata: { a: 'b' },
      user: 'u',
    };
    expect(send(own)).toMatchObject({ body: own, changed: [] });
    expect(send({ ...own, reasoning_effort: 'high' }).changed).toEqual(['reasoning_effort dropped']);
  });

  test('sampling is refused by reasoning models, and taken by others', () => {
    expect(send({ temperature: 0.2, top_p: 0.5 }).changed).toEqual(['temperature dropped', 'top_p dropped']);
    expect(send({ temperature: 0.2, top_p: 0.5 }, 'gpt-4.1')).toMatchObject({ body: { temperature: 0.2, top_p: 0.5 }, changed: [] });
  });

  test('log probabilities are asked for among what is included', () => {
    expect(send({ logprobs: true, top_logprobs: 2 }, 'gpt-4.1').body).toMatchObject({
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
      top_logprobs: 2,
    });
    expect(send({ top_logprobs: 2 }, 'gpt-4.1').changed).toEqual(['top_logprobs dropped']);
  });

  test('what there is no word for is dropped by name', () => {
    const lost = { seed: 1, stop: ['x'], n: 2, logit_bias: {}, presence_penalty: 1, previous_response_id: 'r', background: true, top_k: 4 };
    expect(send(lost, 'gpt-4.1').changed.toSorted()).toEqual(
      Object.keys(lost)
        .toSorted()
        .map((name) => `${name} dropped`),
    );
    expect(send({ n: 1, stop: [], presence_penalty: 0 }, 'gpt-4.1').changed).toEqual([]);
  });
});

describe('tools and forms', () => {
  const lamp = { type: 'function', function: { name: 'lamp', description: 'Lights.', parameters: { type: 'object' }, strict: true } };

  test('functions lose their envelope; strictness is said either way', () => {
    const { body, changed } = send({ tools: [lamp, { type: 'function', function: { name: 'door' } }], parallel_tool_calls: false });
    expect(body).toMatchObject({
      tools: [
        { type: 'function', name: 'lamp', description: 'Lights.', parameters: { type: 'object' }, strict: true },
        { type: 'function', name: 'door', parameters: { type: 'object', properties: {} }, strict: false },
      ],
      parallel_tool_calls: false,
    });
    expect(changed).toEqual([]);
  });

  test('free-form tools and the provider’s own pass; older functions become tools', () => {
    const custom = { type: 'custom', custom: { name: 'sql', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } } };
    const { body, changed } = send({ tools: [custom, { type: 'web_search' }], functions: [{ name: 'old' }] });
    expect(body['tools']).toEqual([
      { type: 'custom', name: 'sql', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
      { type: 'web_search' },
      { type: 'function', name: 'old', parameters: { type: 'object', properties: {} }, strict: false },
    ]);
    expect(changed).toEqual(['functions renamed tools']);
  });

  test.each([
    ['auto', 'auto'],
    ['required', 'required'],
    [
      { type: 'function', function: { name: 'lamp' } },
      { type: 'function', name: 'lamp' },
    ],
    [
      { type: 'custom', custom: { name: 'sql' } },
      { type: 'custom', name: 'sql' },
    ],
    [
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'lamp' } }] } },
      { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'lamp' }] },
    ],
    [{ type: 'web_search' }, { type: 'web_search' }],
  ])('a choice: %j', (choice, expected) => {
    expect(send({ tools: [lamp], tool_choice: choice }).body['tool_choice']).toEqual(expected);
  });

  test('a form of the answer', () => {
    const schema = { type: 'object' };
    const format = { type: 'json_schema', json_schema: { name: 'x', schema, strict: true, description: 'd' } };
    expect(send({ response_format: format })).toMatchObject({
      body: { text: { format: { type: 'json_schema', name: 'x', schema, strict: true, description: 'd' } } },
      changed: ['response_format renamed text.format'],
    });
    expect(send({ response_format: { type: 'json_object' } }).body['text']).toEqual({ format: { type: 'json_object' } });
    expect(send({ response_format: { type: 'xml' } }).changed).toEqual(['response_format dropped']);
  });
});

describe('messages', () => {
  test('stay in their order, instructions too; parts get names of their own', () => {
    const content = [
      { type: 'text', text: 'Look:' },
      { type: 'image_url', image_url: { url: 'https://house.example/a.png', detail: 'low' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' } },
      { type: 'file', file: { file_id: 'file-1' } },
    ];
    expect(
      told([
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content },
        { role: 'developer', content: 'Be short.' },
      ]),
    ).toEqual({
      input: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look:' },
            { type: 'input_image', image_url: 'https://house.example/a.png', detail: 'low' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
            { type: 'input_file', file_id: 'file-1' },
          ],
        },
        { role: 'developer', content: 'Be short.' },
      ],
      changed: [],
    });
  });

  test('sound and markers have no place, and are told once', () => {
    const part = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
    const sound = { type: 'input_audio', input_audio: {} };
    expect(
      told([
        { role: 'user', content: [part, sound, sound] },
        { role: 'user', content: [part] },
      ]).changed,
    ).toEqual(['messages.cache_control dropped', 'messages.input_audio dropped']);
  });

  test("pictures and other parts have no place in an assistant's message, and are told, beside items that came from this wire too", () => {
    const content = [
      { type: 'text', text: 'Here.', cache_control: { type: 'ephemeral' } },
      { type: 'image_url', image_url: { url: 'https://house.example/a.png' } },
      { type: 'file', file: { file_id: 'file-1' } },
    ];
    const lost = ['messages.cache_control dropped', 'messages.image_url dropped', 'messages.file dropped'];
    expect(told([{ role: 'assistant', content }])).toEqual({ input: [{ role: 'assistant', content: 'Here.' }], changed: lost });
    const items = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Here.' }] }];
    expect(told([{ role: 'assistant', content, patchbay: { items } }])).toEqual({ input: items, changed: lost });
    expect(told([{ role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }]).changed).toEqual([]);
  });

  test('calls and results are items of their own', () => {
    expect(
      told([
        {
          role: 'assistant',
          content: 'Wait.',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'lamp', arguments: '{"on":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'lit' },
        { role: 'assistant', content: null, function_call: { name: 'old', arguments: '{}' } },
        { role: 'function', name: 'old', content: [{ type: 'text', text: 'done' }] },
      ]).input,
    ).toEqual([
      { role: 'assistant', content: 'Wait.' },
      { type: 'function_call', call_id: 'c1', name: 'lamp', arguments: '{"on":1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'lit' },
      { type: 'function_call', call_id: 'old', name: 'old', arguments: '{}' },
      { type: 'function_call_output', call_id: 'old', output: [{ type: 'input_text', text: 'done' }] },
    ]);
  });

  test('what is no message is passed over without harm', () => {
    for (const messages of [null, 'x', [null, 3, []], [{}], [{ role: 'user', content: 5 }]]) expect(() => told(messages)).not.toThrow();
  });
});

describe('a conversation that comes back', () => {
  const output = [
    { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'Z2VoZWlt' },
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Wait.', annotations: [] }],
    },
    { id: 'fc_1', type: 'function_call', call_id: 'c1', name: 'lamp', arguments: '{"on":1}', status: 'completed' },
    { id: 'ct_1', type: 'custom_tool_call', call_id: 'c2', name: 'sql', input: 'SELECT 1' },
  ];
  const to = destination('openai', 'gpt-5-pro');
  const answer = responses.fromVendor({ id: 'r', status: 'completed', output }, to, moment);
  const message = answer.choices[0]!.message;

  test('brings its items along as they came, thoughts included, and results find their calls', () => {
    expect(message).toMatchObject({ content: 'Wait.', reasoning_content: 'Hm.' });
    expect(message.tool_calls?.map((call) => [call.id, call.function.arguments])).toEqual([
      ['c1', '{"on":1}'],
      ['c2', '{"input":"SELECT 1"}'],
    ]);
    expect(
      told([message, { role: 'tool', tool_call_id: 'c2', content: '1' }, { role: 'tool', tool_call_id: 'c1', content: 'lit' }]),
    ).toEqual({
      input: [
        ...output,
        { type: 'custom_tool_call_output', call_id: 'c2', output: '1' },
        { type: 'function_call_output', call_id: 'c1', output: 'lit' },
      ],
      changed: [],
    });
  });

  test('is told anew where somebody edited it, and says that its thoughts are lost', () => {
    const edited: ChatMessage = { ...message, content: 'Something else.' };
    expect(told([edited])).toMatchObject({
      input: [{ role: 'assistant', content: 'Something else.' }, {}, {}],
      changed: ['messages.patchbay.items dropped'],
    });
  });

  test('leaves out a thought whose content is not there, since nothing is kept at the provider', () => {
    const bare = output.map(({ encrypted_content: _gone, ...item }: Record<string, unknown>) => item);
    const back = responses.fromVendor({ id: 'r', status: 'completed', output: bare }, to, moment).choices[0]!.message;
    const { input, changed } = told([back]);
    expect([(input as unknown[]).length, changed]).toEqual([3, ['messages.reasoning_content dropped']]);
  });

  test("goes on at another provider without this one's items, and comes there from another", () => {
    const { body } = anthropic.toVendor({ messages: [message] }, destination('anthropic', 'claude-sonnet-4-5'));
    expect(JSON.stringify(body)).not.toContain('rs_1');
    const fromClaude = {
      role: 'assistant',
      content: 'x',
      patchbay: {
        blocks: [
          { type: 'thinking', thinking: 'y', signature: 's' },
          { type: 'text', text: 'x' },
        ],
      },
    };
    expect(told([fromClaude])).toEqual({ input: [{ role: 'assistant', content: 'x' }], changed: ['messages.reasoning_content dropped'] });
  });
});
