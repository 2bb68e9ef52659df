/** Asks whoever leaves the page while a secret that is shown once is being made: then nobody would ever see it. */
import { useBlocker } from '@tanstack/react-router';
import { useEffect, useEffectEvent } from 'react';
import { useTranslations } from 'use-intl';
import { SecretLeave } from './SecretLeave.tsx';

interface SecretAwaitedProps {
  isPending: boolean;
  /** What the secret is called. */
  label: string;
}

export function SecretAwaited({ isPending, label }: SecretAwaitedProps) {
  const t = useTranslations('secret');
  const leaving = useBlocker({
    shouldBlockFn: ({ next }) => isPending && next.pathname !== '/login',
    enableBeforeUnload: isPending,
    withResolver: true,
  });
  const stay = useEffectEvent(() => leaving.reset?.());
  // Once the answer is there the page stays for what it brings, and the address that the way back had changed already is put right.
  useEffect(() => (isPending ? () => stay() : undefined), [isPending]);
  return <SecretLeave leaving={leaving} text={t('leaveWaiting', { label })} />;
}
