/** The providers with their proper names; the list changes with the server's version alone. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: ({ signal }) => client.providers.list(signal),
  staleTime: Infinity,
});

export const useProviders = () => useQuery(providersQuery);
