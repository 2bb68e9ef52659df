/** What operators want to know of the installation, and the re-encryption that they begin. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const systemKey = ['system'] as const;
const lookMs = 15_000;
const closeLookMs = 1_000;

export const systemQuery = queryOptions({
  queryKey: systemKey,
  queryFn: ({ signal }) => client.system.get(signal),
  staleTime: 5_000,
  refetchInterval: ({ state }) => ((state.data?.encryption.taskId ?? null) === null ? lookMs : closeLookMs),
});

/** The task that seals everything anew, as long as there is one. */
export const reencryptionQuery = (id: string | null) =>
  queryOptions({
    queryKey: [...systemKey, 'task', id],
    queryFn: ({ signal }) => client.tasks.get(id ?? '', signal),
    enabled: id !== null,
    refetchInterval: closeLookMs,
  });

export function useReencrypt() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: () => client.system.reencrypt(), onSettled: () => queries.invalidateQueries({ queryKey: systemKey }) });
}
