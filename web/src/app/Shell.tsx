/** The frame of every page behind the door: skip link, navigation, top bar, and the page itself. */
import { CloseButton } from '@mantine/core';
import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useRef, type MouseEvent, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { aiConnectionsQuery, countFailing } from '../features/models/api/ai-connections.ts';
import { meQuery } from '../features/session/api/me.ts';
import { useSaveProfile } from '../features/session/api/save-profile.ts';
import { useSignOut } from '../features/session/api/sign-out.ts';
import { countIll, statusSummaryQuery } from '../lib/status-summary.ts';
import { useServerState } from '../lib/server-state.ts';
import { Notice } from '../ui/Notice.tsx';
import { useWide } from '../ui/use-width.ts';
import { BottomBar } from './BottomBar.tsx';
import { InShell } from './in-shell.ts';
import { Navigation } from './Navigation.tsx';
import { OverlayDialogs, useOverlays } from './Overlays.tsx';
import { Session } from './Session.tsx';
import classes from './Shell.module.css';
import { TopBar } from './TopBar.tsx';
import { useProfilePreferences } from './use-profile-preferences.ts';

interface ShellProps {
  /** What was typed where nothing is: the palette is open on it. */
  typed?: string;
  /** Absent: the page of the address. */
  children?: ReactNode;
}

export function Shell({ typed, children }: ShellProps) {
  const t = useTranslations('app');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const { data: connections = 0 } = useQuery({ ...aiConnectionsQuery, select: countFailing });
  const { data: status = 0 } = useQuery({ ...statusSummaryQuery(useLocale()), select: countIll });
  useProfilePreferences(me);
  const profile = useSaveProfile();
  const signOut = useSignOut();
  const overlays = useOverlays(typed === undefined ? null : 'palette');
  const { isAway } = useServerState();
  const drawer = useRef<HTMLDialogElement>(null);
  const isWide = useWide();
  const queries = useQueryClient();
  const toDoor = async (): Promise<void> => {
    await navigate({ to: '/login' });
    // Not before: a page that is still shown would ask for it again, and break.
    queries.clear();
  };
  const leave = (): void => signOut.mutate(undefined, { onSuccess: () => void toDoor() });
  const navigation = <Navigation me={me} failing={{ connections, status }} onFollow={() => drawer.current?.close()} />;
  return (
    <div className={classes['shell']}>
      <SkipLink />
      {isWide ? (
        <div className={classes['sidebar']}>{navigation}</div>
      ) : (
        <dialog ref={drawer} className={classes['drawer']} aria-label={t('navigation')} closedby="any">
          <div className={classes['inside']}>
            <CloseButton className={classes['close']} aria-label={t('closeMenu')} onClick={() => drawer.current?.close()} />
            {navigation}
          </div>
        </dialog>
      )}
      <TopBar
        me={me}
        isWide={isWide}
        isSigningOut={signOut.isPending}
        signOutError={signOut.error}
        onMenu={() => drawer.current?.showModal()}
        onSignOut={leave}
        onPreference={(change) => profile.mutate(change)}
        onSearch={overlays.openPalette}
        onShortcuts={overlays.openSheet}
      />
      <Session me={me} />
      <main className={classes['main']} id="main" tabIndex={-1} data-stale={isAway || undefined}>
        {profile.isError && (
          <Notice tone="warn">
            <p>{t('notSaved')}</p>
          </Notice>
        )}
        <InShell value={true}>{children ?? <Outlet />}</InShell>
      </main>
      {!isWide && <BottomBar me={me} />}
      <OverlayDialogs me={me} overlays={overlays} initialQuery={typed} onPreference={(change) => profile.mutate(change)} />
    </div>
  );
}

/** Moves the focus by hand: with a base address in the page, a bare `#main` would lead to another page. */
function SkipLink() {
  const t = useTranslations('app');
  // The link is of the page that is shown, so it changes with it; the window's own address may follow a moment later.
  const { publicHref } = useLocation();
  const skip = (event: MouseEvent): void => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  };
  return (
    <a className={classes['skip']} href={`${publicHref.replace(/#.*$/, '')}#main`} onClick={skip}>
      {t('skip')}
    </a>
  );
}
