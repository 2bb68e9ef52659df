/** The shapes of `/ai/llm`: what the house calls a connection is an AI LLM here. Create answers 200, totals are texts. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, isoTime, revisionNumber, secretText, testStatus, urlText } from './connections.ts';
import { idText, modelText, nameText } from './text.ts';

/** Exactly these five (D-03). */
export const aiType = z.enum(['OPENAI', 'GOOGLE', 'ANTHROPIC', 'AWS', 'OTHER']);
export type AiLlmType = z.infer<typeof aiType>;

export const createAiLlm = z.strictObject({
  name: nameText,
  aiType,
  workspaceId: idText,
  endpoint: urlText.nullish(),
  secret: secretText.nullish(),
  /** Access key id of two-part credentials; the secret itself where a type has one part and only this was sent (C-21). */
  key: secretText.nullish(),
  defaultModel: modelText.nullish(),
  isDefault: z.boolean().optional(),
  active: z.boolean().optional(),
});
export type CreateAiLlm = z.infer<typeof createAiLlm>;

/** The workspace of an AI LLM never changes. */
export const updateAiLlm = z
  .strictObject({
    name: nameText.optional(),
    aiType: aiType.optional(),
    endpoint: urlText.nullish(),
    secret: secretText.nullish(),
    key: secretText.nullish(),
    defaultModel: modelText.nullish(),
    isDefault: z.boolean().optional(),
    active: z.boolean().optional(),
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);
export type UpdateAiLlm = z.infer<typeof updateAiLlm>;

export const aiLlm = z.object({
  id: z.string(),
  orgId: z.string(),
  workspaceId: z.string().nullable(),
  userId: z.string(),
  name: z.string(),
  aiType,
  endpoint: z.string().nullable(),
  /** Always null (D-04). */
  key: z.null(),
  createdAt: isoTime,
  repos: z.array(z.object({ id: z.string(), name: z.string(), createdAt: isoTime })),
  provider: z.string(),
  defaultModel: z.string().nullable(),
  active: z.boolean(),
  isDefault: z.boolean(),
  lastValidatedAt: isoTime.nullable(),
  validationStatus: testStatus.nullable(),
  secretSetAt: isoTime.nullable(),
  revision: z.number(),
});
export type AiLlm = z.infer<typeof aiLlm>;

export const aiLlmQuery = z.strictObject({ workspaceId: idText.optional() });
export const aiLlmStatsQuery = z.strictObject({ aiLlmId: idText.optional() });

export const aiLlmList = z.object({ success: z.literal(true), aiLlms: z.array(aiLlm) });
export const aiLlmSaved = z.object({ success: z.literal(true), aiLlmId: z.string(), message: z.string().optional() });
export const aiLlmDeleted = z.object({ success: z.literal(true), message: z.string().optional() });
/** 200 also where the provider refused: read `success`. */
export const aiLlmValidated = z.object({ success: z.boolean(), message: z.string() });

/** Totals are decimal texts, safe beyond 2^53 (D-07). */
export const aiLlmStats = z.object({
  aiLlmId: z.string(),
  totalApiCalls: z.string(),
  totalTokensIn: z.string(),
  totalTokensOut: z.string(),
  totalLlmTokensIn: z.string(),
  totalLlmTokensOut: z.string(),
  totalPolicyViolations: z.string(),
  totalAlerts: z.string(),
  totalBlocks: z.string(),
});
export type AiLlmStats = z.infer<typeof aiLlmStats>;
export const aiLlmStatsAnswer = z.object({ success: z.literal(true), stats: z.array(aiLlmStats) });
