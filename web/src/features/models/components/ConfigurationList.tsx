/** The list of connections in each of its states: loading, failed, forbidden, empty, filtered, filled, refreshing. */
import { Button } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useLocale, useNow, useTranslations } from 'use-intl';
import { focusPageTitle } from '../../../lib/focus.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useWide } from '../../../ui/use-width.ts';
import { aiConnectionsQuery } from '../api/ai-connections.ts';
import { useChangesOfOtherTabs } from '../api/changes.ts';
import { lastUsesQuery } from '../api/last-uses.ts';
import { useProviders } from '../api/providers.ts';
import { pageOf } from '../list/arrange.ts';
import { arranged, rowsOf } from '../list/connection-rows.ts';
import type { ListSearch } from '../list/search.ts';
import { BulkReport } from './BulkBar.tsx';
import { ConfigurationCards } from './ConfigurationCards.tsx';
import { ConfigurationEmpty } from './ConfigurationEmpty.tsx';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConfigurationTable } from './ConfigurationTable.tsx';
import { ConfigurationTools } from './ConfigurationTools.tsx';
import { DeactivateQuestion } from './DeactivateQuestion.tsx';
import { DeleteConfiguration } from './DeleteConfiguration.tsx';
import classes from './ConfigurationList.module.css';
import { Pager } from './ListTools.tsx';
import type { Bulk } from './use-bulk.ts';
import { useSwitchActive } from './use-switch-active.ts';

interface ConfigurationListProps {
  /** Whether the caller may change connections of the organization. */
  mayManage: boolean;
  organization: string;
  search: ListSearch;
  /** Changes the address; undefined takes a part out of it. */
  onSearch: (change: ListSearch) => void;
  bulk: Bulk;
  /** How a test of all of them goes. */
  report: ReactNode;
}

const rowsMax = 50;

export function ConfigurationList({ mayManage, organization, search, onSearch, bulk, report }: ConfigurationListProps) {
  const t = useTranslations('connections');
  const language = useLocale();
  const isWide = useWide();
  const { data: connections, error, refetch } = useQuery(aiConnectionsQuery);
  const { data: providers = [], isLoading: areNamesComing } = useProviders();
  // The list does not wait for the books.
  const { data: uses } = useQuery(lastUsesQuery);
  const nowMs = useNow().getTime();
  useChangesOfOtherTabs();
  const active = useSwitchActive();
  const [deleting, setDeleting] = useState<AiConnection | null>(null);
  const [deletedName, setDeletedName] = useState<string | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  if (!connections && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  // Short names that grow to proper ones would move every column.
  if (!connections || areNamesComing) return <ConfigurationSkeleton />;
  if (connections.length === 0)
    return (
      <>
        <Gone name={deletedName} />
        <ConfigurationEmpty isDemoOffered={providers.some(({ name }) => name === 'demo')} />
      </>
    );
  const all = rowsOf(connections, new Map(providers.map(({ name, displayName }) => [name, displayName])), uses, nowMs);
  const page = pageOf(arranged(all, search, language), Number(search.page), rowsMax);
  const change = (part: ListSearch): void => onSearch({ page: undefined, ...part });
  const deleted = (name: string): void => {
    setDeletedName(name);
    // The button that asked for it is gone with its row.
    focusPageTitle();
  };
  const rows = { rows: page.rows, mayManage, active, selected, onSelect: setSelected, onDelete: setDeleting };
  const items = arranged(all, { sort: search.sort }, language).flatMap(({ connection }) =>
    selected.has(connection.id) && !connection.isReadOnly ? [connection] : [],
  );
  return (
    <div className={classes['list']}>
      <DeleteConfiguration connection={deleting} onClose={() => setDeleting(null)} onDeleted={deleted} />
      <DeactivateQuestion active={active} />
      <Gone name={deletedName} />
      {active.fault !== null && <Notice tone="bad">{active.fault}</Notice>}
      {connections.every(({ isDefault }) => !isDefault) && (
        <Notice tone="warn">
          <p>{t('noDefault')}</p>
        </Notice>
      )}
      <ConfigurationTools
        rows={all}
        search={search}
        onSearch={change}
        selected={items}
        onClear={() => setSelected(new Set())}
        bulk={bulk}
      />
      {report}
      <BulkReport bulk={bulk} />
      {page.total === 0 ? (
        <NothingFound query={search.q} onClear={() => change({ q: undefined, status: undefined, scope: undefined })} />
      ) : isWide ? (
        <ConfigurationTable {...rows} search={search} onSearch={change} />
      ) : (
        <ConfigurationCards {...rows} />
      )}
      <Pager page={page} onPage={(number) => onSearch({ page: String(number) })} />
    </div>
  );
}

function Gone({ name }: { name: string | null }) {
  const t = useTranslations('connections');
  if (name === null) return null;
  return (
    <Notice tone="info">
      <p>{t('deleted', { name })}</p>
    </Notice>
  );
}

function NothingFound({ query, onClear }: { query: string | undefined; onClear: () => void }) {
  const t = useTranslations('connections');
  return (
    <output className={classes['none']}>
      {query === undefined ? t('emptyFilter') : t('emptyQuery', { q: query })}{' '}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        {t('clearFilters')}
      </Button>
    </output>
  );
}
