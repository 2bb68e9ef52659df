/** All of the policies' page below its head: what binds here by level, and what was found. */
import type { Me } from '@patchbay/contract/people';
import type { PolicyView } from '@patchbay/contract/policies';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { policiesQuery, useDeletePolicy } from '../api/policies.ts';
import classes from './policies.module.css';
import { Violations } from './Violations.tsx';

interface PoliciesProps {
  me: Me;
  workspace: Me['workspaces'][number] | null;
  /** A link that begins a new one. */
  add: ReactNode;
}

const levels = ['organization', 'workspace', 'repository'] as const;

export function Policies({ me, workspace, add }: PoliciesProps) {
  const t = useTranslations('policies');
  const { data: policies, error, refetch } = useQuery(policiesQuery(workspace?.id ?? null));
  const sayDone = useSayDone();
  const remove = useDeletePolicy();
  const [deleting, setDeleting] = useState<PolicyView | null>(null);
  if (!policies && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!policies) return <Loading />;
  const shown = levels.filter((level) => policies.some((policy) => policy.level === level));
  return (
    <div className="pb-sections">
      {policies.length === 0 && (
        <Empty title={t('emptyTitle')} text={t('emptyText')}>
          {add}
        </Empty>
      )}
      {shown.map((level) => (
        <Panel key={level} title={t(`section.${level}`, { name: workspace?.name ?? '' })} text={t(`sectionText.${level}`)} isPlain>
          <PolicyTable level={level} policies={policies.filter((policy) => policy.level === level)} onDelete={setDeleting} />
        </Panel>
      ))}
      <Violations me={me} workspaceId={workspace?.id ?? null} policies={policies} />
      <DeedQuestion
        of={deleting}
        change={remove}
        inputOf={({ id }) => id}
        title={({ name }) => t('deleteTitle', { name })}
        text={() => t('deleteText')}
        cancelLabel={t('cancel')}
        confirmLabel={t('delete')}
        onClose={() => setDeleting(null)}
        onDone={({ name }) => sayDone(t('deleted', { name }))}
      />
    </div>
  );
}

interface TableProps {
  level: (typeof levels)[number];
  policies: readonly PolicyView[];
  onDelete: (policy: PolicyView) => void;
}

function PolicyTable({ level, policies, onDelete }: TableProps) {
  const t = useTranslations('policies');
  const format = useFormatter();
  const columns: Column<PolicyView>[] = [
    {
      key: 'name',
      head: t('name'),
      render: ({ id, name, repository, content }) => (
        <span className={classes['stack']}>
          <Link to="/policies/$id" params={{ id }} className={classes['link']}>
            {name}
          </Link>
          {repository !== null && <span className="pb-quiet">{repository.name}</span>}
          {repository === null && content !== '' && <span className="pb-quiet">{content.slice(0, shownChars)}</span>}
        </span>
      ),
    },
    { key: 'action', head: t('action'), render: ({ action }) => t(`actionOf.${action}`) },
    { key: 'side', head: t('side'), render: ({ side }) => t(`sideOf.${side}`) },
    { key: 'risk', head: t('risk'), render: ({ risk }) => t(`riskOf.${risk}`) },
    { key: 'found', head: t('found7d'), kind: 'number', render: ({ violations7d }) => format.number(violations7d) },
    { key: 'state', head: t('state'), render: ({ isActive }) => t(isActive ? 'active' : 'inactive') },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (policy) =>
        policy.canChange ? (
          <span className="pb-deeds">
            <Button
              variant="subtle"
              size="compact-sm"
              color="red"
              aria-label={t('deleteNamed', { name: policy.name })}
              onClick={() => onDelete(policy)}
            >
              {t('delete')}
            </Button>
          </span>
        ) : (
          <span className="pb-quiet">{t('inherited')}</span>
        ),
    },
  ];
  return (
    <DataTable
      label={t(`table.${level}`, { count: policies.length })}
      columns={columns}
      rows={policies}
      keyOf={({ id }) => id}
      isQuiet={({ isActive }) => !isActive}
    />
  );
}

const shownChars = 120;
