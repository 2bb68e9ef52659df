/** A price while it is typed: texts, what is wrong with them, and what is sent of them. */
import { furtherPrices } from '@patchbay/contract/price-names';
import type { CreatePrice, Price, PriceTierView } from '@patchbay/contract/prices';

export const amountNames = ['input', 'output', ...furtherPrices] as const;
export type AmountName = (typeof amountNames)[number];

export interface TierValues extends Record<AmountName, string> {
  key: number;
  fromTokensIn: string;
}

export interface PriceValues {
  provider: string;
  model: string;
  connectionId: string;
  /** As a field of the browser holds a moment, in its own zone; empty is now. */
  validFrom: string;
  note: string;
  tiers: TierValues[];
  /** A price far from the known one is meant. */
  isMeant: boolean;
}

export const newTier = (key: number): TierValues => ({
  key,
  fromTokensIn: key === 0 ? '0' : '',
  input: '',
  output: '',
  cacheRead: '',
  cacheWrite: '',
  cacheWriteHour: '',
  audioInput: '',
  audioOutput: '',
  cacheAudioRead: '',
  perRequest: '',
});

export const newPrice = (provider: string, model: string): PriceValues => ({
  provider,
  model,
  connectionId: '',
  validFrom: '',
  note: '',
  tiers: [newTier(0)],
  isMeant: false,
});

const tierOf = (view: PriceTierView, key: number): TierValues => ({
  key,
  fromTokensIn: String(view.fromTokensIn),
  input: view.input,
  output: view.output,
  cacheRead: view.cacheRead ?? '',
  cacheWrite: view.cacheWrite ?? '',
  cacheWriteHour: view.cacheWriteHour ?? '',
  audioInput: view.audioInput ?? '',
  audioOutput: view.audioOutput ?? '',
  cacheAudioRead: view.cacheAudioRead ?? '',
  perRequest: view.perRequest ?? '',
});

/** The price that follows another one begins with its figures. */
export const following = ({ provider, model, connectionId, tiers }: Price): PriceValues => ({
  ...newPrice(provider, model),
  connectionId: connectionId ?? '',
  tiers: tiers.map(tierOf),
});

/** A comma is a decimal point to half of the world. */
const decimal = (text: string): string => text.trim().replace(',', '.');
const isAmount = (text: string): boolean => /^\d{1,5}(\.\d{1,9})?$/.test(decimal(text));
const isWhole = (text: string): boolean => /^\d{1,9}$/.test(text.trim());

/** Paths of the fields that are wrong, as the server names them. */
export function faultsOf({ provider, model, tiers }: PriceValues): string[] {
  const faults = [...(provider === '' ? ['provider'] : []), ...(model.trim() === '' ? ['model'] : [])];
  for (const [at, tier] of tiers.entries()) {
    const before = tiers[at - 1];
    const isAfter = before === undefined || Number(tier.fromTokensIn) > Number(before.fromTokensIn);
    if (!isWhole(tier.fromTokensIn) || !isAfter) faults.push(`tiers.${at}.fromTokensIn`);
    for (const name of amountNames) {
      const isNeeded = name === 'input' || name === 'output';
      if ((isNeeded || tier[name].trim() !== '') && !isAmount(tier[name])) faults.push(`tiers.${at}.${name}`);
    }
  }
  return faults;
}

export const inputOf = ({ provider, model, connectionId, validFrom, note, tiers, isMeant }: PriceValues): CreatePrice => ({
  provider,
  model: model.trim(),
  ...(connectionId !== '' && { connectionId }),
  ...(validFrom !== '' && { validFrom: new Date(validFrom).toISOString() }),
  ...(note.trim() !== '' && { note: note.trim() }),
  ...(isMeant && { confirm: true }),
  tiers: tiers.map((tier) => ({
    fromTokensIn: Number(tier.fromTokensIn),
    input: decimal(tier.input),
    output: decimal(tier.output),
    ...Object.fromEntries(
      amountNames
        .filter((name) => name !== 'input' && name !== 'output' && tier[name].trim() !== '')
        .map((name) => [name, decimal(tier[name])]),
    ),
  })),
});

export type PriceState = 'begins' | 'holds' | 'ends' | 'ended';

/** How a price stands at a moment. One that ended before it began never held. */
export function stateOf({ validFrom, validUntil }: Price, now: Date): PriceState {
  if (validUntil !== null && new Date(validUntil) <= now) return 'ended';
  if (new Date(validFrom) > now) return 'begins';
  return validUntil === null ? 'holds' : 'ends';
}

/** What a re-pricing keeps of its outcome. */
export interface Repriced {
  rows: number;
  changed: number;
  withoutPrice: number;
  beforeUsd: number;
  afterUsd: number;
}

const nanoPerUsd = 1_000_000_000;

export function repricedOf(result: Readonly<Record<string, unknown>> | null): Repriced | null {
  const number = (name: string): number => (typeof result?.[name] === 'number' ? result[name] : 0);
  if (result === null || typeof result['rows'] !== 'number') return null;
  return {
    rows: number('rows'),
    changed: number('changed'),
    withoutPrice: number('withoutPrice'),
    beforeUsd: number('beforeNanoUsd') / nanoPerUsd,
    afterUsd: number('afterNanoUsd') / nanoPerUsd,
  };
}
