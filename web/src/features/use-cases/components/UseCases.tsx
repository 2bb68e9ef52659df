/** All of the use cases' page below its head: the list with its switches, and the question before one is deleted. */
import type { UseCaseView } from '@patchbay/contract/use-cases';
import { Button, Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce, useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Status } from '../../../ui/Status.tsx';
import { caseListQuery, useChangeUseCase, useDeleteUseCase } from '../api/use-cases.ts';
import classes from './UseCases.module.css';

interface UseCasesProps {
  organization: string;
  /** A link or button that begins a new one. */
  add: ReactNode;
  onEdit: (id: string) => void;
}

export function UseCases({ organization, add, onEdit }: UseCasesProps) {
  const t = useTranslations('useCases');
  const { data: cases, error, refetch } = useQuery(caseListQuery);
  const sayDone = useSayDone();
  const remove = useDeleteUseCase();
  const [deleting, setDeleting] = useState<UseCaseView | null>(null);
  if (!cases && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  if (!cases) return <Loading />;
  if (cases.length === 0)
    return (
      <Empty title={t('emptyTitle')} text={t('emptyText')}>
        {add}
      </Empty>
    );
  return (
    <>
      <UseCaseTable cases={cases} onEdit={onEdit} onDelete={setDeleting} />
      <DeedQuestion
        of={deleting}
        change={remove}
        inputOf={({ id }) => id}
        title={({ name }) => t('deleteTitle', { name })}
        text={({ modelName }) => t('deleteText', { model: modelName })}
        cancelLabel={t('cancel')}
        confirmLabel={t('delete')}
        onClose={() => setDeleting(null)}
        onDone={({ name }) => sayDone(t('deleted', { name }))}
      />
    </>
  );
}

interface TableProps {
  cases: readonly UseCaseView[];
  onEdit: (id: string) => void;
  onDelete: (useCase: UseCaseView) => void;
}

function UseCaseTable({ cases, onEdit, onDelete }: TableProps) {
  const t = useTranslations('useCases');
  const format = useFormatter();
  const columns: Column<UseCaseView>[] = [
    {
      key: 'name',
      head: t('name'),
      render: ({ name, modelName }) => (
        <span className={classes['stack']}>
          {name}
          <code>{modelName}</code>
        </span>
      ),
    },
    { key: 'model', head: t('model'), render: (useCase) => <BoundModel of={useCase} /> },
    {
      key: 'roles',
      head: t('roles'),
      render: ({ allRoles, allowedRoles }) => (allRoles ? t('allRoles') : allowedRoles.map((role) => t(`role.${role}`)).join(', ')),
    },
    {
      key: 'priority',
      head: t('priority'),
      kind: 'number',
      render: ({ priority }) => (priority === 0 ? t('byNameOnly') : format.number(priority)),
    },
    { key: 'requests', head: t('requests'), kind: 'number', render: ({ requests7d }) => format.number(requests7d) },
    { key: 'state', head: t('state'), render: (useCase) => <ActiveSwitch of={useCase} /> },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (useCase) => (
        <span className="pb-deeds">
          <Button variant="subtle" size="compact-sm" aria-label={t('editNamed', { name: useCase.name })} onClick={() => onEdit(useCase.id)}>
            {t('edit')}
          </Button>
          <Button
            variant="subtle"
            size="compact-sm"
            color="red"
            aria-label={t('deleteNamed', { name: useCase.name })}
            onClick={() => onDelete(useCase)}
          >
            {t('delete')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <DataTable
      label={t('table', { count: cases.length })}
      columns={columns}
      rows={cases}
      keyOf={({ id }) => id}
      isQuiet={({ isActive }) => !isActive}
    />
  );
}

/** Who answers; where nobody does, why not. */
function BoundModel({ of }: { of: UseCaseView }) {
  const t = useTranslations('useCases');
  return (
    <span className={classes['stack']}>
      {of.connectionName !== null && <span>{of.connectionName}</span>}
      {of.modelState === 'active' ? <code>{of.effectiveModel}</code> : <Status tone="bad" text={t(`modelState.${of.modelState}`)} />}
    </span>
  );
}

function ActiveSwitch({ of: { id, name, isActive } }: { of: UseCaseView }) {
  const t = useTranslations('useCases');
  const language = useLocale();
  const announce = useAnnounce();
  const change = useChangeUseCase();
  const turn = (next: boolean): void =>
    change.mutate({ id, change: { isActive: next } }, { onSuccess: () => announce(t(next ? 'switchedOn' : 'switchedOff', { name })) });
  return (
    <span className={classes['stack']}>
      <span className={classes['status']}>
        <Switch
          size="xs"
          aria-label={t('statusNamed', { name })}
          checked={isActive}
          aria-busy={change.isPending || undefined}
          onChange={({ currentTarget }) => turn(currentTarget.checked)}
        />
        <span aria-hidden="true">{t(isActive ? 'active' : 'inactive')}</span>
      </span>
      {change.isError && <Notice tone="bad">{errorText(change.error, language)}</Notice>}
    </span>
  );
}
