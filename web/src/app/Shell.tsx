/** The frame of every page behind the door: skip link, navigation, top bar, and the page itself. */
import { ActionIcon, CloseButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconMenu2 } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useRef, type MouseEvent } from 'react';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { useSaveProfile } from '../features/session/api/save-profile.ts';
import { useSignOut } from '../features/session/api/sign-out.ts';
import { Notice } from '../ui/Notice.tsx';
import { Preferences } from '../ui/Preferences.tsx';
import { Navigation } from './Navigation.tsx';
import classes from './Shell.module.css';
import { useProfilePreferences } from './use-profile-preferences.ts';

export function Shell() {
  const t = useTranslations('app');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  useProfilePreferences(me);
  const profile = useSaveProfile();
  const signOut = useSignOut();
  const drawer = useRef<HTMLDialogElement>(null);
  const isWide = useMediaQuery('(min-width: 900px)', undefined, { getInitialValueInEffect: false });
  const leave = (): void => signOut.mutate(undefined, { onSuccess: () => void navigate({ to: '/login' }) });
  const navigation = <Navigation me={me} isSigningOut={signOut.isPending} onSignOut={leave} onFollow={() => drawer.current?.close()} />;
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
      <header className={classes['top']}>
        {!isWide && (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('openMenu')} onClick={() => drawer.current?.showModal()}>
            <IconMenu2 size={20} stroke={1.75} aria-hidden="true" />
          </ActionIcon>
        )}
        <Preferences onChange={(change) => profile.mutate(change)} />
      </header>
      <main className={classes['main']} id="main" tabIndex={-1}>
        {profile.isError && (
          <Notice tone="warn">
            <p>{t('notSaved')}</p>
          </Notice>
        )}
        <Outlet />
      </main>
    </div>
  );
}

/** Moves the focus by hand: with a base address in the page, a bare `#main` would lead to another page. */
function SkipLink() {
  const t = useTranslations('app');
  // The link is of the page that is shown, so it changes with it.
  useLocation();
  const skip = (event: MouseEvent): void => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  };
  return (
    <a className={classes['skip']} href={`${location.pathname}${location.search}#main`} onClick={skip}>
      {t('skip')}
    </a>
  );
}
