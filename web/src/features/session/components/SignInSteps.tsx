/** Signing in, from the password to the second factor where there is one. */
import { useState } from 'react';
import { tellTabs } from '../../../lib/tabs.ts';
import { SecondStepForm } from './SecondStepForm.tsx';
import { SignInForm } from './SignInForm.tsx';

interface SignInStepsProps {
  /** Who is expected; only the password is missing then. */
  email?: string;
  onSignedIn: () => void;
}

export function SignInSteps({ email, onSignedIn }: SignInStepsProps) {
  const [step, setStep] = useState<'password' | 'second'>('password');
  const [notice, setNotice] = useState<string | null>(null);
  const enter = (): void => {
    tellTabs('signed-in');
    onSignedIn();
  };
  const again = (why: string | null): void => {
    setNotice(why);
    setStep('password');
  };
  return step === 'password' ? (
    <SignInForm email={email} notice={notice} onSignedIn={enter} onSecondStep={() => setStep('second')} />
  ) : (
    <SecondStepForm onSignedIn={enter} onAgain={again} />
  );
}
