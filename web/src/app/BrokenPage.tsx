/** The page for a failure that no other part of the page could answer. Within the frame it takes the place of the page alone. */
import { useRouter } from '@tanstack/react-router';
import { useContext } from 'react';
import { useTranslations } from 'use-intl';
import { usePageTitle } from '../lib/focus.ts';
import { Failure } from '../ui/Failure.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { InShell } from './in-shell.ts';
import { PlainLayout } from './PlainLayout.tsx';

export function BrokenPage({ error }: { error: unknown }) {
  const router = useRouter();
  const failure = <Failure error={error} organization="Patchbay" onRetry={() => void router.invalidate()} />;
  return useContext(InShell) ? <BrokenPart>{failure}</BrokenPart> : <BrokenWhole>{failure}</BrokenWhole>;
}

function BrokenPart({ children }: { children: React.ReactNode }) {
  const t = useTranslations('failure');
  return (
    <>
      <PageHead title={t('title')} />
      {children}
    </>
  );
}

function BrokenWhole({ children }: { children: React.ReactNode }) {
  const t = useTranslations('failure');
  const heading = usePageTitle(t('title'));
  return (
    <PlainLayout title="Patchbay" heading={heading} width="wide">
      {children}
    </PlainLayout>
  );
}
