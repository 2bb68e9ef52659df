/** `/admin/ai_settings`: what the whole installation says where nobody else does. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { LimitSettings } from '../features/limits/components/LimitSettings.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { AiSettings } from '../features/settings/components/AiSettingsForm.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function AiSettingsPage() {
  const t = useTranslations('aiSettings');
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      <AiSettings organization={me.organization.name} />
      <LimitSettings organization={me.organization.name} />
    </>
  );
}
