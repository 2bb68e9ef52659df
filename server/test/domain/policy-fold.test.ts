/** Texts as they are read: however a word or a number is spelt in Unicode, it is found, and covered where it was sent. */
import { describe, expect, test } from 'vitest';
import { fold, placeBefore, plainLetters, plainOf, type Folded } from '../../src/domain/policy-fold.ts';
import { edited, editsOf, findIn, finished, type Edit } from '../../src/domain/policy-rules.ts';
import { JudgedText } from '../../src/domain/policy-stream.ts';
import { seededDraw } from '../../src/domain/simulate-world.ts';
import { policyWith } from '../support/policy.ts';

const folded = (text: string): Folded | null => finished(fold(text));
const house = policyWith({ keywords: ['project kestrel', 'élan', 'Ｗｉｄｅ'], personalData: ['email', 'card', 'nik'] });
const covered = (text: string): string => edited(text, editsOf(finished(findIn([house], text))));

describe('a text is read', () => {
  test('every letter that is passed over unread is plain by itself', () => {
    const form = new RegExp(`[${plainLetters}]`, 'u');
    const letters = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter((letter) => form.test(letter));
    expect(letters.length).toBeGreaterThan(30_000);
    expect(letters.filter((letter) => plainOf(letter) !== letter)).toEqual([]);
  });

  test.each(['', 'Plain words, and “quotes” – with dashes.', 'Überall ist Kaffee', '東京都 と かな', '한국어'])(
    '%j as it was sent',
    (text) => {
      expect(folded(text)).toBeNull();
    },
  );

  const alphabet = [
    'a',
    'e',
    'ｅ',
    '\u0301',
    '\u200b',
    '\u00ad',
    'ﬁ',
    ' ',
    '\u00a0',
    'か',
    '\u3099',
    'ｶ',
    'ﾞ',
    '\u1100',
    '\u1161',
    '\u11a8',
    '😀',
    '１',
    '𝐀',
    '…',
  ];
  test('as its whole would be, and every place leads back to where it was sent', () => {
    const draw = seededDraw(5);
    for (let round = 0; round < 3_000; round++) {
      const text = Array.from({ length: 1 + Math.floor(draw() * 12) }, () => alphabet[Math.floor(draw() * alphabet.length)]!).join('');
      const way = folded(text) ?? { text, startOf: same, endOf: same, placeOf: same };
      const read = way.text;
      expect(read, JSON.stringify(text)).toBe(plainOf(text));
      for (let at = 0; at < read.length; at++) {
        const [start, end] = [way.startOf(at), way.endOf(at + 1)];
        expect([start >= 0, start < end, end <= text.length]).toEqual([true, true, true]);
        expect(way.placeOf(start)).toBeLessThanOrEqual(at);
        // What was sent for one letter is read as no other one.
        expect(plainOf(text.slice(start, end))).toContain(read[at]!);
      }
    }
  });

  test('of any length in no more time than its length asks for, also where it is nothing but marks', () => {
    const marks = '\u0316\u0301'.repeat(500_000);
    expect(folded(`a${marks}`)!.text.length).toBeGreaterThan(0);
    expect(folded('\u200b'.repeat(1_000_000))!.text).toBe('');
  });

  test('from its end by letters, whatever stands between them', () => {
    expect(placeBefore('abcdef', 2, false)).toBe(4);
    expect(placeBefore('abcd\u200b\u200be\u0301f', 2, false)).toBe(6);
    expect(placeBefore('ab', 5, false)).toBeLessThanOrEqual(0);
    expect(placeBefore('a\u200b', 5, false)).toBe(0);
    expect(placeBefore('ab\\u0063\\u0064', 2, true)).toBe(2);
  });
});

const same = (at: number): number => at;

describe('is found and covered where it was sent', () => {
  test.each([
    ['a split accent', 'An e\u0301lan here', 'An [REDACTED] here'],
    ['wide letters', 'The ｐｒｏｊｅｃｔ　ｋｅｓｔｒｅｌ.', 'The [REDACTED].'],
    ['a keyword that was written wide', 'So wide, so WIDE', 'So [REDACTED], so [REDACTED]'],
    ['a blank without width', 'The pro\u200bject kes\u200btrel.', 'The [REDACTED].'],
    ['a soft hyphen', 'The project kes\u00adtrel.', 'The [REDACTED].'],
    ['mathematical letters', 'The 𝐩𝐫𝐨𝐣𝐞𝐜𝐭 𝐤𝐞𝐬𝐭𝐫𝐞𝐥.', 'The [REDACTED].'],
    ['a mark behind it', 'project kestrel™ and élan…', '[REDACTED]™ and [REDACTED]…'],
    ['wide digits', 'Card ４１１１ １１１１ １１１１ １１１１ now', 'Card [CARD] now'],
    ['blanks of the web', 'Card 4111\u00a01111\u00a01111\u00a01111, NIK 3174\u00a00512\u00a00990\u00a00001', 'Card [CARD], NIK [NIK]'],
    ['digits held apart unseen', '4111\u200b1111\u20601111\ufeff1111', '[CARD]'],
    ['a wide address', 'mail ａｎｎ＠example．com now', 'mail [EMAIL] now'],
    ['both spellings in one text', 'project kestrel, project kes\u200btrel', '[REDACTED], [REDACTED]'],
  ])('%s', (_, text, expected) => expect(covered(text)).toBe(expected));

  test.each(['Kestrels', 'pro ject kestrel', 'élanvital', 'elan', '４１１１'])('and nothing is that is none: %s', (text) => {
    expect(covered(text)).toBe(text);
  });

  test('once, however it is spelt', () => {
    const facts = finished(findIn([house], '“project kestrel” and pro\u200bject kestrel'));
    expect(facts.map(({ rule, name }) => [rule, name])).toEqual([
      ['keyword', 'project kestrel'],
      ['keyword', 'project kestrel'],
    ]);
  });

  test.each([
    ['in a text', false],
    ['in arguments', true],
  ])('however it is cut into pieces, %s', (_, isJson) => {
    const said =
      'Said was: proj\u200be\u200bct kes\u00adtrel, e\u0301lan. Card ４１１１\u00a0１１１１\u00a0１１１１\u00a0１１１１ it is! Mail ａ\u200bnn@example．com. Done';
    const text = isJson ? JSON.stringify({ said }).replaceAll(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`) : said; // prettier-ignore
    const pieces = (size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
    for (const size of [1, 2, 3, 5, 7, 11, 64]) {
      const judged = new JudgedText([house], isJson);
      const edits: Edit[] = [];
      let shown = 0;
      for (const piece of pieces(size)) {
        judged.push(piece);
        // What is let go is let go with the covers that are known by then.
        edits.push(...judged.edits.filter(({ start, end }) => start >= shown && end <= judged.judgedTo));
        shown = judged.judgedTo;
        judged.forget(shown);
      }
      judged.end();
      edits.push(...judged.edits.filter(({ start }) => start >= shown));
      const answer = edited(text, edits);
      const read = isJson ? (JSON.parse(answer) as { said: string }).said : answer;
      expect(read, String(size)).toBe('Said was: [REDACTED], [REDACTED]. Card [CARD] it is! Mail [EMAIL]. Done');
    }
  });
});
