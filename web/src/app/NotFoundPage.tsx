/** What stands at an address where nothing is; whoever is signed in finds the palette open on what was typed. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { useSaveProfile } from '../features/session/api/save-profile.ts';
import { usePageTitle } from '../lib/focus.ts';
import { OverlayDialogs, useOverlays } from './Overlays.tsx';
import { PlainLayout } from './PlainLayout.tsx';

/** The words of an address, the last one first: that is where people mistype. */
const wordsOf = (pathname: string): string =>
  pathname
    .split('/')
    .findLast((part) => part !== '')
    ?.replaceAll(/[-_]+/g, ' ') ?? '';

export function NotFoundPage() {
  const t = useTranslations();
  const heading = usePageTitle(t('notFound.title'));
  const navigate = useNavigate();
  const pathname = useLocation({ select: (location) => location.pathname });
  const { data: me } = useQuery({ ...meQuery, retry: false });
  const profile = useSaveProfile();
  const overlays = useOverlays('palette');
  return (
    <PlainLayout title={t('notFound.title')} heading={heading}>
      <p className="pb-text">{t('notFound.text')}</p>
      <div>
        <Button onClick={() => void navigate({ to: '/settings/ai-connections' })}>{t('failure.goHome')}</Button>
      </div>
      {me && (
        <OverlayDialogs me={me} overlays={overlays} initialQuery={wordsOf(pathname)} onPreference={(change) => profile.mutate(change)} />
      )}
    </PlainLayout>
  );
}
