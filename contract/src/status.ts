/** The shapes of the status page: how each connection is doing now, its strip over time, its incidents, checks, and shared links. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, isoTime, revisionNumber } from './connections.ts';
import { headroomLevels } from './headroom.ts';
import { trimmedText, uuidText } from './text.ts';

export const statusState = z.enum(['healthy', 'slow', 'failing', 'quota', 'auth', 'unknown']);
export type StatusState = z.output<typeof statusState>;

/** 48 half-hours, 56 stretches of three hours, 30 or 90 days of UTC. */
export const statusRange = z.enum(['24h', '7d', '30d', '90d']);
export type StatusRange = z.output<typeof statusRange>;

/** One letter per stretch, oldest first: `u` up, `s` slow or partly ill, `d` down, `-` nothing is known. */
export const stripText = z.string();

export const statusQuery = z.strictObject({
  range: statusRange.default('24h'),
  /** What this workspace may use: its own, the organization's, and the caller's own; left out, everything that the caller may use. */
  workspaceId: uuidText.optional(),
});
export const statusOneQuery = z.strictObject({ range: statusRange.default('24h') });

const illModel = z.object({
  model: z.string(),
  state: statusState,
  since: isoTime,
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
});

export const statusRow = z.object({
  id: z.string(),
  name: z.string(),
  provider: z.string(),
  providerName: z.string(),
  scope: z.enum(['user', 'workspace', 'organization']),
  isActive: z.boolean(),
  /** When and by whom an inactive one was switched off; null where that is not known any more. */
  pausedAt: isoTime.nullable(),
  pausedBy: z.string().nullable(),
  state: statusState,
  since: isoTime.nullable(),
  /** Class of what it is ill of, and the same in the caller's language; null where it is well. */
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  /** What the provider answered; null where it did not. */
  vendorStatus: z.number().nullable(),
  consecutiveFailures: z.number(),
  lastCheckedAt: isoTime.nullable(),
  lastSuccessAt: isoTime.nullable(),
  lastFailureAt: isoTime.nullable(),
  /** How close it is to its provider's own rate limits, as this server heard last; null where nothing was heard. */
  headroom: z.enum(headroomLevels).nullable(),
  /** Seconds between checks; 0 is off. */
  everySeconds: z.number(),
  checkBy: z.enum(['models', 'completion']),
  nextCheckAt: isoTime.nullable(),
  /** The last check is older than two intervals: what is shown may be old. */
  isStale: z.boolean(),
  strip: stripText,
  /** Share of the time that is known of, 0 to 1, in which it was not ill; null where nothing is known. */
  uptime: z.number().nullable(),
  /** Of the checks of the range that passed. */
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  /** Models that are ill or slow although their connection is not, as traffic tells. */
  models: z.array(illModel),
});
export type StatusRow = z.output<typeof statusRow>;

export const statusIncident = z.object({
  id: z.string(),
  connectionId: z.string(),
  connectionName: z.string(),
  /** Null where it is about the whole connection. */
  model: z.string().nullable(),
  state: statusState,
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  vendorStatus: z.number().nullable(),
  from: isoTime,
  /** Null while it lasts. */
  until: isoTime.nullable(),
});
export type StatusIncident = z.output<typeof statusIncident>;

export const statusCounts = z.object({
  healthy: z.number(),
  slow: z.number(),
  failing: z.number(),
  quota: z.number(),
  auth: z.number(),
  unknown: z.number(),
  paused: z.number(),
});
export type StatusCounts = z.output<typeof statusCounts>;

export const statusAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    at: isoTime,
    range: statusRange,
    /** Start of the first stretch, and the length of each. */
    from: isoTime,
    bucketMs: z.number(),
    counts: statusCounts,
    connections: z.array(statusRow),
    /** Of the last 30 days, newest first. */
    incidents: z.array(statusIncident),
  }),
});
export type StatusView = z.output<typeof statusAnswer>['data'];

/** Ill connections that one answer names; the status page has all of them. */
export const illShownMax = 20;

export const statusSummary = statusCounts.extend({
  /** The active ones that are ill, the newest first. */
  ill: z.array(z.object({ id: z.string(), name: z.string(), state: statusState, since: isoTime, reasonText: z.string().nullable() })),
});
export type StatusSummary = z.output<typeof statusSummary>;
export const statusCountsAnswer = z.object({ success: z.literal(true), data: statusSummary });

export const statusBucket = z.object({
  at: isoTime,
  state: z.enum(['up', 'slow', 'down', 'none']),
  checks: z.number(),
  failures: z.number(),
  slow: z.number(),
  averageMs: z.number().nullable(),
});
export type StatusBucket = z.output<typeof statusBucket>;

export const statusCheck = z.object({
  id: z.string(),
  at: isoTime,
  kind: z.enum(['models', 'completion', 'reach']),
  outcome: z.enum(['ok', 'failed', 'skipped']),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  vendorStatus: z.number().nullable(),
  latencyMs: z.number(),
  requestId: z.string().nullable(),
});
export type StatusCheck = z.output<typeof statusCheck>;

export const statusOneAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    at: isoTime,
    range: statusRange,
    bucketMs: z.number(),
    connection: statusRow,
    /** Oldest first, without gaps. */
    buckets: z.array(statusBucket),
    incidents: z.array(statusIncident),
    /** The newest first. */
    checks: z.array(statusCheck),
    uptimes: z.object({
      '24h': z.number().nullable(),
      '7d': z.number().nullable(),
      '30d': z.number().nullable(),
      '90d': z.number().nullable(),
    }),
  }),
});
export type StatusOne = z.output<typeof statusOneAnswer>['data'];

export const statusCheckAnswer = z.object({ success: z.literal(true), data: z.object({ check: statusCheck, connection: statusRow }) });
export type StatusChecked = z.output<typeof statusCheckAnswer>['data'];

export const everySecondsMax = 86_400;
export const everySecondsMin = 20;

export const statusSettingsView = z.object({
  /** Seconds between two checks of a connection that says nothing else; 0 is off. */
  everySeconds: z.number(),
  /** `models` asks for the list of models, free of charge; `completion` for one token of the default model. */
  checkBy: z.enum(['models', 'completion']),
  revision: z.number(),
});
export type StatusSettings = z.output<typeof statusSettingsView>;
export const statusSettingsAnswer = z.object({ success: z.literal(true), data: statusSettingsView });
export const statusSettingsChange = z
  .strictObject({
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
    everySeconds: z
      .number()
      .int()
      .max(everySecondsMax)
      .refine((value) => value === 0 || value >= everySecondsMin, { message: 'everySeconds' })
      .optional(),
    checkBy: z.enum(['models', 'completion']).optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);

/** A link to a status page that is read without signing in. */
export const statusShare = z.object({
  id: z.string(),
  name: z.string(),
  /** Null shows the connections of the organization. */
  workspaceId: z.string().nullable(),
  workspaceName: z.string().nullable(),
  /** End of the token, to tell links apart. */
  last4: z.string(),
  createdBy: z.string(),
  createdAt: isoTime,
  expiresAt: isoTime.nullable(),
});
export type StatusShare = z.output<typeof statusShare>;

export const shareDaysMax = 3650;
export const statusShareCreate = z.strictObject({
  name: trimmedText(1, 100),
  workspaceId: uuidText.nullish(),
  /** Left out or null, it does not end. */
  days: z.number().int().min(1).max(shareDaysMax).nullish(),
});
export const statusSharesAnswer = z.object({
  success: z.literal(true),
  data: z.array(statusShare),
  /** Whether the caller may share the organization's, and which workspaces'. */
  mayShare: z.object({ organization: z.boolean(), workspaces: z.array(z.object({ id: z.string(), name: z.string() })) }),
});
export const statusShareCreated = z.object({
  success: z.literal(true),
  /** The token is shown here and never again. */
  data: statusShare.extend({ token: z.string() }),
});

/** Names and states, and nothing else: no address, no model, no reason, no key. */
export const sharedStatusAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    title: z.string(),
    at: isoTime,
    from: isoTime,
    bucketMs: z.number(),
    connections: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['healthy', 'slow', 'failing', 'unknown', 'paused']),
        since: isoTime.nullable(),
        strip: stripText,
        uptime: z.number().nullable(),
        isStale: z.boolean(),
      }),
    ),
  }),
});
export type SharedStatus = z.output<typeof sharedStatusAnswer>['data'];
