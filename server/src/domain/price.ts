/** Prices that administrators set: which one holds for a call, and whether a new one can be meant as it was typed. */
import { furtherPrices } from '@patchbay/contract/price-names';
import type { UnitPrices } from './ledger.ts';

/** A price from a length of the prompt on. It holds for the whole request. */
export interface PriceTier {
  fromTokensIn: number;
  prices: UnitPrices;
}

export interface PriceEntry {
  id: string;
  /** The provider's slug. */
  provider: string;
  /** The provider's model id, exactly. */
  model: string;
  /** Null for every connection of the provider. */
  connectionId: string | null;
  validFromMs: number;
  /** The moment from which it holds no longer; null for no end. */
  validUntilMs: number | null;
  /** In the order of their starts, the first at 0. */
  tiers: readonly PriceTier[];
}

/** How far from the known price a new one may lie before somebody has to say that it is meant: the slip is by a factor of 1000. */
export const bandFactor = 10;

const holdsAt = ({ validFromMs, validUntilMs }: PriceEntry, atMs: number): boolean =>
  validFromMs <= atMs && (validUntilMs === null || atMs < validUntilMs);

/** TRUE where `a` goes before `b`: a connection's own price before the provider's, then the later start, then the later entry. */
function goesBefore(a: PriceEntry, b: PriceEntry): boolean {
  if ((a.connectionId === null) !== (b.connectionId === null)) return a.connectionId !== null;
  if (a.validFromMs !== b.validFromMs) return a.validFromMs > b.validFromMs;
  return a.id > b.id;
}

/** The price of one model that holds for a connection at a moment; null where none does. */
export function priceAt(entries: Iterable<PriceEntry>, connectionId: string | null, atMs: number): PriceEntry | null {
  let best: PriceEntry | null = null;
  for (const entry of entries) {
    if (!holdsAt(entry, atMs) || (entry.connectionId !== null && entry.connectionId !== connectionId)) continue;
    if (best === null || goesBefore(entry, best)) best = entry;
  }
  return best;
}

/** The tier of a prompt's length. */
export const tierOf = (tiers: readonly PriceTier[], tokensIn: number): UnitPrices =>
  (tiers.findLast(({ fromTokensIn }) => tokensIn >= fromTokensIn) ?? tiers[0]!).prices;

/** The highest of each price over all tiers: what a reservation must assume. */
export function dearestOf(tiers: readonly PriceTier[]): UnitPrices {
  const most = (name: keyof UnitPrices): number | undefined => {
    const all = tiers.map(({ prices }) => prices[name]).filter((price) => price !== undefined);
    return all.length === 0 ? undefined : Math.max(...all);
  };
  const dearest: UnitPrices = { input: most('input') ?? 0, output: most('output') ?? 0 };
  for (const name of furtherPrices) {
    const price = most(name);
    if (price !== undefined) dearest[name] = price;
  }
  return dearest;
}

export interface BandFault {
  field: 'input' | 'output';
  /** Nano-dollars per million tokens. */
  entered: number;
  known: number;
}

/** What lies more than tenfold above or below the known price; empty where nothing is known or all is near it. */
export function bandFaultsOf(entered: UnitPrices, known: UnitPrices | null): BandFault[] {
  if (known === null) return [];
  return (['input', 'output'] as const)
    .filter((field) => known[field] > 0)
    .filter((field) => entered[field] > known[field] * bandFactor || entered[field] * bandFactor < known[field])
    .map((field) => ({ field, entered: entered[field], known: known[field] }));
}

/** The prices in memory, by provider and model. */
export class PriceTable {
  readonly #byModel = new Map<string, Map<string, Map<string, PriceEntry>>>();

  put(entry: PriceEntry): void {
    const models = this.#byModel.get(entry.provider) ?? new Map<string, Map<string, PriceEntry>>();
    this.#byModel.set(entry.provider, models);
    const entries = models.get(entry.model) ?? new Map<string, PriceEntry>();
    models.set(entry.model, entries);
    entries.set(entry.id, entry);
  }

  /** Every price that holds at a moment. */
  *holding(atMs: number): Generator<PriceEntry> {
    for (const models of this.#byModel.values())
      for (const entries of models.values()) for (const entry of entries.values()) if (holdsAt(entry, atMs)) yield entry;
  }

  /** The price that an administrator set for this call; null for none. */
  at(provider: string, model: string, connectionId: string | null, atMs: number): PriceEntry | null {
    const entries = this.#byModel.get(provider)?.get(model);
    return entries ? priceAt(entries.values(), connectionId, atMs) : null;
  }
}
