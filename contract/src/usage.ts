/** Usage and requests as both sides of the wire know them. Money is a decimal text, so that nothing is rounded on the way. */
import { z } from 'zod';
import { flag } from './connections.ts';
import { isoTime, pageRowsMax } from './paging.ts';
import { attemptCauses, findingRow, metLimitRow, requestFilterFields, requestRangeFields, requestStates } from './requests.ts';
import { usageDimensions, usageFilterFields, usageRangeFields } from './usage-filter.ts';
import { usageTimes } from './usage-report.ts';

export const usageGroups = [...usageDimensions, 'day'] as const;

export const usageQuery = z.strictObject({
  ...usageRangeFields,
  ...usageFilterFields,
  groupBy: z.enum(usageGroups).default('day'),
  /** Percentiles and classes of failures too; not by day. */
  times: flag.default(false),
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
  /** Where they were asked for. */
  times: usageTimes.optional(),
});
export const usageAnswer = z.object({ success: z.literal(true), data: z.array(usageRow) });

export const requestsQuery = z.strictObject({
  ...requestRangeFields,
  cursor: z.string().max(80).toLowerCase().optional(),
  limit: z.coerce.number().int().min(1).max(pageRowsMax).default(50),
  ...requestFilterFields,
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
  accessKeyName: z.string().nullable(),
  userId: z.string().nullable(),
  userName: z.string().nullable(),
  workspaceId: z.string().nullable(),
  repositoryId: z.string().nullable(),
  useCaseId: z.string().nullable(),
  routingGroupId: z.string().nullable(),
  purpose: z.string(),
  status: z.number().nullable(),
  state: z.enum(requestStates),
  reason: z.string().nullable(),
  isStream: z.boolean(),
  /** Something of it was not passed on as it came. */
  isChanged: z.boolean(),
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
export const requestsAnswer = z.object({
  success: z.literal(true),
  data: z.array(requestRow),
  nextCursor: z.string().nullable(),
  /** How far back this page looked, where a filter took a long look and there is more to look through. */
  searchedTo: isoTime.nullable(),
});

const unitPrices = z.record(z.string(), z.number()).nullable();
export const attemptRow = z.object({
  id: z.string(),
  attemptNo: z.number(),
  at: isoTime,
  /** From the request's beginning to this attempt's. */
  offsetMs: z.number(),
  cause: z.enum(attemptCauses),
  /** Why the attempt before it did not do. */
  causeReason: z.string().nullable(),
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
  /** Of those that went in and came out, the ones that are sound; of the cached ones, where the provider says so. */
  tokensAudioIn: z.number(),
  tokensAudioOut: z.number(),
  tokensAudioCached: z.number(),
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
  data: z.object({
    requestId: z.string(),
    /** As in the list; null while no attempt stands for the request. */
    request: requestRow.nullable(),
    attempts: z.array(attemptRow),
    /** What policies found in it. */
    findings: z.array(findingRow),
    /** Limits of its key, person, workspace, connection and group that were neared or met in these minutes. */
    limits: z.array(metLimitRow),
    /** What was asked and answered is kept, and the caller may read it. */
    hasContent: z.boolean(),
  }),
});
