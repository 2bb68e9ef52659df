/** The events that only announce an answer wait for its first words: who is refused in them has seen nothing yet. */
import { describe, expect, test } from 'vitest';
import { AnswerGuard } from '../../src/gateway/policy-answer.ts';
import { policyWith } from '../support/policy.ts';

const guard = (): AnswerGuard =>
  new AnswerGuard([policyWith({ keywords: ['kestrel'] }, { action: 'block' })], () => Promise.reject(new Error('no judge is asked here')));
const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const chat = (delta: object, finish: string | null = null): string =>
  event({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });
const role = chat({ role: 'assistant', content: '' });
const announced = [
  event({ type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant', content: [], model: 'm', usage: {} } }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  event({ type: 'ping' }),
];
const words = (text: string): string => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });

describe('events without a word', () => {
  test('at the beginning wait for words that may be said, and come before them in their order', () => {
    for (const [opening, first] of [
      [[role], chat({ content: 'A harmless sentence. And ' })],
      [announced, words('A harmless sentence. And ')],
    ] as const) {
      const one = guard();
      for (const each of opening) expect(one.push(each)).toBe('');
      expect(one.push(first)).toBe('');
      expect(one.push(chat({ content: 'another one that goes on and on. '.repeat(8) }))).toContain(opening.join(''));
      expect(one.blocked()).toBeNull();
    }
  });

  test('are not said where the first words are blocked, however they are cut', () => {
    for (const pieces of [['The kestrel.'], ['The kes', 'trel', '.'], ['T', 'he k', 'estrel', '. ']]) {
      const one = guard();
      const said = [...announced, ...pieces.map(words)].map((each) => one.push(each)).join('');
      expect(said + one.endNow()).toBe('');
      expect(one.blocked()).not.toBeNull();
    }
  });

  test('are said at the end where no word came', () => {
    const one = guard();
    const events = [role, chat({}, 'stop'), 'data: [DONE]\n\n'];
    expect(events.map((each) => one.push(each)).join('')).toBe('');
    expect(one.endNow()).toBe(events.join(''));
  });

  test('are not held for ever: from the ninth on they go out as they come', () => {
    const one = guard();
    const pings = Array.from({ length: 9 }, (_, count) => event({ type: 'ping', count }));
    expect(pings.slice(0, 8).map((each) => one.push(each))).toEqual(Array.from({ length: 8 }, () => ''));
    expect(one.push(pings[8]!)).toBe(pings.join(''));
    expect(one.push(pings[0]!)).toBe(pings[0]);
  });

  test('later go out as soon as what stands before them has', () => {
    const one = guard();
    const tool = event({ type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name: 'look', input: {} } });
    const first = [...announced, words('A harmless sentence.'), event({ type: 'content_block_stop', index: 0 }), tool].join('');
    expect(one.push(first)).toBe(first);
    expect(one.push(event({ type: 'ping' }))).toBe(event({ type: 'ping' }));
  });

  test('do not hold back sound and pictures, in which no word is looked for', () => {
    const one = guard();
    const opening = event({ type: 'response.created', response: { id: 'r', output: [] } });
    expect(one.push(opening)).toBe('');
    const picture = event({ type: 'response.image_generation_call.partial_image', partial_image_b64: 'aGVsbG8=' });
    expect(one.push(picture)).toBe(opening + picture);
  });
});
