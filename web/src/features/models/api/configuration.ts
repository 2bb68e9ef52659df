/** One configuration with all its settings; its key is in no answer. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey } from './changes.ts';

export const configurationKey = (configId: string) => [...connectionsKey, 'one', configId] as const;

/** A form begins with what is stored now, so nothing older than the page itself is used. */
const configurationQuery = (configId: string) =>
  queryOptions({
    queryKey: configurationKey(configId),
    queryFn: ({ signal }) => client.configurations.get(configId, signal),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });

export const useConfiguration = (configId: string) => useQuery(configurationQuery(configId));
