/** The caller's own configurations, as S2's face lists them. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey } from './changes.ts';

/** @param userId whose list it is; another person's list is never shown from this one's memory */
export const configurationsQuery = (userId: string) =>
  queryOptions({
    queryKey: [...connectionsKey, 'own', userId],
    queryFn: ({ signal }) => client.configurations.list(undefined, signal),
    staleTime: 15_000,
  });

export const useConfigurations = (userId: string) => useQuery(configurationsQuery(userId));
