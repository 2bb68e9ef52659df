/** The connections as a table, for windows that are wide enough for one. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useTranslations } from 'use-intl';
import { ConnectionButtons } from './ConnectionButtons.tsx';
import { ConnectionKey, ConnectionModel, ConnectionName, ConnectionStatus } from './ConnectionFacts.tsx';
import classes from './ConfigurationTable.module.css';
import { TestResult } from './TestResult.tsx';
import { useConnectionActions } from './use-connection-actions.ts';

export interface ConfigurationRows {
  connections: readonly AiConnection[];
  /** A provider's proper name by its id. */
  providerNames: ReadonlyMap<string, string>;
  /** Whether the caller may change connections of the organization. */
  mayManage: boolean;
  onDelete: (connection: AiConnection) => void;
}

export interface ConfigurationRow extends Omit<ConfigurationRows, 'connections' | 'providerNames'> {
  connection: AiConnection;
  provider: string | undefined;
}

export const columns = ['name', 'provider', 'model', 'apiKey', 'status', 'actions'] as const;

export function ConfigurationTable({ connections, providerNames, ...rest }: ConfigurationRows) {
  const t = useTranslations('connections');
  return (
    <div className={classes['frame']}>
      <table className={classes['table']} aria-label={t('table', { count: connections.length })}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col" data-column={column}>
                {t(column)}
              </th>
            ))}
          </tr>
        </thead>
        {connections.map((connection) => (
          <Row key={connection.id} connection={connection} provider={providerNames.get(connection.provider)} {...rest} />
        ))}
      </table>
    </div>
  );
}

function Row({ connection, provider, mayManage, onDelete }: ConfigurationRow) {
  const actions = useConnectionActions(connection, mayManage);
  const hasMore = actions.isTesting || actions.result !== null || actions.fault !== null;
  return (
    <tbody>
      <tr data-open={hasMore || undefined}>
        <th scope="row" data-column="name">
          <ConnectionName connection={connection} />
        </th>
        <td>{provider ?? connection.provider}</td>
        <td>
          <ConnectionModel model={connection.defaultModel} />
        </td>
        <td>
          <ConnectionKey mask={connection.apiKey} />
        </td>
        <td>
          <ConnectionStatus connection={connection} isTesting={actions.isTesting} />
        </td>
        <td data-column="actions">
          <ConnectionButtons connection={connection} actions={actions} onDelete={onDelete} />
        </td>
      </tr>
      {hasMore && (
        <tr>
          <td colSpan={columns.length} className={classes['more']}>
            <TestResult name={connection.name} actions={actions} />
          </td>
        </tr>
      )}
    </tbody>
  );
}
