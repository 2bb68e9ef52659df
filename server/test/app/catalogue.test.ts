/** The catalogue that server and page share: the language of a caller, and every refusal as a sentence in both languages. */
import { errorCodes, type ErrorCode } from '@patchbay/contract/errors';
import en from '@patchbay/contract/messages/en.json' with { type: 'json' };
import id from '@patchbay/contract/messages/id.json' with { type: 'json' };
import { languageOf, languages, translate, type Language } from '@patchbay/contract/translate';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cpuMsOf } from '../support/cpu.ts';

describe('the language of an Accept-Language header', () => {
  test.each<[string | undefined, Language]>([
    [undefined, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['en', 'en'],
    ['id', 'id'],
    ['ID', 'id'],
    ['id-ID', 'id'],
    ['id-Latn-ID', 'id'],
    // The code of Indonesian until 1989, which Java still sends.
    ['in', 'id'],
    ['in-ID', 'id'],
    ['en-US,en;q=0.9,id;q=0.8', 'en'],
    ['id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7', 'id'],
    ['en;q=0.5,id;q=0.6', 'id'],
    ['en;q=0.6,id;q=0.6', 'en'],
    ['id;q=0.6,en;q=0.6', 'id'],
    ['fr,de;q=0.9', 'en'],
    ['fr,id;q=0.1', 'id'],
    ['id;q=0', 'en'],
    ['id;q=0.000,en;q=0.001', 'en'],
    ['en;q=0,id;q=0.1', 'id'],
    ['id ; q=0.9 , en ; q=0.3', 'id'],
    ['id;Q=0.3,en;q=0.9', 'en'],
    ['en;q=0.9,id;q=1.0', 'id'],
    ['en;q=1,id;q=1.000', 'en'],
    // Not languages of ours, however alike.
    ['idn', 'en'],
    ['id_ID', 'en'],
    ['ind', 'en'],
    ['xid', 'en'],
    ['constructor', 'en'],
    ['__proto__', 'en'],
  ])('%j is %s', (header, language) => {
    expect(languageOf(header)).toBe(language);
  });

  test.each([
    ['a quality beyond one', 'id;q=1.5,en;q=0.9'],
    ['a quality that is no number', 'id;q=high,en;q=0.9'],
    ['four decimals', 'id;q=0.9999,en;q=0.95'],
    ['no end', `${'xx,'.repeat(3_000)}id`],
    ['ten kilobytes of one word', 'i'.repeat(10_240)],
    ['ten kilobytes of commas', ','.repeat(10_240)],
    ['control characters', '\u0000\u0001;q=\u0002'],
    ['markup', '<script>alert(1)</script>'],
  ])('with %s is answered by one of ours, at once', async (_, header) => {
    expect(await cpuMsOf(() => expect(languages).toContain(languageOf(header)))).toBeLessThan(500);
  });

  test('a quality beyond one weighs no more than one', () => {
    expect(languageOf('en;q=1,id;q=1.5')).toBe('en');
  });

  test('what lies beyond the first five hundred characters is not read', () => {
    expect(languageOf(`${'fr,'.repeat(200)}id`)).toBe('en');
    expect(languageOf(`id,${'fr,'.repeat(4_000)}`)).toBe('id');
  });
});

const texts: Record<Language, Record<ErrorCode, string>> = { en: en.errors, id: id.errors };
const placeholdersOf = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name = '']) => name))].toSorted();
/** A value that can be told from all the others. */
const valuesFor = (names: readonly string[]): Record<string, string | number> =>
  Object.fromEntries(names.map((name, index) => [name, name === 'count' ? 3 : `Value-${index}`]));
const codes = Object.keys(errorCodes) as ErrorCode[];

describe('a refusal in words', () => {
  const complaints: unknown[] = [];
  beforeEach(() => {
    complaints.length = 0;
    vi.spyOn(console, 'error').mockImplementation((...said: unknown[]) => void complaints.push(said));
  });
  afterEach(() => void vi.restoreAllMocks());

  test.each(codes)('%s is a whole sentence in both languages, with the same values in it', (code) => {
    const names = placeholdersOf(texts.en[code]);
    expect(placeholdersOf(texts.id[code])).toEqual(names);
    const values = valuesFor(names);
    for (const language of languages) expect(texts[language][code]).toMatch(/^[\p{Lu}“{].*[.]$/u);
    const said = languages.map((language) => translate(language, `errors.${code}`, values));
    for (const text of said) {
      expect(text).not.toMatch(/[{}]|undefined|errors\./);
      for (const value of Object.values(values)) expect(text).toContain(String(value));
    }
    expect(said[0]).not.toBe(said[1]);
    expect(complaints).toEqual([]);
  });

  test('counts one and many in English', () => {
    expect(translate('en', 'errors.VALIDATION_ERROR', { count: 1 })).toContain('1 field that does not fit');
    expect(translate('en', 'errors.VALIDATION_ERROR', { count: 12 })).toContain('12 fields that do not fit');
  });

  test('takes a value for text, whatever it looks like', () => {
    for (const value of ['<b>bold</b>', '{count}', "it's '{'", '#', '$&', '%s', '\u202Eabc']) {
      for (const language of languages) expect(translate(language, 'errors.NAME_EXISTS', { name: value })).toContain(value);
    }
    expect(complaints).toEqual([]);
  });

  test('has no code without a text and no text without a code', () => {
    for (const language of languages) expect(Object.keys(texts[language]).toSorted()).toEqual(codes.toSorted());
  });
});

describe('refusals in the program', () => {
  const source = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  /** Each `new Refusal('CODE', ...)` with the text up to its closing bracket. */
  const thrown = files.flatMap((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    return [...text.matchAll(/new Refusal\('([A-Z_]+)'/g)].map((found) => {
      let depth = 0;
      let end = found.index;
      do {
        if (text[end] === '(') depth++;
        if (text[end] === ')') depth--;
        end++;
      } while (depth > 0 || !text.slice(found.index, end).includes('('));
      return { path, code: found[1] as ErrorCode, call: text.slice(found.index, end) };
    });
  });

  test('name codes that exist', () => {
    expect(thrown.length).toBeGreaterThan(60);
    expect(thrown.filter(({ code }) => !codes.includes(code))).toEqual([]);
  });

  test('bring every value that their text asks for: without one the caller would read a key instead of a sentence', () => {
    const incomplete = thrown.flatMap(({ path, code, call }) => {
      const missing = placeholdersOf(texts.en[code]).filter(
        (name) => !new RegExp(`\\b${name}\\b`).test(call) && !/\bvalues\b(?!\s*:)|\.\.\.|, options\b/.test(call),
      );
      return missing.length > 0 ? [`${path}: ${code} lacks ${missing.join(', ')}`] : [];
    });
    expect(incomplete).toEqual([]);
  });
});
