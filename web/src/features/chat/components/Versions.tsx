/** Which version of a message is shown, and the way to the others. */
import { ActionIcon } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { StoredMessage } from '@patchbay/client/chats';
import { useTranslations } from 'use-intl';
import classes from './Message.module.css';

interface VersionsProps {
  message: StoredMessage;
  isDisabled: boolean;
  onShow: (messageId: string) => void;
}

export function Versions({ message: { id, versions }, isDisabled, onShow }: VersionsProps) {
  const t = useTranslations('chat');
  const at = versions.indexOf(id);
  if (versions.length < 2 || at < 0) return null;
  const step = (to: number, label: string, Icon: typeof IconChevronLeft) => {
    const target = versions[to];
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        size="md"
        aria-label={label}
        disabled={target === undefined || isDisabled}
        onClick={() => target !== undefined && onShow(target)}
      >
        <Icon size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
    );
  };
  return (
    <span className={classes['versions']}>
      {step(at - 1, t('versionBefore'), IconChevronLeft)}
      <span>{t('version', { at: at + 1, count: versions.length })}</span>
      {step(at + 1, t('versionAfter'), IconChevronRight)}
    </span>
  );
}
