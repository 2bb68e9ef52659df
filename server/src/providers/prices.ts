/** The price book: what a model's tokens cost, as integers: what administrators set, else the bundled catalogue. Unknown stays unknown. */
import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import { LRUCache } from 'lru-cache';
import type { UnitPrices } from '../domain/ledger.ts';
import { dearestOf, tierOf, type PriceEntry, type PriceTier } from '../domain/price.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProviderRow } from './row.ts';
import { tierPricesOf } from './tier-prices.ts';

/** Prices of one model. Some rise with the length of the prompt. */
export interface ModelPrices {
  /** What a request with this many prompt tokens is charged at, the whole of it; null for a tier of service without a known price. */
  at(tokensIn: number, serviceTier?: string): UnitPrices | null;
  /** The highest of all tiers: what a reservation must assume. */
  dearest: UnitPrices;
  /** All of them, in the order of their starts. */
  tiers: readonly PriceTier[];
  /** How much the model holds, where the catalogue says so beside its prices. */
  contextWindow?: number;
}

export interface PriceBook {
  /** Null where no price is known: never a silent zero. `connectionId` is null for what belongs to no connection. */
  pricesOf(row: ProviderRow, model: string, connectionId: string | null): ModelPrices | null;
  /** What the bundled catalogue says, whatever administrators have set. */
  catalogueOf(row: ProviderRow, model: string): ModelPrices | null;
  /** The same as of a moment. */
  catalogueAt(row: ProviderRow, model: string, atMs: number): ModelPrices | null;
}

/** The price that an administrator set; null for none. */
export type OwnPrices = (provider: string, model: string, connectionId: string | null, atMs: number) => PriceEntry | null;

const nanoPerDollar = 1_000_000_000;
/** Ten thousand dollars for a million tokens is no price but a fault of the catalogue. */
const nanoPerMillionMax = 10_000 * nanoPerDollar;
const cacheMax = 5_000;
/** Prices change on announced dates, and some vendors' by the time of day; a cached one is looked up again after this. */
const cacheTtlMs = 60_000;

/** TRUE where nothing costs anything, however much of it there is. */
export const isFree = ({ dearest }: ModelPrices): boolean => Object.values(dearest).every((price) => price === 0);

const free: UnitPrices = { input: 0, output: 0 };
const freePrices: ModelPrices = { at: () => free, dearest: free, tiers: [{ fromTokensIn: 0, prices: free }] };

export function createPriceBook({ clock, own = () => null }: { clock: Clock; own?: OwnPrices }): PriceBook {
  // The cache's own clock must be the house's, so that tests can move it.
  const cache = new LRUCache<string, { prices: ModelPrices | null }>({
    max: cacheMax,
    ttl: cacheTtlMs,
    perf: { now: () => clock.monotonicMs() },
  });
  const catalogueOf = (row: ProviderRow, model: string): ModelPrices | null => {
    if (row.isFree) return freePrices;
    if (row.priceId === null) return null;
    const key = `${row.priceId} ${model}`;
    const known = cache.get(key);
    if (known) return known.prices;
    const prices = lookUp(row.priceId, model, clock.nowMs());
    cache.set(key, { prices });
    return prices;
  };
  return {
    catalogueOf,
    catalogueAt(row, model, atMs) {
      if (row.isFree) return freePrices;
      return row.priceId === null ? null : lookUp(row.priceId, model, atMs);
    },
    pricesOf(row, model, connectionId) {
      const entry = own(row.id, model, connectionId, clock.nowMs());
      return entry ? pricesOfTiers(entry.tiers) : catalogueOf(row, model);
    },
  };
}

/** The highest prices of a request that asks for a tier: it may be served in that one or in the standard one. Null where the tier's are not known. */
export function dearestIn(prices: ModelPrices, serviceTier: string | undefined): UnitPrices | null {
  if (serviceTier === undefined) return prices.dearest;
  const asked = prices.at(0, serviceTier);
  const both = [prices.dearest, ...(asked ? [asked] : [])].map((each): PriceTier => ({ fromTokensIn: 0, prices: each }));
  return asked && dearestOf(both);
}

/** What an administrator set holds in every tier of service: it is said for a connection, and so for the tier that this one buys. */
export const pricesOfTiers = (tiers: readonly PriceTier[]): ModelPrices => ({
  tiers,
  dearest: dearestOf(tiers),
  at: (tokensIn) => tierOf(tiers, tokensIn),
});

const catalogueTiers = (tiers: readonly PriceTier[], providerId: string, model: string): ModelPrices => ({
  ...pricesOfTiers(tiers),
  at(tokensIn, serviceTier) {
    const standard = tierOf(tiers, tokensIn);
    return serviceTier === undefined ? standard : tierPricesOf(providerId, model, serviceTier, standard, tokensIn);
  },
});

function lookUp(providerId: string, model: string, nowMs: number): ModelPrices | null {
  // Two tokens are asked about only to learn which row fits; the amounts are computed by the house, in integers.
  const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, { providerId, timestamp: new Date(nowMs) });
  const prices = found === null ? null : modelPricesOf(found.model_price);
  if (!prices) return null;
  const contextWindow = found?.model.context_window;
  return { ...catalogueTiers(withHourly(prices.tiers, model), providerId, model), ...(contextWindow !== undefined && { contextWindow }) };
}

/**
 * A cache write of one hour costs twice the input, wherever Claude is served (platform.claude.com/docs/en/build-with-claude/prompt-caching,
 * pricing); the catalogue says so for some of its sellers alone.
 */
function withHourly(tiers: readonly PriceTier[], model: string): readonly PriceTier[] {
  if (!model.includes('claude')) return tiers;
  return tiers.map(({ fromTokensIn, prices }) => ({
    fromTokensIn,
    prices: prices.cacheWrite === undefined ? prices : { ...prices, cacheWriteHour: prices.cacheWriteHour ?? prices.input * 2 },
  }));
}

/** The catalogue's floats, dollars per million tokens, as integers; null where one of them is out of all bounds. */
export function modelPricesOf(price: ModelPrice): ModelPrices | null {
  if (price['input_mtok'] === undefined && price['output_mtok'] === undefined && price['requests_kcount'] === undefined) return null;
  const borders = bordersOf(price);
  const tiers = borders.map((fromTokensIn): PriceTier => ({ fromTokensIn, prices: pricesFrom(price, fromTokensIn) }));
  if (tiers.some(({ prices }) => Object.values(prices).some((unit) => !Number.isSafeInteger(unit) || unit < 0 || unit > nanoPerMillionMax)))
    return null;
  return pricesOfTiers(tiers);
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
  const cacheWriteHour = unit('cache_write_1h_mtok');
  const audioInput = unit('input_audio_mtok');
  const audioOutput = unit('output_audio_mtok');
  const cacheAudioRead = unit('cache_audio_read_mtok');
  const perThousandRequests = unit('requests_kcount');
  return {
    input: unit('input_mtok') ?? 0,
    output: unit('output_mtok') ?? 0,
    ...(cacheRead !== undefined && { cacheRead }),
    ...(cacheWrite !== undefined && { cacheWrite }),
    ...(cacheWriteHour !== undefined && { cacheWriteHour }),
    ...(audioInput !== undefined && { audioInput }),
    ...(audioOutput !== undefined && { audioOutput }),
    ...(cacheAudioRead !== undefined && { cacheAudioRead }),
    ...(perThousandRequests !== undefined && { perRequest: Math.round(perThousandRequests / 1000) }),
  };
}
