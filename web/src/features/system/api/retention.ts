/** How long rows are kept, what was removed last, and changes to it. */
import type { RetentionView } from '@patchbay/client/requests';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export type RetentionRow = RetentionView['rows'][number];
export type { RetentionView };

export const retentionQuery = queryOptions({
  queryKey: ['retention'],
  queryFn: ({ signal }) => client.requests.retention(signal),
  refetchInterval: 60_000,
});

export type RetentionChange = Parameters<typeof client.requests.changeRetention>[0];

export function useChangeRetention() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: RetentionChange) => client.requests.changeRetention(change),
    onSuccess: (saved) => queries.setQueryData(retentionQuery.queryKey, saved),
  });
}
