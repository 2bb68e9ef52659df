/** Which price holds, what the dearest is, and which figures somebody has to confirm. */
import { describe, expect, test } from 'vitest';
import { bandFaultsOf, dearestOf, priceAt, PriceTable, tierOf, type PriceEntry } from '../../src/domain/price.ts';

const flat = (input: number) => [{ fromTokensIn: 0, prices: { input, output: 2 * input } }];
const entry = (part: Partial<PriceEntry> = {}): PriceEntry => ({
  id: 'a',
  provider: 'openai',
  model: 'gpt-4o',
  connectionId: null,
  validFromMs: 0,
  validUntilMs: null,
  tiers: flat(1),
  ...part,
});
const idAt = (entries: readonly PriceEntry[], atMs: number, connectionId: string | null = null): string | null =>
  priceAt(entries, connectionId, atMs)?.id ?? null;

describe('which price holds', () => {
  test('none before the first, the first at its very beginning, the next from its own beginning on', () => {
    const entries = [entry({ id: 'a', validFromMs: 100 }), entry({ id: 'b', validFromMs: 200 })];
    expect([99, 100, 199, 200, 10_000].map((atMs) => idAt(entries, atMs))).toEqual([null, 'a', 'a', 'b', 'b']);
    expect(idAt(entries.toReversed(), 150), 'whatever their order').toBe('a');
  });

  test('an ended one holds until its end and not at it; then the one before it holds again', () => {
    const entries = [entry({ id: 'a', validFromMs: 100 }), entry({ id: 'b', validFromMs: 200, validUntilMs: 300 })];
    expect([250, 299, 300, 301].map((atMs) => idAt(entries, atMs))).toEqual(['b', 'b', 'a', 'a']);
  });

  test('one that ended where it began never held', () => {
    expect(idAt([entry({ validFromMs: 100, validUntilMs: 100 })], 100)).toBeNull();
  });

  test("a connection's own price goes before the provider's, also before a later one; another connection's never holds", () => {
    const entries = [entry({ id: 'all', validFromMs: 200 }), entry({ id: 'own', connectionId: 'c1', validFromMs: 100 })];
    expect(idAt(entries, 300, 'c1')).toBe('own');
    expect(idAt(entries.toReversed(), 300, 'c1')).toBe('own');
    expect(idAt(entries, 300, 'c2')).toBe('all');
    expect(idAt(entries, 300, null)).toBe('all');
    expect(idAt(entries, 150, 'c2')).toBeNull();
  });

  test('of two with one beginning the later entry holds', () => {
    expect(idAt([entry({ id: 'a' }), entry({ id: 'b' })], 1)).toBe('b');
    expect(idAt([entry({ id: 'b' }), entry({ id: 'a' })], 1)).toBe('b');
  });
});

describe('tiers', () => {
  const tiers = [
    { fromTokensIn: 0, prices: { input: 10, output: 50, cacheRead: 1 } },
    { fromTokensIn: 200_001, prices: { input: 20, output: 40, perRequest: 7 } },
  ];

  test('a tier begins at its very figure and holds for all of the request', () => {
    expect([0, 200_000, 200_001, 9_999_999].map((tokensIn) => tierOf(tiers, tokensIn).input)).toEqual([10, 10, 20, 20]);
  });

  test('the dearest has the highest of each, also of what one tier alone has', () => {
    expect(dearestOf(tiers)).toEqual({ input: 20, output: 50, cacheRead: 1, perRequest: 7 });
    expect(dearestOf([{ fromTokensIn: 0, prices: { input: 1, output: 2, cacheWrite: 3 } }])).toEqual({
      input: 1,
      output: 2,
      cacheWrite: 3,
    });
  });
});

describe('what somebody has to confirm', () => {
  const known = { input: 1_000, output: 4_000 };

  test.each([
    ['the same', { input: 1_000, output: 4_000 }, []],
    ['tenfold', { input: 10_000, output: 40_000 }, []],
    ['a tenth', { input: 100, output: 400 }, []],
    ['more than tenfold', { input: 10_001, output: 4_000 }, ['input']],
    ['less than a tenth', { input: 99, output: 399 }, ['input', 'output']],
    ['nothing at all', { input: 0, output: 0 }, ['input', 'output']],
  ])('%s', (_name, entered, fields) => {
    expect(bandFaultsOf(entered, known).map(({ field }) => field)).toEqual(fields);
  });

  test('nothing where no price is known, or the known one is zero', () => {
    expect(bandFaultsOf({ input: 1e12, output: 1e12 }, null)).toEqual([]);
    expect(bandFaultsOf({ input: 1e12, output: 1e12 }, { input: 0, output: 0 })).toEqual([]);
  });

  test('both figures are named', () => {
    expect(bandFaultsOf({ input: 1_000_000, output: 4_000 }, known)).toEqual([{ field: 'input', entered: 1_000_000, known: 1_000 }]);
  });
});

describe('the table in memory', () => {
  test('knows an entry by provider and model, exactly', () => {
    const table = new PriceTable();
    expect(table.at('openai', 'gpt-4o', null, 1)).toBeNull();
    table.put(entry());
    expect(table.at('openai', 'gpt-4o', null, 1)?.id).toBe('a');
    for (const [provider, model] of [
      ['openai', 'gpt-4O'],
      ['openai', 'gpt-4o-mini'],
      ['azure', 'gpt-4o'],
      ['openai', '__proto__'],
    ] as const)
      expect(table.at(provider, model, null, 1)).toBeNull();
  });

  test('an entry that comes again takes the place of what it was', () => {
    const table = new PriceTable();
    table.put(entry());
    table.put(entry({ validUntilMs: 10 }));
    expect([9, 10].map((atMs) => table.at('openai', 'gpt-4o', null, atMs)?.id ?? null)).toEqual(['a', null]);
  });
});
