/** The organization's models for those who manage them: S0's list with search, sorting and pages of 25 rows (D-24). */
import { Button, NativeSelect } from '@mantine/core';
import type { AdminModel } from '@patchbay/contract/admin-models';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { focusPageTitle } from '../../../lib/focus.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useWide } from '../../../ui/use-width.ts';
import { adminModelsQuery } from '../api/admin-models.ts';
import { useChangesOfOtherTabs } from '../api/changes.ts';
import { useProviders } from '../api/providers.ts';
import { pageOf } from '../list/arrange.ts';
import { arrangedModels, countOfModels } from '../list/model-rows.ts';
import type { ListSearch } from '../list/search.ts';
import classes from './ConfigurationList.module.css';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { DeactivateQuestion } from './DeactivateQuestion.tsx';
import { DeleteConfiguration } from './DeleteConfiguration.tsx';
import { Chips, FilterBox, Pager } from './ListTools.tsx';
import { ModelCards, ModelTable } from './ModelTable.tsx';
import { ModelsEmpty } from './ModelsEmpty.tsx';
import { useSwitchActive } from './use-switch-active.ts';

interface ModelListProps {
  organization: string;
  search: ListSearch;
  onSearch: (change: ListSearch) => void;
}

export const rowsMax = 25;
const statuses = [undefined, 'available', 'failed', 'inactive'] as const;

export function ModelList({ organization, search, onSearch }: ModelListProps) {
  const t = useTranslations('models');
  const language = useLocale();
  const isWide = useWide();
  const { data: models, error, refetch } = useQuery(adminModelsQuery);
  useChangesOfOtherTabs();
  const active = useSwitchActive();
  const [deleting, setDeleting] = useState<AdminModel | null>(null);
  const [deletedName, setDeletedName] = useState<string | null>(null);
  if (!models && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  if (!models) return <ConfigurationSkeleton />;
  const change = (part: ListSearch): void => onSearch({ page: undefined, ...part });
  const deleted = (name: string): void => {
    setDeletedName(name);
    // The button that asked for it is gone with its row.
    focusPageTitle();
  };
  const page = pageOf(arrangedModels(models, search, language), Number(search.page), rowsMax);
  const rows = { models: page.rows, active, onDelete: setDeleting };
  return (
    <div className={classes['list']}>
      <DeleteConfiguration connection={deleting} onClose={() => setDeleting(null)} onDeleted={deleted} />
      <DeactivateQuestion active={active} />
      {deletedName !== null && <Notice tone="info">{t('deleted', { name: deletedName })}</Notice>}
      {active.fault !== null && <Notice tone="bad">{active.fault}</Notice>}
      {models.length === 0 ? (
        <ModelsEmpty />
      ) : (
        <>
          <ModelTools models={models} search={search} onSearch={change} />
          {page.total === 0 ? (
            <output className={classes['none']}>
              {search.q === undefined ? t('emptyFilter') : t('emptyQuery', { q: search.q })}{' '}
              <Button size="compact-sm" variant="subtle" onClick={() => change({ q: undefined, status: undefined, provider: undefined })}>
                {t('clearFilters')}
              </Button>
            </output>
          ) : isWide ? (
            <ModelTable {...rows} search={search} onSearch={change} />
          ) : (
            <ModelCards {...rows} />
          )}
          <Pager page={page} onPage={(number) => onSearch({ page: String(number) })} />
        </>
      )}
    </div>
  );
}

interface ModelToolsProps {
  models: readonly AdminModel[];
  search: ListSearch;
  onSearch: (change: ListSearch) => void;
}

function ModelTools({ models, search, onSearch }: ModelToolsProps) {
  const t = useTranslations();
  const { data: providers = [] } = useProviders();
  const names = new Map(providers.map(({ name, displayName }) => [name, displayName]));
  const used = [...new Set(models.map(({ provider }) => provider))].toSorted();
  return (
    <div className={classes['tools']}>
      <FilterBox label={t('models.filter')} value={search.q ?? ''} onChange={(q) => onSearch({ q: q === '' ? undefined : q })} />
      <Chips
        label={t('models.status')}
        options={statuses.map((value) => ({ value, text: t(`list.${value ?? 'all'}`), count: countOfModels(models, value) }))}
        value={search.status}
        onChange={(status) => onSearch({ status })}
      />
      <NativeSelect
        aria-label={t('models.provider')}
        value={search.provider ?? ''}
        data={[{ value: '', label: t('models.providerAll') }, ...used.map((value) => ({ value, label: names.get(value) ?? value }))]}
        onChange={({ currentTarget: { value } }) => onSearch({ provider: value === '' ? undefined : value })}
      />
    </div>
  );
}
