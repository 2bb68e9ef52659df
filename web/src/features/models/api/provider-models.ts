/** The models of a provider: live through a connection where there is one, else those that the catalogue suggests. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const providerModelsQuery = (provider: string, configurationId?: string) =>
  queryOptions({
    queryKey: ['providers', provider, 'models', configurationId ?? null],
    queryFn: ({ signal }) => client.providers.models(provider, { configurationId }, signal),
    staleTime: 60_000,
    // The form does not wait for the list, and without one any model can be typed.
    retry: false,
  });

export const useProviderModels = (provider: string, configurationId?: string) => useQuery(providerModelsQuery(provider, configurationId));
