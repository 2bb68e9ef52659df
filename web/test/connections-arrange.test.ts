/** The pure rules behind lists and forms: order, pages, filters, what a model belongs to, and where JSON breaks. */
import { describe, expect, test } from 'vitest';
import type { Model } from '@patchbay/contract/providers';
import { isJsonObject, jsonPlaceOf } from '../src/features/models/form/json-fault.ts';
import { familyOf, optionsFor, optionsMax } from '../src/features/models/form/model-options.ts';
import { modelSourceOf } from '../src/features/models/form/model-source.ts';
import { readSafety, rowsOf, withThreshold } from '../src/features/models/form/safety.ts';
import { isMatch, pageOf, pressed, sorted, sortingOf, sortText } from '../src/features/models/list/arrange.ts';
import { columnsOf, columnsText, usualColumns } from '../src/features/models/list/connection-rows.ts';
import { shortUrl } from '../src/features/models/list/model-rows.ts';
import { listSearchOf } from '../src/features/models/list/search.ts';

const fallback = { column: 'name', isDescending: false } as const;

describe('lists', () => {
  test.each([
    ['name', { column: 'name', isDescending: false }],
    ['-latency', { column: 'latency', isDescending: true }],
    ['nonsense', fallback],
    ['--name', fallback],
    [undefined, fallback],
  ] as const)('an order of %s in the address is read, and anything else is the usual one', (text, expected) => {
    expect(sortingOf(text, ['name', 'latency'], fallback)).toEqual(expected);
  });

  test('a second press on a heading turns the order round, another heading begins upwards', () => {
    const once = pressed<'name' | 'latency'>(fallback, 'name');
    expect([sortText(once), sortText(pressed(once, 'name')), sortText(pressed(once, 'latency'))]).toEqual(['-name', 'name', 'latency']);
  });

  test('digits are sorted by their value, and what has no value is last in both directions', () => {
    const rows = ['Row 10', null, 'row 9'];
    expect(sorted(rows, (row) => row, false, 'en')).toEqual(['row 9', 'Row 10', null]);
    expect(sorted(rows, (row) => row, true, 'id')).toEqual(['Row 10', 'row 9', null]);
  });

  test('each word of a query must be somewhere, in any case; no word fits everything', () => {
    expect(isMatch('OPEN prod', ['OpenAI', 'production', null])).toBe(true);
    expect(isMatch('open test', ['OpenAI', 'production'])).toBe(false);
    expect(isMatch('  ', [null])).toBe(true);
  });

  test.each([
    [1, 1, 25],
    [2, 26, 27],
    [99, 26, 27],
    [Number.NaN, 1, 25],
    [-3, 1, 25],
  ])('page %s of 27 rows has rows %i to %i', (wanted, from, to) => {
    const rows = Array.from({ length: 27 }, (_, index) => index);
    expect(pageOf(rows, wanted, 25)).toMatchObject({ from, to, pages: 2, total: 27 });
  });

  test('an empty list is one page with nothing on it', () => {
    expect(pageOf([], 1, 25)).toEqual({ rows: [], page: 1, pages: 1, total: 0, from: 0, to: 0 });
  });

  test('the address keeps what a list understands and drops the rest', () => {
    expect(listSearchOf({ q: 'a', status: 'failed', scope: 'nobody', page: '2', color: 'red', cols: '' })).toEqual({
      q: 'a',
      status: 'failed',
      provider: undefined,
      scope: undefined,
      sort: undefined,
      page: '2',
      cols: '',
    });
  });

  test('the usual columns need no address; named ones are those and no others', () => {
    expect(columnsText([...usualColumns])).toBeUndefined();
    expect([...columnsOf('used,nonsense,model')]).toEqual(['model', 'used']);
    expect([...columnsOf('')]).toEqual([]);
    expect([...columnsOf(undefined)]).toEqual([...usualColumns]);
  });

  test.each([
    ['https://api.openai.com/v1/', 'api.openai.com/v1'],
    ['http://localhost:11434', 'localhost:11434'],
    ['nonsense', 'nonsense'],
    [null, '—'],
  ])('%s is shown as %s', (address, short) => {
    expect(shortUrl(address)).toBe(short);
  });
});

describe('forms', () => {
  const modelOf = (id: string, isRetired = false): Model => ({ id, name: id, contextWindow: null, maxOutputTokens: null, isRetired });

  test.each([
    ['openai/gpt-4o', 'openai'],
    ['gpt-4o-mini', 'gpt'],
    ['llama3.1:8b', 'llama3'],
    ['mistral', 'mistral'],
  ])('%s belongs to %s', (id, family) => {
    expect(familyOf(id)).toBe(family);
  });

  test('no more options than can be drawn, the retired ones last, and how many are left out', () => {
    const models = [modelOf('old-one', true), ...Array.from({ length: 200 }, (_, index) => modelOf(`new-${index}`))];
    const { flat, hidden } = optionsFor(models, '');
    expect([flat.length, hidden, flat.some(({ isRetired }) => isRetired)]).toEqual([optionsMax, 201 - optionsMax, false]);
    expect(optionsFor(models, 'ONE old').flat.map(({ id }) => id)).toEqual(['old-one']);
  });

  test('the arrows walk in the order in which the groups are drawn', () => {
    const { groups, flat } = optionsFor([modelOf('a-1'), modelOf('b-1'), modelOf('a-2')], '');
    expect(groups.map(({ family }) => family)).toEqual(['a', 'b']);
    expect(flat.map(({ id }) => id)).toEqual(['a-1', 'a-2', 'b-1']);
  });

  describe('whose list of models a form shows', () => {
    const provider = { name: 'openai', defaultBaseUrl: 'https://api.openai.com/v1' };
    const at = (id: string, baseUrl: string, more: object = {}) =>
      ({ id, provider: 'openai', baseUrl, scope: 'user', isActive: true, isDefault: false, ...more }) as const;
    const proxy = at('proxy', 'https://proxy.example.com/v1', { isDefault: true });
    const ask = (
      baseUrl: string,
      connections: Parameters<typeof modelSourceOf>[1],
      stored: Parameters<typeof modelSourceOf>[0]['stored'] = null,
    ) => modelSourceOf({ provider, baseUrl, stored }, connections);

    test('a connection to another endpoint is not asked, and neither is a server that would choose it', () => {
      for (const baseUrl of [provider.defaultBaseUrl, '', 'https://proxy.example.com/v2', 'http'])
        expect(ask(baseUrl, [proxy])).toEqual({ through: undefined, isAsked: false });
    });

    test('the one to this endpoint is: the own before others, the default before the rest, none that is switched off', () => {
      const same = 'HTTPS://Proxy.example.com/v1/ ';
      expect(ask(same, [proxy])).toEqual({ through: 'proxy', isAsked: true });
      expect(
        ask(same, [at('shared', proxy.baseUrl, { scope: 'organization', isDefault: true }), at('own', proxy.baseUrl), proxy]).through,
      ).toBe('proxy');
      expect(ask(same, [{ ...proxy, isActive: false }])).toEqual({ through: undefined, isAsked: true });
      expect(ask(same, [{ ...proxy, provider: 'custom' }])).toEqual({ through: undefined, isAsked: true });
      expect(ask(same, [{ ...proxy, scope: 'environment' }])).toEqual({ through: undefined, isAsked: true });
    });

    test('a stored one is asked for its own address, with or without one of its own, and no longer where another is typed', () => {
      expect(ask(provider.defaultBaseUrl, [proxy], { id: 'stored', baseUrl: null }).through).toBe('stored');
      expect(ask(proxy.baseUrl, [proxy], { id: 'stored', baseUrl: proxy.baseUrl }).through).toBe('stored');
      expect(ask(proxy.baseUrl, [proxy], { id: 'stored', baseUrl: null }).through).toBe('proxy');
      expect(ask('https://elsewhere.example.com', [proxy], { id: 'stored', baseUrl: null })).toEqual({
        through: undefined,
        isAsked: false,
      });
    });
  });

  test('JSON that breaks says where; what parses has no such place', () => {
    expect(jsonPlaceOf('{\n  "a": 1,\n}')).toEqual({ line: 3, column: 1 });
    expect(jsonPlaceOf('{"a"')).toEqual({ line: 1, column: 5 });
    expect(jsonPlaceOf('{"a": 1}')).toBeNull();
    expect([isJsonObject('{}'), isJsonObject('[]'), isJsonObject('null'), isJsonObject('{')]).toEqual([true, false, false, false]);
  });

  test('a threshold is set, changed and taken out, and categories that are not known here stay', () => {
    const foreign = JSON.stringify([{ category: 'HARM_CATEGORY_NEW', threshold: 'OFF' }]);
    const set = withThreshold(foreign, 'HARM_CATEGORY_HARASSMENT', 'BLOCK_NONE');
    expect(readSafety(set)).toEqual([
      { category: 'HARM_CATEGORY_NEW', threshold: 'OFF' },
      { category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' },
    ]);
    expect(rowsOf(readSafety(set))).toContain('HARM_CATEGORY_NEW');
    expect(withThreshold(withThreshold(set, 'HARM_CATEGORY_NEW', ''), 'HARM_CATEGORY_HARASSMENT', '')).toBe('');
    expect(readSafety('nonsense')).toEqual([]);
  });
});
