/** Prices as administrators see them: decimal dollars per million tokens, times in ISO 8601. */
import type { EffectivePrice, Price, PriceTierView, UnpricedModel } from '@patchbay/contract/prices';
import type { Effective } from '../../control/prices.ts';
import type { Unpriced } from '../../control/unpriced.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { PriceTier } from '../../domain/price.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { ModelPrices } from '../../providers/prices.ts';
import type { StoredPrice } from '../../storage/prices.ts';

const usdOrNull = (nano: number | undefined): string | null => (nano === undefined ? null : decimalUsdOf(nano));

const fromTier = ({ fromTokensIn, prices }: PriceTier): PriceTierView => ({
  fromTokensIn,
  input: decimalUsdOf(prices.input),
  output: decimalUsdOf(prices.output),
  cacheRead: usdOrNull(prices.cacheRead),
  cacheWrite: usdOrNull(prices.cacheWrite),
  cacheWriteHour: usdOrNull(prices.cacheWriteHour),
  audioInput: usdOrNull(prices.audioInput),
  audioOutput: usdOrNull(prices.audioOutput),
  cacheAudioRead: usdOrNull(prices.cacheAudioRead),
  perRequest: usdOrNull(prices.perRequest),
});

export const fromPrice = (price: StoredPrice): Price => ({
  id: price.id,
  provider: price.provider,
  model: price.model,
  connectionId: price.connectionId,
  validFrom: isoOf(price.validFromMs),
  validUntil: price.validUntilMs === null ? null : isoOf(price.validUntilMs),
  tiers: price.tiers.map(fromTier),
  note: price.note,
  createdBy: price.createdBy,
  createdAt: isoOf(price.createdAtMs),
});

export const fromUnpriced = ({ lastUsedAtMs, ...model }: Unpriced): UnpricedModel => ({ ...model, lastUsedAt: isoOf(lastUsedAtMs) });

const fromBook = (book: ModelPrices | null): PriceTierView[] | null => (book ? book.tiers.map(fromTier) : null);

export function fromEffective({ provider, source, entry, catalogue }: Effective, model: string): EffectivePrice {
  const listed = fromBook(catalogue);
  return { provider, model, source, priceId: entry?.id ?? null, tiers: entry ? entry.tiers.map(fromTier) : listed, catalogue: listed };
}
