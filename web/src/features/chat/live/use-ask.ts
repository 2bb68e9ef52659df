/** Sends a question and follows it to its end: the lists are told, and the stored messages take the place of what streamed in. */
import type { ChatSettings } from '@patchbay/client/chats';
import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { client } from '../../../lib/client.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { keepChat } from '../api/change-chat.ts';
import { chatQuery, chatsQuery } from '../api/chats.ts';
import { messagesQuery } from '../api/messages.ts';
import { dropAnswer, liveAnswerOf, runAnswer, type Asked } from './live-answers.ts';

/** How long the stored answer is waited for after a stop: the server settles what it has as soon as it notices. */
const settleTriesMax = 20;
const settlePauseMs = 150;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface AskOrder {
  /** Null begins a chat with these settings. */
  chatId: string | null;
  settings: ChatSettings | null;
  asked: Asked;
  /** Runs when the question is stored, so that what was typed may go. */
  onBegun: (chatId: string) => void;
}

/** Reads the messages anew until the answer has been settled. */
async function untilStored(queries: QueryClient, chatId: string): Promise<void> {
  const { queryKey } = messagesQuery(chatId);
  const answerId = liveAnswerOf(chatId)?.answer?.id;
  for (let tried = 0; tried < settleTriesMax; tried++) {
    await queries.invalidateQueries({ queryKey, refetchType: 'all' });
    const stored = queries.getQueryData(queryKey)?.pages[0]?.data.at(-1);
    if (stored?.id !== answerId || stored?.state !== 'streaming') return;
    await pause(settlePauseMs);
  }
}

export function useAsk() {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const t = useTranslations('chat');
  return useMutation({
    mutationFn: async ({ chatId, settings, asked, onBegun }: AskOrder) => {
      const isNew = chatId === null;
      const chat = isNew ? await client.chats.create(settings === null ? {} : { settings }) : null;
      const id = chatId ?? chat!.id;
      announce(t('writing'));
      try {
        await runAnswer(id, asked, () => {
          if (chat) keepChat(queries, chat);
          onBegun(id);
          void queries.invalidateQueries({ queryKey: chatsQuery('').queryKey.slice(0, 2) });
          void queries.invalidateQueries({ queryKey: chatQuery(id).queryKey });
        });
      } catch (error) {
        // A chat that nobody could answer in is not kept: what was typed is still in its box.
        if (isNew) await client.chats.delete(id).catch(() => undefined);
        throw error;
      }
      await untilStored(queries, id);
      dropAnswer(id);
      announce(t('answered'));
    },
  });
}
