/** What the page knows of a person's configurations, as one object read from the query cache. */
import type { Configuration, UsageMetrics } from '@patchbay/contract/configurations';
import type { TestResult } from '@patchbay/contract/connections';
import type { QueryClient } from '@tanstack/react-query';
import { connectionsKey } from '../api/changes.ts';
import { configurationKey } from '../api/configuration.ts';
import { configurationsQuery } from '../api/configurations.ts';
import { connectionTestsQuery } from '../api/connection-tests.ts';
import { cachedBy, useCached } from './read-cache.ts';

export interface ModelStore {
  configurations: Configuration[];
  /** The one whose form or details are open. */
  selectedConfig: Configuration | null;
  isLoading: boolean;
  /** By the configuration's id. */
  testResults: Record<string, TestResult>;
  /** By the configuration's id; of the period that was asked for last. */
  usageStats: Record<string, UsageMetrics>;
}

export function modelStoreOf(cache: QueryClient, userId: string, selectedId: string | null = null): ModelStore {
  const list = configurationsQuery(userId).queryKey;
  const configurations = cache.getQueryData(list) ?? [];
  const tests = Object.entries(cache.getQueryData(connectionTestsQuery.queryKey) ?? {});
  const open = selectedId === null ? undefined : cache.getQueryData<Configuration>(configurationKey(selectedId));
  return {
    configurations,
    selectedConfig: open ?? configurations.find(({ id }) => id === selectedId) ?? null,
    isLoading: cache.isFetching({ queryKey: list }) > 0,
    testResults: Object.fromEntries(tests.flatMap(([id, { result }]) => (result === null ? [] : [[id, result]]))),
    usageStats: cachedBy<UsageMetrics>(cache, [...connectionsKey, 'usage'], connectionsKey.length + 1),
  };
}

/** A part of it; the component renders again when that part changes. */
export const useModelStore = <Part>(userId: string, select: (store: ModelStore) => Part, selectedId: string | null = null): Part =>
  useCached((cache) => select(modelStoreOf(cache, userId, selectedId)));
