/** When each connection was last used, and how often in the last 90 days: what was not used at all can go. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey } from './changes.ts';

export interface LastUse {
  requests: number;
  /** ISO 8601 UTC. */
  lastUsedAt: string | null;
}

/** By the connection's id; a connection that is missing was not used. */
export const lastUsesQuery = queryOptions({
  queryKey: [...connectionsKey, 'uses'],
  queryFn: async ({ signal }): Promise<ReadonlyMap<string, LastUse>> => {
    const rows = await client.books.usage({ groupBy: 'connection', period: '90d' }, signal);
    return new Map(rows.flatMap(({ key, requests, lastUsedAt }) => (key === null ? [] : [[key, { requests, lastUsedAt }]])));
  },
  staleTime: 60_000,
});
