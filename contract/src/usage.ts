/** Usage and requests as both sides of the wire know them. Money is a decimal text, so that nothing is rounded on the way. */
import { z } from 'zod';
import { isoTime, pageRowsMax } from './paging.ts';
import { plainText, uuidText } from './text.ts';

const rangeFields = {
  /** Instead of `from` and `to`: 24h, 7d, 30d, 90d or all. */
  period: z.enum(['24h', '7d', '30d', '90d', 'all']).optional(),
  /** A date of the zone, or a point in time. */
  from: z.string().max(40).optional(),
  to: z.string().max(40).optional(),
  /** IANA time zone whose days are meant; UTC without it. */
  tz: plainText(0, 64).optional(),
};

export const usageGroups = [
  'connection',
  'provider',
  'model',
  'key',
  'user',
  'workspace',
  'repository',
  'use-case',
  'purpose',
  'day',
] as const;

export const usageQuery = z.strictObject({
  ...rangeFields,
  groupBy: z.enum(usageGroups).default('day'),
  connectionId: uuidText.optional(),
  keyId: uuidText.optional(),
  model: plainText(0, 255).optional(),
});

export const usageRow = z.object({
  /** Id or name of the group, the date for `day`; null for what belongs to none. */
  key: z.string().nullable(),
  /** The same for people. */
  name: z.string().nullable(),
  requests: z.number(),
  attempts: z.number(),
  failures: z.number(),
  partials: z.number(),
  refusals: z.number(),
  unknowns: z.number(),
  estimated: z.number(),
  unpriced: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  tokensCached: z.number(),
  tokensCacheWrite: z.number(),
  tokensReasoning: z.number(),
  costUsd: z.string(),
  /** Requests that were answered from the cache, and what these answers cost when they were made. */
  cacheHits: z.number(),
  savedUsd: z.string(),
  averageLatencyMs: z.number().nullable(),
  averageFirstByteMs: z.number().nullable(),
  errorRate: z.number(),
  lastUsedAt: isoTime.nullable(),
});
export const usageAnswer = z.object({ success: z.literal(true), data: z.array(usageRow) });

export const requestStates = ['intent', 'settled', 'partial', 'unknown', 'refused'] as const;

export const requestsQuery = z.strictObject({
  ...rangeFields,
  cursor: z.string().max(80).toLowerCase().optional(),
  limit: z.coerce.number().int().min(1).max(pageRowsMax).default(50),
  connectionId: uuidText.optional(),
  keyId: uuidText.optional(),
  userId: uuidText.optional(),
  workspaceId: uuidText.optional(),
  model: plainText(0, 255).optional(),
  status: z.coerce.number().int().min(100).max(599).optional(),
  state: z.enum(requestStates).optional(),
});

export const requestRow = z.object({
  requestId: z.string(),
  at: isoTime,
  connectionId: z.string().nullable(),
  connectionName: z.string().nullable(),
  provider: z.string(),
  model: z.string(),
  modelAsked: z.string(),
  accessKeyId: z.string().nullable(),
  userId: z.string().nullable(),
  workspaceId: z.string().nullable(),
  status: z.number().nullable(),
  state: z.enum(requestStates),
  reason: z.string().nullable(),
  isStream: z.boolean(),
  isEstimated: z.boolean(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  tokensCached: z.number(),
  tokensReasoning: z.number(),
  costUsd: z.string().nullable(),
  /** What an answer from the cache saved; null where a provider answered. */
  savedUsd: z.string().nullable(),
  latencyMs: z.number().nullable(),
  firstByteMs: z.number().nullable(),
  attempts: z.number(),
  finishReason: z.string().nullable(),
  clientRequestId: z.string().nullable(),
  configRevision: z.number(),
});
export const requestsAnswer = z.object({ success: z.literal(true), data: z.array(requestRow), nextCursor: z.string().nullable() });

const unitPrices = z.record(z.string(), z.number()).nullable();
export const attemptRow = z.object({
  id: z.string(),
  attemptNo: z.number(),
  at: isoTime,
  connectionId: z.string().nullable(),
  connectionName: z.string().nullable(),
  provider: z.string(),
  model: z.string(),
  modelReported: z.string().nullable(),
  purpose: z.string(),
  state: z.enum(requestStates),
  reason: z.string().nullable(),
  status: z.number().nullable(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  tokensCached: z.number(),
  tokensCacheWrite: z.number(),
  /** Of those, written for an hour. */
  tokensCacheWriteHour: z.number(),
  /** The tier that served it, where it is not the standard one. */
  serviceTier: z.string().nullable(),
  tokensReasoning: z.number(),
  isEstimated: z.boolean(),
  costUsd: z.string().nullable(),
  /** Nano-dollars per million tokens, as charged. */
  prices: unitPrices,
  finishReason: z.string().nullable(),
  latencyMs: z.number().nullable(),
  firstByteMs: z.number().nullable(),
  changed: z.array(z.object({ parameter: z.string(), what: z.string(), to: z.string().optional() })).nullable(),
});
export const requestDetail = z.object({
  success: z.literal(true),
  data: z.object({ requestId: z.string(), attempts: z.array(attemptRow) }),
});
