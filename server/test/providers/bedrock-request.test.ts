/** What is asked of Bedrock's Converse wire, model family by model family, and what is told of whatever it has no word for. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { bedrock } from '../../src/providers/bedrock/protocol.ts';
import { destination } from './kit.ts';

const claude = 'us.anthropic.claude-sonnet-4-20250514-v1:0';
const adaptive = 'global.anthropic.claude-opus-4-8-v1:0';
const nova = 'amazon.nova-pro-v1:0';
const open = 'openai.gpt-oss-120b-1:0';
const llama = 'meta.llama3-3-70b-instruct-v1:0';
const hi = [{ role: 'user', content: 'hi' }];

interface Sent {
  body: Record<string, unknown>;
  config: Record<string, unknown>;
  more: Record<string, unknown>;
  changed: string[];
}

function send(request: ChatRequest, model = claude, settings = {}): Sent {
  const { body, changed } = bedrock.toVendor({ messages: hi, ...request }, destination('bedrock', model, settings));
  return {
    body,
    config: (body['inferenceConfig'] ?? {}) as Record<string, unknown>,
    more: (body['additionalModelRequestFields'] ?? {}) as Record<string, unknown>,
    changed: changed.map((change) => `${change.parameter} ${change.what}${change.to === undefined ? '' : ` ${change.to}`}`),
  };
}
const told = (messages: unknown, model = claude): { turns: unknown; system: unknown; changed: string[] } => {
  const { body, changed } = send({ messages }, model);
  return { turns: body['messages'], system: body['system'], changed };
};
const call = (id: string, name: string, args: string): unknown => ({ id, type: 'function', function: { name, arguments: args } });

describe('where requests go', () => {
  const at = (model: string, entered: string | null = null) => destination('bedrock', model, {}, entered);

  test('the model is one segment of the path, an address of a profile too', () => {
    expect(bedrock.chatPath(at(claude), false)).toBe('/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/converse');
    expect(bedrock.chatPath(at('arn:aws:bedrock:us-east-1:1:inference-profile/x'), true)).toBe(
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream',
    );
    expect(bedrock.chatPath(at('../../x'), false)).toBe('/model/..%2F..%2Fx/converse');
  });

  test('the address of its OpenAI-compatible wire is asked in that wire', () => {
    expect(at(open, 'https://bedrock-runtime.eu-west-1.amazonaws.com').row.protocol).toBe('bedrock');
    expect(at(open, 'https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1').row.protocol).toBe('openai');
  });
});

describe('parameters', () => {
  test('a plain question has its model in the path alone', () => {
    expect(send({}).body).toEqual({ messages: [{ role: 'user', content: [{ text: 'hi' }] }] });
  });

  test('the numbers that every model has stand together, the others beside them', () => {
    const { config, more, changed } = send({ max_tokens: 50, temperature: 0.4, stop: ['END'], top_k: 9 });
    expect([config, more]).toEqual([{ maxTokens: 50, temperature: 0.4, stopSequences: ['END'] }, { top_k: 9 }]);
    expect(changed).toEqual(['max_tokens renamed inferenceConfig.maxTokens']);
    expect(send({ max_completion_tokens: 7 }).changed).toEqual(['max_completion_tokens renamed inferenceConfig.maxTokens']);
  });

  test('a temperature is moved into bounds; top_p beside it where the model takes both', () => {
    expect(send({ temperature: 1.7 })).toMatchObject({ config: { temperature: 1 }, changed: ['temperature clamped 1'] });
    expect(send({ temperature: 0.5, top_p: 0.5 }, llama)).toMatchObject({ config: { temperature: 0.5, topP: 0.5 }, changed: [] });
    expect(send({ temperature: 0.5, top_p: 0.5 }, 'anthropic.claude-sonnet-4-5-v1:0').changed).toEqual(['top_p dropped']);
  });

  test('top_k goes where the family has it, and is told where it has none', () => {
    expect(send({ top_k: 5 }, nova).more).toEqual({ inferenceConfig: { topK: 5 } });
    expect(send({ top_k: 5 }, llama).changed).toEqual(['top_k dropped']);
  });

  test("the wire's own words pass", () => {
    const guardrailConfig = { guardrailIdentifier: 'g', guardrailVersion: '1' };
    const { body, changed } = send({
      guardrailConfig,
      requestMetadata: { team: 'x' },
      additionalModelRequestFields: { a: 1 },
    });
    expect(body).toMatchObject({ guardrailConfig, requestMetadata: { team: 'x' }, additionalModelRequestFields: { a: 1 } });
    expect(changed).toEqual([]);
  });

  test('nothing goes around the limit of the answer, nor to another price', () => {
    const fields = { max_tokens: 9e9, inferenceConfig: { maxTokens: 9e9 }, n: 9, top_k: 3 };
    const { config, more, changed } = send({ max_tokens: 5, additionalModelRequestFields: fields, serviceTier: { type: 'priority' } });
    expect([config, more]).toEqual([{ maxTokens: 5 }, { top_k: 3 }]);
    expect(changed.filter((change) => change.endsWith('dropped')).toSorted()).toEqual([
      'additionalModelRequestFields.inferenceConfig dropped',
      'additionalModelRequestFields.max_tokens dropped',
      'additionalModelRequestFields.n dropped',
      'serviceTier dropped',
    ]);
  });

  test('what there is no word for is dropped by name', () => {
    const lost = { seed: 1, logit_bias: { 1: 1 }, n: 3, user: 'u', metadata: { a: 'b' }, presence_penalty: 1, brand_new: true };
    expect(send(lost).changed.toSorted()).toEqual(
      Object.keys(lost)
        .toSorted()
        .map((name) => `${name} dropped`),
    );
    expect(send({ n: 1, presence_penalty: 0, store: false, metadata: {} }).changed).toEqual([]);
  });

  test("a connection's settings are sent where the caller is silent", () => {
    expect(send({}, nova, { temperature: 0.2, maxTokens: 99, topP: 0.5 }).config).toEqual({ temperature: 0.2, maxTokens: 99, topP: 0.5 });
  });
});

describe('thinking', () => {
  test.each([
    [claude, 'medium', { thinking: { type: 'enabled', budget_tokens: 4000 } }, 'reasoning_effort approximated thinking.budget_tokens=4000'],
    [
      adaptive,
      'high',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
      'reasoning_effort renamed output_config.effort=high',
    ],
    [open, 'low', { reasoning_effort: 'low' }, 'reasoning_effort renamed additionalModelRequestFields.reasoning_effort=low'],
    [open, 'minimal', { reasoning_effort: 'low' }, 'reasoning_effort approximated additionalModelRequestFields.reasoning_effort=low'],
    [
      'amazon.nova-2-lite-v1:0',
      'xhigh',
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
      'reasoning_effort approximated reasoningConfig',
    ],
  ])('%s: %s', (model, effort, expected, change) => {
    const { more, changed } = send({ reasoning_effort: effort, max_tokens: 8000 }, model);
    expect(more).toEqual(expected);
    expect(changed).toContain(change);
  });

  test('no sampling beside it where the model refuses it, and that is told', () => {
    const { config, changed } = send({ reasoning_effort: 'low', max_tokens: 8000, temperature: 0.3, top_k: 5 });
    expect(config).toEqual({ maxTokens: 8000 });
    expect(changed).toEqual(expect.arrayContaining(['temperature dropped', 'top_k dropped']));
  });

  test("Claude's own words pass to Claude, and are told elsewhere; other models are not asked to think", () => {
    const thinking = { type: 'enabled', budget_tokens: 2000 };
    expect(send({ thinking }).more).toEqual({ thinking });
    expect(send({ thinking }, llama).changed).toEqual(['thinking dropped']);
    expect(send({ reasoning_effort: 'high' }, llama).changed).toEqual(['reasoning_effort dropped']);
    expect(send({ reasoning_effort: 'none' }, llama).changed).toEqual([]);
  });
});

describe('tools and forms', () => {
  const lamp = { type: 'function', function: { name: 'lamp', description: 'Lights.', parameters: { properties: {} } } };
  const spec = (name: string, more = {}): unknown => ({
    toolSpec: { name, inputSchema: { json: { type: 'object', properties: {} } }, ...more },
  });

  test.each([
    ['auto', { auto: {} }],
    ['required', { any: {} }],
    [{ type: 'function', function: { name: 'lamp' } }, { tool: { name: 'lamp' } }],
    [undefined, undefined],
  ])('a choice: %j', (choice, expected) => {
    const { body, changed } = send({ tools: [lamp], ...(choice !== undefined && { tool_choice: choice }) });
    expect(body['toolConfig']).toEqual({
      tools: [spec('lamp', { description: 'Lights.' })],
      ...(expected !== undefined && { toolChoice: expected }),
    });
    expect(changed).toEqual([]);
  });

  test('none offers none; a list of allowed ones offers these alone', () => {
    expect(send({ tools: [lamp], tool_choice: 'none' }).body).not.toHaveProperty('toolConfig');
    const allowed = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ function: { name: 'a' } }, { function: { name: 'b' } }] },
    };
    const tools = ['a', 'b', 'c'].map((name) => ({ type: 'function', function: { name } }));
    const { body, changed } = send({ tools, tool_choice: allowed });
    expect(body['toolConfig']).toEqual({ tools: [spec('a'), spec('b')], toolChoice: { auto: {} } });
    expect(changed).toEqual(['tool_choice.allowed_tools approximated tools']);
  });

  test('functions that only the history calls are declared as gone, and that is told', () => {
    const messages = [
      ...hi,
      { role: 'assistant', tool_calls: [call('a', 'old', '{}')] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    const { body, changed } = send({ messages });
    expect(body['toolConfig']).toMatchObject({ tools: [{ toolSpec: { name: 'old' } }] });
    expect(changed).toEqual(['tools added old']);
  });

  test('markers, strictness, foreign tools and serial calls', () => {
    const strict = { ...lamp, cache_control: { type: 'ephemeral', ttl: '1h' }, function: { ...lamp.function, strict: true } };
    const { body, changed } = send({ tools: [strict, { type: 'web_search' }], parallel_tool_calls: false });
    expect(body['toolConfig']).toMatchObject({
      tools: [{ toolSpec: { name: 'lamp', strict: true } }, { cachePoint: { type: 'default', ttl: '1h' } }],
    });
    expect(changed).toEqual(['tools.web_search dropped', 'parallel_tool_calls dropped']);
  });

  test('a form is a schema as text, any JSON a sentence', () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    const formed = send({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } });
    expect(formed.body['outputConfig']).toEqual({
      textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'x', schema: JSON.stringify(schema) } } },
    });
    expect(formed.changed).toEqual(['response_format renamed outputConfig.textFormat']);
    const any = send({ response_format: { type: 'json_object' } });
    expect(any.body['system']).toEqual([{ text: 'Answer with one JSON object and nothing else.' }]);
    expect(any.changed).toEqual(['response_format approximated system']);
  });
});

describe('messages', () => {
  test('neighbours of one side become one turn, instructions stand apart', () => {
    expect(
      told([
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'a' },
        { role: 'user', content: [{ type: 'text', text: 'b' }, 'c', { type: 'text', text: '' }] },
        { role: 'developer', content: 'Be short.' },
      ]),
    ).toEqual({
      system: [{ text: 'Be kind.' }, { text: 'Be short.' }],
      turns: [{ role: 'user', content: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }],
      changed: ['messages.system approximated system'],
    });
  });

  test('pictures, films and documents by their bytes, or from S3', () => {
    const url = (type: string, data: string): unknown => ({ type: 'image_url', image_url: { url: `data:${type};base64,${data}` } });
    const file = { type: 'file', file: { filename: 'My  report_2026!.pdf', file_data: 'data:application/pdf;base64,UERG' } };
    const { turns, changed } = told([
      {
        role: 'user',
        content: [url('image/jpeg', 'SlBH'), url('video/mp4', 'TVA0'), file, { type: 'image_url', image_url: 's3://bucket/cat.png' }],
      },
    ]);
    expect(turns).toEqual([
      {
        role: 'user',
        content: [
          { image: { format: 'jpeg', source: { bytes: 'SlBH' } } },
          { video: { format: 'mp4', source: { bytes: 'TVA0' } } },
          { document: { format: 'pdf', name: 'My report 2026 1', source: { bytes: 'UERG' } } },
          { image: { format: 'png', source: { s3Location: { uri: 's3://bucket/cat.png' } } } },
        ],
      },
    ]);
    expect(changed).toEqual([]);
  });

  test('an address that nobody would fetch, sound, and unknown formats are told once', () => {
    const far = { type: 'image_url', image_url: { url: 'https://house.example/a.png' } };
    const odd = { type: 'image_url', image_url: { url: 'data:image/tiff;base64,AA' } };
    expect(told([{ role: 'user', content: [far, odd, { type: 'input_audio', input_audio: {} }, 'x'] }]).changed).toEqual([
      'messages.image_url dropped',
      'messages.input_audio dropped',
    ]);
  });

  test('markers become cache points, in parts, messages and instructions', () => {
    const marker = { cache_control: { type: 'ephemeral' } };
    expect(
      told([
        { role: 'system', content: [{ type: 'text', text: 'Long.', ...marker }] },
        { role: 'user', content: 'hi', ...marker },
      ]),
    ).toEqual({
      system: [{ text: 'Long.' }, { cachePoint: { type: 'default' } }],
      turns: [{ role: 'user', content: [{ text: 'hi' }, { cachePoint: { type: 'default' } }] }],
      changed: [],
    });
  });

  test('calls and results keep their ids, as far as this wire allows them; a result is JSON where it is an object', () => {
    const { turns } = told([
      { role: 'assistant', content: '', tool_calls: [call('a.1', 'lamp', '{"on":true}'), call('b', 'door', '')] },
      { role: 'tool', tool_call_id: 'a.1', content: '{"lit":true}' },
      { role: 'tool', tool_call_id: 'b', content: 'open', is_error: true },
    ]);
    expect(turns).toEqual([
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'a_1', name: 'lamp', input: { on: true } } },
          { toolUse: { toolUseId: 'b', name: 'door', input: {} } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'a_1', content: [{ json: { lit: true } }] } },
          { toolResult: { toolUseId: 'b', content: [{ text: 'open' }], status: 'error' } },
        ],
      },
    ]);
  });

  test('a result with a number that would lose digits stays a text; an empty one is a blank', () => {
    const { turns } = told([
      { role: 'tool', tool_call_id: 'a', content: '{"id":12345678901234567890}' },
      { role: 'tool', tool_call_id: 'b', content: '' },
    ]);
    expect(turns).toMatchObject([
      { content: [{ toolResult: { content: [{ text: '{"id":12345678901234567890}' }] } }, { toolResult: { content: [{ text: ' ' }] } }] },
    ]);
  });

  test("signed thoughts return to Claude, from this wire or its own; other models' are told", () => {
    const blocks = [
      { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'cmVk' },
      { type: 'text', text: 'x' },
    ];
    const message = { role: 'assistant', content: 'x', reasoning_content: 'Hm.', patchbay: { blocks } };
    expect(told([message])).toMatchObject({
      turns: [
        {
          content: [
            { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
            { reasoningContent: { redactedContent: 'cmVk' } },
            { text: 'x' },
          ],
        },
      ],
      changed: [],
    });
    expect(told([message], llama)).toMatchObject({
      turns: [{ content: [{ text: 'x' }] }],
      changed: ['messages.reasoning_content dropped'],
    });
    expect(told([{ role: 'assistant', content: 'x', reasoning_content: 'Hm.' }]).changed).toEqual(['messages.reasoning_content dropped']);
  });

  test('what is no message is passed over without harm', () => {
    for (const messages of [null, 'x', [null, 3, []], [{}], [{ role: 'user', content: 5 }]]) expect(() => told(messages)).not.toThrow();
  });
});
