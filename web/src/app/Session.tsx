/**
 * The session of whoever sees the pages behind the door. While it lasts the page is kept fresh; when it is over the page stays, and the
 * person is asked in again over it. Who signs out in one tab has signed out in all of them.
 */
import type { Me } from '@patchbay/contract/people';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useEffectEvent, useRef } from 'react';
import { useSessionBeforeFiles } from '../features/session/api/before-files.ts';
import { useComeBack } from '../features/session/api/come-back.ts';
import { whenIdle } from '../lib/idle.ts';
import { basePath } from '../lib/page.ts';
import { askIn, isSessionOver, useSessionOver } from '../lib/session-state.ts';
import { hearTabs, type TabWord } from '../lib/tabs.ts';
import { wanted } from '../lib/wanted.ts';
import { leaveForDoor } from './leave-for-door.ts';
import { Live } from './live/Live.tsx';

const SessionDialog = lazy(async () => ({ default: (await wanted(() => import('./SessionDialog.tsx'))).SessionDialog }));

/** Gives the focus back where it was: a button that was busy had lost it before anything could remember that. */
function useFocusBack(isOver: boolean): void {
  const last = useRef<HTMLElement | null>(null);
  useEffect(() => {
    const keep = ({ target }: FocusEvent): void => {
      if (target instanceof HTMLElement && !isSessionOver()) last.current = target;
    };
    document.addEventListener('focusin', keep);
    return () => document.removeEventListener('focusin', keep);
  }, []);
  useEffect(() => {
    if (!isOver) return undefined;
    return () => {
      if (document.activeElement === document.body) last.current?.focus();
    };
  }, [isOver]);
}

export function Session({ me }: { me: Me }) {
  const pages = useRouter();
  const queries = useQueryClient();
  const isOver = useSessionOver();
  useFocusBack(isOver);
  useSessionBeforeFiles();
  const leave = async (): Promise<void> => leaveForDoor(pages, queries);
  const startOver = async (): Promise<void> => {
    // At the door no form asks whether it may be left, and nothing is shown that was another person's.
    await leave();
    location.replace(basePath);
  };
  const back = useComeBack({ userId: me.id, onOther: () => void startOver() });
  const hear = useEffectEvent((word: TabWord): void => {
    if (word === 'signed-out') void leave();
    else back.mutate();
  });
  useEffect(() => askIn(), []);
  useEffect(() => hearTabs((word) => hear(word)), []);
  // A page that is open for weeks may be older than the server's files by the time it wants this one.
  useEffect(() => whenIdle(() => void import('./SessionDialog.tsx').catch(() => undefined)), []);
  if (!isOver) return <Live userId={me.id} lastEventId={me.lastEventId} />;
  return (
    <Suspense fallback={null}>
      <SessionDialog me={me} error={back.error} onSignedIn={() => back.mutate()} onLeave={() => void leave()} />
    </Suspense>
  );
}
