/** A question taken up again: what is sent becomes another version of it, and the first one stays. */
import { Button } from '@mantine/core';
import { useEffect, useId, useRef, type KeyboardEvent } from 'react';
import { useTranslations } from 'use-intl';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import classes from './Message.module.css';

interface QuestionEditorProps {
  text: string;
  isBusy: boolean;
  onChange: (text: string) => void;
  onSend: () => void;
  onCancel: () => void;
}

export function QuestionEditor({ text, isBusy, onChange, onSend, onCancel }: QuestionEditorProps) {
  const t = useTranslations('chat');
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  // Opened by a press on Edit, or back after a refusal, so the focus is expected here; unless somebody types elsewhere meanwhile.
  useEffect(() => {
    if (document.activeElement === document.body) area.current?.focus();
  }, []);
  const isSendable = text.trim() !== '' && !isBusy;
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onCancel();
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (isSendable) onSend();
  };
  return (
    <div className={classes['editor']}>
      <label htmlFor={id}>{t('editLabel')}</label>
      <textarea
        id={id}
        ref={area}
        value={text}
        rows={3}
        maxLength={100_000}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={keys}
      />
      <div className="pb-buttons">
        <Button size="compact-sm" variant="default" onClick={onCancel}>
          {t('cancel')}
        </Button>
        <ReasonButton size="compact-sm" reason={isSendable ? null : t(isBusy ? 'busy' : 'sendEmpty')} onClick={onSend}>
          {t('send')}
        </ReasonButton>
      </div>
    </div>
  );
}
