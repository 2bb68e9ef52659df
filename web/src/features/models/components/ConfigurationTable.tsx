/** The connections as a table, for windows that are wide enough for one. */
import { Checkbox } from '@mantine/core';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useRef, type MouseEvent } from 'react';
import { useTranslations } from 'use-intl';
import { pressed, sortText } from '../list/arrange.ts';
import { useTight } from '../../../ui/use-width.ts';
import { columnsOf, connectionSorting, type ConnectionRow, type OptionalColumn } from '../list/connection-rows.ts';
import type { ListSearch } from '../list/search.ts';
import { ConnectionButtons } from './ConnectionButtons.tsx';
import { ConnectionKey, ConnectionLatency, ConnectionModel, ConnectionName, ConnectionStatus, ConnectionUse } from './ConnectionFacts.tsx';
import classes from './ConfigurationTable.module.css';
import { SortHead } from './ListTools.tsx';
import { StatusSwitch } from './StatusSwitch.tsx';
import { TestResult } from './TestResult.tsx';
import { useConnectionActions } from './use-connection-actions.ts';
import type { ActiveSwitch } from './use-switch-active.ts';
import { When } from '../../../ui/When.tsx';

export interface ConfigurationRows {
  rows: readonly ConnectionRow[];
  /** Whether the caller may change connections of the organization. */
  mayManage: boolean;
  active: ActiveSwitch;
  selected: ReadonlySet<string>;
  onSelect: (selected: ReadonlySet<string>) => void;
  onDelete: (connection: AiConnection) => void;
}

interface ConfigurationTableProps extends ConfigurationRows {
  search: ListSearch;
  onSearch: (change: ListSearch) => void;
}

/** With Shift, everything between the last box that was pressed and this one. */
function useSelection({ rows, selected, onSelect }: Pick<ConfigurationRows, 'rows' | 'selected' | 'onSelect'>) {
  const last = useRef<string | null>(null);
  const ids = rows.filter(({ connection }) => !connection.isReadOnly).map(({ connection }) => connection.id);
  const set = (changed: readonly string[], isSelected: boolean): void =>
    onSelect(new Set(isSelected ? [...selected, ...changed] : [...selected].filter((id) => !changed.includes(id))));
  return {
    isAll: ids.length > 0 && ids.every((id) => selected.has(id)),
    isSome: ids.some((id) => selected.has(id)),
    toggleAll: () => set(ids, !ids.every((id) => selected.has(id))),
    toggle: (id: string, { shiftKey }: MouseEvent) => {
      const [from, to] = [ids.indexOf(last.current ?? id), ids.indexOf(id)];
      const range = shiftKey && from >= 0 ? ids.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
      last.current = id;
      set(range, !selected.has(id));
    },
  };
}

export function ConfigurationTable({ search, onSearch, ...props }: ConfigurationTableProps) {
  const t = useTranslations();
  const shown = columnsOf(search.cols, useTight());
  const sorting = connectionSorting(search.sort);
  const selection = useSelection(props);
  const head = { sorting, onSort: (column: typeof sorting.column) => onSearch({ sort: sortText(pressed(sorting, column)) }) };
  return (
    <div className={classes['frame']}>
      <table className={classes['table']} aria-label={t('connections.table', { count: props.rows.length })}>
        <thead>
          <tr>
            <th scope="col" data-column="select">
              <Checkbox
                size="xs"
                aria-label={t('list.selectAll')}
                checked={selection.isAll}
                indeterminate={selection.isSome && !selection.isAll}
                onChange={selection.toggleAll}
              />
            </th>
            <SortHead column="name" {...head}>
              {t('connections.name')}
            </SortHead>
            {shown.has('provider') && (
              <SortHead column="provider" {...head}>
                {t('connections.provider')}
              </SortHead>
            )}
            {shown.has('model') && (
              <SortHead column="model" {...head}>
                {t('connections.model')}
              </SortHead>
            )}
            {shown.has('apiKey') && <th scope="col">{t('connections.apiKey')}</th>}
            <SortHead column="status" {...head}>
              {t('connections.status')}
            </SortHead>
            {shown.has('latency') && (
              <SortHead column="latency" {...head}>
                {t('connections.latency')}
              </SortHead>
            )}
            {shown.has('tested') && (
              <SortHead column="tested" {...head}>
                {t('connections.tested')}
              </SortHead>
            )}
            {shown.has('used') && (
              <SortHead column="used" {...head}>
                {t('connections.used')}
              </SortHead>
            )}
            <th scope="col">{t('form.active')}</th>
            <th scope="col" data-column="actions">
              {t('connections.actions')}
            </th>
          </tr>
        </thead>
        {props.rows.map((row) => (
          <Row key={row.connection.id} row={row} shown={shown} toggle={selection.toggle} {...props} />
        ))}
      </table>
    </div>
  );
}

interface RowProps extends ConfigurationRows {
  row: ConnectionRow;
  shown: ReadonlySet<OptionalColumn>;
  toggle: (id: string, event: MouseEvent) => void;
}

function Row({ row, shown, toggle, selected, active, mayManage, onDelete }: RowProps) {
  const { connection, provider, lastUse } = row;
  const { id, name } = connection;
  const actions = useConnectionActions(connection, mayManage);
  const hasMore = actions.isTesting || actions.result !== null || actions.fault !== null;
  return (
    <tbody>
      <tr data-open={hasMore || undefined} data-selected={selected.has(id) || undefined}>
        <td data-column="select">
          {!connection.isReadOnly && <RowBox name={name} isSelected={selected.has(id)} onToggle={(event) => toggle(id, event)} />}
        </td>
        <th scope="row" data-column="name">
          <ConnectionName row={row} />
        </th>
        {shown.has('provider') && <td>{provider}</td>}
        {shown.has('model') && (
          <td data-column="model">
            <ConnectionModel model={connection.defaultModel} />
          </td>
        )}
        {shown.has('apiKey') && (
          <td data-column="key">
            <ConnectionKey mask={connection.apiKey} setAt={connection.apiKeySetAt} />
          </td>
        )}
        <td>
          <ConnectionStatus connection={connection} isTesting={actions.isTesting} />
        </td>
        {shown.has('latency') && (
          <td data-column="latency">
            <ConnectionLatency ms={connection.latencyMs} />
          </td>
        )}
        {shown.has('tested') && <td data-column="when">{connection.lastTested === null ? '—' : <When iso={connection.lastTested} />}</td>}
        {shown.has('used') && (
          <td data-column="when">
            <ConnectionUse use={lastUse} />
          </td>
        )}
        <td>
          {connection.scope !== 'environment' && (
            <StatusSwitch
              name={name}
              isActive={connection.isActive}
              isReadOnly={connection.isReadOnly}
              isPending={active.pending.has(id)}
              onChange={(isActive) => active.request(connection, isActive)}
            />
          )}
        </td>
        <td data-column="actions">
          <ConnectionButtons connection={connection} actions={actions} mayImport={mayManage} onDelete={onDelete} />
        </td>
      </tr>
      {hasMore && (
        <tr>
          <td colSpan={shown.size + 5} className={classes['more']}>
            <TestResult name={name} actions={actions} formOf={connection.isReadOnly ? null : id} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function RowBox({ name, isSelected, onToggle }: { name: string; isSelected: boolean; onToggle: (event: MouseEvent) => void }) {
  const t = useTranslations('list');
  return <Checkbox size="xs" aria-label={t('select', { name })} checked={isSelected} onClick={onToggle} readOnly />;
}
