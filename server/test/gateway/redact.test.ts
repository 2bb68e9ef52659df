/** A body for people's eyes: parameters are shown, what was said is a length. */
import { expect, test } from 'vitest';
import { redacted } from '../../src/gateway/redact.ts';

test('texts of a conversation are lengths in every wire, and what says how to read them stays', () => {
  expect(redacted({ model: 'm', messages: [{ role: 'user', content: 'secret' }] })).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: '[6 characters]' }],
  });
  expect(redacted({ input: 'secret', instructions: 'also' })).toEqual({ input: '[6 characters]', instructions: '[4 characters]' });
  expect(
    redacted({ contents: [{ role: 'user', parts: [{ text: 'secret' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }] }),
  ).toEqual({
    contents: [{ role: 'user', parts: [{ text: '[6 characters]' }, { inlineData: { mimeType: 'image/png', data: '[4 characters]' } }] }],
  });
  expect(redacted({ system: [{ type: 'text', text: 'secret' }] })).toEqual({ system: [{ type: 'text', text: '[6 characters]' }] });
});

test('a text alone in a list of texts is hidden too, whatever the list is called', () => {
  expect(redacted({ messages: [{ name: ['secret'], type: ['other secret'] }] })).toEqual({
    messages: [{ name: ['[6 characters]'], type: ['[12 characters]'] }],
  });
});

test('names of people are hidden, parameters are not', () => {
  expect(
    redacted({ user: 'siti', metadata: { user_id: 'siti' }, safety_identifier: 'siti', temperature: 0.5, stop: ['END'], stream: true }),
  ).toEqual({
    user: '[4 characters]',
    metadata: { user_id: '[4 characters]' },
    safety_identifier: '[4 characters]',
    temperature: 0.5,
    stop: ['END'],
    stream: true,
  });
});

test('a long text is a length wherever it stands', () => {
  const long = 'x'.repeat(201);
  expect(redacted({ stop: long, messages: [{ role: long, name: 'x'.repeat(200) }] })).toEqual({
    stop: '[201 characters]',
    messages: [{ role: '[201 characters]', name: 'x'.repeat(200) }],
  });
});

test('a body is bounded in depth and length, and names of objects are only names', () => {
  let deep: unknown = 'bottom';
  for (let level = 0; level < 100; level++) deep = { a: deep };
  expect(JSON.stringify(redacted(deep))).toContain('[deeper]');
  expect((redacted({ stop: Array.from({ length: 250 }, () => 'x') }) as { stop: string[] }).stop.at(-1)).toBe('[50 more]');
  const named = redacted(JSON.parse('{"__proto__":{"a":1},"constructor":"c"}')) as Record<string, unknown>;
  expect(Object.keys(named)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(named)).toBe(Object.prototype);
});
