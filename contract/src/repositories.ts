/** The shapes of repositories: `/api/repositories` for the page, and S3's `/repo` with its keys and `POST /ai/models`. */
import { z } from 'zod';
import { aiType } from './ai-llm.ts';
import { atLeastOneField, atLeastOneFieldFault, flag, revisionNumber } from './connections.ts';
import { isoTime } from './paging.ts';
import { idText, nameText, plainText } from './text.ts';

/** Connections that one repository holds at most. */
const attachedMax = 100;

/** In the order in which they are tried; it takes the place of what was attached. */
const connectionIds = z.array(idText).max(attachedMax);

/** As far as a reader of the workspace may know it. */
const attachedConnection = z.object({
  id: z.string(),
  name: z.string(),
  provider: z.string(),
  /** As people call it, `OpenAI`. */
  providerName: z.string(),
  model: z.string().nullable(),
  scope: z.enum(['user', 'workspace', 'organization']),
  isActive: z.boolean(),
});

export const repository = z.object({
  id: z.string(),
  workspaceId: z.string(),
  name: z.string(),
  connections: z.array(attachedConnection),
  /** Access keys that could still open something. */
  liveKeys: z.number(),
  /** Whether the caller may change it and make keys for it. */
  canChange: z.boolean(),
  /** Whether the caller may delete it with the keys and policies that hang on it. */
  canForce: z.boolean(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type RepositoryView = z.output<typeof repository>;

export const repositoriesQuery = z.strictObject({ workspaceId: idText.optional() });
export const repositoryCreate = z.strictObject({ workspaceId: idText, name: nameText, connectionIds: connectionIds.optional() });
/** The workspace of a repository never changes. */
export const repositoryChange = z
  .strictObject({
    name: nameText.optional(),
    connectionIds: connectionIds.optional(),
    /** What the change was made from; another one is answered with CONFLICT. */
    revision: revisionNumber.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);
/** `force` ends the keys of the repository and lets its policies go with it; for administrators of the workspace alone. */
export const repositoryDelete = z.strictObject({ force: flag.optional() });

export const repositoryAnswer = z.object({ success: z.literal(true), data: repository });
export const repositoriesAnswer = z.object({ success: z.literal(true), data: z.array(repository) });

/** `details` of REPOSITORY_IN_USE. */
export interface RepositoryDependant {
  kind: 'access_key' | 'policy';
  id: string;
  name: string;
}

/* S3's own shapes. */

const repoAiLlm = z.strictObject({ aiLlmId: idText });
const repoAiLlms = z.array(repoAiLlm).max(attachedMax);
/** The kind of endpoint that applications speak to: the house has this one. */
const storageType = z.literal('OPENAI');

export const repoAiApiKey = z.object({
  id: z.string(),
  name: z.string(),
  repoId: z.string(),
  /** Three stars and the last four characters: the key itself is shown once, when it is made. */
  key: z.string().nullable(),
  aiType,
  createdAt: isoTime,
  deletedAt: isoTime.nullable(),
});
export type RepoAiApiKey = z.output<typeof repoAiApiKey>;

export const repo = z.object({
  id: z.string(),
  name: z.string(),
  workspaceId: z.string(),
  storageType,
  aiLlms: z.array(z.object({ aiLlmId: z.string() })),
  aiApiKeys: z.array(repoAiApiKey),
  createdAt: isoTime,
  revision: z.number(),
});
export type Repo = z.output<typeof repo>;

export const repoQuery = z.strictObject({ workspaceId: idText.optional() });
export const createRepo = z.strictObject({
  name: nameText,
  workspaceId: idText,
  storageType: storageType.optional(),
  repoAiLlms: repoAiLlms.optional(),
});
export const updateRepo = z
  .strictObject({
    name: nameText.optional(),
    repoAiLlms: repoAiLlms.optional(),
    /** May be sent back as it was; a repository stays where it is. */
    workspaceId: idText.optional(),
    storageType: storageType.optional(),
    revision: revisionNumber.optional(),
  })
  .refine(atLeastOneField, atLeastOneFieldFault);

export const repoList = z.object({ success: z.literal(true), repos: z.array(repo) });
export const repoAnswer = z.object({ success: z.literal(true), repo });
export const repoSaved = z.object({ success: z.literal(true), repoId: z.string(), message: z.string().optional() });
export const repoDone = z.object({ success: z.literal(true), message: z.string().optional() });

export const createRepoAiApiKey = z.strictObject({ name: nameText, aiType: aiType.default('OPENAI') });
export const updateRepoAiApiKey = z.strictObject({ name: nameText.optional() });
export const repoAiApiKeyList = z.object({ success: z.literal(true), apiKeys: z.array(repoAiApiKey) });
/** The only answer that ever holds the secret, which is what `/v1` takes as the bearer. */
export const repoAiApiKeyCreated = z.object({
  success: z.literal(true),
  id: z.string(),
  key: z.string(),
  secret: z.string(),
  message: z.string().optional(),
});

export const aiModelsBody = z.strictObject({ repoId: idText, aiType: aiType.optional(), llmType: plainText(1, 100).optional() });
export const aiModel = z.object({
  id: z.string(),
  name: z.string(),
  /** Epoch seconds; of the connection that serves it. */
  created: z.number().optional(),
  aiType,
  /** What it is for: `chat` or `embedding`. */
  llmType: z.string(),
  /** The house's slug of the provider, `openai`. */
  llmProvider: z.string(),
});
export type AiModel = z.output<typeof aiModel>;
export const aiModelsAnswer = z.object({ success: z.literal(true), models: z.array(aiModel) });
