/** All of the routing page below its head: the form, the list, and the question before a group is deleted. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import type { Me } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { wanted } from '../../../lib/wanted.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { choosableQuery, groupsQuery, useChangeGroup, useCreateGroup, useRemoveGroup } from '../api/routing.ts';
import { GroupTable } from './GroupTable.tsx';

// The list comes first; the form comes with the press that asks for it.
const GroupForm = lazy(async () => ({ default: (await wanted(() => import('./GroupForm.tsx'))).GroupForm }));

interface RoutingGroupsProps {
  me: Me;
  isAdding: boolean;
  onAdd: (isAdding: boolean) => void;
  /** What is limited of a group, below its form. */
  renderLimits: (groupId: string) => ReactNode;
  /** Shows what the rules of one would do. */
  onSimulate: (id: string) => void;
}

export function RoutingGroups({ me, isAdding, onAdd, renderLimits, onSimulate }: RoutingGroupsProps) {
  const t = useTranslations('routing');
  const sayDone = useSayDone();
  const remove = useRemoveGroup();
  const { data: groups, error, refetch } = useQuery(groupsQuery);
  const [editing, setEditing] = useState<RoutingGroupView | null>(null);
  const [deleting, setDeleting] = useState<RoutingGroupView | null>(null);
  if (!groups && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!groups) return <Loading />;
  const done = (said: string): void => {
    onAdd(false);
    setEditing(null);
    setDeleting(null);
    sayDone(said);
  };
  return (
    <>
      {isAdding && <NewGroup me={me} onClose={() => onAdd(false)} onCreated={(name) => done(t('created', { name }))} />}
      {editing && (
        <EditGroup
          key={`${editing.id} ${editing.revision}`}
          me={me}
          of={editing}
          onReload={() => setEditing(groups.find(({ id }) => id === editing.id) ?? null)}
          onClose={() => setEditing(null)}
          onSaved={(name) => done(t('saved', { name }))}
        />
      )}
      {editing && renderLimits(editing.id)}
      {groups.length === 0 && !isAdding && (
        <Empty title={t('emptyTitle')} text={t('emptyText')}>
          <Button onClick={() => onAdd(true)}>{t('add')}</Button>
        </Empty>
      )}
      {groups.length > 0 && (
        <GroupTable
          me={me}
          groups={groups}
          onEdit={(group) => {
            onAdd(false);
            setEditing(group);
          }}
          onDelete={setDeleting}
          onSimulate={({ id }) => onSimulate(id)}
        />
      )}
      <DeedQuestion
        of={deleting}
        change={remove}
        inputOf={({ id }) => id}
        title={({ name }) => t('deleteTitle', { name })}
        text={({ name }) => t('deleteText', { name })}
        cancelLabel={t('keep')}
        confirmLabel={t('delete')}
        onClose={() => setDeleting(null)}
        onDone={({ name }) => done(t('deleted', { name }))}
      />
    </>
  );
}

function NewGroup({ me, onClose, onCreated }: { me: Me; onClose: () => void; onCreated: (name: string) => void }) {
  const t = useTranslations('routing');
  const create = useCreateGroup();
  const { data: connections } = useQuery(choosableQuery);
  return (
    <Panel title={t('addTitle')} takesFocus>
      <Suspense fallback={<Loading isAsked />}>
        {connections ? (
          <GroupForm
            me={me}
            of={null}
            connections={connections}
            isPending={create.isPending}
            error={create.error}
            onSave={(input, owner) => create.mutate({ owner, input }, { onSuccess: ({ name }) => onCreated(name) })}
            onReload={onClose}
            onCancel={onClose}
          />
        ) : (
          <Loading isAsked />
        )}
      </Suspense>
    </Panel>
  );
}

interface EditGroupProps {
  me: Me;
  of: RoutingGroupView;
  onReload: () => void;
  onClose: () => void;
  onSaved: (name: string) => void;
}

function EditGroup({ me, of, onReload, onClose, onSaved }: EditGroupProps) {
  const t = useTranslations('routing');
  const change = useChangeGroup();
  const { data: connections } = useQuery(choosableQuery);
  return (
    <Panel title={t('editTitle', { name: of.name })} takesFocus>
      <Suspense fallback={<Loading isAsked />}>
        {connections ? (
          <GroupForm
            me={me}
            of={of}
            connections={connections}
            isPending={change.isPending}
            error={change.error}
            onSave={(input) => change.mutate({ group: of, input }, { onSuccess: ({ name }) => onSaved(name) })}
            onReload={onReload}
            onCancel={onClose}
          />
        ) : (
          <Loading isAsked />
        )}
      </Suspense>
    </Panel>
  );
}
