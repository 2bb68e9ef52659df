/** How a prompt is put in front of a conversation: in one message with the caller's first instruction, and never into what is none. */
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../src/gateway/request.ts';
import { withPrompt } from '../../src/gateway/use-case.ts';

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

  test('an empty prompt changes nothing, not even the object', () => {
    const request = readRequest(Buffer.from('{"messages":[]}'));
    expect(withPrompt(request, '')).toBe(request);
  });
});
