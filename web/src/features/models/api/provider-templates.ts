/** Starting points for a connection to a provider. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const providerTemplatesQuery = (provider: string) =>
  queryOptions({
    queryKey: ['templates', 'of', provider],
    queryFn: ({ signal }) => client.providers.templates(provider, signal),
    staleTime: 60_000,
    // The form does not wait for them.
    retry: false,
  });

export const useProviderTemplates = (provider: string) => useQuery(providerTemplatesQuery(provider));
