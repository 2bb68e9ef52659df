/** The chat page's two halves: the list of chats, and the one that is open with its head and its settings. */
import { ActionIcon, Button, CloseButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconMessages, IconSettings } from '@tabler/icons-react';
import type { ChatSettings, ChatSummary } from '@patchbay/client/chats';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { Me } from '@patchbay/contract/people';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type ReactNode, type RefObject } from 'react';
import { useTranslations } from 'use-intl';
import { usePageTitle } from '../../../lib/focus.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useChangeChat } from '../api/change-chat.ts';
import { chatQuery } from '../api/chats.ts';
import { availableUseCasesQuery } from '../api/use-cases.ts';
import { LLMSettings } from '../settings/LLMSettings.tsx';
import { noSettings } from '../settings/fields.ts';
import classes from './ChatScreen.module.css';
import { Conversation } from './Conversation.tsx';
import { ConversationList } from './ConversationList.tsx';
import { choiceOf, defaultOf, hasUseCase, isThere, type Choice } from './connection-choice.ts';

export interface ChatScreenProps {
  me: Me;
  chatId: string | null;
  /** Undefined while they are not known; nothing here waits for them. */
  connections: readonly AiConnection[] | undefined;
  renderLink: (
    id: string | null,
    content: ReactNode,
    options: { className: string | undefined; isCurrent: boolean; onFollow: () => void },
  ) => ReactNode;
  renderSettings: (text: string) => ReactNode;
  /** Shows another chat, or the beginning of one. */
  onOpen: (id: string | null) => void;
}

/** More of them are chosen from in the panel. */
const offersMax = 3;

export function ChatScreen({ me, chatId, connections, renderLink, renderSettings, onOpen }: ChatScreenProps) {
  const t = useTranslations('chat');
  const drawer = useRef<HTMLDialogElement>(null);
  const isWide = useMediaQuery('(min-width: 1100px)', undefined, { getInitialValueInEffect: false });
  const { data: chat, error } = useQuery({ ...chatQuery(chatId ?? ''), enabled: chatId !== null });
  const [newSettings, setNewSettings] = useState<ChatSettings | null>(null);
  const panel = useSettings(chatId, setNewSettings);
  const title = chatId === null ? t('new') : (chat?.title ?? t('untitled'));
  const heading = usePageTitle(title);
  /** Null while they are not known: what is changed before that would put the others away. */
  const settings = chatId === null ? (newSettings ?? noSettings) : (chat?.settings ?? null);
  const { data: cases = [], isPending: areCasesComing } = useQuery(availableUseCasesQuery);
  // A use case comes before a connection: who answers is not said before both are known, and then once.
  const isComing = areCasesComing || settings === null;
  const choice = isComing ? null : (choiceOf(cases, settings) ?? defaultOf(connections ?? [], settings));
  const list = (
    <ConversationList
      currentId={chatId}
      organization={me.organization.name}
      renderLink={(id, content, options) => renderLink(id, content, { ...options, onFollow: () => drawer.current?.close() })}
      onDeleted={(gone: ChatSummary) => gone.id === chatId && onOpen(null)}
    />
  );
  return (
    <div className={classes['screen']}>
      <Side isWide={isWide} drawer={drawer}>
        {list}
      </Side>
      <div className={classes['main']}>
        <Head
          title={title}
          heading={heading}
          choice={choice}
          onList={isWide ? null : () => drawer.current?.showModal()}
          onSettings={panel.open}
        />
        {panel.isApplied && <p className={classes['applied']}>{chatId === null ? t('appliedNew') : t('applied')}</p>}
        <Gone isUseCase={chat?.isUseCaseGone === true} isConnection={chat?.isConnectionGone === true} />
        <Conversation
          key={chatId ?? 'new'}
          userId={me.id}
          organization={me.organization.name}
          chatId={chatId}
          newSettings={newSettings}
          hasConnections={connections === undefined || settings === null ? null : hasUseCase(settings) || connections.some(isThere)}
          answersBy={choice?.name ?? null}
          offers={isComing || choice !== null ? [] : (connections ?? []).filter(isThere).slice(0, offersMax)}
          onChoose={({ id }) => settings && panel.apply({ ...settings, connectionId: id })}
          renderSettings={renderSettings}
          onBegun={onOpen}
          onSettings={panel.open}
        />
      </div>
      <LLMSettings
        key={chatId ?? 'new-settings'}
        isOpen={panel.isOpen}
        settings={settings}
        connections={connections ?? []}
        defaultName={defaultOf(connections ?? [], noSettings)?.name ?? null}
        isPending={panel.isPending}
        error={settings === null ? error : panel.error}
        onApply={panel.apply}
        onClose={panel.close}
      />
    </div>
  );
}

/** What the chat had chosen and is not there any more. */
function Gone({ isUseCase, isConnection }: { isUseCase: boolean; isConnection: boolean }) {
  const t = useTranslations('chat');
  if (!isUseCase && !isConnection) return null;
  return (
    <Notice tone="warn">
      <p>{t(isUseCase ? 'useCaseGone' : 'gone')}</p>
    </Notice>
  );
}

/** The list, beside the chat or in a drawer. */
function Side({ isWide, drawer, children }: { isWide: boolean; drawer: RefObject<HTMLDialogElement | null>; children: ReactNode }) {
  const t = useTranslations('chat');
  if (isWide)
    return (
      <section className={classes['side']} aria-label={t('conversations')}>
        {children}
      </section>
    );
  return (
    <dialog ref={drawer} className={classes['drawer']} aria-label={t('conversations')} closedby="any">
      <div className={classes['top']}>
        <h2>{t('conversations')}</h2>
        <CloseButton aria-label={t('closeList')} onClick={() => drawer.current?.close()} />
      </div>
      {children}
    </dialog>
  );
}

interface HeadProps {
  title: string;
  heading: RefObject<HTMLHeadingElement | null>;
  /** Who answers; null where that is not known. */
  choice: Choice | null;
  /** Opens the list where it is not beside the chat. */
  onList: (() => void) | null;
  onSettings: () => void;
}

function Head({ title, heading, choice, onList, onSettings }: HeadProps) {
  const t = useTranslations('chat');
  return (
    <div className={classes['head']}>
      {onList !== null && (
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconMessages size={16} stroke={1.75} aria-hidden="true" />}
          onClick={onList}
        >
          {t('conversations')}
        </Button>
      )}
      <h1 id="page-title" ref={heading} tabIndex={-1} className={classes['title']}>
        {title}
      </h1>
      {choice !== null && (
        <p className={classes['choice']}>
          {choice.model !== null && <code>{choice.model}</code>} {choice.name}
        </p>
      )}
      <ActionIcon
        className={classes['last']}
        variant="default"
        size="lg"
        aria-label={t('settings')}
        title={t('settings')}
        onClick={onSettings}
      >
        <IconSettings size={18} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
    </div>
  );
}

/** The panel of the open chat; for a chat that is yet to begin its settings wait here. */
function useSettings(chatId: string | null, onNew: (settings: ChatSettings) => void) {
  const t = useTranslations('chat');
  const announce = useAnnounce();
  const change = useChangeChat();
  const [isOpen, setOpen] = useState(false);
  const [appliedTo, setAppliedTo] = useState<string | null | undefined>(undefined);
  const done = (): void => {
    setOpen(false);
    setAppliedTo(chatId);
    announce(chatId === null ? t('appliedNew') : t('applied'));
  };
  return {
    isOpen,
    isApplied: appliedTo !== undefined && appliedTo === chatId,
    isPending: change.isPending,
    error: change.error,
    open: () => {
      change.reset();
      setAppliedTo(undefined);
      setOpen(true);
    },
    close: () => setOpen(false),
    apply: (settings: ChatSettings) => {
      if (chatId !== null) return change.mutate({ id: chatId, settings }, { onSuccess: done });
      onNew(settings);
      done();
    },
  };
}
