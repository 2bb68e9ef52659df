/** Prices that were set here, what was used without one, what changes them, and past requests that are priced again. */
import type { CreatePrice, RepriceStart } from '@patchbay/contract/prices';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { taskQuery } from '../../../lib/shared-queries.ts';

const all = ['prices'] as const;

export const pricesQuery = queryOptions({ queryKey: [...all, 'own'], queryFn: ({ signal }) => client.prices.list({}, signal) });

export const unpricedDays = 30;

export const unpricedQuery = queryOptions({
  queryKey: [...all, 'unpriced'],
  queryFn: ({ signal }) => client.prices.unpriced({ days: unpricedDays }, signal),
});

/** What holds now for a model; asked for while one types, so the last answer stays until the next is there. */
export const effectiveQuery = (provider: string, model: string, connectionId: string) =>
  queryOptions({
    queryKey: [...all, 'effective', provider, model, connectionId],
    queryFn: ({ signal }) => client.prices.effective({ provider, model, ...(connectionId !== '' && { connectionId }) }, signal),
    enabled: provider !== '' && model !== '',
    placeholderData: keepPreviousData,
    retry: false,
  });

/** Connections that a price can be for, of one provider. */
export const connectionsQuery = queryOptions({
  queryKey: ['connections', 'of-prices'],
  queryFn: async ({ signal }) =>
    (await client.aiConnections.list(signal))
      .filter(({ scope }) => scope !== 'environment')
      .map(({ id, name, provider }) => ({ id, name, provider })),
});

function useChanged(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: all });
}

export function useAddPrice() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (input: CreatePrice) => client.prices.create(input), onSuccess });
}

export function useEndPrice() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: ({ id, at }: { id: string; at: string | undefined }) => client.prices.end(id, at), onSuccess });
}

/** Starts a look or a change; answers with the id of its task. */
export const useReprice = () => useMutation({ mutationFn: (what: RepriceStart) => client.prices.reprice(what) });

const lookMs = 1_000;

/** A task until it is over; the line of events is quicker, where it comes. */
export const repricingQuery = (id: string) =>
  queryOptions({
    ...taskQuery(id),
    refetchInterval: ({ state }) => (state.data === undefined || state.data.state === 'running' ? lookMs : false),
  });
