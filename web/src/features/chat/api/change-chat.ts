/** Changes of a chat: its name, its settings, which version is shown, and what is deleted. The lists learn of each. */
import type { Chat } from '@patchbay/client/chats';
import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { chatQuery, chatsQuery } from './chats.ts';
import { messagesQuery } from './messages.ts';

const listsKey = chatsQuery('').queryKey.slice(0, 2);

export function keepChat(queries: QueryClient, chat: Chat): void {
  queries.setQueryData(chatQuery(chat.id).queryKey, chat);
  void queries.invalidateQueries({ queryKey: listsKey });
}

export function useChangeChat() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...change }: { id: string } & Parameters<typeof client.chats.change>[1]) => client.chats.change(id, change),
    onSuccess: async (chat, { headId }) => {
      keepChat(queries, chat);
      if (headId !== undefined) await queries.resetQueries({ queryKey: messagesQuery(chat.id).queryKey });
    },
  });
}

export function useDeleteChat() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.chats.delete(id),
    onSuccess: (_, id) => {
      queries.removeQueries({ queryKey: chatQuery(id).queryKey });
      queries.removeQueries({ queryKey: messagesQuery(id).queryKey });
      return queries.invalidateQueries({ queryKey: listsKey });
    },
  });
}

export function useDeleteMessage() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, messageId }: { id: string; messageId: string }) => client.chats.deleteMessage(id, messageId),
    onSuccess: async (chat) => {
      keepChat(queries, chat);
      await queries.resetQueries({ queryKey: messagesQuery(chat.id).queryKey });
    },
  });
}
