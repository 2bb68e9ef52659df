/** The explorer of requests as both sides of the wire know it: filters, bars, the whole of one request, and contents that are kept. */
import { z } from 'zod';
import { revisionNumber } from './connections.ts';
import { metLimit } from './limits.ts';
import { isoTime } from './paging.ts';
import { plainText, uuidText } from './text.ts';

export const requestStates = ['intent', 'settled', 'partial', 'unknown', 'refused'] as const;
export const requestPurposes = ['completion', 'probe', 'models', 'health', 'chat', 'judge'] as const;
/** `failed` is everything that is no plain success. */
export const requestOutcomes = ['ok', 'failed', '4xx', '5xx'] as const;

const decimalText = z.string().regex(/^\d{1,6}(?:\.\d{1,9})?$/);
const yes = z.literal('true');

/** What a list of requests is narrowed down by, in an address. */
export const requestFilterFields = {
  connectionId: uuidText.optional(),
  keyId: uuidText.optional(),
  userId: uuidText.optional(),
  workspaceId: uuidText.optional(),
  repositoryId: uuidText.optional(),
  useCaseId: uuidText.optional(),
  routingGroupId: uuidText.optional(),
  provider: plainText(0, 100).optional(),
  model: plainText(0, 255).optional(),
  purpose: z.enum(requestPurposes).optional(),
  status: z.coerce.number().int().min(100).max(599).optional(),
  outcome: z.enum(requestOutcomes).optional(),
  state: z.enum(requestStates).optional(),
  /** Milliseconds that the answering attempt took, at least. */
  minLatencyMs: z.coerce.number().int().min(0).max(86_400_000).optional(),
  /** Dollars that the answering attempt cost, at least. */
  minCostUsd: decimalText.optional(),
  /** Only those of which a translation did not pass everything on. */
  hasChanges: yes.optional(),
  /** Only those that a policy found something in. */
  hasViolations: yes.optional(),
  /** The beginning of a request's id, at least eight digits, or all of the id that its client gave it. */
  search: plainText(1, 200).optional(),
} as const;

/** From when until when. A moment is meant to the millisecond, a date is a day of the zone. */
export const requestRangeFields = {
  period: z.enum(['1h', '24h', '7d', '30d', '90d', 'all']).optional(),
  from: z.string().max(40).optional(),
  to: z.string().max(40).optional(),
  tz: plainText(0, 64).optional(),
};

export const histogramQuery = z.strictObject({ ...requestRangeFields, ...requestFilterFields });
export const histogramAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    from: isoTime,
    to: isoTime,
    /** Width of a bar. */
    barMs: z.number(),
    /** From here on the figures are whole: a busier range is counted from its newer end. */
    countedFrom: isoTime,
    /** `failed` is part of `requests`, and `refused`, those that no provider received, part of `failed`. */
    bars: z.array(z.object({ at: isoTime, requests: z.number(), failed: z.number(), refused: z.number() })),
  }),
});

export const exportFormats = ['csv', 'jsonl'] as const;
export const exportQuery = z.strictObject({ ...requestRangeFields, ...requestFilterFields, format: z.enum(exportFormats).default('csv') });
/** Rows of one export, the newest first; what is older takes a narrower range. */
export const exportRowsMax = 50_000;

/** Why an attempt was made. */
export const attemptCauses = ['first', 'retry', 'fallback', 'hedge', 'cache', 'refusal'] as const;

export const findingRow = z.object({
  policyId: z.string(),
  policyName: z.string(),
  action: z.enum(['log', 'alert', 'block', 'redact']),
  isBlocked: z.boolean(),
  severity: z.enum(['LOW', 'MEDIUM', 'HIGH']),
  stage: z.enum(['prompt', 'answer']),
  facts: z.array(z.object({ rule: z.string(), name: z.string(), count: z.number(), excerpt: z.string().nullable() })),
});

export const metLimitRow = z.object({ at: isoTime, ...metLimit.shape });

const keptSide = z
  .object({
    mediaType: z.string(),
    /** Length of the whole. */
    bytes: z.number(),
    isTruncated: z.boolean(),
    /** Null where it is no text, which is not kept. */
    text: z.string().nullable(),
  })
  .nullable();

export const contentAnswer = z.object({
  success: z.literal(true),
  data: z.object({ requestId: z.string(), expiresAt: isoTime, request: keptSide, answer: keptSide }),
});

export const capturedDaysMax = 90;
export const captureChange = z.strictObject({
  isOn: z.boolean(),
  keptDays: z.number().int().min(1).max(capturedDaysMax),
  revision: revisionNumber.optional(),
});
export const captureView = z.object({ isOn: z.boolean(), keptDays: z.number(), revision: z.number() });
export const captureAnswer = z.object({ success: z.literal(true), data: captureView });

export const retentionNouns = [
  'requests',
  'policy-findings',
  'limit-events',
  'connection-tests',
  'health-checks',
  'alerts',
  'responses',
  'tasks',
  'audit',
] as const;

export const retentionRow = z.object({
  noun: z.enum(retentionNouns),
  /** 0 is for ever, where that may be. */
  days: z.number(),
  daysDefault: z.number(),
  daysMin: z.number(),
  daysMax: z.number(),
  mayBeForever: z.boolean(),
  /** Who says so; what the environment says cannot be changed here. */
  origin: z.enum(['environment', 'saved', 'default']),
  settingName: z.string(),
  /** The last look; null before the first. */
  lastRun: z.object({ at: isoTime, removed: z.number(), removedTotal: z.number(), isBehind: z.boolean() }).nullable(),
});
export const retentionAnswer = z.object({
  success: z.literal(true),
  data: z.object({ revision: z.number(), rows: z.array(retentionRow) }),
});
/** Days by noun; null goes back to the default, 0 is for ever where that may be. */
export const retentionChange = z.strictObject({
  days: z.partialRecord(z.enum(retentionNouns), z.number().int().min(0).max(3_650).nullable()),
  revision: revisionNumber.optional(),
});
