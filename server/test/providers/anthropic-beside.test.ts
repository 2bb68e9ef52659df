/** What Claude's answers say beside their blocks, and what of a stream nobody knows yet: kept for whoever asked for it. */
import { expect, test } from 'vitest';
import type { ChatMessage } from '../../src/domain/chat.ts';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import { assemble } from '../../src/providers/assemble.ts';
import { destination, event, moment } from './kit.ts';

const to = destination('anthropic', 'claude-sonnet-4-5');
const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x' };
const usage = { input_tokens: 3, output_tokens: 2 };
const hi = { type: 'text', text: 'Hi.' };

const whole = (more: object): ChatMessage | undefined =>
  anthropic.fromVendor({ ...head, content: [hi], stop_reason: 'end_turn', usage, ...more }, to, moment).choices[0]?.message;

interface Streamed {
  block?: object;
  deltas?: readonly object[];
  start?: object;
  end?: object;
}

function streamed({ block = hi, deltas = [], start = {}, end = {} }: Streamed): ChatMessage | undefined {
  const reader = anthropic.streamReader(to, moment);
  const events = [
    { type: 'message_start', message: { ...head, usage, ...start } },
    { type: 'content_block_start', index: 0, content_block: block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', ...end }, usage },
    { type: 'message_stop' },
  ];
  return assemble(events.flatMap((one) => reader.push(event(one, one.type)))).choices[0]?.message;
}

const container = { id: 'c_1', expires_at: 'x', skills: null };
const diagnostics = { cache_miss_reason: { type: 'model_changed' } };

test('what stands beside an answer is kept, whole and streamed', () => {
  expect(whole({ container, diagnostics, context_management: null })?.patchbay).toEqual({ container, diagnostics });
  expect(whole({ container: null })?.patchbay).toBeUndefined();
  const said = streamed({ start: { diagnostics, container: null }, end: { container } });
  expect(said).toMatchObject({ content: 'Hi.', patchbay: { container, diagnostics } });
});

test('pieces of a kind that nobody knows yet stay in their block', () => {
  const said = streamed({
    block: { type: 'compaction', content: null, encrypted_content: null },
    deltas: [
      { type: 'compaction_delta', content: 'So far ', encrypted_content: null },
      { type: 'compaction_delta', content: 'so good.', encrypted_content: 'e', count: 3 },
    ],
  });
  expect(said?.patchbay?.blocks).toEqual([{ type: 'compaction', content: 'So far so good.', encrypted_content: 'e', count: 3 }]);
});
