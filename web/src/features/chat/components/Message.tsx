/** One message: who said it, the text, what went wrong, what it took, and what can be done with it. */
import { IconCheck, IconCopy, IconPencil, IconRefresh, IconTrash, type Icon } from '@tabler/icons-react';
import type { StoredMessage } from '@patchbay/client/chats';
import { Link } from '@tanstack/react-router';
import { memo, useRef, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { copyText } from '../../../lib/copy.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { ReasonButton, ReasonIcon } from '../../../ui/ReasonButton.tsx';
import { AnswerFacts } from './AnswerFacts.tsx';
import classes from './Message.module.css';
import { MessageText } from './MessageText.tsx';
import { QuestionEditor } from './QuestionEditor.tsx';
import { Versions } from './Versions.tsx';

export interface MessageActions {
  /** Opens the editor of a question, and keeps what is typed there. */
  write: (message: StoredMessage, text: string) => void;
  close: (message: StoredMessage) => void;
  /** Another version of a question. */
  edit: (message: StoredMessage, text: string) => void;
  /** Another answer. */
  again: (message: StoredMessage) => void;
  show: (messageId: string) => void;
  remove: (message: StoredMessage) => void;
}

interface MessageProps {
  message: StoredMessage;
  /** What its editor holds; null where none is open. */
  edited: string | null;
  /** An answer is being written, so nothing is changed meanwhile. */
  isBusy: boolean;
  actions: MessageActions;
}

export const Message = memo(function Message({ message, edited, isBusy, actions }: MessageProps) {
  const t = useTranslations('chat');
  const text = useRef<HTMLDivElement>(null);
  const isQuestion = message.role === 'user';
  return (
    <article className={classes['message']} data-role={message.role} aria-label={isQuestion ? t('you') : t('assistant')}>
      <p className={classes['who']}>{isQuestion ? t('you') : t('assistant')}</p>
      {message.reasoning !== null && <Reasoning text={message.reasoning} isOpen={false} />}
      {edited !== null ? (
        <QuestionEditor
          text={edited}
          isBusy={isBusy}
          onChange={(typed) => actions.write(message, typed)}
          onSend={() => actions.edit(message, edited)}
          onCancel={() => actions.close(message)}
        />
      ) : (
        <div ref={text} className={classes['text']}>
          {message.content !== '' && <MessageText text={message.content} isMarkdown={!isQuestion} />}
        </div>
      )}
      <Ending message={message} isBusy={isBusy} onAgain={() => actions.again(message)} />
      {!isQuestion && <AnswerFacts message={message} />}
      {edited === null && (
        <div className={classes['actions']}>
          <Versions message={message} isDisabled={isBusy} onShow={actions.show} />
          <CopyButton message={message} text={() => text.current} />
          {isQuestion && (
            <Action label={t('edit')} icon={IconPencil} isDisabled={isBusy} onPress={() => actions.write(message, message.content)} />
          )}
          {!isQuestion && <Action label={t('again')} icon={IconRefresh} isDisabled={isBusy} onPress={() => actions.again(message)} />}
          <Action label={t('deleteMessage')} icon={IconTrash} isDisabled={isBusy} onPress={() => actions.remove(message)} />
        </div>
      )}
    </article>
  );
});

interface ActionProps {
  label: string;
  icon: Icon;
  isDisabled?: boolean;
  onPress: () => void;
}

function Action({ label, icon: Shown, isDisabled = false, onPress }: ActionProps) {
  const t = useTranslations('chat');
  return (
    <ReasonIcon
      variant="subtle"
      color="gray"
      size="md"
      aria-label={label}
      title={label}
      reason={isDisabled ? t('busy') : null}
      onClick={onPress}
    >
      <Shown size={16} stroke={1.75} aria-hidden="true" />
    </ReasonIcon>
  );
}

function CopyButton({ message, text }: { message: StoredMessage; text: () => HTMLElement | null }) {
  const t = useTranslations('chat');
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    const shown = text();
    if (shown) void copyText(message.content, shown).then(setCopied);
  };
  if (message.content === '') return null;
  return <Action label={isCopied ? t('copied') : t('copy')} icon={isCopied ? IconCheck : IconCopy} onPress={copy} />;
}

export function Reasoning({ text, isOpen }: { text: string; isOpen: boolean }) {
  const t = useTranslations('chat');
  return (
    <details className={classes['reasoning']} open={isOpen}>
      <summary>{t('reasoning')}</summary>
      <div className={classes['plain']}>{text}</div>
    </details>
  );
}

/** These are mended by another key, in the form of the connection. */
const keyFaults: ReadonlySet<string> = new Set(['auth', 'secret_unreadable']);

/** How an answer ended, where it did not simply end. */
function Ending({
  message: { state, failure, answer },
  isBusy,
  onAgain,
}: {
  message: StoredMessage;
  isBusy: boolean;
  onAgain: () => void;
}): ReactNode {
  const t = useTranslations('chat');
  const again = (
    <ReasonButton size="compact-sm" variant="default" className={classes['again']} reason={isBusy ? t('busy') : null} onClick={onAgain}>
      {t('tryAgain')}
    </ReasonButton>
  );
  if (state === 'stopped') return <p className={classes['ending']}>{t('stopped')}</p>;
  if (state === 'streaming') return <p className={classes['ending']}>{t('writingElsewhere')}</p>;
  if (state === 'interrupted')
    return (
      <Notice tone="warn" title={t('interrupted')}>
        <p>{t('interruptedText')}</p>
        {again}
      </Notice>
    );
  if (state !== 'failed' || !failure) return null;
  const connectionId = keyFaults.has(failure.code) ? answer?.connectionId : null;
  return (
    <Notice tone="bad" title={failure.issue}>
      {failure.check !== null && <p>{failure.check}</p>}
      {failure.resolution !== null && <p>{failure.resolution}</p>}
      {typeof connectionId === 'string' && (
        <p>
          <Link to="/settings/ai-connections/$id/edit" params={{ id: connectionId }}>
            {t('replaceKey')}
          </Link>
        </p>
      )}
      {again}
    </Notice>
  );
}
