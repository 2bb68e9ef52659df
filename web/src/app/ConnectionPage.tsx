/** `/connections/$id`: the frame of all pages of one connection. */
import { Outlet } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { useConnection } from '../features/models/api/connection-detail.ts';
import { useProviders } from '../features/models/api/providers.ts';
import { ConnectionDetail } from '../features/models/components/detail/ConnectionDetail.tsx';
import { Skeleton } from '../features/models/components/detail/Skeleton.tsx';
import { isFirstLoad } from '../lib/first-load.ts';
import { Failure } from '../ui/Failure.tsx';
import { Later } from '../ui/Later.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { useSubject } from './use-subject.ts';

export function ConnectionPage() {
  const t = useTranslations('detail');
  const { id, organization } = useSubject();
  const { data, error, refetch } = useConnection(id);
  // The provider's proper name is longer than its short one, and would push what follows it.
  const areNamesComing = isFirstLoad(useProviders());
  if (data && !areNamesComing)
    return (
      <ConnectionDetail connection={data} organization={organization}>
        <Later before={<Skeleton rows={6} />}>
          <Outlet />
        </Later>
      </ConnectionDetail>
    );
  return (
    <>
      <PageTitle title={t('title')} />
      {error ? <Failure error={error} organization={organization} onRetry={() => void refetch()} /> : <Skeleton rows={6} />}
    </>
  );
}
