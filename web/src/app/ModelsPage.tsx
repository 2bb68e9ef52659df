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
import { usePageTitle } from '../lib/focus.ts';
import { Later } from '../ui/Later.tsx';
import classes from './ConnectionsPage.module.css';
import { maySeeModels } from './nav-entries.ts';

export function ModelsPage() {
  const t = useTranslations('models');
  const heading = usePageTitle(t('title'));
  const navigate = useNavigate();
  const search = useSearch({ from: '/shell/admin/ai_models' });
  const { data: me } = useSuspenseQuery(meQuery);
  const organization = me.organization.name;
  const isAllowed = maySeeModels(me);
  const onSearch = (change: ListSearch): void =>
    void navigate({ to: '/admin/ai_models', search: (before: ListSearch) => ({ ...before, ...change }), replace: true });
  return (
    <>
      <div className={classes['head']}>
        <div className="pb-head">
          <h1 id="page-title" ref={heading} tabIndex={-1}>
            {t('title')}
          </h1>
          <p className="pb-text">{t('description', { organization })}</p>
        </div>
        {isAllowed && (
          <div className={classes['actions']}>
            <ModelHelp />
            <AddModelLink />
          </div>
        )}
      </div>
      {isAllowed && <QuickActions />}
      <Later before={<ConfigurationSkeleton />}>
        <ModelList organization={organization} search={search} onSearch={onSearch} />
        {isAllowed && <Outlet />}
      </Later>
    </>
  );
}
