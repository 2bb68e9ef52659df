/** `/settings/ai-connections/$id/edit`: one stored connection in the form. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { EditConfiguration } from '../features/models/components/EditConfiguration.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { usePageTitle } from '../lib/focus.ts';

export function EditConnectionPage() {
  const t = useTranslations('connections');
  const heading = usePageTitle(t('editTitle'));
  const navigate = useNavigate();
  const { id } = useParams({ from: '/shell/settings/ai-connections/$id/edit' });
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <h1 id="page-title" ref={heading} tabIndex={-1}>
        {t('editTitle')}
      </h1>
      <EditConfiguration
        id={id}
        organization={me.organization.name}
        onSaved={() => void navigate({ to: '/settings/ai-connections', replace: true })}
        onCancel={() => void navigate({ to: '/settings/ai-connections' })}
      />
    </>
  );
}
