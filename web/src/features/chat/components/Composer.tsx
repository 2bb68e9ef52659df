/** Where a question is typed. Enter sends, Shift+Enter breaks the line; an Enter that ends the spelling of a word does neither. */
import { Button } from '@mantine/core';
import { IconPlayerStop, IconSend } from '@tabler/icons-react';
import { useId, type KeyboardEvent, type RefObject } from 'react';
import { useTranslations } from 'use-intl';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import classes from './Composer.module.css';

interface ComposerProps {
  text: string;
  isWriting: boolean;
  isStopping: boolean;
  box: RefObject<HTMLTextAreaElement | null>;
  onChange: (text: string) => void;
  onSend: () => void;
  onStop: () => void;
}

export function Composer({ text, isWriting, isStopping, box, onChange, onSend, onStop }: ComposerProps) {
  const t = useTranslations('chat');
  const id = useId();
  const isSendable = text.trim() !== '' && !isWriting;
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isWriting) onStop();
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (isSendable) onSend();
  };
  return (
    <form
      className={classes['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        if (isSendable) onSend();
      }}
    >
      <label htmlFor={id} className="pb-unseen">
        {t('input')}
      </label>
      <textarea
        id={id}
        ref={box}
        className={classes['box']}
        value={text}
        rows={1}
        maxLength={100_000}
        placeholder={t('placeholder')}
        aria-describedby={`${id}-hint`}
        enterKeyHint="send"
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={keys}
      />
      <div className={classes['row']}>
        <p id={`${id}-hint`} className={classes['hint']}>
          {isWriting ? t('hintWriting') : t('hint')}
        </p>
        {isWriting ? (
          <Button
            variant="default"
            size="sm"
            loading={isStopping}
            leftSection={<IconPlayerStop size={16} stroke={1.75} aria-hidden="true" />}
            onClick={onStop}
          >
            {t('stop')}
          </Button>
        ) : (
          <ReasonButton
            type="submit"
            size="sm"
            reason={isSendable ? null : t('sendEmpty')}
            leftSection={<IconSend size={16} stroke={1.75} aria-hidden="true" />}
          >
            {t('send')}
          </ReasonButton>
        )}
      </div>
    </form>
  );
}
