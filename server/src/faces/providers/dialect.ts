/** This face says "provider" with the name of its slug; models carry what the catalogue knows of them. */
import type { Model, Provider, Template } from '@patchbay/contract/providers';
import type { Models } from '../../control/connection-models.ts';
import { defaultProviderId, type ProviderRow } from '../../providers/catalog.ts';
import { hintOf } from '../../providers/hints.ts';
import type { StoredTemplate } from '../../storage/templates.ts';

export const fromRow = (row: ProviderRow): Provider => ({
  name: row.id,
  displayName: row.name,
  aiType: row.aiType,
  requiresApiKey: row.needsSecret,
  requiresBaseUrl: row.baseUrl === null && !row.isInternal,
  defaultBaseUrl: row.baseUrl,
  isLocal: row.isLocal,
  isDefault: row.id === defaultProviderId,
  capabilities: [...row.capabilities],
  models: { default: row.models.default, suggested: [...row.models.suggested], retired: Object.keys(row.retired) },
  keyPage: row.keyPage,
  keyPrefix: row.keyPrefix,
  keyHint: row.keyHint,
  docs: row.docs,
});

export const fromModels = ({ models, source, fetchedAtMs, fault, row }: Models) => ({
  models: models.map((model): Model => ({
    id: model.id,
    name: model.name ?? model.id,
    contextWindow: model.contextWindow ?? null,
    maxOutputTokens: model.maxOutputTokens ?? null,
    isRetired: row !== undefined && Object.hasOwn(row.retired, model.id),
  })),
  source,
  fetchedAt: fetchedAtMs === null ? null : new Date(fetchedAtMs).toISOString(),
  errorCode: fault === null ? null : hintOf(fault).errorCode,
});

export const fromTemplate = (template: StoredTemplate): Template => ({
  id: template.id,
  provider: template.providerId,
  name: template.name,
  description: template.description,
  configuration: template.configuration,
  isDefault: template.isDefault,
});
