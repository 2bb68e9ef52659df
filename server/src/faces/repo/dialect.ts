/** S3's words for repositories: `repo`, `aiLlms`, `aiApiKeys`. An access key has a mask as its `key` and its text, once, as its `secret`. */
import { aiType as aiTypes, type AiLlmType } from '@patchbay/contract/ai-llm';
import type { AiModel, Repo, RepoAiApiKey } from '@patchbay/contract/repositories';
import type { RepositoryWords } from '../../control/repositories.ts';
import type { Connection } from '../../domain/connection.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { aiTypeOf } from '../../providers/catalog.ts';
import { modelAbilitiesOf } from '../../providers/model-abilities.ts';
import type { AccessKeyRecord } from '../../storage/access-keys.ts';
import type { RepositoryRecord } from '../../storage/repositories.ts';

export const words: RepositoryWords = { connectionAt: (index) => `repoAiLlms.${index}.aiLlmId` };

export const connectionIdsOf = (repoAiLlms: readonly { aiLlmId: string }[]): string[] => repoAiLlms.map(({ aiLlmId }) => aiLlmId);

export const maskOfKey = ({ last4 }: Pick<AccessKeyRecord, 'last4'>): string => `***${last4}`;

/** A key that was made on another face has no type of its own; all of them speak OpenAI's wire. */
const typeOf = ({ aiType }: AccessKeyRecord): AiLlmType => aiTypes.safeParse(aiType).data ?? 'OPENAI';

export const fromKey = (key: AccessKeyRecord): RepoAiApiKey => ({
  id: key.id,
  name: key.name,
  repoId: key.repositoryId ?? '',
  key: maskOfKey(key),
  aiType: typeOf(key),
  createdAt: isoOf(key.createdAtMs),
  // A deleted key is on no list any more.
  deletedAt: null,
});

export const fromRepository = (repository: RepositoryRecord, keys: readonly AccessKeyRecord[]): Repo => ({
  id: repository.id,
  name: repository.name,
  workspaceId: repository.workspaceId,
  storageType: 'OPENAI',
  aiLlms: repository.connectionIds.map((aiLlmId) => ({ aiLlmId })),
  aiApiKeys: keys.map(fromKey),
  createdAt: isoOf(repository.createdAtMs),
  revision: repository.revision,
});

export interface ServedModel {
  connection: Connection;
  model: { id: string; name?: string };
}

/** What a model is for, as far as its maker says; whatever is not known to be something else can be talked to. */
const llmTypeOf = (modelId: string): string => (modelAbilitiesOf(modelId)?.output.length === 0 ? 'embedding' : 'chat');

/** Each model once, at the first connection that serves it, as far as the question asks for it. */
export function aiModelsOf(served: readonly ServedModel[], asked: { aiType?: AiLlmType; llmType?: string }): AiModel[] {
  const models = new Map<string, AiModel>();
  for (const { connection, model } of served) {
    const aiType = aiTypeOf(connection.providerId);
    const llmType = llmTypeOf(model.id);
    if (models.has(model.id) || (asked.aiType ?? aiType) !== aiType || (asked.llmType ?? llmType) !== llmType) continue;
    models.set(model.id, {
      id: model.id,
      name: model.name ?? model.id,
      created: Math.floor(connection.createdAtMs / 1000),
      aiType,
      llmType,
      llmProvider: connection.providerId,
    });
  }
  return [...models.values()];
}
