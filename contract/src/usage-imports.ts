/** The shapes of `/api/usage-imports`: providers' own accounts of what was used, and where they differ from our books. */
import { z } from 'zod';
import { isoTime } from './connections.ts';
import { uuidText } from './text.ts';

export const importFormats = ['openai-usage', 'openai-cost', 'anthropic-usage', 'anthropic-cost'] as const;

export const importFaultCodes = [
  'empty',
  'unknown_columns',
  'not_csv',
  'not_json',
  'not_utf8',
  'number',
  'time',
  'zone',
  'currency',
  'span',
  'missing',
  'too_long',
  'too_many_lines',
  'page_missing',
] as const;
export type ImportFaultCode = (typeof importFaultCodes)[number];

export const importFault = z.object({
  code: z.enum(importFaultCodes),
  /** From 1; of JSON the result. */
  line: z.number().nullable(),
  /** The file's own name of it, or its number. */
  column: z.string().nullable(),
});
export type ImportFault = z.output<typeof importFault>;

export const usageImport = z.object({
  id: z.string(),
  /** Null before the file was read. */
  provider: z.string().nullable(),
  format: z.enum(importFormats).nullable(),
  /** Whether it counts tokens or tells amounts. */
  measure: z.enum(['tokens', 'cost']).nullable(),
  fileName: z.string(),
  fileBytes: z.number(),
  state: z.enum(['reading', 'ready', 'refused']),
  lines: z.number(),
  /** Days of UTC, the last one included. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  /** The provider's name of a key, and the connection that it belongs to. */
  keys: z.record(z.string(), z.string()),
  fault: importFault.nullable(),
  taskId: z.string().nullable(),
  createdBy: z.object({ id: z.string(), name: z.string() }),
  createdAt: isoTime,
});
export type UsageImport = z.output<typeof usageImport>;

export const usageImportAnswer = z.object({ success: z.literal(true), data: usageImport });
export const usageImportList = z.object({ success: z.literal(true), data: z.array(usageImport) });
/** One file with the names of keys in it, mapped or not, and the connections that they may belong to. */
export const usageImportDetail = z.object({
  success: z.literal(true),
  data: usageImport.extend({ keyNames: z.array(z.string()), connections: z.array(z.object({ id: z.string(), name: z.string() })) }),
});

export const fileNameCharsMax = 200;
export const importQuery = z.strictObject({
  fileName: z
    .string()
    .min(1)
    .max(fileNameCharsMax)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u),
});

export const keyNamesMax = 500;
export const mapImportKeys = z.strictObject({
  keys: z
    .record(
      z
        .string()
        .max(255)
        .regex(/^[^\p{Cc}\p{Cs}]*$/u),
      uuidText,
    )
    .refine((keys) => Object.keys(keys).length <= keyNamesMax, { message: `at most ${keyNamesMax} keys` }),
});

export const differenceCauses = [
  'outside',
  'missing_in_theirs',
  'unknown_outcome',
  'estimated',
  'price',
  'time_border',
  'cached',
  'batch',
] as const;
export type DifferenceCause = (typeof differenceCauses)[number];

export const figures = z.object({
  requests: z.number(),
  tokensIn: z.number(),
  tokensCached: z.number(),
  tokensCacheWrite: z.number(),
  tokensOut: z.number(),
  /** Decimal dollars. */
  costUsd: z.string(),
});
export type ReconciliationFigures = z.output<typeof figures>;

export const differencesMax = 1_000;

export const reconciliation = z.object({
  importId: z.string(),
  measure: z.enum(['tokens', 'cost']),
  /** Whether keys were told apart. */
  isByKey: z.boolean(),
  /** Days of a key and model that were compared, and that agree. */
  compared: z.number(),
  agreed: z.number(),
  theirs: figures,
  ours: figures,
  /** How many differences there are of each cause. */
  causes: z.record(z.enum(differenceCauses), z.number()),
  /** The first of them; all are in the CSV. */
  differences: z.array(
    z.object({
      day: z.string(),
      key: z.string(),
      connections: z.array(z.object({ id: z.string(), name: z.string().nullable() })),
      model: z.string(),
      cause: z.enum(differenceCauses),
      theirs: figures,
      ours: figures,
    }),
  ),
  differencesTotal: z.number(),
});
export type ReconciliationReport = z.output<typeof reconciliation>;
export const reconciliationAnswer = z.object({ success: z.literal(true), data: reconciliation });

export const reconciliationQuery = z.strictObject({
  /** What may differ without being told: a share of the larger side, and an amount besides. */
  tolerancePercent: z.coerce.number().min(0).max(100).default(1),
  toleranceTokens: z.coerce.number().int().min(0).max(1_000_000_000).default(0),
  toleranceUsd: z
    .string()
    .regex(/^\d{1,6}(?:\.\d{1,9})?$/)
    .default('0.01'),
  format: z.enum(['json', 'csv']).default('json'),
});
