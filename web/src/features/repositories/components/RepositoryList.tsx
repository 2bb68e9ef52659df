/** The repositories of one workspace: what each holds, and the way to make another one. */
import type { Me } from '@patchbay/contract/people';
import type { RepositoryView } from '@patchbay/contract/repositories';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { repositoriesQuery } from '../../../lib/shared-queries.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { When } from '../../../ui/When.tsx';
import { useCreateRepository } from '../api/repositories.ts';
import { RepositoryForm } from './RepositoryForm.tsx';
import classes from './repositories.module.css';

interface RepositoryListProps {
  me: Me;
  workspace: Me['workspaces'][number];
  isAdding: boolean;
  onAdd: (isAdding: boolean) => void;
  onMade: (repository: RepositoryView) => void;
}

export function RepositoryList({ me, workspace, isAdding, onAdd, onMade }: RepositoryListProps) {
  const t = useTranslations('repositories');
  const { data: repositories, error, refetch } = useQuery(repositoriesQuery(workspace.id));
  const mayChange = workspace.role !== 'READ';
  if (!repositories && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!repositories) return <Loading />;
  const columns: Column<RepositoryView>[] = [
    {
      key: 'name',
      head: t('name'),
      render: ({ id, name }) => (
        <Link to="/repositories/$id" params={{ id }} className={classes['link']}>
          {name}
        </Link>
      ),
    },
    { key: 'connections', head: t('connections'), render: ({ connections }) => <Attached connections={connections} /> },
    { key: 'keys', head: t('keysHead'), kind: 'number', render: ({ liveKeys }) => liveKeys },
    { key: 'since', head: t('since'), render: ({ createdAt }) => <When iso={createdAt} /> },
  ];
  return (
    <>
      {!mayChange && (
        <Notice tone="info">
          <p>{t('readOnly')}</p>
        </Notice>
      )}
      {isAdding && mayChange && <NewRepository workspaceId={workspace.id} onMade={onMade} onCancel={() => onAdd(false)} />}
      {repositories.length > 0 && (
        <DataTable label={t('table', { count: repositories.length })} columns={columns} rows={repositories} keyOf={({ id }) => id} />
      )}
      {repositories.length === 0 && !isAdding && (
        <Empty title={t('emptyTitle')} text={t('emptyText')}>
          {mayChange && <Button onClick={() => onAdd(true)}>{t('add')}</Button>}
        </Empty>
      )}
    </>
  );
}

/** As many names as a row has room for. */
const namedMax = 3;

function Attached({ connections }: { connections: RepositoryView['connections'] }) {
  const t = useTranslations('repositories');
  if (connections.length === 0) return <span className={classes['none']}>{t('noneAttached')}</span>;
  const named = connections.slice(0, namedMax).map(({ name }) => name);
  const more = connections.length - named.length;
  return (
    <span title={connections.map(({ name }) => name).join(', ')}>
      {named.join(' → ')}
      {more > 0 && ` ${t('more', { count: more })}`}
    </span>
  );
}

function NewRepository({
  workspaceId,
  onMade,
  onCancel,
}: { workspaceId: string } & Pick<RepositoryListProps, 'onMade'> & { onCancel: () => void }) {
  const t = useTranslations('repositories');
  const announce = useAnnounce();
  const create = useCreateRepository();
  const save = (name: string): void =>
    create.mutate(
      { workspaceId, name },
      {
        onSuccess: (made) => {
          announce(t('made', { name: made.name }));
          onMade(made);
        },
      },
    );
  return (
    <RepositoryForm
      title={t('addTitle')}
      name=""
      saveLabel={t('create')}
      isPending={create.isPending}
      error={create.error}
      onSave={save}
      onCancel={onCancel}
    />
  );
}
