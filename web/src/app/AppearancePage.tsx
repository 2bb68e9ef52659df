/** `/settings/appearance`: how the page looks and listens, for this person and this browser. */
import { useTranslations } from 'use-intl';
import { useSaveProfile } from '../features/session/api/save-profile.ts';
import { AppearanceForm } from '../features/settings/components/AppearanceForm.tsx';
import { usePageTitle } from '../lib/focus.ts';
import { Notice } from '../ui/Notice.tsx';

export function AppearancePage() {
  const t = useTranslations();
  const heading = usePageTitle(t('nav.appearance'));
  const profile = useSaveProfile();
  return (
    <>
      <h1 id="page-title" ref={heading} tabIndex={-1}>
        {t('nav.appearance')}
      </h1>
      {profile.isError && (
        <Notice tone="warn">
          <p>{t('app.notSaved')}</p>
        </Notice>
      )}
      <AppearanceForm onChange={(change) => profile.mutate(change)} />
    </>
  );
}
