/** The shapes of `/api/admin/models`: the organization's connections, in the words of the administrators' page. */
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
import { modelText, nameText } from './text.ts';

export const adminModel = z.object({
  id: z.string(),
  name: z.string(),
  modelVariant: z.string().nullable(),
  apiUrl: z.string().nullable(),
  /** A mask or null, never a key (C-03). */
  apiKey: z.string().nullable(),
  hasApiKey: z.boolean(),
  apiKeySetAt: isoTime.nullable(),
  isActive: z.boolean(),
  isDefault: z.boolean(),
  provider: z.string(),
  configuration: z.record(z.string(), z.unknown()),
  lastTested: isoTime.nullable(),
  /** How long the last test took, where there was one since the last change of address, key or provider. */
  latencyMs: z.number().nullable(),
  testStatus: testStatus.nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type AdminModel = z.infer<typeof adminModel>;

export const createAdminModel = z.strictObject({
  name: nameText,
  modelVariant: modelText,
  apiUrl: urlText.nullish(),
  apiKey: secretText.nullish(),
  isActive: z.boolean().optional(),
  isDefault: z.boolean().optional(),
  /** Inferred from the address where it is not given (C-18). */
  provider: providerId.optional(),
  configuration: settingsMap.nullish(),
});
export type CreateAdminModel = z.infer<typeof createAdminModel>;

export const updateAdminModel = z
  .strictObject({
    name: nameText.optional(),
    modelVariant: modelText.optional(),
    apiUrl: urlText.nullish(),
    apiKey: secretText.nullish(),
    isActive: z.boolean().optional(),
    isDefault: z.boolean().optional(),
    provider: providerId.optional(),
    configuration: settingsMap.nullish(),
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);
export type UpdateAdminModel = z.infer<typeof updateAdminModel>;

export const adminModelAnswer = z.object({ success: z.literal(true), data: adminModel });
export const adminModelList = z.object({ success: z.literal(true), data: z.array(adminModel), pagination: pagination.optional() });
export const adminModelDeleted = z.object({ success: z.literal(true), data: z.null() });
export const adminModelTest = z.object({ success: z.boolean(), message: z.string(), data: testResult });
