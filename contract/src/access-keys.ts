/** The shapes of access keys: what Patchbay issues for `/v1`, with its limits. The key itself is shown once, when it is made. */
import { z } from 'zod';
import { cacheSecondsMax } from './routing-limits.ts';
import { revisionNumber } from './connections.ts';
import { isoTime, pageOf, paging } from './paging.ts';
import { modelText, nameText, uuidText } from './text.ts';

const perMinuteMax = 1_000_000_000;
const patternsMax = 100;

/** A model name as `/v1` takes it; `*` at the end stands for any rest. */
const modelPattern = modelText.regex(/^[^*]*\*?$/, 'an asterisk may only end a pattern');
const models = z.array(modelPattern).min(1).max(patternsMax);
const perMinute = z.number().int().min(1).max(perMinuteMax);
/** US dollars, as a decimal text or a number; kept exactly, to the nano-dollar. */
const money = z.union([z.string().max(40), z.number()]);

export const accessKey = z.object({
  id: z.string(),
  name: z.string(),
  userId: z.string(),
  ownerName: z.string(),
  workspaceId: z.string().nullable(),
  /** The repository whose connections the key reaches, and no others. */
  repositoryId: z.string().nullable(),
  /** What the key begins with, for those who look for it in their programs. */
  prefix: z.string(),
  last4: z.string(),
  models: z.array(z.string()).nullable(),
  rpm: z.number().nullable(),
  tpm: z.number().nullable(),
  /** Decimal text, `"12.5"`. */
  budgetUsd: z.string().nullable(),
  /** How many seconds old an answer may be that is given again to the same question; null for none. */
  cacheSeconds: z.number().nullable(),
  /** What the books say the key has spent so far; decimal text. */
  spentUsd: z.string(),
  /** Attempts whose cost is not known: they went out and have no price, so that `spentUsd` is that of the others. */
  unpricedCount: z.number(),
  expiresAt: isoTime.nullable(),
  revokedAt: isoTime.nullable(),
  /** Until when the key before the last rotation is good too. */
  previousUntil: isoTime.nullable(),
  lastUsedAt: isoTime.nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});

const cacheSeconds = z.number().int().min(1).max(cacheSecondsMax);

export const accessKeyCreate = z.strictObject({
  name: nameText,
  workspaceId: uuidText.nullish(),
  /** Binds the key to a repository; the workspace is then the repository's. */
  repositoryId: uuidText.nullish(),
  models: models.nullish(),
  rpm: perMinute.nullish(),
  tpm: perMinute.nullish(),
  budgetUsd: money.nullish(),
  cacheSeconds: cacheSeconds.nullish(),
  expiresAt: isoTime.nullish(),
});

/** Null takes a limit away; a field that is left out stays. The workspace and the repository of a key never change. */
export const accessKeyChange = z.strictObject({
  /** What the change was made from; another one is answered with CONFLICT. */
  revision: revisionNumber.optional(),
  name: nameText.optional(),
  models: models.nullish(),
  rpm: perMinute.nullish(),
  tpm: perMinute.nullish(),
  budgetUsd: money.nullish(),
  cacheSeconds: cacheSeconds.nullish(),
  expiresAt: isoTime.nullish(),
});

/** `ended` lists those too that were revoked in the last 90 days; expired ones are listed as long in any case. */
export const accessKeysQuery = paging.extend({
  workspaceId: uuidText.optional(),
  repositoryId: uuidText.optional(),
  ended: z.stringbool().optional(),
});
/** For how long the key before stays good beside the new one: a day while programs are changed over, a week at most. */
export const overlapHoursMax = 168;
export const accessKeyRotate = z.strictObject({ overlapHours: z.number().int().min(0).max(overlapHoursMax).default(0) });
export const accessKeysAnswer = pageOf(accessKey);
export const accessKeyAnswer = z.object({ success: z.literal(true), data: accessKey });
export const accessKeyCreated = z.object({ success: z.literal(true), data: accessKey.extend({ key: z.string() }) });

export type AccessKeyView = z.output<typeof accessKey>;
