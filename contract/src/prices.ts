/** The shapes of `/api/admin/prices`: what models cost here. Amounts are decimal US dollars per million tokens. */
import { z } from 'zod';
import { providerId } from './connections.ts';
import { isoTime } from './paging.ts';
import { priceTiersMax } from './price-limits.ts';
import { modelText, pathId, plainText, uuidText } from './text.ts';

/** Kept exactly, to the nano-dollar; a number is read by its shortest decimal text. */
const usd = z.union([z.string().trim().max(40), z.number()]);
const tokens = z.number().int().min(0).max(1_000_000_000);

const tierInput = z.strictObject({
  /** From this many prompt tokens on the whole request has this price; the first tier begins at 0. */
  fromTokensIn: tokens.default(0),
  input: usd,
  output: usd,
  cacheRead: usd.nullish(),
  cacheWrite: usd.nullish(),
  /** Writes that stay for an hour; `cacheWrite` where it is not given. */
  cacheWriteHour: usd.nullish(),
  /** Sound that is heard, and that is said; `input` and `output` where they are not given. */
  audioInput: usd.nullish(),
  audioOutput: usd.nullish(),
  /** Sound that is read from a cache; `audioInput` where it is not given, and `cacheRead` where that is not given either. */
  cacheAudioRead: usd.nullish(),
  /** Of one request, whatever its length. */
  perRequest: usd.nullish(),
});

export const tierView = z.object({
  fromTokensIn: z.number(),
  input: z.string(),
  output: z.string(),
  cacheRead: z.string().nullable(),
  cacheWrite: z.string().nullable(),
  cacheWriteHour: z.string().nullable(),
  audioInput: z.string().nullable(),
  audioOutput: z.string().nullable(),
  cacheAudioRead: z.string().nullable(),
  perRequest: z.string().nullable(),
});
export type PriceTierView = z.infer<typeof tierView>;

export const price = z.object({
  id: z.string(),
  provider: z.string(),
  model: z.string(),
  /** Null is every connection of the provider. */
  connectionId: z.string().nullable(),
  validFrom: isoTime,
  validUntil: isoTime.nullable(),
  tiers: z.array(tierView),
  note: z.string().nullable(),
  createdBy: z.string(),
  createdAt: isoTime,
});
export type Price = z.infer<typeof price>;

export const createPrice = z.strictObject({
  provider: providerId,
  model: modelText,
  connectionId: uuidText.nullish(),
  /** Now where it is not given. The past is allowed: earlier entries change only by a re-pricing. */
  validFrom: isoTime.optional(),
  tiers: z.array(tierInput).min(1).max(priceTiersMax),
  note: plainText(0, 500).nullish(),
  /** Says that a price far from the known one is meant. */
  confirm: z.boolean().optional(),
});
export type CreatePrice = z.input<typeof createPrice>;

export const endPrice = z.strictObject({
  /** Now where it is not given. */
  at: isoTime.optional(),
});

export const priceQuery = z.strictObject({
  provider: providerId.optional(),
  model: modelText.optional(),
  connectionId: uuidText.optional(),
});

export const effectiveQuery = z.strictObject({ provider: providerId, model: modelText, connectionId: uuidText.optional() });

/** What holds now, and where it comes from; `tiers` null is a model without a known price. */
export const effectivePrice = z.object({
  provider: z.string(),
  model: z.string(),
  source: z.enum(['own', 'catalogue', 'none']),
  priceId: z.string().nullable(),
  tiers: z.array(tierView).nullable(),
  catalogue: z.array(tierView).nullable(),
});
export type EffectivePrice = z.infer<typeof effectivePrice>;

/** Days that one re-pricing takes at most. */
export const repriceDaysMax = 400;

export const repriceStart = z.strictObject({
  provider: providerId,
  model: modelText,
  connectionId: uuidText.nullish(),
  from: isoTime,
  to: isoTime,
  /** Computes the difference and changes nothing. */
  dryRun: z.boolean().default(false),
});
export type RepriceStart = z.input<typeof repriceStart>;

/** Days back that are looked at for models without a price. */
export const unpricedDaysMax = 365;

export const unpricedQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(unpricedDaysMax).default(30) });

/** A model that was used and whose cost nobody knew. */
export const unpricedModel = z.object({
  provider: z.string(),
  model: z.string(),
  /** Requests without a known cost, and the tokens of all of the model's requests on the days that had such. */
  requests: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  lastUsedAt: isoTime,
  /** A price holds by now: past requests get it by a re-pricing. */
  isPriced: z.boolean(),
});
export type UnpricedModel = z.infer<typeof unpricedModel>;
export const unpricedAnswer = z.object({ success: z.literal(true), data: z.array(unpricedModel) });

export const priceParams = z.object({ id: pathId });
export const priceAnswer = z.object({ success: z.literal(true), data: price });
export const priceList = z.object({ success: z.literal(true), data: z.array(price) });
export const effectiveAnswer = z.object({ success: z.literal(true), data: effectivePrice });
