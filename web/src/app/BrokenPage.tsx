/** The page for a failure that no other part of the page could answer. */
import { useRouter } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { usePageTitle } from '../lib/focus.ts';
import { Failure } from '../ui/Failure.tsx';
import { PlainLayout } from './PlainLayout.tsx';

export function BrokenPage({ error }: { error: unknown }) {
  const t = useTranslations('failure');
  const heading = usePageTitle(t('title'));
  const router = useRouter();
  return (
    <PlainLayout title="Patchbay" heading={heading} width="wide">
      <Failure error={error} organization="Patchbay" onRetry={() => void router.invalidate()} />
    </PlainLayout>
  );
}
