/** `/login`: the door. Says so where there is nobody to sign in as yet. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { useState } from 'react';
import { SecondStepForm } from '../features/session/components/SecondStepForm.tsx';
import { SignInForm } from '../features/session/components/SignInForm.tsx';
import { setupStatusQuery } from '../features/setup/api/setup-status.ts';
import { usePageTitle } from '../lib/focus.ts';
import { Notice } from '../ui/Notice.tsx';
import { PlainLayout } from './PlainLayout.tsx';

/** Only a place inside this page: an address of another site would make the door a trap. */
export const insideOnly = (to: string | undefined): string => (to !== undefined && /^\/(?![/\\])/.test(to) ? to : '/');

export function SignInPage() {
  const t = useTranslations('signIn');
  const heading = usePageTitle(t('title'));
  const navigate = useNavigate();
  const { to } = useSearch({ from: '/login' });
  const [step, setStep] = useState<'password' | 'second'>('password');
  const [notice, setNotice] = useState<string | null>(null);
  const enter = (): void => void navigate({ href: insideOnly(to), replace: true });
  const again = (why: string | null): void => {
    setNotice(why);
    setStep('password');
  };
  const { data: setup } = useQuery(setupStatusQuery);
  return (
    <PlainLayout title={t('title')} heading={heading}>
      {setup?.needed === true && (
        <Notice tone="info" title={t('setupTitle')}>
          <p>{t('setup')}</p>
        </Notice>
      )}
      {step === 'password' ? (
        <SignInForm notice={notice} onSignedIn={enter} onSecondStep={() => setStep('second')} />
      ) : (
        <SecondStepForm onSignedIn={enter} onAgain={again} />
      )}
    </PlainLayout>
  );
}
