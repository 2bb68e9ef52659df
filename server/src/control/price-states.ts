/** What a price says, as its history keeps it and as a person would enter it: amounts as decimal US dollars, moments as ISO 8601. Pure. */
import { decimalUsdOf } from '../domain/money.ts';
import type { PriceEntry } from '../domain/price.ts';
import { isoOf, isoOrNull } from '../lib/iso-time.ts';
import type { ObjectState } from '../storage/object-revisions.ts';

interface KeptTier {
  fromTokensIn: number;
  input: string;
  output: string;
  cacheRead?: string;
  cacheWrite?: string;
  cacheWriteHour?: string;
  audioInput?: string;
  audioOutput?: string;
  cacheAudioRead?: string;
  perRequest?: string;
}

interface KeptPrice {
  provider: string;
  model: string;
  connectionId: string | null;
  validFrom: string;
  validUntil: string | null;
  tiers: KeptTier[];
  note: string | null;
}

/** A price as its history keeps it. */
export function priceState(price: PriceEntry & { note: string | null }): ObjectState {
  const tiers = price.tiers.map(({ fromTokensIn, prices: { input, output, ...others } }): KeptTier => {
    const rest = Object.entries(others).filter((one): one is [string, number] => typeof one[1] === 'number');
    return {
      fromTokensIn,
      input: decimalUsdOf(input),
      output: decimalUsdOf(output),
      ...Object.fromEntries(rest.map(([name, nano]) => [name, decimalUsdOf(nano)])),
    };
  });
  const { provider, model, connectionId, note } = price;
  const kept: KeptPrice = {
    provider,
    model,
    connectionId,
    validFrom: isoOf(price.validFromMs),
    validUntil: isoOrNull(price.validUntilMs),
    tiers,
    note,
  };
  return { ...kept };
}

/** What would have to be entered now, so that the kept figures hold again; moments that are past begin now. */
export function priceInput(state: ObjectState, nowMs: number) {
  const { validFrom, validUntil, ...said } = state as unknown as KeptPrice;
  const fromMs = Date.parse(validFrom);
  return {
    ...said,
    ...(fromMs > nowMs && { validFromMs: fromMs }),
    validUntilMs: validUntil === null ? null : Date.parse(validUntil),
    // Whoever brings a statement back was shown what differs.
    isConfirmed: true,
  };
}
