/** The caller's chats, the last used first, page by page; and one of them with its settings. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const chatsPerPage = 30;

export const chatsQuery = (words: string) =>
  infiniteQueryOptions({
    queryKey: ['chats', 'list', words],
    queryFn: ({ pageParam, signal }) =>
      client.chats.list({ q: words === '' ? undefined : words, cursor: pageParam, limit: chatsPerPage }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    staleTime: 15_000,
  });

export const chatQuery = (id: string) =>
  queryOptions({ queryKey: ['chats', 'one', id], queryFn: ({ signal }) => client.chats.get(id, signal), staleTime: 5_000 });
