/** The models of a provider: live through a connection where there is one, else those that the catalogue suggests. */
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const providerModelsQuery = (provider: string, configurationId?: string) =>
  queryOptions({
    queryKey: ['providers', provider, 'models', configurationId ?? null],
    queryFn: ({ signal }) => client.providers.models(provider, { configurationId }, signal),
    staleTime: 60_000,
    // The form does not wait for the list, and without one any model can be typed.
    retry: false,
  });

/** @param enabled FALSE for somebody who would not know whose list it is */
export const useProviderModels = (provider: string, configurationId?: string, enabled = true) =>
  useQuery({ ...providerModelsQuery(provider, configurationId), enabled });

/** Asks the provider itself again; what it says takes the place of the remembered list. */
export function useRefreshModels(provider: string, configurationId?: string): () => Promise<void> {
  const queryClient = useQueryClient();
  return async () => {
    const list = await client.providers.models(provider, { configurationId, refresh: true });
    queryClient.setQueryData(providerModelsQuery(provider, configurationId).queryKey, list);
  };
}
