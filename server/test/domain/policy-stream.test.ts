/** A text that comes in pieces: the same is found and covered however it is cut, and nothing is let go before it was judged. */
import { describe, expect, test } from 'vitest';
import { decodeJson } from '../../src/domain/policy-json.ts';
import { edited, editsOf, findIn, finished, type Edit } from '../../src/domain/policy-rules.ts';
import { JudgedText, sentenceCharsMax } from '../../src/domain/policy-stream.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { policyWith } from '../support/policy.ts';

const covering = policyWith({ keywords: ['project kestrel'], patterns: ['ACME-\\d+'], personalData: ['email', 'phone', 'nik', 'card'] });

interface Run {
  /** What was let go after each piece. */
  shown: string;
  judgedTo: number[];
  findings: number;
}

/** Feeds the pieces and lets go what is judged, covered. */
function run(policies: readonly Policy[], pieces: readonly string[], isJson = false): Run {
  const judged = new JudgedText(policies, isJson);
  const whole = pieces.join('');
  const edits: Edit[] = [];
  const judgedTo: number[] = [];
  let findings = 0;
  for (const piece of pieces) {
    findings += judged.push(piece)?.findings.length ?? 0;
    judgedTo.push(judged.judgedTo);
  }
  findings += judged.end()?.findings.length ?? 0;
  judgedTo.push(judged.judgedTo);
  edits.push(...judged.edits);
  return { shown: edited(whole, edits), judgedTo, findings };
}

const cutAt = (text: string, ...places: readonly number[]): string[] =>
  [0, ...places].map((place, at) => text.slice(place, places[at] ?? text.length)).filter((piece) => piece !== '');

const singly = (text: string): string[] => text.split('');

const text = [
  'Good morning. The file of project kestrel is open! Ask ann@example.com, or call 0812-3456-7890 now. ',
  'Ticket ACME-1234 belongs to 3174051209900001. A card, 4111 1111 1111 1111, was seen.\n',
  'Nothing else is to be said about project\n kestrel at all? No.',
].join('');
const whole = edited(text, editsOf(finished(findIn([covering], text))));

describe('however it is cut', () => {
  test('what is covered is what the whole text would have covered, for every cut into two', () => {
    expect(whole.match(/\[(?:EMAIL|PHONE|NIK|CARD|REDACTED)\]/g)).toHaveLength(7);
    for (let at = 0; at <= text.length; at++) expect(run([covering], cutAt(text, at)).shown, String(at)).toBe(whole);
  });

  test('the same for pieces of every length', () => {
    for (let length = 1; length <= 40; length++) {
      const places = Array.from({ length: Math.floor(text.length / length) }, (_, at) => (at + 1) * length);
      expect(run([covering], cutAt(text, ...places)).shown, String(length)).toBe(whole);
    }
  });

  test('nothing of a find is let go before the find was seen', () => {
    const starts = finished(findIn([covering], text)).map(({ start }) => start);
    const pieces = singly(text);
    const judged = new JudgedText([covering], false);
    let seen = 0;
    for (const piece of pieces) {
      seen += judged.push(piece)?.findings.length ?? 0;
      const begun = starts.filter((start) => start < judged.judgedTo).length;
      expect(seen).toBe(begun);
    }
  });
});

test('a sentence is let go once the next one has gone on for a while, and not at the end of the answer', () => {
  const judged = new JudgedText([covering], false);
  judged.push('This is a first sentence of the answer. ');
  expect(judged.judgedTo).toBe(0);
  judged.push('And here comes a second one that is long enough to show that nothing began before, which takes a good number of words, and then a good number of words more, and more, until what any rule could reach from the first one is behind us, at the very last, one would think.'); // prettier-ignore
  expect(judged.judgedTo).toBe('This is a first sentence of the answer. '.length);
});

test('a text without any end of a sentence is not held for ever', () => {
  const words = 'word '.repeat(1_000);
  const judged = new JudgedText([covering], false);
  let held = 0;
  for (const piece of cutAt(words, ...Array.from({ length: 500 }, (_, at) => at * 10))) {
    judged.push(piece);
    held = Math.max(held, judged.length - judged.judgedTo);
  }
  expect(held).toBeLessThan(sentenceCharsMax + 300);
});

describe('arguments of calls are judged as what they mean', () => {
  const json = JSON.stringify({
    to: 'ann@example.com',
    note: 'a "quoted" word\nand project kestrel',
    number: 4111111111111111,
    list: ['x', 'ACME-9'],
  });
  const escaped = json.replace('ann@', '\\u0061nn\\u0040').replace('kestrel', '\\u006bestrel');

  test.each([
    ['plain', json],
    ['escaped', escaped],
  ])('%s: finds are covered, and what is left is still a document', (_name, document) => {
    const { shown } = run([covering], [document], true);
    expect(JSON.parse(shown)).toEqual({
      to: '[EMAIL]',
      note: 'a "quoted" word\nand [REDACTED]',
      number: '[CARD]',
      list: ['x', '[REDACTED]'],
    });
  });

  test('for every cut into two, also within an escape', () => {
    const expected = run([covering], [escaped], true).shown;
    for (let at = 0; at <= escaped.length; at++) expect(run([covering], cutAt(escaped, at), true).shown, String(at)).toBe(expected);
  });

  test('a find over several texts leaves the marks between them', () => {
    const reaching = policyWith({ patterns: ['one.*two'] });
    const { shown } = run([reaching], ['{"a":"one","b":12,"c":"two"}'], true);
    expect(JSON.parse(shown)).toMatchObject({ a: '[REDACTED]' });
    expect(shown).not.toMatch(/one|two|12/);
  });

  test('places of what is meant lead back to what came', () => {
    const { text: meant, places } = decodeJson('"a\\u0041\\n\\\\"', false);
    expect(meant).toBe('"aA\n\\"');
    expect(places).toEqual([0, 1, 2, 8, 10, 12, 13]);
  });
});

describe('the end of a text', () => {
  const ending = policyWith({ patterns: ['over$'] });

  test('is where the text ends, and not where a part of it does', () => {
    const long = 'It is not over yet, and so it goes on. '.repeat(300);
    expect(run([ending], cutAt(long, 100, 1_000, 5_000)).findings).toBe(0);
    expect(run([ending], cutAt(`${long}Now it is over`, 100, 1_000, 5_000)).findings).toBe(1);
  });

  test('is not taken for one where a long text was cut for reading', () => {
    const evil = policyWith({ patterns: ['(a+)+$'] });
    const found = (text: string): number => finished(findIn([evil], text)).length;
    expect([found(`${'a'.repeat(50_000)}!`), found(`!${'a'.repeat(50_000)}`) > 0, found('a'.repeat(50_000)) > 0]).toEqual([0, true, true]);
  });

  test('the beginning is where it begins, for every cut', () => {
    const beginning = policyWith({ patterns: ['^Once'] });
    const tale = `Once upon a time. ${'Once more it was said. '.repeat(40)}`;
    for (let at = 0; at <= 60; at++) expect(run([beginning], cutAt(tale, at, 300)).findings, String(at)).toBe(1);
  });
});

describe('borders of sentences', () => {
  const far = 'x'.repeat(400);

  test.each([
    ['a full stop and a blank', 'One. Two', 'One. '],
    ['a question', 'One? Two', 'One? '],
    ['an exclamation', 'One! Two', 'One! '],
    ['an ellipsis', 'One… Two', 'One… '],
    ['a line', 'One\nTwo', 'One\n'],
    ['a full stop of other scripts', '一つ。二つ', '一つ。'],
    ['no number with a point', 'Version 3.14 of it', ''],
    ['no address', 'See example.com now', ''],
    ['no comma', 'One, two', ''],
  ])('%s', (_, said, shown) => {
    const judged = new JudgedText([covering], false);
    judged.push(said + far);
    expect(said.slice(0, judged.judgedTo)).toBe(shown);
  });

  test('within a document an end of a text is a border, and an escape is never cut', () => {
    const judged = new JudgedText([covering], true);
    judged.push(`{"a":"one","b":"two${far}`);
    expect(judged.judgedTo).toBe('{"a":"one",'.length);
    const long = new JudgedText([covering], true);
    for (let count = 0; count < 400; count++) {
      long.push('\\u0041');
      expect(long.judgedTo % 6).toBe(0);
    }
    expect(long.judgedTo).toBeGreaterThan(0);
  });

  test('a character of two halves is never cut', () => {
    const judged = new JudgedText([covering], false);
    for (let count = 0; count < 600; count++) {
      judged.push('🦅');
      expect(judged.judgedTo % 2).toBe(0);
    }
    expect(judged.judgedTo).toBeGreaterThan(0);
  });
});
