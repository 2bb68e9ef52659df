/** Texts that are kept: without what looks like a key, also where a cut went through one. */
import { expect, test } from 'vitest';
import { keptText } from '../../src/domain/capture.ts';
import { scrub } from '../../src/lib/log.ts';

test('a key is gone wherever it stands', () => {
  const text = `{"a":"sk-live${'A1'.repeat(10)}","headers":{"authorization":"Bearer abcdefgh12345678"}}`;
  const kept = keptText(text, scrub, false);
  expect(kept).not.toContain('sk-live');
  expect(kept).not.toContain('abcdefgh12345678');
});

test.each<[string, string, string, boolean?]>([
  ['the last word of a text that was cut goes', 'tell me sk-liveA1B', 'tell me '],
  ['in JSON, too', '{"content":"use sk-liveA1B', '{"content":"use '],
  ['what was not cut stays', 'tell me everything', 'tell me everything', false],
  ['an end between two words loses nothing', 'tell me ', 'tell me '],
])('%s', (_name, text, kept, isCut = true) => {
  expect(keptText(text, scrub, isCut)).toBe(kept);
});

test('a cut text of one endless word loses a bounded part of it', () => {
  expect(keptText('x'.repeat(10_000), scrub, true)).toHaveLength(10_000 - 4_096);
});
