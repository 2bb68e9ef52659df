/** `/settings/security`: password, second factor, and where one is signed in. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { PasswordForm } from '../features/people/components/PasswordForm.tsx';
import { SecondFactor } from '../features/people/components/SecondFactor.tsx';
import { SessionList } from '../features/people/components/SessionList.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function SecurityPage() {
  const t = useTranslations('nav');
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageHead title={t('security')} />
      <PasswordForm email={me.email} />
      <SecondFactor isOn={me.hasSecondFactor} />
      <SessionList me={me} />
    </>
  );
}
