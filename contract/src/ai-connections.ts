/** The shapes of `/api/ai-connections`, `/api/models` and `/api/model-preferences`: bare arrays and objects. */
import { z } from 'zod';
import {
  atLeastOneField,
  atLeastOneFieldFault,
  flag,
  isoTime,
  providerId,
  revisionNumber,
  secretText,
  settingsMap,
  testStatus,
  urlText,
} from './connections.ts';
import { idText, modelText, nameText } from './text.ts';

export const aiConnection = z.object({
  /** A UUID, or `environment` for the read-only connection from the server's settings (C-02). */
  id: z.string(),
  name: z.string(),
  baseUrl: z.string(),
  /** Three stars and the last four characters, or an empty text where there is no key (C-03). */
  apiKey: z.string(),
  defaultModel: z.string().nullable(),
  isDefault: z.boolean(),
  isActive: z.boolean(),
  provider: z.string(),
  scope: z.enum(['user', 'workspace', 'organization', 'environment']),
  isReadOnly: z.boolean(),
  configuration: z.record(z.string(), z.unknown()),
  testStatus: testStatus.nullable(),
  lastTested: isoTime.nullable(),
  /** How long the last test took, where there was one since the last change of address, key or provider. */
  latencyMs: z.number().nullable(),
  /** When the key was stored, so that its age can be seen. */
  apiKeySetAt: isoTime.nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  /** 0 for the connection from the server's settings, which nobody changes. */
  revision: z.number(),
});
export type AiConnection = z.infer<typeof aiConnection>;

export const createAiConnection = z.strictObject({
  name: nameText,
  baseUrl: urlText,
  apiKey: secretText.nullish(),
  defaultModel: modelText.nullish(),
  isDefault: z.boolean().optional(),
  isActive: z.boolean().optional(),
  /** Inferred from the address where it is not given (C-18). */
  provider: providerId.optional(),
  configuration: settingsMap.nullish(),
  scope: z.enum(['user', 'organization']).optional(),
});
export type CreateAiConnection = z.infer<typeof createAiConnection>;

export const updateAiConnection = z
  .strictObject({
    name: nameText.optional(),
    baseUrl: urlText.optional(),
    apiKey: secretText.nullish(),
    defaultModel: modelText.nullish(),
    isDefault: z.boolean().optional(),
    isActive: z.boolean().optional(),
    provider: providerId.optional(),
    configuration: settingsMap.nullish(),
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);
export type UpdateAiConnection = z.infer<typeof updateAiConnection>;

export const aiConnectionList = z.array(aiConnection);
/** The connection made from the server's settings; `isNew` is false where one with the same address was there before. */
export const environmentImported = z.object({ success: z.literal(true), id: z.string(), name: z.string(), isNew: z.boolean() });
export const aiConnectionCreated = z.object({ success: z.literal(true), id: z.string() });
export const aiConnectionDone = z.object({ success: z.literal(true) });

export const modelOptionsQuery = z.strictObject({ connectionId: idText.optional(), refresh: flag.optional() });
export const modelOptions = z.array(z.object({ value: z.string(), label: z.string() }));

export const preference = z.object({ connectionId: z.string(), modelId: z.string(), isEnabled: z.boolean() });
export type ModelPreference = z.infer<typeof preference>;
export const preferences = z.array(preference);
export const setPreference = z.strictObject({ connectionId: idText, modelId: modelText, isEnabled: z.boolean() });
export const preferencesQuery = z.strictObject({ connectionId: idText.optional() });
