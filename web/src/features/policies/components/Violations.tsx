/** What policies found, newest first, as many as one asks for: filtered by policy, severity, outcome and time. */
import type { Me } from '@patchbay/contract/people';
import type { PolicyView, ViolationView } from '@patchbay/contract/policies';
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { pageRows, violationsQuery, type Filter } from '../api/policies.ts';
import classes from './policies.module.css';
import { risks } from './policy-values.ts';

interface ViolationsProps {
  me: Me;
  workspaceId: string | null;
  policies: readonly PolicyView[];
}

const unfiltered: Filter = { policyId: '', severity: '', blocked: '', days: '7', skip: 0 };

export function Violations({ me, workspaceId, policies }: ViolationsProps) {
  const t = useTranslations('policies');
  const [filter, setFilter] = useState(unfiltered);
  const { data, error, refetch } = useQuery(violationsQuery(workspaceId, filter));
  return (
    <Panel title={t('violations')} text={t('violationsText')} isPlain>
      <Filters filter={filter} policies={policies} onChange={(part) => setFilter((before) => ({ ...before, skip: 0, ...part }))} />
      {!data && error && <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && (
        <>
          {data.data.length === 0 ? (
            <p className={classes['hint']}>{t('violationsNone')}</p>
          ) : (
            <ViolationTable rows={data.data} total={data.total} />
          )}
          {data.total > pageRows && (
            <Pages filter={filter} total={data.total} onTurn={(skip) => setFilter((before) => ({ ...before, skip }))} />
          )}
        </>
      )}
    </Panel>
  );
}

function Filters({
  filter,
  policies,
  onChange,
}: {
  filter: Filter;
  policies: readonly PolicyView[];
  onChange: (part: Partial<Filter>) => void;
}) {
  const t = useTranslations('policies');
  return (
    <div className={classes['filters']}>
      <NativeSelect
        label={t('byPolicy')}
        value={filter.policyId}
        onChange={(event) => onChange({ policyId: event.currentTarget.value })}
        data={[{ value: '', label: t('every') }, ...policies.map(({ id, name }) => ({ value: id, label: name }))]}
      />
      <NativeSelect
        label={t('bySeverity')}
        value={filter.severity}
        onChange={(event) => onChange({ severity: event.currentTarget.value })}
        data={[{ value: '', label: t('every') }, ...risks.map((value) => ({ value, label: t(`riskOf.${value}`) }))]}
      />
      <NativeSelect
        label={t('byOutcome')}
        value={filter.blocked}
        onChange={(event) => onChange({ blocked: event.currentTarget.value as Filter['blocked'] })}
        data={[
          { value: '', label: t('every') },
          { value: 'true', label: t('outcome.blocked') },
          { value: 'false', label: t('outcome.passed') },
        ]}
      />
      <NativeSelect
        label={t('byTime')}
        value={filter.days}
        onChange={(event) => onChange({ days: event.currentTarget.value })}
        data={['1', '7', '30', '90'].map((value) => ({ value, label: t('days', { count: Number(value) }) }))}
      />
    </div>
  );
}

function ViolationTable({ rows, total }: { rows: readonly ViolationView[]; total: number }) {
  const t = useTranslations('policies');
  const columns: Column<ViolationView>[] = [
    {
      key: 'policy',
      head: t('policy'),
      render: ({ policyName, at }) => (
        <span className={classes['stack']}>
          {policyName}
          <span className="pb-quiet">
            <When iso={at} />
          </span>
        </span>
      ),
    },
    { key: 'facts', head: t('facts'), render: ({ facts }) => <Facts facts={facts} /> },
    {
      key: 'outcome',
      head: t('outcomeHead'),
      render: ({ isBlocked, action, stage }) => (
        <span className={classes['stack']}>
          <Status tone={isBlocked ? 'bad' : 'idle'} text={t(`outcome.${isBlocked || action === 'block' ? 'blocked' : action}`)} />
          <span className="pb-quiet">{t(`sideOf.${stage}`)}</span>
        </span>
      ),
    },
    { key: 'severity', head: t('risk'), render: ({ severity }) => t(`riskOf.${severity}`) },
    {
      key: 'who',
      head: t('who'),
      render: ({ user, accessKey, repository }) => (
        <span className={classes['stack']}>
          {user?.name ?? ''}
          <span className="pb-quiet">{[accessKey?.name, repository?.name].filter(Boolean).join(' · ')}</span>
        </span>
      ),
    },
    { key: 'model', head: t('model'), render: ({ model }) => <code>{model ?? ''}</code> },
  ];
  return <DataTable label={t('violationTable', { count: total })} columns={columns} rows={rows} keyOf={({ id }) => id} />;
}

function Facts({ facts }: { facts: ViolationView['facts'] }) {
  const t = useTranslations('policies');
  return (
    <span className={classes['stack']}>
      {facts.map(({ rule, name, count, excerpt }) => (
        <span key={`${rule}${name}`}>
          {rule === 'personal' ? t(`detector.${name as 'email'}`) : t(`rule.${rule}`, { name })}
          {count > 1 && ` × ${count}`} {excerpt !== null && <code>{excerpt}</code>}
        </span>
      ))}
    </span>
  );
}

function Pages({ filter: { skip }, total, onTurn }: { filter: Filter; total: number; onTurn: (skip: number) => void }) {
  const t = useTranslations('policies');
  const list = useTranslations('list');
  return (
    <div className={classes['pages']}>
      <span className={classes['hint']}>{t('pageOf', { from: skip + 1, to: Math.min(total, skip + pageRows), total })}</span>
      <span className="pb-deeds">
        <ReasonButton
          variant="default"
          size="compact-sm"
          reason={skip === 0 ? list('isFirst') : null}
          onClick={() => onTurn(Math.max(0, skip - pageRows))}
        >
          {t('newer')}
        </ReasonButton>
        <ReasonButton
          variant="default"
          size="compact-sm"
          reason={skip + pageRows >= total ? list('isLast') : null}
          onClick={() => onTurn(skip + pageRows)}
        >
          {t('older')}
        </ReasonButton>
      </span>
    </div>
  );
}
