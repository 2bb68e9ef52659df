/** A bound of a prompt's tokens must never be too low: a budget stands on it. */
import { describe, expect, test } from 'vitest';
import { promptTokensMax } from '../../src/domain/prompt-bound.ts';

const image = { type: 'image_url', image_url: { url: 'https://example.org/cat.png' } };
const user = (...content: unknown[]): { messages: unknown } => ({ messages: [{ role: 'user', content }] });

describe('the most tokens that a prompt can come to', () => {
  test('is one per byte where everything is text', () => {
    expect(promptTokensMax(1_000, { messages: [{ role: 'user', content: 'hello' }] }, 8_000)).toBe(1_000);
    expect(promptTokensMax(1_000, user({ type: 'text', text: 'a' }, { type: 'refusal', refusal: 'b' }), 8_000)).toBe(1_000);
  });

  test('grows with each picture, which weighs far more than its address', () => {
    const [none, one, two] = [user(), user(image), user(image, image)].map((body) => promptTokensMax(200, body, 1_000_000));
    expect(none).toBe(200);
    expect(one).toBeGreaterThan(48_169);
    expect(two! - one!).toBe(one! - none!);
  });

  test.each(['input_audio', 'file', 'document', 'video_url', 'something new', undefined])(
    'takes the whole window for a part of type %s',
    (type) => {
      expect(promptTokensMax(300, user({ type }), 128_000)).toBe(128_300);
    },
  );

  test('never exceeds the window for what it cannot see, because a provider refuses more', () => {
    expect(promptTokensMax(10, user(...Array.from({ length: 100 }, () => image)), 128_000)).toBe(128_010);
  });

  test('counts the pictures of every message', () => {
    const twice = {
      messages: [
        { role: 'user', content: [image] },
        { role: 'assistant', content: 'a cat' },
        { role: 'user', content: [image] },
      ],
    };
    expect(promptTokensMax(200, twice, 1_000_000)).toBe(promptTokensMax(200, user(image, image), 1_000_000));
  });

  test('assumes the largest window where the model is not known', () => {
    expect(promptTokensMax(10, user({ type: 'file' }), null)).toBeGreaterThan(1_000_000);
  });

  test.each([[undefined], [null], ['text'], [[null, 1, 'x', {}, { content: null }, { content: {} }]]])(
    'falls back on the bytes for messages like %j',
    (messages) => {
      expect(promptTokensMax(77, { messages }, 8_000)).toBe(77);
    },
  );
});
