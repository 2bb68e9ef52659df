/** `/settings/appearance`: how the page looks and listens, for this person and this browser. */
import { useTranslations } from 'use-intl';
import { useSaveProfile } from '../features/session/api/save-profile.ts';
import { AppearanceForm } from '../features/settings/components/AppearanceForm.tsx';
import { Notice } from '../ui/Notice.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';

export function AppearancePage() {
  const t = useTranslations();
  const profile = useSaveProfile();
  return (
    <>
      <PageTitle title={t('nav.appearance')} />
      {profile.isError && (
        <Notice tone="warn">
          <p>{t('app.notSaved')}</p>
        </Notice>
      )}
      <AppearanceForm onChange={(change) => profile.mutate(change)} />
    </>
  );
}
