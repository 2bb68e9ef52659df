/** The requests of a filter, their bars, one of them with all that became of it, and what can be named in a filter. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { RequestFilter } from '@patchbay/client/usage';
import { client } from '../../../lib/client.ts';
import { askedOf, type RequestSearch } from '../filters.ts';

const all = ['requests'] as const;
export const pageRows = 50;
const liveMs = 3_000;
const barsMs = 15_000;

const keyOf = (search: RequestSearch): string => JSON.stringify(Object.entries(search).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** One page; the first one looks again by itself while it is live. */
export const pageQuery = (search: RequestSearch, cursor: string | null, isLive: boolean) =>
  queryOptions({
    queryKey: [...all, 'page', keyOf(search), cursor],
    queryFn: ({ signal }) => client.books.requests({ ...(askedOf(search) as RequestFilter), cursor, limit: pageRows }, signal),
    refetchInterval: isLive && cursor === null ? liveMs : false,
    placeholderData: keepPreviousData,
  });

export const barsQuery = (search: RequestSearch, isLive: boolean) =>
  queryOptions({
    queryKey: [...all, 'bars', keyOf(search)],
    queryFn: ({ signal }) => client.requests.histogram(askedOf(search), signal),
    refetchInterval: isLive ? barsMs : false,
    placeholderData: keepPreviousData,
  });

export const requestQuery = (id: string) =>
  queryOptions({ queryKey: [...all, 'one', id], queryFn: ({ signal }) => client.requests.get(id, signal), retry: false });

export const contentQuery = (id: string) =>
  queryOptions({ queryKey: [...all, 'content', id], queryFn: ({ signal }) => client.requests.content(id, signal), retry: false });

/** Connections and keys that one may name; what cannot be read is simply not suggested. */
export const thingsQuery = queryOptions({
  queryKey: ['connections', 'of-requests'],
  queryFn: async ({ signal }) => {
    const [connections, keys] = await Promise.all([
      client.aiConnections.list(signal).catch(() => []),
      client.accessKeys.list({ limit: 100 }, signal).then(
        ({ data }) => data,
        () => [],
      ),
    ]);
    return {
      connections: connections.map(({ id, name }) => ({ id, name })),
      keys: keys.map(({ id, name }) => ({ id, name })),
      models: [...new Set(connections.flatMap(({ defaultModel }) => (defaultModel ? [defaultModel] : [])))].map((name) => ({
        id: name,
        name,
      })),
    };
  },
  staleTime: 60_000,
});
