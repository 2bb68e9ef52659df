/** Which version of a message is shown, and the way to the others. */
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { StoredMessage } from '@patchbay/client/chats';
import { useTranslations } from 'use-intl';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import classes from './Message.module.css';

interface VersionsProps {
  message: StoredMessage;
  isDisabled: boolean;
  onShow: (messageId: string) => void;
}

export function Versions({ message: { id, versions }, isDisabled, onShow }: VersionsProps) {
  const t = useTranslations('chat');
  const list = useTranslations('list');
  const at = versions.indexOf(id);
  if (versions.length < 2 || at < 0) return null;
  const step = (to: number, label: string, Icon: typeof IconChevronLeft) => {
    const target = versions[to];
    return (
      <ReasonIcon
        variant="subtle"
        color="gray"
        size="md"
        aria-label={label}
        reason={target === undefined ? list(to < 0 ? 'isFirst' : 'isLast') : isDisabled ? t('busy') : null}
        onClick={() => target !== undefined && onShow(target)}
      >
        <Icon size={16} stroke={1.75} aria-hidden="true" />
      </ReasonIcon>
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
