/** The workspaces of the installation, for administrators: made, renamed, deleted when they hold nothing any more. */
import type { Me } from '@patchbay/contract/people';
import type { WorkspaceView } from '@patchbay/contract/workspaces';
import { Button, TextInput } from '@mantine/core';
import { isBlank } from '@patchbay/contract/blank';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { conflictOf } from '../../../lib/conflict.ts';
import { errorText } from '../../../lib/error-text.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Refusal } from '../../../ui/Refusal.tsx';
import { When } from '../../../ui/When.tsx';
import { useFresh, useWorkspaceDeed, workspacesQuery } from '../api/people.ts';
import classes from './security.module.css';

interface WorkspacesProps {
  me: Me;
  isAdding: boolean;
  onAdd: (isAdding: boolean) => void;
  /** Shows the members of one. */
  onMembers: (id: string) => void;
  /** The way to what a workspace was, beside the form with its name. */
  renderHistory: (workspace: WorkspaceView, onRolledBack: () => void) => ReactNode;
}

/** How the buttons of a row look. */
const common = { variant: 'subtle', size: 'compact-sm' } as const;

export function Workspaces({ me, isAdding, onAdd, onMembers, renderHistory }: WorkspacesProps) {
  const t = useTranslations('workspaces');
  const sayDone = useSayDone();
  const { data: workspaces, error, refetch } = useQuery(workspacesQuery);
  const fresh = useFresh();
  const [renaming, setRenaming] = useState<WorkspaceView | null>(null);
  const [deleting, setDeleting] = useState<WorkspaceView | null>(null);
  if (!workspaces && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!workspaces) return <Loading />;
  const done = (said: string): void => {
    onAdd(false);
    setRenaming(null);
    setDeleting(null);
    sayDone(said);
  };
  const columns: Column<WorkspaceView>[] = [
    { key: 'name', head: t('name'), render: ({ name }) => name },
    {
      key: 'members',
      head: t('members'),
      render: ({ id, name, users }) => (
        <Button {...common} mx={-8} aria-label={t('membersNamed', { count: users.length, name })} onClick={() => onMembers(id)}>
          {t('memberCount', { count: users.length })}
        </Button>
      ),
    },
    { key: 'since', head: t('since'), render: ({ createdAt }) => <When iso={createdAt} /> },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (one) => (
        <>
          <Button {...common} aria-label={t('renameNamed', { name: one.name })} onClick={() => setRenaming(one)}>
            {t('rename')}
          </Button>
          <Button {...common} color="red" aria-label={t('deleteNamed', { name: one.name })} onClick={() => setDeleting(one)}>
            {t('delete')}
          </Button>
        </>
      ),
    },
  ];
  return (
    <>
      {isAdding && <NameForm of={null} onDone={(name) => done(t('made', { name }))} onCancel={() => onAdd(false)} />}
      {renaming && (
        <NameForm
          key={renaming.id}
          of={renaming}
          history={renderHistory(renaming, () => setRenaming(fresh.workspace(renaming.id)))}
          onDone={(name) => done(t('saved', { name }))}
          onReload={(current) => {
            setRenaming(current);
            void refetch();
          }}
          onCancel={() => setRenaming(null)}
        />
      )}
      {workspaces.length === 0 ? (
        <Empty title={t('emptyTitle')} text={t('emptyText')} />
      ) : (
        <DataTable label={t('table', { count: workspaces.length })} columns={columns} rows={workspaces} keyOf={({ id }) => id} />
      )}
      <DeleteWorkspace of={deleting} onClose={() => setDeleting(null)} onDeleted={(name) => done(t('deleted', { name }))} />
    </>
  );
}

interface NameFormProps {
  of: WorkspaceView | null;
  history?: ReactNode;
  onDone: (name: string) => void;
  /** Takes the name that somebody else has given it meanwhile. */
  onReload?: (current: WorkspaceView) => void;
  onCancel: () => void;
}

function NameForm({ of, history, onDone, onReload, onCancel }: NameFormProps) {
  const t = useTranslations('workspaces');
  const conflict = useTranslations('conflict');
  const language = useLocale();
  const deed = useWorkspaceDeed();
  const input = useRef<HTMLInputElement>(null);
  const [isEmpty, setEmpty] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const name = input.current?.value.trim() ?? '';
    setEmpty(isBlank(name));
    if (isBlank(name)) return input.current?.focus();
    deed.mutate(of === null ? { kind: 'create', name } : { kind: 'rename', id: of.id, name, revision: of.revision }, {
      onSuccess: () => onDone(name),
      onError: () => input.current?.focus(),
    });
  };
  const isOld = conflictOf(deed.error) !== null;
  const reload = (current: WorkspaceView): void => {
    deed.reset();
    onReload?.(current);
    // The button that had the focus goes with what it is about; the field is there anew when the name is.
    setTimeout(() => input.current?.focus());
  };
  return (
    <Panel title={of === null ? t('addTitle') : t('renameTitle', { name: of.name })} aside={history} takesFocus>
      <form onSubmit={submit} noValidate className="pb-form">
        {isOld && <Refusal error={deed.error} loadLabel={conflict('reload')} onLoad={reload} />}
        <TextInput
          key={of?.revision}
          ref={input}
          label={t('name')}
          defaultValue={of?.name ?? ''}
          error={isEmpty ? t('nameFault') : deed.isError && !isOld ? errorText(deed.error, language) : undefined}
          required
          withAsterisk={false}
        />
        <div className={classes['buttons']}>
          <CancelButton label={t('cancel')} isPending={deed.isPending} onCancel={onCancel} />
          <Button type="submit" loading={deed.isPending} loaderProps={{ 'aria-label': t('saving') }}>
            {of === null ? t('create') : t('save')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function DeleteWorkspace({ of, onClose, onDeleted }: { of: WorkspaceView | null; onClose: () => void; onDeleted: (name: string) => void }) {
  const t = useTranslations('workspaces');
  return (
    <DeedQuestion
      of={of}
      change={useWorkspaceDeed()}
      inputOf={({ id }) => ({ kind: 'delete' as const, id })}
      title={({ name }) => t('deleteTitle', { name })}
      text={({ users }) => t('deleteText', { count: users.length })}
      cancelLabel={t('cancel')}
      confirmLabel={t('deleteIt')}
      onClose={onClose}
      onDone={({ name }) => onDeleted(name)}
    />
  );
}
