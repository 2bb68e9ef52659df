/** The shapes of `/api/use-cases`: named roles of a model, with prompt, parameters and who may use them; `/v1` knows them as `use-case/<slug>`. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, revisionNumber } from './connections.ts';
import { isoTime } from './paging.ts';
import { modelText, nameText, pathId, uuidText } from './text.ts';

/** Characters of a prompt, of base knowledge, of a description, and of the question of a try-out. */
export const useCasePromptCharsMax = 32_000;
export const baseKnowledgeCharsMax = 200_000;
export const descriptionCharsMax = 2_000;
export const tryCharsMax = 8_000;
export const priorityMax = 1_000;
export const useCaseFallbacksMax = 10;

/** The temperatures that the form explains (D-23). */
export const temperaturePresets = { strict: 0.2, balanced: 0.7, creative: 1 } as const;
export type TemperaturePreset = keyof typeof temperaturePresets;
export const temperatureDefault = temperaturePresets.balanced;

/** Long texts keep their line breaks; what no database and no UTF-8 can hold is refused. */
const longText = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes('\u0000') && text.isWellFormed(), { message: 'U+0000 and broken characters are not allowed' });
const promptText = longText(useCasePromptCharsMax).refine((text) => text.trim() !== '', { message: 'a prompt has a text' });

export const roleName = z.enum(['administrator', 'manager', 'user']);
const slugText = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, { message: 'small letters, digits and single hyphens' });

export const injectContext = z.strictObject({
  /** Name, role and email of whoever asks. */
  user: z.boolean().default(false),
  /** Date and time in the person's time zone. */
  time: z.boolean().default(false),
  /** The page that the question comes from: header `x-patchbay-page`. */
  page: z.boolean().default(false),
});
export type InjectContext = z.output<typeof injectContext>;

export const useCase = z.object({
  id: z.string(),
  slug: z.string(),
  /** What `model` names on `/v1`. */
  modelName: z.string(),
  name: z.string(),
  description: z.string(),
  /** Null after its connection was deleted by force. */
  connectionId: z.string().nullable(),
  connectionName: z.string().nullable(),
  /** Null is the connection's own. */
  model: z.string().nullable(),
  /** Who answers at the moment; null where nobody does. */
  effectiveModel: z.string().nullable(),
  /** `inactive` and `gone` answer every request with an error. */
  modelState: z.enum(['active', 'inactive', 'gone', 'no_model']),
  systemPrompt: z.string(),
  baseKnowledge: z.string(),
  temperature: z.number().nullable(),
  maxTokens: z.number().nullable(),
  allRoles: z.boolean(),
  allowedRoles: z.array(roleName),
  priority: z.number(),
  fallbackConnectionIds: z.array(z.string()),
  injectContext,
  isActive: z.boolean(),
  /** Requests of the last seven days. */
  requests7d: z.number(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type UseCaseView = z.output<typeof useCase>;

const fields = {
  name: nameText,
  /** What applications write, so it never changes; made from the name where it is not given. */
  slug: slugText.optional(),
  description: longText(descriptionCharsMax).optional(),
  /** An active model of the organization. */
  connectionId: uuidText,
  model: modelText.nullish(),
  systemPrompt: promptText,
  baseKnowledge: longText(baseKnowledgeCharsMax).optional(),
  /** 0.7 where it is not given; null leaves it to the connection. */
  temperature: z.number().min(0).max(2).nullish(),
  maxTokens: z.number().int().min(1).max(1_000_000).nullish(),
  /** Either everybody, or at least one role: nothing chosen is no choice (D-20). */
  allRoles: z.boolean().optional(),
  allowedRoles: z.array(roleName).max(3).optional(),
  /** Above zero: answers requests of its roles that name nothing, the highest first. */
  priority: z.number().int().min(0).max(priorityMax).optional(),
  fallbackConnectionIds: z.array(uuidText).max(useCaseFallbacksMax).optional(),
  injectContext: injectContext.optional(),
  isActive: z.boolean().optional(),
};

export const useCaseCreate = z.strictObject(fields);
export type UseCaseCreate = z.input<typeof useCaseCreate>;

const { slug: _slug, ...changeable } = fields;
/** What is named is changed, everything else stays; `revision` refuses a change that was made from an older state. */
export const useCaseChange = z
  .strictObject({ ...changeable, revision: revisionNumber.optional() })
  .partial()
  .refine(atLeastOneField, atLeastOneFieldFault);
export type UseCaseChange = z.input<typeof useCaseChange>;

export const useCaseParams = z.object({ id: pathId });
export const useCaseAnswer = z.object({ success: z.literal(true), data: useCase });
export const useCaseList = z.object({ success: z.literal(true), data: z.array(useCase) });

/** What the chat offers: no prompt, no connection. */
export const availableUseCase = z.object({
  id: z.string(),
  slug: z.string(),
  modelName: z.string(),
  name: z.string(),
  description: z.string(),
  /** Whether somebody would answer. */
  isUsable: z.boolean(),
  /** It answers the caller's requests that name nothing. */
  isStandard: z.boolean(),
});
export type AvailableUseCase = z.output<typeof availableUseCase>;
export const availableUseCases = z.object({ success: z.literal(true), data: z.array(availableUseCase) });

/** A use case as it stands in the form, saved or not, with one question. */
export const useCaseTry = z.strictObject({
  question: longText(tryCharsMax).refine((text) => text.trim() !== '', { message: 'a question has a text' }),
  connectionId: uuidText,
  model: modelText.nullish(),
  systemPrompt: promptText,
  baseKnowledge: longText(baseKnowledgeCharsMax).optional(),
  temperature: z.number().min(0).max(2).nullish(),
  maxTokens: z.number().int().min(1).max(1_000_000).nullish(),
  injectContext: injectContext.optional(),
});
export type UseCaseTry = z.input<typeof useCaseTry>;

export const useCaseTried = z.object({
  success: z.literal(true),
  data: z.object({
    /** FALSE where the model was asked and failed; `failure` then says why. */
    isAnswered: z.boolean(),
    answer: z.string().nullable(),
    /** What the model was told before the question. */
    prompt: z.string(),
    failure: z.object({ code: z.string(), issue: z.string(), check: z.string().nullable(), resolution: z.string().nullable() }).nullable(),
    connectionName: z.string().nullable(),
    model: z.string().nullable(),
    tokensIn: z.number(),
    tokensOut: z.number(),
    isEstimated: z.boolean(),
    /** Decimal dollars; null where the model has no price. */
    costUsd: z.string().nullable(),
    latencyMs: z.number(),
  }),
});
export type UseCaseTried = z.output<typeof useCaseTried>['data'];
