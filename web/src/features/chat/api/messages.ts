/** The messages of a chat as they are shown; the newest page first, those before it on demand. */
import type { MessagePage } from '@patchbay/client/chats';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const messagesPerPage = 60;
/** How often a chat is looked at while another tab or another process writes its answer. */
const watchMs = 1_500;

export const messagesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['chats', 'messages', id],
    queryFn: ({ pageParam, signal }): Promise<MessagePage> =>
      client.chats.messages(id, { cursor: pageParam, limit: messagesPerPage }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    staleTime: 5_000,
    refetchInterval: ({ state }) => (state.data?.pages[0]?.data.at(-1)?.state === 'streaming' ? watchMs : false),
  });
