/** What stands at an address where nothing is; whoever is signed in has the whole house around it, and the palette open on what was typed. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { usePageTitle } from '../lib/focus.ts';
import { PageHead } from '../ui/PageHead.tsx';
import { PlainLayout } from './PlainLayout.tsx';
import { Shell } from './Shell.tsx';

/** The words of an address, the last one first: that is where people mistype. */
const wordsOf = (pathname: string): string =>
  pathname
    .split('/')
    .findLast((part) => part !== '')
    ?.replaceAll(/[-_]+/g, ' ') ?? '';

export function NotFoundPage() {
  const pathname = useLocation({ select: (location) => location.pathname });
  const { data: me, isPending } = useQuery({ ...meQuery, retry: false });
  // Drawn before it is known who asks, the page would get another frame under the visitor's eyes.
  if (isPending) return null;
  return me ? (
    <Shell typed={wordsOf(pathname)}>
      <MissingPart />
    </Shell>
  ) : (
    <MissingWhole />
  );
}

function MissingPart() {
  const t = useTranslations('notFound');
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      <GoHome />
    </>
  );
}

function MissingWhole() {
  const t = useTranslations('notFound');
  const heading = usePageTitle(t('title'));
  return (
    <PlainLayout title={t('title')} heading={heading}>
      <p className="pb-text">{t('text')}</p>
      <GoHome />
    </PlainLayout>
  );
}

function GoHome() {
  const t = useTranslations('notFound');
  const navigate = useNavigate();
  return (
    <div>
      <Button onClick={() => void navigate({ to: '/' })}>{t('goHome')}</Button>
    </div>
  );
}
