/** One configuration with all its settings; its key is in no answer. */
import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey } from './changes.ts';
import { connectionQuery } from './connection-detail.ts';

export const configurationKey = (configId: string) => [...connectionsKey, 'one', configId] as const;

/** What the page itself has just loaded is what is stored now. */
const justNowMs = 5_000;

/** A form begins with what is stored now, so nothing older than the page itself is used. */
const configurationQuery = (configId: string, queries: QueryClient) => {
  const known = queries.getQueryState(connectionQuery(configId).queryKey);
  const isFresh = known?.data !== undefined && !known.isInvalidated && Date.now() - known.dataUpdatedAt < justNowMs;
  return queryOptions({
    queryKey: configurationKey(configId),
    queryFn: ({ signal }) => client.configurations.get(configId, signal),
    ...(isFresh ? { initialData: known.data, initialDataUpdatedAt: known.dataUpdatedAt, staleTime: justNowMs } : { staleTime: 0 }),
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
};

export const useConfiguration = (configId: string) => useQuery(configurationQuery(configId, useQueryClient()));
