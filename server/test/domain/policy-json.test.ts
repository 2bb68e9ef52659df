/** JSON that may be cut anywhere, read as what it means, and covered so that it is still JSON. */
import { describe, expect, test } from 'vitest';
import { decodeJson } from '../../src/domain/policy-json.ts';
import { edited } from '../../src/domain/policy-rules.ts';

/** Covers all of what is meant by a text that stands in a document. */
function covered(raw: string, meant: string, mask = '[X]'): string {
  const decoded = decodeJson(raw, false);
  const start = decoded.text.indexOf(meant);
  expect(start, meant).toBeGreaterThanOrEqual(0);
  return edited(raw, decoded.coverings(decoded.places![start]!, decoded.places![start + meant.length]!, mask));
}

describe('what is meant', () => {
  test.each([
    ['{"a":"b"}', '{"a":"b"}'],
    ['"\\u0041\\u0042"', '"AB"'],
    ['"\\n\\t\\r\\b\\f\\/\\\\\\""', '"\n\t\r\b\f/\\""'],
    ['"\\ud83e\\udd85"', '"🦅"'],
    ['"caf\\u00e9"', '"café"'],
    ['"\\x"', '"\\x"'],
    ['"cut \\', '"cut \\'],
    ['"cut \\u00', '"cut \\u00'],
    ['', ''],
  ])('%s', (raw, text) => {
    expect(decodeJson(raw, false).text).toBe(text);
  });

  test('a piece may begin within a text', () => {
    expect(decodeJson('\\u0041"', true).text).toBe('A"');
    expect(decodeJson('\\u0041"', false).text).toBe('\\u0041"');
  });

  test('an escaped quote ends nothing', () => {
    const { inStringAt } = decodeJson('"a\\"b"', false);
    expect([0, 1, 4, 5, 6].map((place) => inStringAt(place))).toEqual([false, true, true, true, false]);
  });

  test('every character leads back to where it came from', () => {
    const raw = '"a\\u0042c\\n"';
    const { text, places } = decodeJson(raw, false);
    expect(Array.from(text, (_, at) => raw.slice(places![at], places![at + 1]))).toEqual(['"', 'a', '\\u0042', 'c', '\\n', '"']);
  });
});

describe('what is covered', () => {
  test.each([
    ['a part of a text', '{"a":"one two"}', 'two', '{"a":"one [X]"}'],
    ['all of a text', '{"a":"one"}', 'one', '{"a":"[X]"}'],
    ['escapes', '{"a":"\\u006fne"}', 'one', '{"a":"[X]"}'],
    ['a number becomes a text that says so', '{"a":12345}', '12345', '{"a":"[X]"}'],
    ['a number in a list', '[1,12345,2]', '12345', '[1,"[X]",2]'],
    ['a negative number', '{"a":-1.5e3}', '-1.5e3', '{"a":"[X]"}'],
    ['the name of a member', '{"one":1}', 'one', '{"[X]":1}'],
    ['over two texts', '{"a":"one","b":"two"}', 'one","b":"two', '{"a":"[X]","":""}'],
    ['from a text into a number', '{"a":"one","b":12}', 'one","b":12', '{"a":"[X]","":0}'],
    ['from a number into a text', '[12,"one"]', '12,"one', '["[X]",""]'],
  ])('%s', (_, raw, meant, expected) => {
    const result = covered(raw, meant);
    expect(result).toBe(expected);
    expect(() => JSON.parse(result) as unknown).not.toThrow();
  });

  test('every part of a document can be covered, and it stays one', () => {
    const raw = '{"a":["x",1,true,null,{"b":"\\u0041\\n"}],"c":-2.5}';
    const { places, coverings, text } = decodeJson(raw, false);
    let checked = 0;
    for (let start = 0; start < text.length; start++)
      for (let end = start + 1; end <= text.length; end++) {
        // What cuts a word of the document itself in two is no find of anybody's: words are found whole.
        if (/[\w.+-]/.test(text[start - 1] ?? '') && /[\w.+-]/.test(text[start]!)) continue;
        if (/[\w.+-]/.test(text[end - 1]!) && /[\w.+-]/.test(text[end] ?? '')) continue;
        expect(
          () => JSON.parse(edited(raw, coverings(places![start]!, places![end]!, '[X]'))) as unknown,
          `${start} to ${end}`,
        ).not.toThrow();
        checked++;
      }
    expect(checked).toBeGreaterThan(300);
  });
});
