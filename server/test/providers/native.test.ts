/** What only one wire can say: back for a provider of that wire, left out and named for every other. */
import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { toHouse } from '../../src/faces/responses/request.ts';
import { settleNative } from '../../src/providers/native.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { destination } from './kit.ts';

const chat = destination('openai', 'gpt-4o');
const claude = destination('anthropic', 'claude-sonnet-4-5');
const native = (value: unknown, lost: string[] = [], isOnly = false): Record<string, unknown> => ({
  patchbay: { wire: 'messages', native: value, lost, ...(isOnly && { isOnly }) },
});
const request = (more: Record<string, unknown>): ChatRequest => ({ model: 'm', messages: [], ...more });
const lossOf = (run: ReturnType<typeof settleNative>): string[] => run.changed.map(({ parameter, what }) => `${parameter} ${what}`);

describe('parts of messages', () => {
  const block = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
  const asked = request({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x', ...native(block, ['cache_control']) },
          { type: 'odd', ...native({ type: 'odd' }, ['odd'], true) },
        ],
      },
    ],
  });

  test('come back for the same wire', () => {
    const settled = settleNative(asked, 'messages', claude);
    expect(settled.request.messages).toEqual([{ role: 'user', content: [block, { type: 'odd' }] }]);
    expect(settled.changed).toEqual([]);
  });

  test('are plain for another, and each loss is named once', () => {
    const settled = settleNative({ ...asked, messages: [...(asked.messages as unknown[]), ...(asked.messages as unknown[])] }, null, chat);
    expect(settled.request.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'x' }] },
      { role: 'user', content: [{ type: 'text', text: 'x' }] },
    ]);
    expect(lossOf(settled)).toEqual(['messages.cache_control dropped', 'messages.odd dropped']);
  });

  test('of another wire than the provider speaks are not taken for its own', () => {
    expect(settleNative(asked, 'responses', chat).request.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'x' }] }]);
  });

  test('the blocks of an answer are no such thing and stay for whoever reads them', () => {
    const message = { role: 'assistant', content: 'x', patchbay: { blocks: [{ type: 'thinking' }] } };
    expect(settleNative(request({ messages: [message] }), 'messages', claude).request.messages).toEqual([message]);
  });
});

describe('fields of messages and of the request', () => {
  test('are put back for the same wire, in place of those that say the same', () => {
    const settled = settleNative(
      request({
        messages: [{ role: 'tool', tool_call_id: 't', content: 'x', ...native({ cache_control: 1 }, ['cache_control']) }],
        reasoning_effort: 'high',
        patchbay: { wire: 'messages', native: { thinking: { type: 'adaptive' } }, lost: [], stands: ['reasoning_effort'] },
      }),
      'messages',
      claude,
    );
    expect(settled.request).toEqual({
      model: 'm',
      messages: [{ role: 'tool', tool_call_id: 't', content: 'x', cache_control: 1 }],
      thinking: { type: 'adaptive' },
    });
  });

  test('are left out for another, whose own words stay', () => {
    const settled = settleNative(
      request({
        reasoning_effort: 'high',
        patchbay: { wire: 'messages', native: { thinking: {}, container: 'c' }, lost: ['container'], stands: ['reasoning_effort'] },
      }),
      null,
      chat,
    );
    expect(settled.request).toEqual({ model: 'm', messages: [], reasoning_effort: 'high' });
    expect(lossOf(settled)).toEqual(['container dropped']);
  });
});

describe('tools', () => {
  const tools = [
    { type: 'function', function: { name: 'f' }, ...native({ name: 'f', defer_loading: true }, ['defer_loading']) },
    { type: 'web_search_20250305', ...native({ type: 'web_search_20250305', name: 'web_search' }, [], true) },
  ];

  test('come back for the same wire', () => {
    expect(settleNative(request({ tools }), 'messages', claude).request.tools).toEqual([
      { name: 'f', defer_loading: true },
      { type: 'web_search_20250305', name: 'web_search' },
    ]);
  });

  test.each([[{}], [{ parameterMode: 'strict' }]])('that run at the provider are refused by name where they cannot run: %o', (settings) => {
    const run = (): unknown => settleNative(request({ tools }), null, { ...chat, settings });
    expect(run).toThrow(UpstreamFailure);
    try {
      run();
    } catch (error) {
      expect((error as UpstreamFailure).told).toEqual({
        param: 'tools',
        message: expect.stringContaining('web_search_20250305') as string,
      });
    }
  });

  test.each(['warn', 'drop'])('that run at the provider are left out and named where the connection says %s', (parameterMode) => {
    const settled = settleNative(request({ tools, tool_choice: 'auto' }), null, { ...chat, settings: { parameterMode } });
    expect(settled.request.tools).toEqual([{ type: 'function', function: { name: 'f' } }]);
    expect(settled.request.tool_choice).toBe('auto');
    expect(lossOf(settled)).toEqual(['tools.defer_loading dropped', 'tools.web_search_20250305 dropped']);
    const none = settleNative(request({ tools: tools.slice(1), tool_choice: 'auto', parallel_tool_calls: true }), null, {
      ...chat,
      settings: { parameterMode },
    });
    expect(none.request).toEqual({ model: 'm', messages: [] });
  });
});

describe("for OpenAI's chat wire", () => {
  test('what a tool shows is shown by the user after all results of the turn', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } };
    const settled = settleNative(
      request({
        messages: [
          { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'one' }, image, { type: 'text', text: 'two' }] },
          { role: 'tool', tool_call_id: 'b', content: [image] },
          { role: 'assistant', content: 'x' },
        ],
      }),
      null,
      chat,
    );
    expect(settled.request.messages).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'one\ntwo' },
      { role: 'tool', tool_call_id: 'b', content: 'See the following message.' },
      { role: 'user', content: [image, image] },
      { role: 'assistant', content: 'x' },
    ]);
    expect(lossOf(settled)).toEqual(['messages.tool.content approximated']);
  });

  test('thoughts go to those who take them and not to OpenAI itself', () => {
    const asked = request({ messages: [{ role: 'assistant', content: 'x', reasoning_content: 'hm' }] });
    expect(settleNative(asked, null, chat).request.messages).toEqual([{ role: 'assistant', content: 'x' }]);
    expect(settleNative(asked, null, destination('deepseek', 'deepseek-chat')).request.messages).toEqual(asked.messages);
  });

  test.each([[undefined], ['x'], [[null, 5, 'x', []]], [{}]])('messages that are none are passed over: %o', (messages) => {
    expect(() => settleNative(request({ messages }), null, chat)).not.toThrow();
  });
});

test('which part of an answer a message is, comes back to the provider that said so', () => {
  const to = destination('openai', 'gpt-5.3-codex', { wire: 'responses' });
  const said = {
    type: 'message',
    role: 'assistant',
    phase: 'commentary',
    content: [{ type: 'output_text', text: 'Looking.', annotations: [] }],
  };
  const house = toHouse({ model: 'm', input: [{ role: 'user', content: 'hi' }, said] });
  const { body } = protocolOf(to.row).toVendor(settleNative(house, 'responses', to).request, to);
  expect(body['input']).toEqual([{ role: 'user', content: 'hi' }, said]);
  const elsewhere = protocolOf(claude.row).toVendor(settleNative(house, null, claude).request, claude);
  expect(JSON.stringify(elsewhere.body['messages'])).toContain('Looking.');
});
