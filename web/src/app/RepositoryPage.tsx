/** `/repositories/$id`: what is attached to one repository, and the keys that reach it. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { Button } from '@mantine/core';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { AccessKeys } from '../features/keys/components/AccessKeys.tsx';
import { repositoryQuery } from '../features/repositories/api/repositories.ts';
import { RepositoryDetail } from '../features/repositories/components/RepositoryDetail.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { Failure } from '../ui/Failure.tsx';
import { Loading } from '../ui/Loading.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { Panel } from '../ui/Panel.tsx';

export function RepositoryPage() {
  const t = useTranslations('repositories');
  const navigate = useNavigate();
  const { id } = useParams({ from: '/shell/repositories/$id' });
  const { data: me } = useSuspenseQuery(meQuery);
  const { data: repository, error, refetch } = useQuery(repositoryQuery(id));
  if (!repository)
    return (
      <>
        <PageHead title={t('title')} />
        {error ? <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} /> : <Loading />}
      </>
    );
  return (
    <RepositoryDetail key={id} repository={repository} onDeleted={() => void navigate({ to: '/repositories' })}>
      <Keys repository={repository} />
      {repository.canChange && <HistoryButton type="repository" id={id} name={repository.name} organization={me.organization.name} />}
    </RepositoryDetail>
  );
}

function Keys({ repository }: { repository: RepositoryView }) {
  const t = useTranslations('repositories');
  const { data: me } = useSuspenseQuery(meQuery);
  const [isAdding, setAdding] = useState(false);
  const { id, canChange, connections } = repository;
  const model = connections.find((one) => one.isActive && one.model !== null)?.model ?? null;
  return (
    <Panel
      title={t('keysTitle')}
      text={t('keysText')}
      isPlain
      aside={canChange && !isAdding && <Button onClick={() => setAdding(true)}>{t('addKey')}</Button>}
    >
      <AccessKeys me={me} isAdding={isAdding} onAdd={setAdding} repository={{ id, canChange, model }} />
    </Panel>
  );
}
