/** Texts in parts: what lies across them is found as in one text, nothing is found twice, and covers leave every part something to say. */
import { describe, expect, test } from 'vitest';
import { detectorNames } from '../../src/domain/policy.ts';
import { editedParts, findInParts } from '../../src/domain/policy-parts.ts';
import { editsOf, factsOf, finished } from '../../src/domain/policy-rules.ts';
import { policyWith } from '../support/policy.ts';

const policy = policyWith({ keywords: ['project kestrel', 'nightjar'], patterns: ['ACME-\\d{4}'], personalData: [...detectorNames] });

function read(...parts: string[]): { counts: Record<string, number>; written: string[] } {
  const findings = finished(findInParts([policy], parts));
  const facts = factsOf(parts.join(''), findings);
  return { counts: Object.fromEntries(facts.map(({ name, count }) => [name, count])), written: editedParts(parts, editsOf(findings)) };
}

describe('what is found', () => {
  test.each([
    ['a phrase between two words', ['About project ', 'kestrel now'], ['About [REDACTED]', ' now']],
    ['a phrase whose parts stand on lines of their own', ['About project', 'kestrel now'], ['About [REDACTED]', ' now']],
    ['a word cut in two', ['a night', 'jar b'], ['a [REDACTED]', ' b']],
    ['a word in letters', ['a n', 'i', 'g', 'h', 't', 'j', 'a', 'r b'], ['a [REDACTED]', ...Array<string>(6).fill('[REDACTED]'), ' b']],
    ['a pattern', ['ACME-', '1234'], ['[REDACTED]', '[REDACTED]']],
    ['an address', ['to ann@exam', 'ple.com, please'], ['to [EMAIL]', ', please']],
    ['a number', ['NIK 31740512', '09900001.'], ['NIK [NIK]', '.']],
    ['what is not seen beside the cut', [`a night${'\u200b'.repeat(2_000)}`, 'jar b'], ['a [REDACTED]', ' b']],
  ])('%s', (_, parts, expected) => {
    const { counts, written } = read(...parts);
    expect(Object.values(counts)).toEqual([1]);
    expect(written).toEqual(expected);
  });

  test('what stands in one part is found there, although its neighbour touches it', () => {
    expect(read('see nightjar', 'kestrels').written).toEqual(['see [REDACTED]', 'kestrels']);
  });

  test('a find is counted once, also where a part of it looks like another', () => {
    const { counts, written } = read('mail ann@example.co', 'mpany.example.com', ' nightjar');
    expect(counts).toEqual({ email: 1, nightjar: 1 });
    expect(written).toEqual(['mail [EMAIL]', '[EMAIL]', ' [REDACTED]']);
  });

  test('parts that have nothing to do with each other are left as they are', () => {
    const parts = ['project', 'A kestrel is a bird.', 'ACME', '-12', 'ann@', ' example.com'];
    expect(read(...parts)).toEqual({ counts: {}, written: parts });
  });

  test('every cut of a text leaves nothing of the find, and no empty part', () => {
    const text = 'Ask ann@example.com about project kestrel, ACME-1234.';
    for (let first = 1; first < text.length - 1; first++)
      for (let second = first + 1; second < text.length; second++) {
        const { written } = read(text.slice(0, first), text.slice(first, second), text.slice(second));
        expect(written.join('')).not.toMatch(/ann|example|project|kestrel|ACME|1234/);
        expect(written).not.toContain('');
      }
  });

  test('many long parts are read around their ends, and many short ones once', () => {
    const long = Array.from({ length: 50 }, () => 'word '.repeat(5_000));
    const startedMs = performance.now();
    expect(read(...long).counts).toEqual({});
    expect(read(...Array.from({ length: 20_000 }, () => 'x y ')).counts).toEqual({});
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });
});
