/** Models that were used and whose cost nobody knew, so that administrators can give them a price. */
import { providerRow } from '../providers/catalog.ts';
import { unpricedModels, type UnpricedModel } from '../storage/prices.ts';
import type { PriceDeps } from './prices.ts';

export interface UnpricedDeps extends PriceDeps {
  books: { catchUp(): Promise<void> };
}

export interface Unpriced extends UnpricedModel {
  /** By now a price holds. */
  isPriced: boolean;
}

const dayMs = 86_400_000;

/** Of the last days, today among them; the most used first. */
export async function listUnpriced(deps: UnpricedDeps, days: number): Promise<Unpriced[]> {
  await deps.books.catchUp();
  const models = await unpricedModels(deps.database, deps.clock.nowMs() - (days - 1) * dayMs);
  return models.map((found) => {
    const row = providerRow(found.provider);
    return { ...found, isPriced: row !== undefined && deps.prices.pricesOf(row, found.model, null) !== null };
  });
}
