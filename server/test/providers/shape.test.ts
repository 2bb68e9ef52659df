/** Reading unknown JSON: how deep it may be, and what stands in its texts does not count. */
import { expect, test } from 'vitest';
import { parseJson } from '../../src/providers/shape.ts';

const nested = (levels: number, inner = '1'): string => '['.repeat(levels) + inner + ']'.repeat(levels);

test('256 levels are read, one more is none', () => {
  expect(parseJson(nested(256))).toBeDefined();
  expect(parseJson(nested(257))).toBeUndefined();
  expect(parseJson('{"a":'.repeat(256) + '1' + '}'.repeat(256))).toBeDefined();
  expect(parseJson('{"a":['.repeat(129) + ']}'.repeat(129))).toBeUndefined();
});

test('levels count alike whichever brackets make them, and a long text with few of them has none too many', () => {
  expect(parseJson('{"a":'.repeat(257) + '1' + '}'.repeat(257))).toBeUndefined();
  expect(parseJson('{"a":'.repeat(100) + nested(157) + '}'.repeat(100))).toBeUndefined();
  expect(parseJson('{"a":'.repeat(100) + nested(156) + '}'.repeat(100))).toBeDefined();
  expect(parseJson(JSON.stringify({ said: 'x'.repeat(10_000) }))).toEqual({ said: 'x'.repeat(10_000) });
  expect(parseJson(`{"said":"${'x'.repeat(10_000)}"`)).toBeUndefined();
});

test('a million levels end without a fault', () => {
  expect(parseJson(nested(1_000_000))).toBeUndefined();
  expect(parseJson('['.repeat(1_000_000))).toBeUndefined();
});

test('brackets in texts are no levels, whatever backslashes stand before a quote', () => {
  const text = `${'['.repeat(600)}"\\${'{'.repeat(600)}\\\\`;
  expect(parseJson(JSON.stringify({ text, more: [1] }))).toEqual({ text, more: [1] });
  expect(parseJson(JSON.stringify([`\\"${'['.repeat(600)}`, nested(3)]))).toEqual([`\\"${'['.repeat(600)}`, nested(3)]);
});

test('a wide answer is not a deep one', () => {
  const wide = Array.from({ length: 5_000 }, (_, at) => ({ at, list: [at] }));
  expect(parseJson(JSON.stringify(wide))).toEqual(wide);
});

test('what is no JSON is undefined, a text that never ends too', () => {
  expect(parseJson(`{"a":"${'['.repeat(2_000)}`)).toBeUndefined();
  expect(parseJson('nothing')).toBeUndefined();
});
