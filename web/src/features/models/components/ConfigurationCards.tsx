/** The connections as a list of cards, for windows that are too narrow for the table. */
import { useTranslations } from 'use-intl';
import { ConnectionButtons } from './ConnectionButtons.tsx';
import { ConnectionKey, ConnectionModel, ConnectionName, ConnectionStatus } from './ConnectionFacts.tsx';
import classes from './ConfigurationCards.module.css';
import type { ConfigurationRows } from './ConfigurationTable.tsx';
import { StatusSwitch } from './StatusSwitch.tsx';
import { TestResult } from './TestResult.tsx';
import { useConnectionActions } from './use-connection-actions.ts';
import type { ConnectionRow } from '../list/connection-rows.ts';

export function ConfigurationCards(props: ConfigurationRows) {
  const t = useTranslations('connections');
  return (
    <ul className={classes['cards']} aria-label={t('table', { count: props.rows.length })}>
      {props.rows.map((row) => (
        <Card key={row.connection.id} row={row} {...props} />
      ))}
    </ul>
  );
}

function Card({ row, mayManage, active, onDelete }: ConfigurationRows & { row: ConnectionRow }) {
  const t = useTranslations('connections');
  const { connection, provider } = row;
  const actions = useConnectionActions(connection, mayManage);
  return (
    <li className={classes['card']}>
      <div className={classes['head']}>
        <div className={classes['name']}>
          <ConnectionName row={row} />
        </div>
        <ConnectionStatus connection={connection} isTesting={actions.isTesting} hasTime />
      </div>
      <dl className={classes['facts']}>
        <dt>{t('provider')}</dt>
        <dd>{provider}</dd>
        <dt>{t('model')}</dt>
        <dd>
          <ConnectionModel model={connection.defaultModel} />
        </dd>
        <dt>{t('apiKey')}</dt>
        <dd>
          <ConnectionKey mask={connection.apiKey} setAt={connection.apiKeySetAt} />
        </dd>
      </dl>
      <div className={classes['foot']}>
        {connection.scope !== 'environment' && (
          <StatusSwitch
            name={connection.name}
            isActive={connection.isActive}
            isReadOnly={connection.isReadOnly}
            isPending={active.pending.has(connection.id)}
            onChange={(isActive) => active.request(connection, isActive)}
          />
        )}
        <ConnectionButtons connection={connection} actions={actions} mayImport={mayManage} onDelete={onDelete} />
      </div>
      {(actions.isTesting || actions.result !== null || actions.fault !== null) && (
        <TestResult name={connection.name} actions={actions} formOf={connection.isReadOnly ? null : connection.id} />
      )}
    </li>
  );
}
