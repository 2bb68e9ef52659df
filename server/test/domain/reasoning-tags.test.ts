/** Reasoning between tags is told apart however the answer was cut. */
import { describe, expect, test } from 'vitest';
import { createTagReader } from '../../src/domain/reasoning-tags.ts';

function read(pieces: readonly string[]): { reasoning: string; text: string } {
  const reader = createTagReader();
  const told = [...pieces.map((piece) => reader.push(piece)), reader.end()];
  return { reasoning: told.map(({ reasoning }) => reasoning).join(''), text: told.map(({ text }) => text).join('') };
}

describe('tags', () => {
  test.each([
    ['<think>why</think>\n\nbecause', 'why', 'because'],
    ['  \n<think>why</think>because', 'why', 'because'],
    ['no tags', '', 'no tags'],
    ['it says <think>x</think> inside', '', 'it says <think>x</think> inside'],
    ['<thinking>x</thinking>', '', '<thinking>x</thinking>'],
    ['<think>never closed', 'never closed', ''],
    ['<think></think>empty', '', 'empty'],
    ['<think>a < b </thin>k</think>c', 'a < b </thin>k', 'c'],
    ['<thi', '', '<thi'],
    ['', '', ''],
  ])('%j', (answer, reasoning, text) => {
    expect(read([answer])).toEqual({ reasoning, text });
    // One character at a time, and cut in two at every place.
    expect(read(answer.split(''))).toEqual({ reasoning, text });
    for (let at = 0; at <= answer.length; at++)
      expect(read([answer.slice(0, at), answer.slice(at)]), `cut at ${at}`).toEqual({ reasoning, text });
  });

  test('text flows on at once: nothing of an answer without tags is held back', () => {
    const reader = createTagReader();
    expect(reader.push('He').text).toBe('He');
    expect(reader.push('llo <').text).toBe('llo <');
  });
});

describe('whatever comes', () => {
  const parts = ['<', 'think', '>', '</', ' ', '\n', 'x', '<think>', '</think>', 'ü🚀'];
  test('nothing is lost but the tags and the blanks around them, and how it was cut changes nothing', () => {
    let state = 7;
    const draw = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 400; round++) {
      const pieces = Array.from({ length: 1 + draw(8) }, () => parts[draw(parts.length)]!);
      const whole = pieces.join('');
      const told = read([whole]);
      expect(read(pieces), JSON.stringify(pieces)).toEqual(told);
      expect(read(whole.split('')), JSON.stringify(whole)).toEqual(told);
      const bare = (text: string): string => text.replace(/<\/?think>|\s/g, '');
      expect(bare(told.reasoning + told.text)).toBe(bare(whole));
    }
  });
});
