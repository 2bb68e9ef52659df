/** The shapes behind the page of one configuration: its models, its health, its last failures, and who may use it. */
import { z } from 'zod';
import { flag, isoTime, testResult } from './connections.ts';
import { model } from './providers.ts';
import { modelText } from './text.ts';

/** Models that one request may switch; no provider lists more. */
export const switchedModelsMax = 2000;

export const modelsOfQuery = z.strictObject({ refresh: flag.optional() });

/** `isEnabled` is the caller's own view (D-38): what is off is left out of the caller's lists. */
export const configurationModel = model.extend({ isEnabled: z.boolean() });

export const configurationModels = z.object({
  success: z.literal(true),
  data: z.object({
    models: z.array(configurationModel),
    source: z.enum(['live', 'cache', 'catalog']),
    fetchedAt: isoTime.nullable(),
    /** Why the provider's own list could not be had the last time; null where it could, or was not asked for. */
    errorCode: z.string().nullable(),
    /** The provider is being asked in the background: ask again in a moment. */
    isRefreshing: z.boolean(),
  }),
});
export type ConfigurationModels = z.infer<typeof configurationModels>['data'];

/** Switches the named models in the caller's lists, or all that are known. */
export const switchModels = z.strictObject({ isEnabled: z.boolean(), models: z.array(modelText).min(1).max(switchedModelsMax).optional() });
export const modelsSwitched = z.object({ success: z.literal(true), data: z.object({ switched: z.number() }) });

/** `24h` in quarter-hours, `90d` in days of UTC. */
export const healthQuery = z.strictObject({ range: z.enum(['24h', '90d']).optional() });

export const healthState = z.enum(['ok', 'degraded', 'down', 'none']);
export type HealthState = z.infer<typeof healthState>;

export const healthHistory = z.object({
  success: z.literal(true),
  data: z.object({
    range: z.enum(['24h', '90d']),
    bucketMs: z.number(),
    /** Oldest first, without gaps. */
    buckets: z.array(
      z.object({
        at: isoTime,
        /** Attempts at the provider. */
        requests: z.number(),
        errors: z.number(),
        state: healthState,
        /** Mean over all of them; null without any. */
        averageMs: z.number().nullable(),
        /** Of the answers that are left in the sample; null for a range whose days are too old for one. */
        p50Ms: z.number().nullable(),
        p95Ms: z.number().nullable(),
      }),
    ),
    requests: z.number(),
    errors: z.number(),
    /** Of the newest successful answers within the last 24 hours. */
    latency: z.object({ p50Ms: z.number().nullable(), p95Ms: z.number().nullable(), samples: z.number() }),
    /** Newest first. */
    tests: z.array(testResult),
  }),
});
export type HealthHistory = z.infer<typeof healthHistory>['data'];

export const failure = z.object({
  at: isoTime,
  requestId: z.string(),
  attemptNo: z.number(),
  model: z.string(),
  status: z.number().nullable(),
  /** One word of what failed, `rate_limited`. */
  reason: z.string(),
  /** The same in the caller's language. */
  message: z.string(),
  latencyMs: z.number().nullable(),
});
export const failuresAnswer = z.object({ success: z.literal(true), data: z.array(failure) });
export type Failure = z.infer<typeof failure>;

export const accessAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    scope: z.enum(['user', 'workspace', 'organization']),
    /** Whose it is: the name of the person, the workspace or the organization. */
    ownerName: z.string(),
    /** Everybody of the installation may use it; `people` then names those who may change it. */
    isForEveryone: z.boolean(),
    people: z.array(z.object({ id: z.string(), name: z.string(), canManage: z.boolean() })),
  }),
});
export type ConfigurationAccess = z.infer<typeof accessAnswer>['data'];
