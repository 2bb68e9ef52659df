/** Costs to the nano-dollar: worked by hand, rounded once, never negative, and never above what was reserved. */
import { describe, expect, test } from 'vitest';
import { costOf, keptPrices, reservationOf, togetherOf } from '../../src/domain/cost.ts';
import { noTokens, type TokenUsage, type UnitPrices } from '../../src/domain/ledger.ts';
import { seeded } from '../storage/ledger-records.ts';

const usage = (part: Partial<TokenUsage>): TokenUsage => ({ ...noTokens, ...part });
/** Dollars per million tokens, as vendors print them. */
const dollars = (
  input: number,
  output: number,
  rest: { cacheRead?: number; cacheWrite?: number; cacheWriteHour?: number } = {},
): UnitPrices => ({
  input: Math.round(input * 1e9),
  output: Math.round(output * 1e9),
  ...(rest.cacheRead !== undefined && { cacheRead: Math.round(rest.cacheRead * 1e9) }),
  ...(rest.cacheWrite !== undefined && { cacheWrite: Math.round(rest.cacheWrite * 1e9) }),
  ...(rest.cacheWriteHour !== undefined && { cacheWriteHour: Math.round(rest.cacheWriteHour * 1e9) }),
});

describe('worked examples', () => {
  test.each<[string, Partial<TokenUsage>, UnitPrices, number]>([
    // 1,000 x 150 + 500 x 600 nano-dollars.
    ['gpt-4o-mini: 1,000 in, 500 out', { tokensIn: 1_000, tokensOut: 500 }, dollars(0.15, 0.6), 450_000],
    // 1,200 x 2,500 + 800 x 1,250 + 300 x 10,000.
    [
      'gpt-4o: 2,000 in of which 800 cached, 300 out',
      { tokensIn: 2_000, tokensCached: 800, tokensOut: 300 },
      dollars(2.5, 10, { cacheRead: 1.25 }),
      7_000_000,
    ],
    // 5 x 3,000 + 4,735 x 3,750 + 255 x 15,000.
    [
      'claude: 4,740 in of which 4,735 written to the cache',
      { tokensIn: 4_740, tokensCacheWrite: 4_735, tokensOut: 255 },
      dollars(3, 15, { cacheRead: 0.3, cacheWrite: 3.75 }),
      21_596_250,
    ],
    // 100 x 3,000 + 3,000 x 300 + 1,000 x 3,750 + 10 x 15,000.
    [
      'claude: read and written',
      { tokensIn: 4_100, tokensCached: 3_000, tokensCacheWrite: 1_000, tokensOut: 10 },
      dollars(3, 15, { cacheRead: 0.3, cacheWrite: 3.75 }),
      5_100_000,
    ],
    // 100 x 3,000 + 3,000 x 300 + 400 x 3,750 + 600 x 6,000 + 10 x 15,000.
    [
      'claude: read, written, and written for an hour',
      { tokensIn: 4_100, tokensCached: 3_000, tokensCacheWrite: 1_000, tokensCacheWriteHour: 600, tokensOut: 10 },
      dollars(3, 15, { cacheRead: 0.3, cacheWrite: 3.75, cacheWriteHour: 6 }),
      6_450_000,
    ],
    [
      'no price for an hour: the write costs as others do',
      { tokensIn: 1_000, tokensCacheWrite: 1_000, tokensCacheWriteHour: 1_000 },
      dollars(3, 15, { cacheWrite: 3.75 }),
      3_750_000,
    ],
    [
      'more for an hour than was written at all',
      { tokensIn: 1_000, tokensCacheWrite: 100, tokensCacheWriteHour: 900 },
      dollars(3, 15, { cacheWrite: 3.75, cacheWriteHour: 6 }),
      3_300_000,
    ],
    ['no price for the cache: cached tokens cost as others do', { tokensIn: 1_000, tokensCached: 900 }, dollars(2, 8), 2_000_000],
    ['reasoning is part of the output', { tokensOut: 100, tokensReasoning: 90 }, dollars(2, 8), 800_000],
    ['a flat price for a request', { tokensIn: 10, tokensOut: 1 }, { ...dollars(1, 1), perRequest: 5_000_000 }, 5_011_000],
    ['one token at 0.02 dollars a million', { tokensIn: 1 }, dollars(0.02, 0), 20],
    ['nothing used', {}, dollars(2, 8), 0],
    ['free', { tokensIn: 1e6, tokensOut: 1e6 }, { input: 0, output: 0 }, 0],
    ['a free cache is free', { tokensIn: 1_000, tokensCached: 1_000 }, dollars(2, 8, { cacheRead: 0 }), 0],
  ])('%s', (_name, part, prices, expected) => {
    expect(costOf(usage(part), prices)).toBe(expected);
  });
});

describe('sound', () => {
  const realtime = { ...dollars(4, 16, { cacheRead: 0.4 }), audioInput: 32e9, audioOutput: 64e9, cacheAudioRead: 0.4e9 };
  const flash = { ...dollars(0.3, 2.5, { cacheRead: 0.03 }), audioInput: 1e9, cacheAudioRead: 0.1e9 };
  const { cacheAudioRead: _, ...withoutCached } = flash;
  // 313 text, 476 sound; of these 256 and 384 are cached.
  const talk = { tokensIn: 789, tokensOut: 32, tokensCached: 640, tokensAudioIn: 476, tokensAudioOut: 23 };
  test.each<[string, Partial<TokenUsage>, UnitPrices, number]>([
    // 57 x 4,000 + 92 x 32,000 + 640 x 400 + 9 x 16,000 + 23 x 64,000.
    ['cached sound is told apart', { ...talk, tokensAudioCached: 384 }, realtime, 5_044_000],
    // 149 x 32,000 + 640 x 400 + 9 x 16,000 + 23 x 64,000: as much of it as fits was heard anew.
    ['what nobody tells apart costs the most that it can', talk, realtime, 6_640_000],
    // 57 x 300 + 92 x 1,000 + 256 x 30 + 384 x 100 + 32 x 2,500.
    ['it has a price beside that of cached text', { ...talk, tokensAudioCached: 384 }, flash, 235_180],
    // 57 x 300 + 476 x 1,000 + 256 x 30 + 32 x 2,500.
    ['no price for it: it costs as if heard anew', { ...talk, tokensAudioCached: 384 }, withoutCached, 580_780],
    // 149 x 300 + 476 x 1,000 + 164 x 30 + 32 x 2,500: of two unknown splits the dearer one.
    ['no price for it, and nobody tells it apart', talk, withoutCached, 605_620],
    // 100 x 2,500 + 200 x 32,000.
    [
      'no price for anything cached',
      { tokensIn: 300, tokensCached: 250, tokensAudioIn: 200 },
      { ...dollars(2.5, 10), audioInput: 32e9 },
      6_650_000,
    ],
    [
      'no price for sound: it costs as text, cached or not',
      { ...talk, tokensAudioCached: 384 },
      dollars(4, 16, { cacheRead: 0.4 }),
      1_364_000,
    ],
    ['more cached sound than was heard', { tokensIn: 100, tokensCached: 90, tokensAudioIn: 20, tokensAudioCached: 80 }, flash, 7_100],
    [
      'all of the sound is cached, and so is said',
      { tokensIn: 100, tokensCached: 90, tokensAudioIn: 90, tokensAudioCached: 90 },
      flash,
      12_000,
    ],
    ['less cached sound than there must be', { tokensIn: 100, tokensCached: 90, tokensAudioIn: 90, tokensAudioCached: 1 }, flash, 18_300],
  ])('%s', (_name, part, prices, expected) => {
    expect(costOf(usage(part), prices)).toBe(expected);
  });

  test('whatever part of the cached tokens was sound, what nobody told is never booked for less', () => {
    const below = seeded(17);
    for (let round = 0; round < 3_000; round++) {
      const prices: UnitPrices = { input: below(1e9), output: 0, cacheRead: below(1e9), audioInput: below(2 ** 31) };
      if (below(2) === 0) prices.cacheAudioRead = below(1e9);
      const tokensIn = 1 + below(5_000);
      const tokensCached = below(tokensIn + 1);
      const tokensAudioIn = below(tokensIn + 1);
      const untold = costOf(usage({ tokensIn, tokensCached, tokensAudioIn }), prices);
      const told = 1 + below(Math.min(tokensCached, tokensAudioIn) + 1);
      expect(untold).toBeGreaterThanOrEqual(costOf(usage({ tokensIn, tokensCached, tokensAudioIn, tokensAudioCached: told }), prices));
      expect(untold).toBeLessThanOrEqual(reservationOf(tokensIn, 0, prices));
    }
  });

  test('what cached sound costs is kept with an entry that has sound, and with no other', () => {
    expect(keptPrices(usage({ tokensIn: 5, tokensAudioIn: 1 }), flash)).toEqual(flash);
    expect(keptPrices(usage({ tokensIn: 5 }), flash)).toEqual(withoutCached);
    expect(keptPrices(usage({ tokensIn: 5 }), withoutCached)).toBe(withoutCached);
  });
});

describe('rounding', () => {
  test.each<[number, number]>([
    [499_999, 0],
    [500_000, 1],
    [1_499_999, 1],
    [1_500_000, 2],
  ])('%i millionths of a nano-dollar are %i', (unit, expected) => {
    expect(costOf(usage({ tokensIn: 1 }), { input: unit, output: 0 })).toBe(expected);
  });

  test('it is rounded once for the attempt and not for each part', () => {
    const prices = { input: 400_000, output: 400_000, cacheRead: 400_000, cacheWrite: 400_000 };
    expect(costOf(usage({ tokensIn: 3, tokensCached: 1, tokensCacheWrite: 1, tokensOut: 1 }), prices)).toBe(2);
  });

  test('sums beyond what a double holds exactly stay exact', () => {
    // 333,333,333 x 7 = 2,333,333,331 tokens' worth; the product is far beyond 2^53.
    expect(costOf(usage({ tokensIn: 333_333_333 }), { input: 7_000_000_001, output: 0 })).toBe(2_333_333_331_333);
  });
});

describe('what a vendor may say and must not make a cost of', () => {
  test.each<[string, Partial<TokenUsage>, number]>([
    ['more cached than there is', { tokensIn: 100, tokensCached: 500 }, 50_000],
    ['more cached and written than there is', { tokensIn: 100, tokensCached: 80, tokensCacheWrite: 80 }, 40_000 + 20 * 1_250],
    ['negative counts', { tokensIn: -100, tokensOut: -5 }, 0],
    ['not a number', { tokensIn: Number.NaN, tokensOut: Number.POSITIVE_INFINITY }, 0],
    ['half a token', { tokensIn: 1.9 }, 1_000],
  ])('%s', (_name, part, expected) => {
    expect(costOf(usage(part), { input: 1e9, output: 2e9, cacheRead: 5e8, cacheWrite: 1.25e9 })).toBe(expected);
  });

  test('a negative price is none', () => {
    expect(costOf(usage({ tokensIn: 10, tokensOut: 10 }), { input: -5e9, output: 1e9, perRequest: -1 })).toBe(10_000);
  });

  test('an absurd cost stops at the largest exact number', () => {
    expect(costOf(usage({ tokensIn: Number.MAX_SAFE_INTEGER }), { input: 1e15, output: 0 })).toBe(Number.MAX_SAFE_INTEGER);
  });
});

test.each([
  [0, null, null],
  [null, 32, null],
  [null, null, null],
  [0, 0, 0],
  [10, 32, 42],
])('%s and %s nano-dollars are %s together: what is not known is never nothing', (first, second, together) => {
  expect(togetherOf(first, second)).toBe(together);
});

describe('reservations', () => {
  test('the whole prompt at the dearest input price and the whole output, rounded up', () => {
    expect(reservationOf(1_000, 100, dollars(3, 15, { cacheRead: 0.3, cacheWrite: 3.75 }))).toBe(3_750_000 + 1_500_000);
    expect(reservationOf(1, 0, { input: 1, output: 0 })).toBe(1);
    expect(reservationOf(0, 0, { input: 5, output: 5, perRequest: 7 })).toBe(7);
  });

  test('without end they are above every one that has an end', () => {
    const prices = dollars(3, 15);
    const most = Number.MAX_SAFE_INTEGER;
    for (const [prompt, output] of [
      [1, Infinity],
      [Infinity, 1],
      [Infinity, Infinity],
      [1, 1e308],
      [1, NaN],
    ] as const) {
      expect(reservationOf(prompt, output, prices)).toBe(most);
      expect(reservationOf(prompt, output, prices)).toBeGreaterThanOrEqual(reservationOf(1_000_000, 64_000_000, prices));
    }
  });

  test('no usage within its bounds costs more than was reserved for it', () => {
    const below = seeded(11);
    for (let round = 0; round < 5_000; round++) {
      const [promptMax, outputMax] = [below(200_000), below(20_000)];
      const prices: UnitPrices = { input: below(2 ** 31), output: below(2 ** 31), perRequest: below(1_000) };
      if (below(2) === 0) prices.cacheRead = below(2 ** 31);
      if (below(2) === 0) prices.cacheWrite = below(2 ** 31);
      const tokensIn = below(promptMax + 1);
      const spent = costOf(
        usage({ tokensIn, tokensCached: below(tokensIn + 1), tokensCacheWrite: below(tokensIn + 1), tokensOut: below(outputMax + 1) }),
        prices,
      );
      expect(spent).toBeLessThanOrEqual(reservationOf(promptMax, outputMax, prices));
      expect(spent).toBeGreaterThanOrEqual(0);
    }
  });
});
