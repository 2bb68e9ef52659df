/** The connections that the caller may use, as the settings page lists them. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const aiConnectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: ({ signal }) => client.aiConnections.list(signal),
  staleTime: 15_000,
});
