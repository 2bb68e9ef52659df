/** A secret that is shown once, as a part of the page: nothing but `Done` takes it away, and leaving asks first. */
import { Button, Checkbox } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useBlocker } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useId, useRef, useState, type ReactNode, type RefObject } from 'react';
import { useTranslations } from 'use-intl';
import { copyText } from '../lib/copy.ts';
import { ReasonButton } from './ReasonButton.tsx';
import { SecretLeave } from './SecretLeave.tsx';
import classes from './SecretReveal.module.css';

interface SecretRevealProps {
  /** Says what was made and that it is shown this once. */
  title: string;
  /** What the secret is called, for those who listen. */
  label: string;
  secret: string;
  /** The sentence of the box that stands for having stored it. */
  storedLabel: string;
  /** Further things that hold the secret, such as commands. */
  children?: ReactNode;
  onDone: () => void;
}

/** Calls back when all of the field is selected. The browser's own event also comes when the page itself selects the text. */
function useWholeSelection(field: RefObject<HTMLTextAreaElement | null>, onWhole: () => void): void {
  const whole = useEffectEvent(onWhole);
  useEffect(() => {
    const node = field.current;
    const look = (): void => {
      if (node && node.selectionEnd - node.selectionStart === node.value.length) whole();
    };
    node?.addEventListener('select', look);
    return () => node?.removeEventListener('select', look);
  }, [field]);
}

export function SecretReveal({ title, label, secret, storedLabel, children, onDone }: SecretRevealProps) {
  const t = useTranslations('secret');
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [copied, setCopied] = useState<'yes' | 'no' | null>(null);
  const [isSelected, setSelected] = useState(false);
  const [isStored, setStored] = useState(false);
  useEffect(() => heading.current?.focus(), []);
  useWholeSelection(field, () => setSelected(true));
  const leaving = useBlocker({
    shouldBlockFn: ({ next }) => next.pathname !== '/login',
    enableBeforeUnload: true,
    withResolver: true,
  });
  const copy = (): void => {
    if (field.current) void copyText(secret, field.current).then((isDone) => setCopied(isDone ? 'yes' : 'no'));
  };
  return (
    <section className={classes['reveal']} aria-labelledby={id}>
      <h2 id={id} ref={heading} tabIndex={-1} className={classes['title']}>
        <IconCircleCheck size={18} stroke={2} aria-hidden="true" />
        {title}
      </h2>
      <div className={classes['line']}>
        <textarea
          ref={field}
          className={classes['secret']}
          aria-label={label}
          value={secret}
          rows={secret.split('\n').length}
          readOnly
          spellCheck={false}
          autoComplete="off"
        />
        <Button size="sm" onClick={copy}>
          {t('copy')}
        </Button>
      </div>
      <output className={classes['said']} data-tone={copied === 'no' ? 'warn' : 'ok'}>
        {copied === 'yes' && t('copied')}
        {copied === 'no' && t('blocked')}
      </output>
      {children}
      <Checkbox label={storedLabel} checked={isStored} onChange={(event) => setStored(event.currentTarget.checked)} />
      <div>
        <ReasonButton reason={copied === 'yes' || isSelected || isStored ? null : t('doneReason')} onClick={onDone}>
          {t('done')}
        </ReasonButton>
      </div>
      <SecretLeave leaving={leaving} text={t('leaveText', { label })} />
    </section>
  );
}
