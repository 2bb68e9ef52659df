/** What the page knows of providers, as one object read from the query cache. */
import type { Model, Provider, Template } from '@patchbay/contract/providers';
import type { QueryClient } from '@tanstack/react-query';
import { providersQuery } from '../api/providers.ts';
import { useCached } from './read-cache.ts';

export interface ProviderStore {
  supportedProviders: Provider[];
  /** By the provider's name. */
  availableModels: Record<string, Model[]>;
  /** By the provider's name. */
  templates: Record<string, Template[]>;
}

export function providerStoreOf(cache: QueryClient): ProviderStore {
  const availableModels: Record<string, Model[]> = {};
  const templates: Record<string, Template[]> = {};
  for (const [[, provider, kind], data] of cache.getQueriesData({ queryKey: providersQuery.queryKey })) {
    if (data === undefined || typeof provider !== 'string') continue;
    if (kind === 'models') availableModels[provider] = (data as { models: Model[] }).models;
    if (kind === 'templates') templates[provider] = data as Template[];
  }
  return { supportedProviders: cache.getQueryData(providersQuery.queryKey) ?? [], availableModels, templates };
}

/** A part of it; the component renders again when that part changes. */
export const useProviderStore = <Part>(select: (store: ProviderStore) => Part): Part =>
  useCached((cache) => select(providerStoreOf(cache)));
