/** `/settings/ai-connections`: the connections that the signed-in person may use. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import { AddConnectionLink } from '../features/models/components/AddConnectionLink.tsx';
import { ConfigurationList } from '../features/models/components/ConfigurationList.tsx';
import { ConfigurationSkeleton } from '../features/models/components/ConfigurationSkeleton.tsx';
import { useBulk } from '../features/models/components/use-bulk.ts';
import type { ListSearch } from '../features/models/list/search.ts';
import { meQuery } from '../features/session/api/me.ts';
import { Later } from '../ui/Later.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { maySeeModels } from './nav-entries.ts';
import { TestAll, TestAllReport } from './TestAll.tsx';

export function ConnectionsPage() {
  const t = useTranslations('connections');
  const navigate = useNavigate();
  const search = useSearch({ from: '/shell/settings/ai-connections' });
  const { data: me } = useSuspenseQuery(meQuery);
  const bulk = useBulk();
  // Where there is nothing yet, the list itself shows the way to the first one.
  const { data: connections } = useQuery(aiConnectionsQuery);
  const onSearch = (change: ListSearch): void =>
    void navigate({ to: '/settings/ai-connections', search: (before: ListSearch) => ({ ...before, ...change }), replace: true });
  return (
    <>
      <PageHead title={t('title')} text={t('description')}>
        {connections?.length !== 0 && (
          <>
            <TestAll />
            <AddConnectionLink />
          </>
        )}
      </PageHead>
      <Later before={<ConfigurationSkeleton />}>
        <ConfigurationList
          mayManage={maySeeModels(me)}
          organization={me.organization.name}
          search={search}
          onSearch={onSearch}
          bulk={bulk}
          report={<TestAllReport />}
        />
      </Later>
    </>
  );
}
