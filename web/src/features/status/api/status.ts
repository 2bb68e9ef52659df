/** What the status pages ask and do. Events make them ask again; between them they look by themselves. */
import type { StatusRange } from '@patchbay/contract/status';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const statusKey = ['status'] as const;
const staleTime = 10_000;
/** While somebody looks. */
const refetchInterval = 20_000;
const sharedRefetchMs = 30_000;

/** @param language the reasons come from the server, in one language */
export const statusQuery = (range: StatusRange, workspaceId: string | undefined, language: string) =>
  queryOptions({
    queryKey: [...statusKey, 'all', range, workspaceId ?? '', language],
    queryFn: ({ signal }) => client.status.all({ range, workspaceId }, signal),
    staleTime,
    refetchInterval,
    placeholderData: keepPreviousData,
  });

export const statusSettingsQuery = queryOptions({
  queryKey: [...statusKey, 'settings'],
  queryFn: ({ signal }) => client.status.settings(signal),
  staleTime,
});

export const sharesQuery = queryOptions({
  queryKey: [...statusKey, 'shares'],
  queryFn: ({ signal }) => client.status.shares(signal),
  staleTime,
});

export const sharedQuery = (token: string) =>
  queryOptions({
    queryKey: ['shared-status', token],
    queryFn: ({ signal }) => client.status.shared(token, signal),
    staleTime,
    refetchInterval: sharedRefetchMs,
  });

/** @param onDone hears of the answer whatever has become of what asked for it */
function useChange<Input, Data>(mutationFn: (input: Input) => Promise<Data>, onDone?: (data: Data) => void) {
  const queries = useQueryClient();
  return useMutation({
    // One of these answers holds a link that is shown once.
    gcTime: 0,
    mutationFn,
    onSuccess: (data) => {
      onDone?.(data);
      return queries.invalidateQueries({ queryKey: statusKey });
    },
  });
}

export const useCheckNow = () => useChange((id: string) => client.status.check(id));
export const useChangeSettings = () =>
  useChange((change: Parameters<typeof client.status.changeSettings>[0]) => client.status.changeSettings(change));
export const useShare = (onMade: (share: { token: string }) => void) =>
  useChange((input: Parameters<typeof client.status.share>[0]) => client.status.share(input), onMade);
export const useWithdraw = () => useChange((id: string) => client.status.withdraw(id));
