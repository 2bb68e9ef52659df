/** `/settings/ai-connections/$id/edit`: one stored connection in the form. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { EditConfiguration } from '../features/models/components/EditConfiguration.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageTitle } from '../ui/PageTitle.tsx';

export function EditConnectionPage() {
  const t = useTranslations('connections');
  const navigate = useNavigate();
  const { id } = useParams({ from: '/shell/settings/ai-connections/$id/edit' });
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageTitle title={t('editTitle')} />
      <EditConfiguration
        id={id}
        organization={me.organization.name}
        onSaved={() => void navigate({ to: '/settings/ai-connections', replace: true })}
        onCancel={() => void navigate({ to: '/settings/ai-connections' })}
      />
    </>
  );
}
