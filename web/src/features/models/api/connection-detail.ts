/** What the pages of one connection load: the connection itself, and beside it only what the open tab shows. None waits for a provider. */
import type { ConfigurationModels } from '@patchbay/contract/configuration-details';
import type { StatusRange } from '@patchbay/contract/status';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey, noteChange } from './changes.ts';

const staleMs = 15_000;
/** While somebody looks at it. */
const lookAtStatusMs = 20_000;
/** The provider is asked behind the page: look again this often, and no more than this many times. */
const lookAgainMs = 700;
const looksMax = 30;

const keyOf = (id: string, part: string) => [...connectionsKey, 'detail', id, part] as const;

export const connectionQuery = (id: string) =>
  queryOptions({ queryKey: keyOf(id, 'self'), queryFn: ({ signal }) => client.configurations.get(id, signal), staleTime: staleMs });
export const useConnection = (id: string) => useQuery(connectionQuery(id));

export const failuresQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'failures'),
    queryFn: ({ signal }) => client.configurations.failures(id, signal),
    staleTime: staleMs,
  });
export const useFailures = (id: string) => useQuery(failuresQuery(id));

export const healthQuery = (id: string, range: '24h' | '90d', language: string) =>
  queryOptions({
    // The words of the tests come from the server, in one language.
    queryKey: [...keyOf(id, 'health'), range, language],
    queryFn: ({ signal }) => client.configurations.healthHistory(id, range, signal),
    staleTime: staleMs,
  });
export const useHealthHistory = (id: string, range: '24h' | '90d', language: string) => useQuery(healthQuery(id, range, language));

export const statusQuery = (id: string, range: StatusRange, language: string) =>
  queryOptions({
    queryKey: ['status', 'one', id, range, language],
    queryFn: ({ signal }) => client.status.one(id, range, signal),
    staleTime: staleMs,
    refetchInterval: lookAtStatusMs,
  });
export const useStatus = (id: string, range: StatusRange, language: string) => useQuery(statusQuery(id, range, language));

/** Checks it now, beside its schedule; what is found is shown by the status, which is asked again. */
export function useCheckNow(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => client.status.check(id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['status'] }),
  });
}

export const accessQuery = (id: string) =>
  queryOptions({ queryKey: keyOf(id, 'access'), queryFn: ({ signal }) => client.configurations.access(id, signal), staleTime: staleMs });
export const useAccess = (id: string) => useQuery(accessQuery(id));

export const usesQuery = (id: string) =>
  queryOptions({ queryKey: keyOf(id, 'uses'), queryFn: ({ signal }) => client.configurations.dependants(id, signal), staleTime: staleMs });
export const useUses = (id: string) => useQuery(usesQuery(id));

export const modelsQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'models'),
    queryFn: ({ signal }) => client.configurations.models(id, undefined, signal),
    staleTime: staleMs,
    refetchInterval: ({ state }) => (state.data?.isRefreshing === true && state.dataUpdateCount < looksMax ? lookAgainMs : false),
  });

export const useModels = (id: string) => useQuery(modelsQuery(id));

/** Waits for the provider; what it says takes the place of the remembered list. */
export function useRefreshList(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => client.configurations.models(id, { refresh: true }),
    onSuccess: (list) => queryClient.setQueryData(modelsQuery(id).queryKey, list),
  });
}

/** Shows or hides models; the list says so at once and takes it back where the server says no. */
export function useSwitchModels(id: string) {
  const queryClient = useQueryClient();
  const { queryKey } = modelsQuery(id);
  return useMutation({
    mutationFn: ({ ids, isEnabled }: { ids: readonly string[]; isEnabled: boolean }) =>
      client.configurations.switchModels(id, isEnabled, [...ids]),
    onMutate: async ({ ids, isEnabled }) => {
      await queryClient.cancelQueries({ queryKey });
      const before = queryClient.getQueryData<ConfigurationModels>(queryKey);
      const named = new Set(ids);
      queryClient.setQueryData<ConfigurationModels>(
        queryKey,
        (list) => list && { ...list, models: list.models.map((model) => (named.has(model.id) ? { ...model, isEnabled } : model)) },
      );
      return before;
    },
    onError: (_error, _switched, before) => queryClient.setQueryData(queryKey, before),
    onSettled: () => queryClient.invalidateQueries({ queryKey }),
  });
}

/** A new key is tried before it replaces the stored one, which stays where the provider refuses the new one (R-032, C-11). */
export function useRotateKey(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (apiKey: string) => client.configurations.rotateKey(id, { apiKey, validate: true }),
    // A key must not lie in the memory of finished calls.
    gcTime: 0,
    onSuccess: ({ success }) => (success ? noteChange(queryClient) : undefined),
  });
}
