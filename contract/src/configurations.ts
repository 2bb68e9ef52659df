/** The shapes of `/api/configurations`: what the house calls a connection is a configuration here. */
import { z } from 'zod';
import {
  atLeastOneField,
  atLeastOneFieldFault,
  isoTime,
  pagination,
  providerId,
  revisionNumber,
  secretText,
  settingsMap,
  testResult,
  testStatus,
  urlText,
} from './connections.ts';
import { idText, modelText, nameText, plainText } from './text.ts';

export const configuration = z.object({
  id: z.string(),
  userId: z.string(),
  name: z.string(),
  provider: z.string(),
  model: z.string().nullable(),
  /** A mask or null, never a key (C-03). */
  apiKey: z.string().nullable(),
  hasApiKey: z.boolean(),
  apiKeySetAt: isoTime.nullable(),
  baseUrl: z.string().nullable(),
  /** Values of custom headers are masked: they are secrets too. */
  configuration: z.record(z.string(), z.unknown()),
  isActive: z.boolean(),
  isDefault: z.boolean(),
  scope: z.enum(['user', 'workspace', 'organization']),
  workspaceId: z.string().nullable(),
  /** Whether the caller may change it; else it may only be used. */
  canManage: z.boolean(),
  lastTested: isoTime.nullable(),
  testStatus: testStatus.nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type Configuration = z.infer<typeof configuration>;

export const createConfiguration = z.strictObject({
  name: nameText,
  provider: providerId,
  model: modelText.nullish(),
  apiKey: secretText.nullish(),
  baseUrl: urlText.nullish(),
  configuration: settingsMap.nullish(),
  isActive: z.boolean().optional(),
  isDefault: z.boolean().optional(),
  templateId: idText.optional(),
  /** Tests before answering; the row is kept either way. */
  validate: z.boolean().optional(),
});
export type CreateConfiguration = z.infer<typeof createConfiguration>;

export const updateConfiguration = z
  .strictObject({
    name: nameText.optional(),
    provider: providerId.optional(),
    model: modelText.nullish(),
    apiKey: secretText.nullish(),
    baseUrl: urlText.nullish(),
    configuration: settingsMap.nullish(),
    isActive: z.boolean().optional(),
    isDefault: z.boolean().optional(),
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);
export type UpdateConfiguration = z.infer<typeof updateConfiguration>;

/** Settings that are not saved (D-29). With `id` and no key the stored key is used, for its own origin alone. */
export const testConfiguration = z.strictObject({
  provider: providerId,
  id: idText.optional(),
  name: nameText.optional(),
  model: modelText.nullish(),
  apiKey: secretText.nullish(),
  baseUrl: urlText.nullish(),
  configuration: settingsMap.nullish(),
});
export type TestConfiguration = z.infer<typeof testConfiguration>;

/** An empty body, or none, encrypts the stored key anew; a key replaces it (C-11). */
export const rotateKey = z.strictObject({ apiKey: secretText.optional(), validate: z.boolean().optional() }).nullish();

export const noBody = z.strictObject({}).nullish();

export const configurationAnswer = z.object({ success: z.literal(true), data: configuration, test: testResult.optional() });
export const configurationList = z.object({ success: z.literal(true), data: z.array(configuration), pagination: pagination.optional() });
export const deletedAnswer = z.object({ success: z.literal(true), data: z.null() });
export const testAnswer = z.object({ success: z.boolean(), message: z.string(), data: testResult });
export const rotateAnswer = z.object({
  success: z.boolean(),
  message: z.string().optional(),
  data: z.object({ rotatedAt: isoTime.nullable(), keyVersion: z.number(), test: testResult.optional() }),
});

/** `24h`, `7d`, `30d`, `90d` or `all` (C-44); `from` and `to` win over it. */
export const usageQuery = z.strictObject({
  period: z.enum(['24h', '7d', '30d', '90d', 'all']).optional(),
  from: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
  to: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
  tz: plainText(0, 64).optional(),
});
export type UsageQuery = z.infer<typeof usageQuery>;

export const usageMetrics = z.object({
  requestCount: z.number(),
  tokenCount: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  costUSD: z.number(),
  /** Attempts that have no price: `costUSD` is that of the others. */
  unpricedCount: z.number(),
  averageLatency: z.number().nullable(),
  errorRate: z.number(),
  lastUsed: isoTime.nullable(),
  p50Latency: z.number().nullable(),
  p95Latency: z.number().nullable(),
  series: z.array(z.object({ date: z.string(), requestCount: z.number(), tokenCount: z.number(), costUSD: z.number() })),
});
export type UsageMetrics = z.infer<typeof usageMetrics>;
export const usageAnswer = z.object({ success: z.literal(true), data: usageMetrics });

export const dependant = z.object({ kind: z.string(), id: z.string(), name: z.string() });
/** `id` and `name` are null for several things of one kind, or for such as the caller may not see by name. */
export const usedBy = z.object({
  kind: z.string(),
  id: z.string().nullable(),
  name: z.string().nullable(),
  count: z.number(),
  /** It would fail without the configuration; the others fall back to something else. */
  isBlocking: z.boolean(),
});
export type UsedBy = z.infer<typeof usedBy>;
export const dependantsAnswer = z.object({ success: z.literal(true), data: z.array(usedBy) });
