/** What can be done in a chat: ask, ask again, edit, show another version, delete. Each is one call of the server. */
import type { ChatSettings, StoredMessage } from '@patchbay/client/chats';
import { useMemo, useState } from 'react';
import { useChangeChat } from '../api/change-chat.ts';
import { chatDraft, keepDraft, recallDraft } from '../../../lib/storage.ts';
import { stopAnswer, useLiveAnswer } from '../live/live-answers.ts';
import { useAsk } from '../live/use-ask.ts';
import type { MessageActions } from './Message.tsx';

export interface ChatActions {
  text: string;
  setText: (text: string) => void;
  live: ReturnType<typeof useLiveAnswer>;
  isBusy: boolean;
  /** Why the last question was not taken, or the last change not made. */
  error: unknown;
  send: () => void;
  stop: () => void;
  ofMessage: MessageActions;
  toDelete: StoredMessage | null;
  closeDelete: () => void;
}

interface Place {
  userId: string;
  chatId: string | null;
  newSettings: ChatSettings | null;
  /** A chat has begun. */
  onBegun: (chatId: string) => void;
}

export function useChatActions({ userId, chatId, newSettings, onBegun }: Place): ChatActions {
  const [text, setTyped] = useState(() => recallDraft(chatDraft(userId, chatId)) ?? '');
  const [toDelete, setToDelete] = useState<StoredMessage | null>(null);
  const live = useLiveAnswer(chatId);
  const ask = useAsk();
  const change = useChangeChat();
  const { mutate: mutateAsk } = ask;
  const { mutate: mutateChange } = change;
  const setText = (next: string): void => {
    setTyped(next);
    keepDraft(chatDraft(userId, chatId), next);
  };
  const send = (): void =>
    mutateAsk({
      chatId,
      settings: newSettings,
      asked: { content: text },
      onBegun: (id) => {
        // Only what was sent goes; a question that is refused, or never arrives, is still in its box.
        setText('');
        if (chatId === null) onBegun(id);
      },
    });
  const ofMessage = useMemo<MessageActions>(() => {
    const askHere = (asked: Parameters<typeof mutateAsk>[0]['asked']): void => {
      if (chatId !== null) mutateAsk({ chatId, settings: null, asked, onBegun: () => undefined });
    };
    return {
      edit: (message, content) => askHere({ content, replaces: message.id }),
      again: (message) => askHere({ again: message.id }),
      show: (headId) => chatId !== null && mutateChange({ id: chatId, headId }),
      remove: setToDelete,
    };
  }, [chatId, mutateAsk, mutateChange]);
  return {
    text,
    setText,
    live,
    isBusy: live !== null || ask.isPending,
    error: ask.error ?? change.error,
    send,
    stop: () => chatId !== null && stopAnswer(chatId),
    ofMessage,
    toDelete,
    closeDelete: () => setToDelete(null),
  };
}
