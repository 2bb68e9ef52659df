/** What can be done in a chat: ask, ask again, edit, show another version, delete. Each is one call of the server. */
import type { ChatSettings, StoredMessage } from '@patchbay/client/chats';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useChangeChat } from '../api/change-chat.ts';
import { chatDraft, keepDraft, recallDraft } from '../../../lib/storage.ts';
import { stopAnswer, useLiveAnswer, type Asked } from '../live/live-answers.ts';
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
  /** What the editors hold that are open, by the message each is of. */
  edits: Readonly<Record<string, string>>;
  ofMessage: MessageActions;
  toDelete: StoredMessage | null;
  closeDelete: () => void;
}

interface Place {
  userId: string;
  chatId: string | null;
  newSettings: ChatSettings | null;
  /** A chat has begun, in front of whoever began it. */
  onBegun: (chatId: string) => void;
}

/** Only what was sent goes from the box: what was typed behind it, or in its place, is for the next question. */
const leftOf = (typed: string, sent: string): string => (typed.startsWith(sent) ? typed.slice(sent.length).trimStart() : typed);

/** What was typed and is not sent yet: kept as a draft, which goes along when a new chat gets its place. */
function useDraft(userId: string, chatId: string | null) {
  const key = useRef(chatDraft(userId, chatId));
  const [text, setShown] = useState(() => recallDraft(chatDraft(userId, chatId)) ?? '');
  const last = useRef(text);
  const setText = (next: string): void => {
    last.current = next;
    setShown(next);
    keepDraft(key.current, next);
  };
  return {
    text,
    setText,
    /** Takes what was sent out of the box, which is from now on that of the chat. */
    moveTo: (begunId: string, sent: string): void => {
      keepDraft(key.current, '');
      key.current = chatDraft(userId, begunId);
      setText(leftOf(last.current, sent));
    },
    /** The same where nobody stands before the box any more: what is kept of it may be newer than what was seen here. */
    moveUnseen: (sent: string): void => keepDraft(key.current, leftOf(recallDraft(key.current) ?? '', sent)),
  };
}

/** Whether those who asked are still before the chat: an answer that comes later leads nobody away from where they are. */
function usePresence() {
  const isHere = useRef(false);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);
  return isHere;
}

export function useChatActions({ userId, chatId, newSettings, onBegun }: Place): ChatActions {
  const draft = useDraft(userId, chatId);
  const isHere = usePresence();
  const [edits, setEdits] = useState<Readonly<Record<string, string>>>({});
  const [toDelete, setToDelete] = useState<StoredMessage | null>(null);
  const live = useLiveAnswer(chatId);
  const ask = useAsk();
  const change = useChangeChat();
  const { mutate: mutateAsk } = ask;
  const { mutate: mutateChange } = change;
  const { text } = draft;
  const send = (): void =>
    mutateAsk({
      chatId,
      settings: newSettings,
      asked: { content: text },
      onBegun: (id) => {
        // A question that is refused, or never arrives, is still in its box.
        if (!isHere.current) return draft.moveUnseen(text);
        draft.moveTo(id, text);
        if (chatId === null) onBegun(id);
      },
    });
  const ofMessage = useMemo<MessageActions>(() => {
    const askHere = (asked: Asked, onBegun: () => void = () => undefined): void => {
      if (chatId !== null) mutateAsk({ chatId, settings: null, asked, onBegun });
    };
    const close = ({ id }: StoredMessage): void => setEdits(({ [id]: _closed, ...others }) => others);
    return {
      write: (message, typed) => setEdits((open) => ({ ...open, [message.id]: typed })),
      close,
      // Its place is the new wording's while that is on its way; where it is refused, the editor is there again with what it held.
      edit: (message, content) => askHere({ content, replaces: message.id }, () => close(message)),
      again: (message) => askHere({ again: message.id }),
      show: (headId) => chatId !== null && mutateChange({ id: chatId, headId }),
      remove: setToDelete,
    };
  }, [chatId, mutateAsk, mutateChange]);
  return {
    text,
    setText: draft.setText,
    live,
    isBusy: live !== null || ask.isPending,
    error: ask.error ?? change.error,
    send,
    stop: () => chatId !== null && stopAnswer(chatId),
    edits,
    ofMessage,
    toDelete,
    closeDelete: () => setToDelete(null),
  };
}
