/** One chat of the list, with its two deeds: another name, and its end. */
import { ActionIcon } from '@mantine/core';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import type { ChatSummary } from '@patchbay/client/chats';
import { isBlank } from '@patchbay/contract/blank';
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { useChangeChat, useDeleteChat } from '../api/change-chat.ts';
import classes from './ConversationList.module.css';

interface ConversationRowProps {
  chat: ChatSummary;
  isCurrent: boolean;
  renderLink: (id: string | null, content: ReactNode, options: { className: string | undefined; isCurrent: boolean }) => ReactNode;
  onDeleted: (chat: ChatSummary) => void;
}

export function ConversationRow({ chat, isCurrent, renderLink, onDeleted }: ConversationRowProps) {
  const t = useTranslations('chat');
  const [isRenaming, setRenaming] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const title = chat.title ?? t('untitled');
  const close = (): void => {
    setRenaming(false);
    setTimeout(() => pencil.current?.focus());
  };
  if (isRenaming)
    return (
      <li className={classes['row']}>
        <RenameForm chat={chat} onClose={close} />
      </li>
    );
  return (
    <li className={classes['row']} data-current={isCurrent || undefined}>
      {renderLink(chat.id, title, { className: classes['link'], isCurrent })}
      <span className={classes['deeds']}>
        <ActionIcon
          ref={pencil}
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={t('rename', { title })}
          onClick={() => setRenaming(true)}
        >
          <IconPencil size={14} stroke={1.75} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('delete', { title })} onClick={() => setDeleting(true)}>
          <IconTrash size={14} stroke={1.75} aria-hidden="true" />
        </ActionIcon>
      </span>
      <DeleteChat chat={chat} title={title} isOpen={isDeleting} onClose={() => setDeleting(false)} onDeleted={() => onDeleted(chat)} />
    </li>
  );
}

function RenameForm({ chat, onClose }: { chat: ChatSummary; onClose: () => void }) {
  const t = useTranslations('chat');
  const language = useLocale();
  const id = useId();
  const change = useChangeChat();
  const [title, setTitle] = useState(chat.title ?? '');
  const input = useRef<HTMLInputElement>(null);
  // Opened by a press on its pencil, so the focus is expected here.
  useEffect(() => input.current?.select(), []);
  const save = (): void => {
    const wanted = title.trim();
    if (isBlank(wanted) || wanted === chat.title) return onClose();
    change.mutate({ id: chat.id, title: wanted }, { onSuccess: onClose });
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
  };
  return (
    <form
      className={classes['rename']}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label htmlFor={id} className="pb-unseen">
        {t('titleLabel')}
      </label>
      <input
        id={id}
        ref={input}
        className={classes['search']}
        value={title}
        maxLength={200}
        aria-invalid={change.isError || undefined}
        aria-describedby={change.isError ? `${id}-fault` : undefined}
        onChange={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={keys}
        onBlur={save}
      />
      {change.isError && (
        <p id={`${id}-fault`} className={classes['fault']} role="alert">
          {errorText(change.error, language)}
        </p>
      )}
    </form>
  );
}

interface DeleteChatProps {
  chat: ChatSummary;
  title: string;
  isOpen: boolean;
  onClose: () => void;
  onDeleted: () => void;
}

function DeleteChat({ chat, title, isOpen, onClose, onDeleted }: DeleteChatProps) {
  const t = useTranslations('chat');
  const announce = useAnnounce();
  const deleted = (): void => {
    announce(t('deleted', { title }));
    onDeleted();
  };
  return (
    <DeedQuestion
      of={isOpen ? chat : null}
      change={useDeleteChat()}
      inputOf={({ id }) => id}
      title={() => t('deleteTitle', { title })}
      text={() => t('deleteText')}
      cancelLabel={t('cancel')}
      confirmLabel={t('deleteConfirm')}
      onClose={onClose}
      onDone={deleted}
    />
  );
}
