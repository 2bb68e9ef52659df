/** A conversation that moves from any provider's wire to any other: what was said and called arrives, and nothing foreign is sent. */
import { describe, expect, test } from 'vitest';
import type { ChatMessage, ChatRequest } from '../../src/domain/chat.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { destination, moment } from '../providers/kit.ts';

const thought = 'First the lamp.';
const said = 'I switch it on.';
const input = { on: true };

/** The same answer in each vendor's own words: a thought with its proof, a text, a call. */
const answers: Readonly<Record<string, { to: Destination; body: unknown; marks: readonly string[] }>> = {
  openai: {
    to: destination('openai', 'gpt-4o'),
    body: {
      id: 'c',
      model: 'm',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: said,
            reasoning_content: thought,
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'lamp', arguments: JSON.stringify(input) } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    },
    marks: [],
  },
  anthropic: {
    to: destination('anthropic', 'claude-sonnet-4-5'),
    body: {
      type: 'message',
      content: [
        { type: 'thinking', thinking: thought, signature: 'SIGNATURE-A' },
        { type: 'redacted_thinking', data: 'REDACTED-A' },
        { type: 'text', text: said },
        { type: 'tool_use', id: 'toolu_1', name: 'lamp', input },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1 },
    },
    marks: ['SIGNATURE-A', 'REDACTED-A'],
  },
  gemini: {
    to: destination('gemini', 'gemini-3.5-flash'),
    body: {
      candidates: [
        {
          content: {
            parts: [
              { text: thought, thought: true },
              { text: said },
              { functionCall: { name: 'lamp', args: input }, thoughtSignature: 'SIGNATURE-G' },
            ],
          },
          finishReason: 'STOP',
        },
      ],
    },
    marks: ['SIGNATURE-G'],
  },
  ollama: {
    to: destination('ollama', 'qwen3:8b'),
    body: {
      model: 'qwen3:8b',
      message: { role: 'assistant', content: said, thinking: thought, tool_calls: [{ function: { name: 'lamp', arguments: input } }] },
      done: true,
    },
    marks: [],
  },
  bedrock: {
    to: destination('bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0'),
    body: {
      output: {
        message: {
          content: [
            { reasoningContent: { reasoningText: { text: thought, signature: 'SIGNATURE-B' } } },
            { text: said },
            { toolUse: { toolUseId: 'tooluse_1', name: 'lamp', input } },
          ],
        },
      },
      stopReason: 'tool_use',
      usage: { inputTokens: 1, outputTokens: 1 },
    },
    marks: ['SIGNATURE-B'],
  },
  responses: {
    to: destination('openai', 'gpt-5-pro'),
    body: {
      id: 'resp_1',
      status: 'completed',
      output: [
        { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: thought }], encrypted_content: 'ENCRYPTED-R' },
        { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: said, annotations: [] }] },
        { id: 'fc_1', type: 'function_call', call_id: 'call_r', name: 'lamp', arguments: JSON.stringify(input) },
      ],
    },
    marks: ['ENCRYPTED-R'],
  },
};

/** Wires that may take each other's proofs: Claude's signatures hold at both of its addresses. */
const shared: ReadonlySet<string> = new Set(['anthropic bedrock', 'bedrock anthropic']);
const names = Object.keys(answers);
const pairs = names.flatMap((from) => names.map((to) => [from, to] as const));

const conversation = (message: ChatMessage): ChatRequest => ({
  messages: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Light, please.' },
    message,
    { role: 'tool', tool_call_id: message.tool_calls?.[0]?.id, content: '{"lit":true}' },
    { role: 'user', content: 'Thank you.' },
  ],
  tools: [{ type: 'function', function: { name: 'lamp', parameters: { type: 'object', properties: { on: { type: 'boolean' } } } } }],
});

describe.each(pairs)('from %s to %s', (from, to) => {
  const source = answers[from]!;
  const target = answers[to]!;
  const { message } = protocolOf(source.to.row).fromVendor(source.body, source.to, moment).choices[0]!;
  const { body, changed } = protocolOf(target.to.row).toVendor(conversation(message), target.to);
  const sent = JSON.stringify(body);

  test('what was said, called and answered arrives', () => {
    for (const word of ['Be kind.', 'Light, please.', said, 'lamp', 'lit', 'Thank you.']) expect(sent).toContain(word);
    expect(sent.split(said)).toHaveLength(2);
  });

  test("a provider's proofs return to itself, and go to nobody else", () => {
    const isHome = from === to || shared.has(`${from} ${to}`);
    for (const mark of source.marks) expect(sent.includes(mark), mark).toBe(isHome);
    expect(sent).not.toContain('patchbay');
  });

  test('a thought that is lost on the way is told', () => {
    if (sent.includes(thought)) return expect(changed.filter(({ parameter }) => parameter.includes('reasoning_content'))).toEqual([]);
    // What Google thought is not taken back by it; its signatures are.
    if (from === to) return expect(from).toBe('gemini');
    return expect(changed.map(({ parameter }) => parameter)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^messages\.(reasoning_content|patchbay)/) as unknown as string]),
    );
  });
});
