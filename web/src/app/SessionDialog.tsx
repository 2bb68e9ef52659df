/** Asks whoever was signed in to sign in again, over the page they were at. Nothing closes it but that, or leaving the page. */
import { Button } from '@mantine/core';
import type { Me } from '@patchbay/contract/people';
import { useId, useLayoutEffect, useRef } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { SignInSteps } from '../features/session/components/SignInSteps.tsx';
import { errorText } from '../lib/error-text.ts';
import { Notice } from '../ui/Notice.tsx';
import classes from './SessionDialog.module.css';

interface SessionDialogProps {
  me: Me;
  /** Why signing in did not lead back; null while it did not fail. */
  error: unknown;
  onSignedIn: () => void;
  onLeave: () => void;
}

export function SessionDialog({ me, error, onSignedIn, onLeave }: SessionDialogProps) {
  const t = useTranslations('sessionOver');
  const language = useLocale();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the form within takes the focus; closed while it is still there, so that the browser gives the focus back.
  useLayoutEffect(() => {
    const node = dialog.current;
    if (!node?.open) node?.showModal();
    return () => node?.close();
  }, []);
  // A browser closes it at the second Escape without asking.
  const reopen = (): void => {
    if (dialog.current?.isConnected && !dialog.current.open) dialog.current.showModal();
  };
  return (
    <dialog
      ref={dialog}
      className={classes['dialog']}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      closedby="none"
      onCancel={(event) => event.preventDefault()}
      onClose={reopen}
    >
      <h2 id={`${id}-title`}>{t('title')}</h2>
      <p id={`${id}-text`} className={classes['text']}>
        {t('text', { name: me.name })}
      </p>
      {error !== null && <Notice tone="bad">{errorText(error, language)}</Notice>}
      <SignInSteps email={me.email} onSignedIn={onSignedIn} />
      <div className={classes['leave']}>
        <Button variant="subtle" color="gray" size="compact-sm" fullWidth onClick={onLeave}>
          {t('leave')}
        </Button>
        <p>{t('leaveHint')}</p>
      </div>
    </dialog>
  );
}
