/** `/connections/$id`: the frame of all pages of one connection. */
import type { Configuration } from '@patchbay/contract/configurations';
import { Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { useConnection } from '../features/models/api/connection-detail.ts';
import { useProviders } from '../features/models/api/providers.ts';
import { ConnectionDetail } from '../features/models/components/detail/ConnectionDetail.tsx';
import { Skeleton } from '../features/models/components/detail/Skeleton.tsx';
import { usePageTitle } from '../lib/focus.ts';
import { Failure } from '../ui/Failure.tsx';
import { Later } from '../ui/Later.tsx';
import { useSubject } from './use-subject.ts';

export function ConnectionPage() {
  const t = useTranslations('detail');
  const { id, organization } = useSubject();
  const { data, error, refetch } = useConnection(id);
  // The provider's proper name is longer than its short one, and would push what follows it.
  const { isLoading } = useProviders();
  if (data && !isLoading) return <Loaded connection={data} organization={organization} />;
  return (
    <Unnamed title={t('title')}>
      {error ? <Failure error={error} organization={organization} onRetry={() => void refetch()} /> : <Skeleton rows={6} />}
    </Unnamed>
  );
}

/** Its heading takes the focus once it is there. */
function Loaded({ connection, organization }: { connection: Configuration; organization: string }) {
  const heading = usePageTitle(connection.name);
  return (
    <ConnectionDetail connection={connection} organization={organization} heading={heading}>
      <Later before={<Skeleton rows={6} />}>
        <Outlet />
      </Later>
    </ConnectionDetail>
  );
}

function Unnamed({ title, children }: { title: string; children: ReactNode }) {
  const heading = usePageTitle(title);
  return (
    <>
      <h1 id="page-title" ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </>
  );
}
