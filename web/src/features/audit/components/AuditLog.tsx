/** The audit log of the installation or of one workspace: sentences, newest first, filtered, each with its details beside it. */
import type { AuditRow } from '@patchbay/client/audit';
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { BackgroundExport } from '../../../ui/BackgroundExport.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Status } from '../../../ui/Status.tsx';
import { auditQuery, exportHref } from '../api/audit.ts';
import { auditFilterOf, type AuditSearch } from '../search.ts';
import { useSentence } from './audit-text.ts';
import { EntrySide, outcomeTone } from './EntrySide.tsx';
import { Filters } from './Filters.tsx';
import classes from './audit.module.css';

interface AuditLogProps {
  /** Null is the installation. */
  workspaceId: string | null;
  organization: string;
  search: AuditSearch;
  onSearch: (search: AuditSearch) => void;
  renderObject: (entry: AuditRow, text: string) => ReactNode;
  renderRequest: (requestId: string) => ReactNode;
}

export function AuditLog({ workspaceId, organization, search, onSearch, renderObject, renderRequest }: AuditLogProps) {
  const t = useTranslations('audit');
  const [openId, setOpenId] = useState<string | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(auditQuery(workspaceId, search));
  const rows = data?.pages.flatMap((page) => page.data) ?? [];
  const open = rows.find(({ id }) => id === openId);
  const isFiltered = Object.keys(search).length > 0;
  return (
    <>
      <Filters search={search} onSearch={onSearch} />
      <Export workspaceId={workspaceId} search={search} />
      {!data && error && <Failure error={error} organization={organization} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && rows.length === 0 && (
        <Empty title={t(isFiltered ? 'emptyTitle' : 'noneTitle')} text={t(isFiltered ? 'emptyText' : 'noneText')} />
      )}
      {rows.length > 0 && <Entries rows={rows} onOpen={setOpenId} />}
      {hasNextPage && (
        <Button variant="default" className={classes['older']} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('older')}
        </Button>
      )}
      {open && (
        <EntrySide
          key={open.id}
          entry={open}
          organization={organization}
          renderObject={renderObject}
          renderRequest={renderRequest}
          onClose={() => setOpenId(null)}
        />
      )}
    </>
  );
}

function Export({ workspaceId, search }: Pick<AuditLogProps, 'workspaceId' | 'search'>) {
  const t = useTranslations('audit');
  const words = useTranslations('exports');
  return (
    <div className={classes['export']}>
      <span className={classes['ways']}>
        <span>{t('export')}</span>
        {(['csv', 'jsonl'] as const).map((format) => (
          <a key={format} href={exportHref(workspaceId, search, format)} download aria-label={t('exportNamed', { format: words(format) })}>
            {words(format)}
          </a>
        ))}
      </span>
      <BackgroundExport what={{ audit: auditFilterOf(search), ...(workspaceId !== null && { workspaceId }) }} />
    </div>
  );
}

function Entries({ rows, onOpen }: { rows: readonly AuditRow[]; onOpen: (id: string) => void }) {
  const t = useTranslations('audit');
  const format = useFormatter();
  const sentence = useSentence();
  const columns: Column<AuditRow>[] = [
    { key: 'what', head: t('what'), render: (entry) => sentence(entry) },
    {
      key: 'when',
      head: t('when'),
      render: ({ at }) => (
        <time dateTime={at} className={classes['nowrap']}>
          {format.dateTime(new Date(at), { dateStyle: 'medium', timeStyle: 'medium' })}
        </time>
      ),
    },
    { key: 'from', head: t('from'), render: ({ address }) => <code>{address ?? ''}</code> },
    { key: 'result', head: t('result'), render: ({ outcome }) => <Status tone={outcomeTone[outcome]} text={t(`outcome.${outcome}`)} /> },
    {
      key: 'details',
      head: t('details'),
      kind: 'actions',
      render: (entry) => (
        <Button
          variant="subtle"
          size="compact-sm"
          aria-label={t('detailsNamed', { name: sentence(entry) })}
          onClick={() => onOpen(entry.id)}
        >
          {t('details')}
        </Button>
      ),
    },
  ];
  return <DataTable label={t('table', { count: rows.length })} columns={columns} rows={rows} keyOf={({ id }) => id} />;
}
