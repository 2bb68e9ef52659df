/** `/admin/ai_models`: the organization's models for those who manage them; its form is a dialog over the list, with an address of its own. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { Outlet, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { AddModelLink } from '../features/models/components/AddModelLink.tsx';
import { ConfigurationSkeleton } from '../features/models/components/ConfigurationSkeleton.tsx';
import { ModelHelp, QuickActions } from '../features/models/components/ModelHelp.tsx';
import { ModelList } from '../features/models/components/ModelList.tsx';
import type { ListSearch } from '../features/models/list/search.ts';
import { meQuery } from '../features/session/api/me.ts';
import { Later } from '../ui/Later.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { maySeeModels } from './nav-entries.ts';

export function ModelsPage() {
  const t = useTranslations('models');
  const navigate = useNavigate();
  const search = useSearch({ from: '/shell/admin/ai_models' });
  const { data: me } = useSuspenseQuery(meQuery);
  const organization = me.organization.name;
  const isAllowed = maySeeModels(me);
  const onSearch = (change: ListSearch): void =>
    void navigate({ to: '/admin/ai_models', search: (before: ListSearch) => ({ ...before, ...change }), replace: true });
  return (
    <>
      <PageHead title={t('title')} text={t('description', { organization })}>
        {isAllowed && (
          <>
            <ModelHelp />
            <AddModelLink />
          </>
        )}
      </PageHead>
      {isAllowed && <QuickActions />}
      <Later before={<ConfigurationSkeleton />}>
        <ModelList organization={organization} search={search} onSearch={onSearch} />
      </Later>
      {isAllowed && <Outlet />}
    </>
  );
}
