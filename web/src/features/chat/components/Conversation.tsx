/** One chat: what was said, what is being said, and the box for what comes next. */
import { Button } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { HttpError } from '@patchbay/client';
import type { ChatSettings } from '@patchbay/client/chats';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode, type RefObject } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { messagesQuery } from '../api/messages.ts';
import { Composer } from './Composer.tsx';
import classes from './Conversation.module.css';
import { DeleteMessage } from './DeleteMessage.tsx';
import { LiveMessages } from './LiveMessages.tsx';
import { Message } from './Message.tsx';
import { NoConnection } from './NoConnection.tsx';
import { messagesBefore } from './shown-messages.ts';
import { useChatActions, type ChatActions } from './use-chat-actions.ts';
import { useFollow } from './use-follow.ts';

export interface ConversationProps {
  userId: string;
  organization: string;
  chatId: string | null;
  /** What a chat that is about to begin is asked with. */
  newSettings: ChatSettings | null;
  /** Null while it is not known. */
  hasConnections: boolean | null;
  /** Who answers, for the empty chat. */
  answersBy: string | null;
  /** Connections that could answer, where none does by itself: none of them is the default, and none was chosen. */
  offers: readonly AiConnection[];
  onChoose: (connection: AiConnection) => void;
  renderSettings: (text: string) => ReactNode;
  onBegun: (chatId: string) => void;
  onSettings: () => void;
}

/** The chat that began while its asker stood in the box. */
let begunInBox: string | null = null;

/** The box has the focus where one can type at once, and keeps it when a chat that began in it gets its place. */
function useBox({ chatId, onBegun }: ConversationProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // Where a keyboard is at hand, one can begin to type; on a phone it would cover half of the page.
    if (matchMedia('(pointer: fine)').matches) box.current?.focus({ preventScroll: true });
    // The heading takes the focus of a page that opens, but here somebody may be in the middle of a word.
    if (chatId !== null && begunInBox === chatId) setTimeout(() => box.current?.focus({ preventScroll: true }));
    begunInBox = null;
  }, [chatId]);
  const begin = (begunId: string): void => {
    begunInBox = document.activeElement === box.current ? begunId : null;
    onBegun(begunId);
  };
  return { box, begin };
}

/** @param props.chatId give the element a `key` of it: another chat is another conversation */
export function Conversation(props: ConversationProps) {
  const { userId, organization, chatId, newSettings, hasConnections, answersBy } = props;
  const t = useTranslations('chat');
  const { box, begin } = useBox(props);
  const actions = useChatActions({ userId, chatId, newSettings, onBegun: begin });
  const messages = useInfiniteQuery({ ...messagesQuery(chatId ?? ''), enabled: chatId !== null });
  const stored = messages.data?.pages.toReversed().flatMap(({ data }) => data) ?? [];
  const shown = messagesBefore(stored, actions.live);
  const { live } = actions;
  const follow = useFollow(live !== null);
  const isEmpty = shown.length === 0 && live === null && (chatId === null || messages.isSuccess);
  const isUnanswered = (hasConnections === false && stored.length === 0) || (isEmpty && props.offers.length > 0);
  return (
    <div className={classes['conversation']}>
      {chatId !== null && messages.isError && stored.length === 0 && (
        <Failure error={messages.error} organization={organization} onRetry={() => void messages.refetch()} />
      )}
      {messages.hasNextPage && (
        <div className={classes['earlier']}>
          <Button size="compact-sm" variant="default" loading={messages.isFetchingNextPage} onClick={() => void messages.fetchNextPage()}>
            {t('earlierMessages')}
          </Button>
        </div>
      )}
      {isUnanswered && <Unanswered {...props} box={box} />}
      {isEmpty && !isUnanswered && (
        <div className={classes['empty']}>
          <h2>{t('emptyTitle')}</h2>
          {answersBy !== null && <p>{t('emptyText', { name: answersBy })}</p>}
        </div>
      )}
      <div className={classes['log']} role="log" aria-label={t('messages')} aria-busy={live !== null}>
        {shown.map((message) => (
          <Message
            key={message.id}
            message={message}
            edited={actions.edits[message.id] ?? null}
            isBusy={actions.isBusy}
            actions={actions.ofMessage}
          />
        ))}
        {live && <LiveMessages live={live} />}
      </div>
      <div className={classes['dock']}>
        {follow.isBehind && (
          <button type="button" className={classes['newer']} onClick={follow.toEnd}>
            <IconArrowDown size={14} stroke={1.75} aria-hidden="true" />
            {t('newText')}
          </button>
        )}
        <Refusal actions={actions} {...props} box={box} isSaid={isUnanswered} />
        <Composer
          text={actions.text}
          isWriting={actions.isBusy}
          isStopping={live?.isStopping ?? false}
          box={box}
          onChange={actions.setText}
          onSend={() => {
            follow.toEnd();
            actions.send();
          }}
          onStop={actions.stop}
        />
      </div>
      {chatId !== null && <DeleteMessage chatId={chatId} message={actions.toDelete} onClose={actions.closeDelete} />}
    </div>
  );
}

type InBox = ConversationProps & { box: RefObject<HTMLTextAreaElement | null> };

/** Nobody answers yet; whoever is chosen does, and one goes on in the box. */
function Unanswered({ hasConnections, offers, onChoose, renderSettings, box }: InBox) {
  const choose = (connection: AiConnection): void => {
    onChoose(connection);
    box.current?.focus();
  };
  return <NoConnection hasConnections={hasConnections === true} offers={offers} onChoose={choose} render={renderSettings} />;
}

/** What only another connection or model cures. */
const settingsCodes: ReadonlySet<string> = new Set(['MODEL_REQUIRED', 'MODEL_INACTIVE']);

interface RefusalProps extends InBox {
  actions: ChatActions;
  /** Whether the place above says already that nobody answers. */
  isSaid: boolean;
}

/** Why the question was not taken. It is still in its box. */
function Refusal(props: RefusalProps) {
  const { actions, answersBy, isSaid, onSettings } = props;
  const { error, isBusy } = actions;
  const t = useTranslations('chat');
  const language = useLocale();
  if (error === null || error === undefined || isBusy) return null;
  const code = error instanceof HttpError ? error.code : null;
  // Said above already, or cured since by a choice.
  if (code === 'NO_CONNECTION_CONFIGURED') return isSaid || answersBy !== null ? null : <Unanswered {...props} />;
  return (
    <Notice tone="bad" title={errorText(error, language)}>
      <p>{t('notSent')}</p>
      {code !== null && settingsCodes.has(code) && (
        <Button size="compact-sm" variant="default" onClick={onSettings}>
          {t('settings')}
        </Button>
      )}
    </Notice>
  );
}
