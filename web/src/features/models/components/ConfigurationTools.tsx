/** Above the list: filter box, chips with counts, whose connections, which columns; while rows are selected, what to do with them. */
import { NativeSelect } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useTranslations } from 'use-intl';
import { useTight } from '../../../ui/use-width.ts';
import { columnsOf, columnsText, countOf, inScope, optionalColumns, type ConnectionRow } from '../list/connection-rows.ts';
import { statusFilters, type ListSearch } from '../list/search.ts';
import { BulkBar } from './BulkBar.tsx';
import classes from './ConfigurationList.module.css';
import { Chips, Columns, FilterBox } from './ListTools.tsx';
import type { Bulk } from './use-bulk.ts';

interface ConfigurationToolsProps {
  /** All rows, filtered by nothing. */
  rows: readonly ConnectionRow[];
  search: ListSearch;
  onSearch: (change: ListSearch) => void;
  selected: readonly AiConnection[];
  onClear: () => void;
  bulk: Bulk;
}

export function ConfigurationTools({ rows, search, onSearch, selected, onClear, bulk }: ConfigurationToolsProps) {
  const t = useTranslations();
  const isTight = useTight();
  if (selected.length > 0) return <BulkBar bulk={bulk} selected={selected} onClear={onClear} />;
  const found = inScope(rows, search.scope);
  const chips = [undefined, ...statusFilters]
    .map((value) => ({ value, text: t(`list.${value ?? 'all'}`), count: countOf(found, value) }))
    // A chip that nobody needs is a chip that somebody has to read.
    .filter(({ value, count }) => value !== 'unused' || count > 0 || search.status === 'unused');
  const hasBoth = rows.some(({ connection }) => connection.scope === 'user') && rows.some(({ connection }) => connection.scope !== 'user');
  return (
    <div className={classes['tools']}>
      <FilterBox label={t('connections.filter')} value={search.q ?? ''} onChange={(q) => onSearch({ q: q === '' ? undefined : q })} />
      <Chips label={t('connections.status')} options={chips} value={search.status} onChange={(status) => onSearch({ status })} />
      {(hasBoth || search.scope !== undefined) && (
        <NativeSelect
          aria-label={t('list.scope')}
          value={search.scope ?? ''}
          data={[
            { value: '', label: t('list.scopeAll') },
            { value: 'mine', label: t('list.scopeMine') },
            { value: 'shared', label: t('list.scopeShared') },
          ]}
          onChange={({ currentTarget: { value } }) => onSearch({ scope: value === 'mine' || value === 'shared' ? value : undefined })}
        />
      )}
      <Columns
        options={optionalColumns.map((column) => ({ column, text: t(`connections.${column}`) }))}
        shown={columnsOf(search.cols, isTight)}
        onChange={(shown) => onSearch({ cols: columnsText(shown, isTight) })}
      />
    </div>
  );
}
