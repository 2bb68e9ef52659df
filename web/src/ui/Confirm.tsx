/**
 * A question that must be answered: the browser's own dialog, with the harmless answer first. Escape is that answer. Once the
 * deed is on its way there is none any more: the question stays until it is known what came of it.
 */
import { Button } from '@mantine/core';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useLocale } from 'use-intl';
import { errorText } from '../lib/error-text.ts';
import { CancelButton } from './CancelButton.tsx';
import classes from './Confirm.module.css';
import { Notice } from './Notice.tsx';

interface ConfirmProps {
  isOpen: boolean;
  title: string;
  cancelLabel: string;
  confirmLabel: string;
  /** `bad` for what cannot be undone. */
  tone?: 'plain' | 'bad';
  isPending?: boolean;
  /** What came of the last try; null while nothing went wrong. */
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function Confirm({
  isOpen,
  title,
  cancelLabel,
  confirmLabel,
  tone = 'plain',
  isPending = false,
  error = null,
  onConfirm,
  onClose,
  children,
}: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const language = useLocale();
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen) dialog.current?.close();
  }, [isOpen]);
  // Closed by the browser, as with Escape; closed by its owner it says nothing more.
  const closed = (): void => {
    // Not every browser knows `closedby`, and none lets a page refuse Escape for ever.
    if (isOpen && isPending) dialog.current?.showModal();
    else if (isOpen) onClose();
  };
  return (
    <dialog
      ref={dialog}
      className={classes['confirm']}
      aria-labelledby={id}
      closedby={isPending ? 'none' : 'closerequest'}
      onClose={closed}
    >
      {isOpen && (
        <>
          <h2 id={id}>{title}</h2>
          <div className={classes['body']}>
            {children}
            {error !== null && <Notice tone="bad">{errorText(error, language)}</Notice>}
          </div>
          <div className={classes['buttons']}>
            <CancelButton label={cancelLabel} isPending={isPending} onCancel={onClose} />
            <Button className={tone === 'bad' ? classes['bad'] : undefined} loading={isPending} data-once onClick={onConfirm}>
              {confirmLabel}
            </Button>
          </div>
        </>
      )}
    </dialog>
  );
}
