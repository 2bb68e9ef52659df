/** The price book: what a model's tokens cost, as integers, from the catalogue that is bundled with the product. Unknown stays unknown. */
import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import { LRUCache } from 'lru-cache';
import type { UnitPrices } from '../domain/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProviderRow } from './row.ts';

/** Prices of one model. Some rise with the length of the prompt. */
export interface ModelPrices {
  /** What a request with this many prompt tokens is charged at, the whole of it. */
  at(tokensIn: number): UnitPrices;
  /** The highest of all tiers: what a reservation must assume. */
  dearest: UnitPrices;
}

export interface PriceBook {
  /** Null where no price is known: never a silent zero. */
  pricesOf(row: ProviderRow, model: string): ModelPrices | null;
}

const nanoPerDollar = 1_000_000_000;
/** Ten thousand dollars for a million tokens is no price but a fault of the catalogue. */
const nanoPerMillionMax = 10_000 * nanoPerDollar;
const cacheMax = 5_000;
/** Prices change on announced dates, and some vendors' by the time of day; a cached one is looked up again after this. */
const cacheTtlMs = 60_000;

const free: UnitPrices = { input: 0, output: 0 };
const freePrices: ModelPrices = { at: () => free, dearest: free };

export function createPriceBook({ clock }: { clock: Clock }): PriceBook {
  // The cache's own clock must be the house's, so that tests can move it.
  const cache = new LRUCache<string, { prices: ModelPrices | null }>({
    max: cacheMax,
    ttl: cacheTtlMs,
    perf: { now: () => clock.monotonicMs() },
  });
  return {
    pricesOf(row, model) {
      if (row.isFree) return freePrices;
      const key = `${row.priceId ?? ''} ${model}`;
      const known = cache.get(key);
      if (known) return known.prices;
      const prices = row.priceId === null ? null : lookUp(row.priceId, model, clock.nowMs());
      cache.set(key, { prices });
      return prices;
    },
  };
}

function lookUp(providerId: string, model: string, nowMs: number): ModelPrices | null {
  // Two tokens are asked about only to learn which row fits; the amounts are computed by the house, in integers.
  const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, { providerId, timestamp: new Date(nowMs) });
  return found === null ? null : modelPricesOf(found.model_price);
}

/** The catalogue's floats, dollars per million tokens, as integers; null where one of them is out of all bounds. */
export function modelPricesOf(price: ModelPrice): ModelPrices | null {
  if (price['input_mtok'] === undefined && price['output_mtok'] === undefined && price['requests_kcount'] === undefined) return null;
  const borders = bordersOf(price);
  const tiers = borders.map((fromTokensIn) => ({ fromTokensIn, prices: pricesFrom(price, fromTokensIn) }));
  if (tiers.some(({ prices }) => Object.values(prices).some((unit) => !Number.isSafeInteger(unit) || unit < 0 || unit > nanoPerMillionMax)))
    return null;
  const dearest = tiers.map(({ prices }) => prices).reduce((a, b) => larger(a, b));
  return {
    dearest,
    at: (tokensIn) => tiers.findLast(({ fromTokensIn }) => tokensIn >= fromTokensIn)!.prices,
  };
}

/** Where a tier begins, 0 first. A tier's price holds for the whole request once the prompt is longer than its start. */
function bordersOf(price: ModelPrice): number[] {
  const borders = new Set([0]);
  // The catalogue's own rows are plain objects and not of its class, so they are told by their shape.
  for (const value of Object.values(price)) if (typeof value === 'object') for (const tier of value.tiers) borders.add(tier.start + 1);
  return [...borders].toSorted((a, b) => a - b);
}

function pricesFrom(price: ModelPrice, tokensIn: number): UnitPrices {
  const unit = (name: string): number | undefined => {
    const value = price[name];
    if (value === undefined) return undefined;
    const dollars = typeof value === 'number' ? value : (value.tiers.findLast((tier) => tokensIn > tier.start)?.price ?? value.base);
    return Math.round(dollars * nanoPerDollar);
  };
  const cacheRead = unit('cache_read_mtok');
  const cacheWrite = unit('cache_write_mtok');
  const perThousandRequests = unit('requests_kcount');
  return {
    input: unit('input_mtok') ?? 0,
    output: unit('output_mtok') ?? 0,
    ...(cacheRead !== undefined && { cacheRead }),
    ...(cacheWrite !== undefined && { cacheWrite }),
    ...(perThousandRequests !== undefined && { perRequest: Math.round(perThousandRequests / 1000) }),
  };
}

const larger = (a: UnitPrices, b: UnitPrices): UnitPrices => ({
  input: Math.max(a.input, b.input),
  output: Math.max(a.output, b.output),
  ...(b.cacheRead !== undefined && { cacheRead: Math.max(a.cacheRead ?? 0, b.cacheRead) }),
  ...(b.cacheWrite !== undefined && { cacheWrite: Math.max(a.cacheWrite ?? 0, b.cacheWrite) }),
  ...(b.perRequest !== undefined && { perRequest: Math.max(a.perRequest ?? 0, b.perRequest) }),
});
