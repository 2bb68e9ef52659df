/** `/invite/$token`: the door for those who were invited. */
import { useNavigate, useParams } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { AcceptInvitation } from '../features/people/components/AcceptInvitation.tsx';
import { usePageTitle } from '../lib/focus.ts';
import { PlainLayout } from './PlainLayout.tsx';

export function InvitePage() {
  const t = useTranslations('invite');
  const heading = usePageTitle(t('title'));
  const navigate = useNavigate();
  const { token } = useParams({ from: '/invite/$token' });
  return (
    <PlainLayout title={t('title')} heading={heading}>
      <AcceptInvitation token={token} onAccepted={() => void navigate({ to: '/', replace: true })} />
    </PlainLayout>
  );
}
