/** What single providers of OpenAI's family refuse or pass over, row by row: it is left out on the way, and told. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { requestDefaults } from '../../src/providers/defaults.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { hear, jsonAnswer, playVendor } from './call-kit.ts';
import { destination } from './kit.ts';

const hi = [{ role: 'user', content: 'hi' }];

function send(provider: string, model: string, request: ChatRequest): { body: Record<string, unknown>; changed: string[] } {
  const { body, changed } = openai.toVendor({ messages: hi, ...request }, destination(provider, model));
  return { body, changed: changed.map(({ parameter, what, to }) => `${parameter} ${what}${to === undefined ? '' : ` ${to}`}`) };
}

describe('parameters of some models', () => {
  test.each([
    ['deepseek', 'deepseek-reasoner', { temperature: 0.5, logprobs: true }, ['temperature dropped', 'logprobs dropped']],
    ['deepseek', 'deepseek-chat', { temperature: 0.5, logprobs: true }, []],
    ['xai', 'grok-4.3', { stop: ['x'], presence_penalty: 1, reasoning_effort: 'low' }, ['presence_penalty dropped', 'stop dropped']],
    ['xai', 'grok-4-fast-non-reasoning', { stop: ['x'] }, []],
    ['xai', 'grok-4-fast-reasoning', { reasoning_effort: 'low' }, ['reasoning_effort dropped']],
    ['xai', 'grok-code-fast-1', { frequency_penalty: 1 }, ['frequency_penalty dropped']],
    ['xai', 'grok-3-mini', { reasoning_effort: 'high' }, []],
    ['xai', 'grok-3', { reasoning_effort: 'high', stop: ['x'] }, ['reasoning_effort dropped']],
    ['moonshot', 'kimi-k2.6', { temperature: 0.3, top_p: 0.5 }, ['temperature dropped', 'top_p dropped']],
    ['moonshot', 'kimi-k3', { n: 2 }, ['n dropped']],
    ['moonshot', 'moonshot-v1-128k', { temperature: 1.5 }, ['temperature clamped 1']],
    ['zai', 'glm-5.3', { user: 'u', top_p: 0, seed: 1 }, ['user renamed user_id', 'seed dropped', 'top_p clamped 0.01']],
    ['alibaba', 'qwen-plus', { temperature: 2, metadata: { a: 1 } }, ['metadata dropped', 'temperature clamped 1.99']],
    ['minimax', 'MiniMax-M2', { n: 3, logit_bias: { 1: 1 } }, ['logit_bias dropped', 'n clamped 1']],
    ['minimax', 'MiniMax-M2', { temperature: 0, top_p: 0 }, ['temperature clamped 0.01', 'top_p clamped 0.01']],
    ['deepseek', 'deepseek-flash', { temperature: 0.5, top_p: 0.5, logprobs: true }, ['temperature dropped']],
    ['deepseek', 'deepseek-v4-pro', { presence_penalty: 1, thinking: { type: 'enabled' } }, ['presence_penalty dropped']],
    ['deepseek', 'deepseek-v4-pro', { presence_penalty: 1, thinking: { type: 'disabled' } }, []],
    ['deepseek', 'deepseek-flash', { reasoning_effort: 'medium', n: 2 }, ['n dropped', 'reasoning_effort approximated high']],
    ['deepseek', 'deepseek-flash', { reasoning_effort: 'max' }, []],
    ['moonshot', 'kimi-k2.6', { max_completion_tokens: 9, reasoning_effort: 'medium' }, []],
    ['moonshot', 'kimi-k3', { reasoning_effort: 'xhigh' }, ['reasoning_effort approximated max']],
    ['moonshot', 'moonshotai/kimi-k3', { reasoning_effort: 'none' }, ['reasoning_effort approximated low']],
    ['zai', 'glm-5.3', { tool_choice: 'auto' }, []],
    ['zai', 'glm-5.3', { tool_choice: 'required' }, ['tool_choice dropped']],
    ['zai', 'glm-5.3', { tool_choice: { type: 'function', function: { name: 'f' } } }, ['tool_choice dropped']],
    ['mistral', 'mistral-small-latest', { metadata: { a: 'b' }, prompt_cache_key: 'k', reasoning_effort: 'high', n: 2 }, []],
    ['mistral', 'mistral-small-latest', { verbosity: 'low', audio: {} }, ['audio dropped', 'verbosity dropped']],
    ['cohere', 'command-a-03-2025', { reasoning_effort: 'low' }, ['reasoning_effort approximated high']],
    ['cohere', 'command-a-03-2025', { reasoning_effort: 'minimal' }, ['reasoning_effort approximated none']],
    ['cohere', 'command-a-03-2025', { reasoning_effort: 'none', seed: 1 }, []],
    ['perplexity', 'sonar', { presence_penalty: 1, functions: [] }, ['functions dropped', 'presence_penalty dropped']],
    ['perplexity', 'sonar', { temperature: 2, search_mode: 'academic' }, ['temperature clamped 1.99']],
    ['openrouter', 'openai/gpt-4o', { n: 2, logit_bias: { 1: 1 }, verbosity: 'low' }, ['n clamped 1']],
    ['together', 'openai/gpt-oss-120b', { logprobs: true }, ['logprobs renamed logprobs=1']],
    ['together', 'openai/gpt-oss-120b', { logprobs: true, top_logprobs: 5 }, ['top_logprobs renamed logprobs=5']],
    ['together', 'openai/gpt-oss-120b', { logprobs: false, top_logprobs: 0 }, []],
    ['together', 'openai/gpt-oss-120b', { logprobs: 3 }, []],
    ['together', 'openai/gpt-oss-120b', { top_logprobs: 3, user: 'u' }, ['user dropped', 'top_logprobs dropped']],
    ['fireworks', 'm', { max_completion_tokens: 9, max_tokens: 9 }, []],
    ['fireworks', 'm', { max_completion_tokens: 9, max_tokens: 7 }, ['max_completion_tokens dropped']],
    ['fireworks', 'm', { reasoning_effort: 'minimal' }, ['reasoning_effort approximated low']],
    ['nvidia', 'm', { user: 'u', max_completion_tokens: 9 }, ['max_completion_tokens renamed max_tokens', 'user dropped']],
    ['huggingface', 'm', { max_completion_tokens: 9 }, ['max_completion_tokens renamed max_tokens']],
    [
      'cerebras',
      'gpt-oss-120b',
      { parallel_tool_calls: true, service_tier: 'flex' },
      ['parallel_tool_calls dropped', 'service_tier dropped'],
    ],
    ['cohere', 'command-a-03-2025', { prediction: {}, modalities: ['audio'] }, ['prediction dropped', 'modalities dropped']],
    ['groq', 'qwen/qwen3-32b', { n: 2, logprobs: true }, ['logprobs dropped', 'n clamped 1']],
  ])('%s %s %j', (provider, model, request, changed) => {
    const told = (all: readonly string[]): string[] => all.toSorted((a, b) => a.localeCompare(b));
    expect(told(send(provider, model, request).changed)).toEqual(told(changed));
  });

  test('what is counted, approximated or left out is so in the body', () => {
    expect(send('together', 'm', { logprobs: true, top_logprobs: 5 }).body).toMatchObject({ logprobs: 5 });
    expect(send('together', 'm', { logprobs: true, top_logprobs: 5 }).body).not.toHaveProperty('top_logprobs');
    expect(send('together', 'm', { logprobs: false }).body).not.toHaveProperty('logprobs');
    expect(send('moonshot', 'kimi-k3', { reasoning_effort: 'medium' }).body).toMatchObject({ reasoning_effort: 'high' });
    expect(send('zai', 'glm-5.3', { tool_choice: 'none' }).body).not.toHaveProperty('tool_choice');
    expect(send('deepseek', 'deepseek-flash', { temperature: 1.5 }).body).not.toHaveProperty('temperature');
  });

  test('asking for what everybody gets is no loss', () => {
    for (const request of [{ n: 1 }, { presence_penalty: 0 }, { logprobs: false }, { service_tier: 'auto' }, { modalities: ['text'] }])
      for (const [provider, model] of [
        ['cohere', 'command-r-plus'],
        ['cerebras', 'gpt-oss-120b'],
        ['moonshot', 'kimi-k3'],
      ] as const)
        expect(send(provider, model, request).changed, `${provider} ${JSON.stringify(request)}`).toEqual([]);
  });

  test("a connection's own parameters meet the same rules", () => {
    const { row } = destination('deepseek', 'deepseek-reasoner');
    const { fields, changed } = requestDefaults(row, { temperature: 0.2, maxTokens: 9 }, 'deepseek-reasoner');
    expect(fields).toEqual({ max_tokens: 9 });
    expect(changed).toContainEqual({ parameter: 'temperature', what: 'dropped' });
  });
});

describe('messages', () => {
  const history = [
    { role: 'user', name: 'Ada', content: 'hi' },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'Hm.',
      tool_calls: [
        { id: 'call_abc', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'A1b2C3d4E', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_abc', content: 'x' },
    { role: 'tool', tool_call_id: 'A1b2C3d4E', content: 'y' },
  ];

  test('members that a provider refuses are left out, each told once', () => {
    const groq = send('groq', 'qwen/qwen3-32b', { messages: history });
    expect(JSON.stringify(groq.body)).not.toMatch(/Ada|Hm\./);
    expect(groq.changed).toEqual(['messages.name dropped', 'messages.reasoning_content dropped']);
    const cerebras = send('cerebras', 'gpt-oss-120b', { messages: [{ role: 'developer', content: 'x' }, ...history] });
    expect(cerebras.changed).toEqual(['messages.reasoning_content dropped', 'messages.role renamed system']);
  });

  test('ids of calls are nine letters and digits where they must be, at both ends of each pair', () => {
    const { body, changed } = send('mistral', 'mistral-large-2512', { messages: history });
    const [, assistant, first, second] = body['messages'] as { tool_calls: { id: string }[]; tool_call_id: string }[];
    const ids = assistant!.tool_calls.map((call) => call.id);
    expect(ids).toEqual(['call00000', 'A1b2C3d4E']);
    expect([first!.tool_call_id, second!.tool_call_id]).toEqual(ids);
    expect(changed).toEqual([
      'messages.name dropped',
      'messages.reasoning_content dropped',
      'messages.tool_call_id renamed nine characters',
    ]);
  });

  test('the empty places of an answer that is sent back are left out without a word', () => {
    const back = [{ role: 'assistant', content: 'x', refusal: null, annotations: [], audio: null, function_call: null }, ...hi];
    const { body, changed } = send('mistral', 'mistral-large-2512', { messages: back });
    expect(body['messages']).toEqual([{ role: 'assistant', content: 'x' }, ...hi]);
    expect(changed).toEqual([]);
  });

  test('messages that nobody need change stay the same list, and the caller’s own are never touched', () => {
    const before = JSON.stringify(history);
    expect(send('openai', 'gpt-4o', { messages: history }).body['messages']).toBe(history);
    send('mistral', 'm', { messages: history });
    send('groq', 'm', { messages: history });
    expect(JSON.stringify(history)).toBe(before);
  });
});

describe('over the wire', () => {
  const answer = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
  };

  test.each([
    ['xai', 'grok-4.3', { stop: ['x'] }, 'stop'],
    ['deepseek', 'deepseek-reasoner', { temperature: 0.5 }, 'temperature'],
    ['groq', 'qwen/qwen3-32b', { messages: [{ role: 'user', name: 'Ada', content: 'x' }] }, 'Ada'],
    ['mistral', 'm', { messages: [{ role: 'assistant', content: 'x', reasoning_content: 'secret thought' }] }, 'secret thought'],
    ['cohere', 'command-a-03-2025', { reasoning_effort: 'medium' }, 'medium'],
    ['together', 'm', { logprobs: true, top_logprobs: 4 }, 'top_logprobs'],
    ['deepseek', 'deepseek-v4-pro', { temperature: 0.5 }, 'temperature'],
  ])('%s: what it refuses is not in the bytes that leave', async (provider, model, body, word) => {
    const vendor = await playVendor(() => jsonAnswer(answer));
    const heard = await hear(destination(provider, model, {}, `${vendor.origin}/v1`), 'k', body);
    expect(vendor.seen[0]?.text).not.toContain(word);
    expect(heard.facts.changed).toHaveLength(1);
  });

  test('what touches no quirk leaves in the bytes that it came in', async () => {
    const vendor = await playVendor(() => jsonAnswer(answer));
    const body = { model: 'x', temperature: 0.5, brand_new: { a: [1, 2.5] } };
    const heard = await hear(destination('xai', 'grok-4.3', {}, `${vendor.origin}/v1`), 'k', body);
    expect(vendor.seen[0]?.json).toMatchObject({ temperature: 0.5, brand_new: { a: [1, 2.5] } });
    expect(heard.facts.changed).toEqual([]);
  });
});
