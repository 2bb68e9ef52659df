/** The estimate of a prompt: near enough for people, total for every shape, and never fooled by what is only packed in text. */
import { describe, expect, test } from 'vitest';
import { answerTokensEstimateOf, promptTokensEstimateOf, tokensOfText } from '../../src/domain/token-estimate.ts';

const of = (messages: unknown, tools?: unknown): number => promptTokensEstimateOf({ messages, tools });

describe('an estimate', () => {
  test('is about a quarter of the characters, and a little for each message', () => {
    expect(of([{ role: 'user', content: 'x'.repeat(400) }])).toBe(104);
    expect(of([{ role: 'user', content: [{ type: 'text', text: 'x'.repeat(400) }] }])).toBeLessThan(110);
    expect(of(Array.from({ length: 10 }, () => ({ role: 'user', content: '' })))).toBe(40);
  });

  test('counts a picture as a picture, however many bytes it has', () => {
    const small = of([{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }]);
    const large = of([{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x'.repeat(1_000_000) } }] }]);
    expect(small).toBe(large);
    expect(small).toBe(1_504);
  });

  test('counts a file by its size, at far less than its bytes', () => {
    expect(of([{ role: 'user', content: [{ type: 'file', file: { file_data: 'x'.repeat(100_000) } }] }])).toBe(2_004);
    expect(of([{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }])).toBe(4);
  });

  test('counts calls and tools, and not what stands beside the words', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: 'x'.repeat(400) } };
    expect(of([{ role: 'assistant', content: null, tool_calls: [call] }])).toBeGreaterThan(100);
    expect(of([], [{ type: 'function', function: { name: 'f', description: 'x'.repeat(400) } }])).toBeGreaterThan(100);
    const part = { type: 'text', text: 'x', patchbay: { native: 'x'.repeat(10_000) } };
    expect(of([{ role: 'user', content: [part] }])).toBeLessThan(10);
  });

  test('is at least one, whatever it is asked about', () => {
    for (const messages of [undefined, null, 5, 'x', {}, [], [null], [5], [[]], [{ content: 5 }], [{ content: {} }]])
      expect(of(messages)).toBeGreaterThanOrEqual(1);
  });

  test('ends, however deep a body is', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 5_000; level++) deep = [deep];
    expect(of([{ role: 'user', content: deep }])).toBeGreaterThanOrEqual(1);
  });
});

describe('a text by its script', () => {
  const per = (text: string): number => tokensOfText(text) / text.length;

  test('plain words are a quarter of their letters, code is denser, and other scripts are denser still', () => {
    const [words, code, russian, chinese] = [
      'the quick brown fox jumps over the lazy dog',
      'if (a[i] != b[j]) { return {x: 1, y: -2}; }',
      'быстрая лиса прыгает через собаку',
      '敏捷的棕色狐狸跳过了懒狗',
    ];
    expect(per(words)).toBe(0.25);
    const densities = [words, code, russian, chinese].map((text) => per(text));
    expect(densities).toEqual(densities.toSorted((a, b) => a - b));
  });

  test('comes near the counts that vendors publish', () => {
    // OpenAI's cookbook counts with o200k_base ("How to count tokens with tiktoken"): 6, 7 and 8.
    for (const [text, tokens] of [
      ['antidisestablishmentarianism', 6],
      ['2 + 2 = 4', 7],
      ['お誕生日おめでとう', 8],
    ] as const) {
      expect(tokensOfText(text)).toBeGreaterThan(tokens / 2.5);
      expect(tokensOfText(text)).toBeLessThan(tokens * 1.5);
    }
  });

  test('a very long text is judged by its beginning, in proportion', () => {
    expect(tokensOfText('x'.repeat(1_000_000))).toBe(250_000);
    expect(tokensOfText('')).toBe(0);
  });

  test('an answer is as dense as what was said last, a quarter where nothing was said', () => {
    const answer = (messages: unknown): number => answerTokensEstimateOf({ messages }, 100);
    expect(answer([{ role: 'user', content: 'hello there' }])).toBe(25);
    expect(answer([{ role: 'user', content: '2+2=?!' }])).toBe(25);
    expect(
      answer([
        { role: 'user', content: 'hello' },
        { role: 'user', content: [{ type: 'text', text: '你好世界' }] },
      ]),
    ).toBe(80);
    for (const nothing of [undefined, null, [], [null], [{ content: 7 }], [{ content: [{ text: 7 }] }], 'x'])
      expect(answer(nothing)).toBe(25);
  });
});
