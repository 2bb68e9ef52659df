/** The price book: known prices as integers, worked to the nano-dollar; unknown ones never become a zero. */
import { describe, expect, test } from 'vitest';
import { costOf, reservationOf } from '../../src/domain/cost.ts';
import { noTokens } from '../../src/domain/ledger.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { catalog, mustProviderRow } from '../../src/providers/catalog.ts';
import { createPriceBook, modelPricesOf } from '../../src/providers/prices.ts';

/** A clock that stands where the test puts it; no price of 2026 may depend on the day of the test. */
const clockAt = (iso: string): Clock & { nowMsIs: number; monotonicMsIs: number } => ({
  ...systemClock,
  nowMsIs: Date.parse(iso),
  monotonicMsIs: 1_000_000,
  nowMs() {
    return this.nowMsIs;
  },
  monotonicMs() {
    return this.monotonicMsIs;
  },
});
const book = createPriceBook({ clock: clockAt('2026-05-10T12:00:00Z') });
const pricesOf = (provider: string, model: string): ReturnType<typeof book.pricesOf> =>
  book.pricesOf(mustProviderRow(provider), model, null);

describe('worked examples', () => {
  test.each<[string, string, Partial<typeof noTokens>, number]>([
    // 1,000 x 150 + 500 x 600 nano-dollars.
    ['openai', 'gpt-4o-mini', { tokensIn: 1_000, tokensOut: 500 }, 450_000],
    // 1,200 x 2,500 + 800 x 1,250 + 300 x 10,000.
    ['openai', 'gpt-4o', { tokensIn: 2_000, tokensCached: 800, tokensOut: 300 }, 7_000_000],
    ['openai', 'gpt-4o-2024-08-06', { tokensIn: 2, tokensOut: 1 }, 15_000],
    // 5 x 3,000 + 4,735 x 3,750 + 255 x 15,000.
    ['anthropic', 'claude-sonnet-4-20250514', { tokensIn: 4_740, tokensCacheWrite: 4_735, tokensOut: 255 }, 21_596_250],
    ['openai', 'text-embedding-3-small', { tokensIn: 7 }, 140],
    // A prompt of up to 200,000 tokens, and a longer one: all of it at the higher price.
    ['gemini', 'gemini-2.5-pro', { tokensIn: 200_000, tokensOut: 1_000 }, 260_000_000],
    ['gemini', 'gemini-2.5-pro', { tokensIn: 200_001, tokensOut: 1_000 }, 515_002_500],
    // 14 dollars for a thousand requests, 100 x 3,000 and 10 x 15,000.
    ['perplexity', 'sonar-pro', { tokensIn: 100, tokensOut: 10 }, 14_000_000 + 300_000 + 150_000],
    ['ollama', 'whatever-runs-here', { tokensIn: 1_000_000, tokensOut: 1_000_000 }, 0],
  ])('%s %s %j costs %d', (provider, model, part, expected) => {
    const usage = { ...noTokens, ...part };
    const prices = pricesOf(provider, model);
    expect(prices).not.toBeNull();
    expect(costOf(usage, prices!.at(usage.tokensIn)!)).toBe(expected);
    expect(reservationOf(usage.tokensIn, usage.tokensOut, prices!.dearest)).toBeGreaterThanOrEqual(expected);
  });
});

describe('what is not known', () => {
  test.each([
    ['openai', 'gpt-99-imaginary'],
    ['openai', ''],
    ['azure-openai', 'my-deployment'],
    ['custom', 'gpt-4o'],
    ['openai', 'dall-e-3'],
    ['openai', 'whisper-1'],
  ])('%s %s has no price, and so no cost of zero', (provider, model) => {
    expect(pricesOf(provider, model)).toBeNull();
  });

  test('only providers that say so are free', () => {
    const free = catalog.filter((row) => book.pricesOf(row, 'no-such-model', null) !== null);
    expect(free.every((row) => row.isFree)).toBe(true);
    expect(free.map((row) => row.id)).toEqual(expect.arrayContaining(['ollama', 'vllm', 'lmstudio', 'llamacpp', 'demo']));
  });

  test.each([
    [{ input_mtok: -1, output_mtok: 1 }],
    [{ input_mtok: Number.NaN, output_mtok: 1 }],
    [{ input_mtok: 1, output_mtok: Number.POSITIVE_INFINITY }],
    [{ input_mtok: 20_000, output_mtok: 1 }],
    [{ audio_hours: 1 }],
    [{}],
  ])('a price out of all bounds is no price: %j', (price) => {
    expect(modelPricesOf(price)).toBeNull();
  });
});

test('a price that depends on the time of day is looked up again', () => {
  const clock = clockAt('2026-05-10T12:00:00Z');
  const own = createPriceBook({ clock });
  const row = mustProviderRow('deepseek');
  const byDay = own.pricesOf(row, 'deepseek-chat', null)!.dearest.input;
  clock.nowMsIs = Date.parse('2026-05-10T20:00:00Z');
  clock.monotonicMsIs += 8 * 3_600_000;
  expect(own.pricesOf(row, 'deepseek-chat', null)!.dearest.input).toBeLessThan(byDay);
});
