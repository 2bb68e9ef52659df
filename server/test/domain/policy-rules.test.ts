/** What policies find in texts: a table of both languages, check digits, words, patterns, masks and covers. */
import { describe, expect, test } from 'vitest';
import { detectorNames } from '../../src/domain/policy.ts';
import { isNik, passesLuhn } from '../../src/domain/policy-detectors.ts';
import { patternFault } from '../../src/domain/policy-patterns.ts';
import { edited, editsOf, factsOf, findIn, finished, masked } from '../../src/domain/policy-rules.ts';
import { policyWith } from '../support/policy.ts';
import { englishRows, indonesianRows, type TableRow } from './policy-table.ts';

const everything = policyWith({
  keywords: ['project kestrel', 'top-secret', 'rahasia negara', 'proyek garuda emas'],
  patterns: ['\\bACME-\\d{4}\\b'],
  personalData: [...detectorNames],
});

function foundIn(text: string): string[] {
  return finished(findIn([everything], text)).map(
    ({ rule, name, start, end }) => `${rule === 'personal' ? name : rule}:${text.slice(start, end)}`,
  );
}

/** What is told of a text that is found otherwise than the table says; the finds of a row stand in the order of the text. */
function otherwise({ text, found }: TableRow): string[] {
  const expected = found.toSorted((a, b) => text.indexOf(a.slice(a.indexOf(':') + 1)) - text.indexOf(b.slice(b.indexOf(':') + 1)));
  const actual = foundIn(text);
  return JSON.stringify(actual) === JSON.stringify(expected) ? [] : [`${text} -> ${actual.join(' | ')}`];
}

describe('the table of two hundred texts', () => {
  test('has two hundred texts, half of them in each language, and no text twice', () => {
    expect([englishRows.length, indonesianRows.length]).toEqual([98, 102]);
    expect(new Set([...englishRows, ...indonesianRows].map(({ text }) => text)).size).toBe(200);
  });
  test('in English texts everything is found that is there, and nothing else', () => expect(englishRows.flatMap(otherwise)).toEqual([]));
  test('in Indonesian texts everything is found that is there, and nothing else', () =>
    expect(indonesianRows.flatMap(otherwise)).toEqual([]));
});

describe('numbers with a structure', () => {
  test.each([
    ['79927398713', true],
    ['79927398710', false],
    ['0', true],
  ])('the check digit of %s is right: %s', (digits, isRight) => expect(passesLuhn(digits)).toBe(isRight));
  test.each([
    ['3174051209900001', true],
    ['3174055209900001', true],
    ['3174057209900001', false],
    ['3174050009900001', false],
    ['2074051209900001', false],
  ])('%s is a NIK: %s', (digits, isOne) => expect(isNik(digits)).toBe(isOne));
});

describe('patterns', () => {
  test.each([
    ['(', 'syntax'],
    ['(?=a)b', 'syntax'],
    ['(a)\\1', 'syntax'],
    ['a*', 'matches_nothing'],
    ['x'.repeat(513), 'too_long'],
    ['[a-z]{500}[0-9]{500}\\pL{500}\\pN{500}\\pP{500}', 'too_large'],
  ])('%s is refused: %s', (pattern, code) => expect(patternFault(pattern)?.code).toBe(code));
  test.each(['(a+)+$', '(?i)rahasia\\s+\\w+', '\\b\\d{3}\\b'])('%s is taken', (pattern) => expect(patternFault(pattern)).toBeNull());

  test('a find across the border of two pieces of a long text is found once', () => {
    const policy = policyWith({ patterns: ['NEEDLE-\\d+'] });
    for (const at of [4_090, 4_095, 4_096, 4_100]) {
      const text = `${'x '.repeat(at / 2)}NEEDLE-1234567890 end`;
      const found = finished(findIn([policy], text));
      expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(['NEEDLE-1234567890']);
    }
  });

  test('more finds in one place than are counted cover all of that place', () => {
    const policy = policyWith({ patterns: ['a'] });
    const text = `${'a'.repeat(1_000)}b`;
    const edits = editsOf(finished(findIn([policy], text)));
    expect(edited(text, edits)).not.toMatch(/a/);
  });
});

test('a long text says the same as its parts, wherever it is cut into pieces', () => {
  const text = Array.from({ length: 400 }, (_, at) =>
    at % 50 === 0 ? `mail user${at}@example.com now. ` : 'Nothing of interest is said here at all. ',
  ).join('');
  expect(finished(findIn([everything], text)).length).toBe(8);
});

test('keywords are whole words in any case, however their blanks are set', () => {
  const policy = policyWith({ keywords: ['a b', 'c++', 'élan'] });
  const found = (text: string) => finished(findIn([policy], text)).length;
  expect([found('A\n b'), found('a   b'), found('ab'), found('xa b'), found('C++ is old'), found('ÉLAN vital'), found('élans')]).toEqual([
    1, 1, 0, 0, 1, 1, 0,
  ]);
});

describe('what is kept and what is covered', () => {
  test.each([
    ['short', '***'],
    ['4111111111111111', '41***11'],
    ['anna.berg@example.com', 'an***om'],
  ])('of %s no more than %s is kept', (value, shown) => expect(masked(value)).toBe(shown));

  test('facts count finds of one kind and hold no text of the prompt', () => {
    const text = 'a@example.com and b@example.com';
    const facts = factsOf(text, finished(findIn([everything], text)));
    expect(facts).toEqual([{ rule: 'personal', name: 'email', count: 2, excerpt: 'a@***om' }]);
  });

  test('overlapping finds are covered once', () => {
    const policy = policyWith({ patterns: ['abc', 'bcd'], keywords: ['abcd'] });
    const text = 'x abcd y';
    expect(edited(text, editsOf(finished(findIn([policy], text))))).toBe('x [REDACTED] y');
  });

  test('only finds of policies that redact are covered', () => {
    const blocking = policyWith({ keywords: ['one'] }, { action: 'block' });
    const logging = policyWith({ keywords: ['two'] }, { action: 'log' });
    const covering = policyWith({ personalData: ['email'] });
    const text = 'one two a@example.com';
    expect(edited(text, editsOf(finished(findIn([blocking, logging, covering], text))))).toBe('one two [EMAIL]');
  });
});
