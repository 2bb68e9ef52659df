/** `/repositories`: those of the workspace that is shown. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { RepositoryList } from '../features/repositories/components/RepositoryList.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { useWorkspace } from '../lib/choices.ts';
import { Empty } from '../ui/Empty.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function RepositoriesPage() {
  const t = useTranslations('repositories');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const workspace = useWorkspace(me);
  const [isAdding, setAdding] = useState(false);
  if (!workspace)
    return (
      <>
        <PageHead title={t('title')} />
        <Empty title={t('noWorkspace')} text={t('noWorkspaceText', { organization: me.organization.name })} />
      </>
    );
  return (
    <>
      <PageHead title={t('title')} text={t('text', { name: workspace.name })}>
        {!isAdding && workspace.role !== 'READ' && <Button onClick={() => setAdding(true)}>{t('add')}</Button>}
      </PageHead>
      <RepositoryList
        key={workspace.id}
        me={me}
        workspace={workspace}
        isAdding={isAdding}
        onAdd={setAdding}
        onMade={({ id }) => void navigate({ to: '/repositories/$id', params: { id } })}
      />
    </>
  );
}
