/** How a prompt is put in front of a conversation: in one message with the caller's first instruction, and never into what is none. */
import { describe, expect, test } from 'vitest';
import { toHouse as toMessages } from '../../src/faces/anthropic/request.ts';
import { toHouse as toLines } from '../../src/faces/ollama/request.ts';
import { readForeign, readRequest } from '../../src/gateway/request.ts';
import { withPrompt } from '../../src/gateway/use-case.ts';
import { messagesWire } from '../providers/kit.ts';

describe('a prompt in a request', () => {
  const put = (body: unknown): unknown => withPrompt(readRequest(Buffer.from(JSON.stringify(body))), 'P').parsed();

  test.each([
    ['a first instruction of the caller’s', [{ role: 'developer', content: 'D' }], [{ role: 'developer', content: 'P\n\nD' }]],
    ['an instruction in parts', [{ role: 'system', content: [{ type: 'text', text: 'S' }] }], [{ role: 'system', content: 'P' }, { role: 'system', content: [{ type: 'text', text: 'S' }] }]],
    ['a later instruction', [{ role: 'user', content: 'u' }, { role: 'system', content: 'S' }], [{ role: 'system', content: 'P' }, { role: 'user', content: 'u' }, { role: 'system', content: 'S' }]],
    ['no message at all', [], [{ role: 'system', content: 'P' }]],
  ])('%s', (_title, messages, expected) => {
    expect(put({ model: 'm', messages, seed: 1 })).toEqual({ model: 'm', messages: expected, seed: 1 });
  }); // prettier-ignore

  test('what is no conversation stays as it is, for the provider to refuse', () => {
    for (const body of [{}, { messages: 'text' }, { messages: { a: 1 } }]) expect(put(body)).toEqual(body);
  });

  test.each([
    ['messages', toMessages, '"max_tokens":9,'],
    ['ollama', toLines, '"stream":false,'],
  ] as const)('long numbers keep their digits beside it, on the wire %s', (id, translate, head) => {
    const call =
      id === 'messages'
        ? '{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"user":1234567890123456789}}]}'
        : '{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"user":1234567890123456789}}}]}';
    const tool =
      id === 'messages'
        ? '{"name":"f","input_schema":{"maximum":18446744073709551615}}'
        : '{"type":"function","function":{"name":"f","parameters":{"maximum":18446744073709551615}}}';
    const bytes = Buffer.from(`{"model":"m",${head}"messages":[${call}],"tools":[${tool}]}`);
    const wire = { ...messagesWire, id, promptField: id === 'messages' ? ('system' as const) : ('messages' as const) };
    const asked = withPrompt(readForeign(bytes, wire, translate), 'P');
    for (const said of [asked.bytes.toString(), JSON.stringify(asked.parsed()).replaceAll('\\"', '"')]) {
      expect(said).toContain('"user":1234567890123456789');
      expect(said).toContain('"maximum":18446744073709551615');
      expect(said).toContain('"P"');
    }
  });

  test('an empty prompt changes nothing, not even the object', () => {
    const request = readRequest(Buffer.from('{"messages":[]}'));
    expect(withPrompt(request, '')).toBe(request);
  });
});
