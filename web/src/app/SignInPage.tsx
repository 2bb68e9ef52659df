/** `/login`: the door. Says so where there is nobody to sign in as yet. */
import { isReportPage, reportFilePath } from '@patchbay/contract/report-page';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { SignInSteps } from '../features/session/components/SignInSteps.tsx';
import { setupStatusQuery } from '../features/setup/api/setup-status.ts';
import { usePageTitle } from '../lib/focus.ts';
import { basePath } from '../lib/page.ts';
import { Notice } from '../ui/Notice.tsx';
import { PlainLayout } from './PlainLayout.tsx';

/** Only a place inside this page: an address of another site would make the door a trap. */
export const insideOnly = (to: string | undefined): string => (to !== undefined && /^\/(?![/\\])/.test(to) ? to : '/');

/** A page that the server makes itself: one of those that it leads here from. */
function isServed(place: string): boolean {
  const at = place.indexOf('?');
  return at >= 0 && place.slice(0, at) === reportFilePath && isReportPage(Object.fromEntries(new URLSearchParams(place.slice(at))));
}

export function SignInPage() {
  const t = useTranslations('signIn');
  const heading = usePageTitle(t('title'));
  const navigate = useNavigate();
  const { to } = useSearch({ from: '/login' });
  const queries = useQueryClient();
  const enter = (): void => {
    // Whatever an earlier person of this browser has loaded is none of this one's business.
    queries.clear();
    const place = insideOnly(to);
    if (isServed(place)) location.replace(`${basePath}${place.slice(1)}`);
    else void navigate({ href: place, replace: true });
  };
  const { data: setup } = useQuery(setupStatusQuery);
  return (
    <PlainLayout title={t('title')} heading={heading}>
      {setup?.needed === true && (
        <Notice tone="info" title={t('setupTitle')}>
          <p>{t('setup')}</p>
        </Notice>
      )}
      <SignInSteps onSignedIn={enter} />
    </PlainLayout>
  );
}
