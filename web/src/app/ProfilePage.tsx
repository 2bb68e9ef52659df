/** `/settings/profile`: who one is here. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { ProfileForm } from '../features/people/components/ProfileForm.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { useSaveProfile } from '../features/session/api/save-profile.ts';
import { useLanguage } from '../ui/LanguageProvider.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function ProfilePage() {
  const t = useTranslations('nav');
  const { data: me } = useSuspenseQuery(meQuery);
  const { setLanguage } = useLanguage();
  const save = useSaveProfile();
  return (
    <>
      <PageHead title={t('profile')} />
      <ProfileForm
        me={me}
        isPending={save.isPending}
        isSaved={save.isSuccess}
        error={save.error}
        onSave={(input, onError) => save.mutate(input, { onSuccess: (saved) => setLanguage(saved.language), onError })}
      />
    </>
  );
}
