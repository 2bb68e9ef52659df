/** The shapes of `/api/providers`: what can be connected, and what each asks for. */
import { z } from 'zod';
import { flag, isoTime, settingsMap } from './connections.ts';
import { idText, modelText, plainText } from './text.ts';

export const provider = z.object({
  name: z.string(),
  displayName: z.string(),
  aiType: z.enum(['OPENAI', 'GOOGLE', 'ANTHROPIC', 'AWS', 'OTHER']),
  requiresApiKey: z.boolean(),
  requiresBaseUrl: z.boolean(),
  defaultBaseUrl: z.string().nullable(),
  isLocal: z.boolean(),
  isDefault: z.boolean(),
  capabilities: z.array(z.string()),
  models: z.object({ default: z.string().nullable(), suggested: z.array(z.string()), retired: z.array(z.string()) }),
  keyPage: z.string().nullable(),
  keyPrefix: z.string().nullable(),
  keyHint: z.string().nullable(),
  docs: z.string().nullable(),
});
export type Provider = z.infer<typeof provider>;
export const providerList = z.object({ success: z.literal(true), data: z.array(provider) });

export const providerParams = z.object({ name: z.string().min(1).max(100) });
export const modelsQuery = z.strictObject({ configurationId: idText.optional(), refresh: flag.optional() });

const modality = z.enum(['text', 'image', 'audio', 'video', 'file']);

export const model = z.object({
  id: z.string(),
  name: z.string(),
  contextWindow: z.number().nullable(),
  maxOutputTokens: z.number().nullable(),
  isRetired: z.boolean(),
  /** What the house knows of it; null where nobody says. */
  ...z
    .object({
      /** The vendor's last day of it, `YYYY-MM-DD`. */
      retiresOn: z.string().nullable(),
      /** What the vendor names in its place. */
      replacement: z.string().nullable(),
      /** The model that this name stands for. */
      aliasOf: z.string().nullable(),
      input: z.array(modality).nullable(),
      output: z.array(modality).nullable(),
      tools: z.boolean().nullable(),
      reasoning: z.boolean().nullable(),
      structuredOutput: z.boolean().nullable(),
      /** Decimal US dollars per million tokens, as charged here; `isTiered` where longer prompts cost more. */
      price: z
        .object({
          input: z.string(),
          output: z.string(),
          cacheRead: z.string().nullable(),
          cacheWrite: z.string().nullable(),
          isTiered: z.boolean(),
        })
        .nullable(),
    })
    .partial().shape,
});
export type Model = z.infer<typeof model>;
export const modelList = z.object({
  success: z.literal(true),
  data: z.object({
    models: z.array(model),
    source: z.enum(['live', 'cache', 'catalog']),
    fetchedAt: isoTime.nullable(),
    /** Why there is no live list; null where there is one or none was asked for. */
    errorCode: z.string().nullable(),
  }),
});

/** The model decides some bounds (C-05, C-07); the address, where requests go (C-17). */
export const schemaQuery = z.strictObject({ model: modelText.optional(), baseUrl: plainText(0, 500).optional() });

export const providerSchema = z.object({
  success: z.literal(true),
  data: z.object({
    provider: z.string(),
    jsonSchema: z.record(z.string(), z.unknown()),
    fields: z.array(z.record(z.string(), z.unknown())),
    /** Where a chat completion would be sent with this address and model; null for an address that is none. */
    requestUrl: z.string().nullable(),
  }),
});

export const template = z.object({
  id: z.string(),
  provider: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  configuration: z.record(z.string(), z.unknown()),
  isDefault: z.boolean(),
  /** What it is for; null for a plain one, and for those that administrators made. */
  purpose: z.enum(['saver', 'fast', 'reasoning', 'long', 'code', 'embeddings', 'private']).nullable(),
  /** Null for a built-in one, which nobody can change. */
  createdAt: isoTime.nullable(),
  /** What a change says that it was made from; null for a built-in one. */
  revision: z.number().nullable(),
});
export type Template = z.infer<typeof template>;
export const templateList = z.object({ success: z.literal(true), data: z.array(template) });

/** What a configuration's fields are called on this wire where the house has another word for them. */
export const settingNames = { secret: 'apiKey' } as const;

/** A configuration as a form holds it: key, address and model may lie beside or inside the settings. */
export const validateProvider = settingsMap;
export const fieldFault = z.object({ path: z.string(), code: z.string(), message: z.string() });
export const validationAnswer = z.object({
  success: z.boolean(),
  data: z.object({ valid: z.boolean(), errors: z.array(fieldFault) }),
});
export type Validation = z.infer<typeof validationAnswer>['data'];
