/** The shapes of `/api/admin/settings/ai`: what the whole installation says where nobody else does (D-25). */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, revisionNumber } from './connections.ts';
import { isoTime } from './paging.ts';
import { uuidText } from './text.ts';

export const maxTokensRange = { min: 1, max: 32_768 } as const;
export const temperatureRange = { min: 0, max: 2 } as const;

export const aiSettings = z.object({
  /** The default connection of the organization; null where it has none. */
  defaultConnectionId: z.string().nullable(),
  /** What it is called, and the model that it asks. */
  defaultConnectionName: z.string().nullable(),
  defaultModel: z.string().nullable(),
  /** Null leaves it to the provider. */
  maxTokens: z.number().nullable(),
  temperature: z.number().nullable(),
  /** What `.env` names; null where it names nothing. */
  environment: z.object({ baseUrl: z.string(), model: z.string().nullable(), hasApiKey: z.boolean() }).nullable(),
  /** The connection from `.env` answers where nothing else is configured. */
  isEnvironmentUsed: z.boolean(),
  /** Null as long as nothing was saved: then limit and temperature are proposals that do not apply. */
  savedAt: isoTime.nullable(),
  revision: z.number(),
});
export type AiSettingsView = z.output<typeof aiSettings>;

export const aiSettingsAnswer = z.object({ success: z.literal(true), data: aiSettings });

/** What is named is changed, everything else stays. `revision` refuses a change that was made from an older state. */
export const aiSettingsChange = z
  .strictObject({
    /** An active connection of the organization; null leaves it without a default. */
    defaultConnectionId: uuidText.nullable(),
    maxTokens: z.number().int().min(maxTokensRange.min).max(maxTokensRange.max).nullable(),
    temperature: z.number().min(temperatureRange.min).max(temperatureRange.max).nullable(),
    isEnvironmentUsed: z.boolean(),
    revision: revisionNumber,
  })
  .partial()
  .refine(atLeastOneField, atLeastOneFieldFault);
export type AiSettingsChange = z.input<typeof aiSettingsChange>;
