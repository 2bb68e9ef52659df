/** `/settings/ai-connections/new`: the wizard; `?provider=` is its second step, `&template=` what it begins with. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { AddNewConfiguration } from '../features/models/components/AddNewConfiguration.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { focusPageTitle } from '../lib/focus.ts';
import { PageTitle } from '../ui/PageTitle.tsx';
import { maySeeModels } from './nav-entries.ts';

export function AddConnectionPage() {
  const t = useTranslations('connections');
  const navigate = useNavigate();
  const { provider, template } = useSearch({ from: '/shell/settings/ai-connections/new' });
  const { data: me } = useSuspenseQuery(meQuery);
  const choose = (name: string | undefined): void => {
    void navigate({ to: '/settings/ai-connections/new', search: { provider: name } });
    // A step is a page to those who listen.
    focusPageTitle();
  };
  return (
    <>
      <PageTitle title={t('add')} />
      <AddNewConfiguration
        userId={me.id}
        organization={me.organization.name}
        mayManage={maySeeModels(me)}
        provider={provider}
        template={template}
        onProvider={choose}
        onSaved={() => void navigate({ to: '/settings/ai-connections', replace: true })}
        onCancel={() => void navigate({ to: '/settings/ai-connections' })}
      />
    </>
  );
}
