/** How close one connection is to its provider's own limits. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const lookMs = 15_000;

export const headroomQuery = (id: string) =>
  queryOptions({
    queryKey: ['headroom', id],
    queryFn: ({ signal }) => client.configurations.headroom(id, signal),
    staleTime: 5_000,
    refetchInterval: lookMs,
  });
