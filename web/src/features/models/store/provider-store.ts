/** What the page knows of providers, as one object read from the query cache. */
import type { Model, Provider, Template } from '@patchbay/contract/providers';
import type { QueryClient } from '@tanstack/react-query';
import { providersQuery, templatesQuery } from '../../../lib/shared-queries.ts';
import { cachedBy, useCached } from './read-cache.ts';

/** The beginning of the keys of all templates; the provider stands behind it. */
const templatesKey = templatesQuery('').queryKey.slice(0, -1);

export interface ProviderStore {
  supportedProviders: Provider[];
  /** By the provider's name. */
  availableModels: Record<string, Model[]>;
  /** By the provider's name. */
  templates: Record<string, Template[]>;
}

export function providerStoreOf(cache: QueryClient): ProviderStore {
  const availableModels: Record<string, Model[]> = {};
  for (const [[, provider, kind], data] of cache.getQueriesData({ queryKey: providersQuery.queryKey })) {
    if (data === undefined || typeof provider !== 'string') continue;
    if (kind === 'models') availableModels[provider] = (data as { models: Model[] }).models;
  }
  const templates = cachedBy<Template[]>(cache, templatesKey, templatesKey.length);
  return { supportedProviders: cache.getQueryData(providersQuery.queryKey) ?? [], availableModels, templates };
}

/** A part of it; the component renders again when that part changes. */
export const useProviderStore = <Part>(select: (store: ProviderStore) => Part): Part =>
  useCached((cache) => select(providerStoreOf(cache)));
