/** The connections as a list of cards, for windows that are too narrow for the table. */
import { useTranslations } from 'use-intl';
import { ConnectionButtons } from './ConnectionButtons.tsx';
import { ConnectionKey, ConnectionModel, ConnectionName, ConnectionStatus } from './ConnectionFacts.tsx';
import classes from './ConfigurationCards.module.css';
import type { ConfigurationRow, ConfigurationRows } from './ConfigurationTable.tsx';
import { TestResult } from './TestResult.tsx';
import { useConnectionActions } from './use-connection-actions.ts';

export function ConfigurationCards({ connections, providerNames, ...rest }: ConfigurationRows) {
  const t = useTranslations('connections');
  return (
    <ul className={classes['cards']} aria-label={t('table', { count: connections.length })}>
      {connections.map((connection) => (
        <Card key={connection.id} connection={connection} provider={providerNames.get(connection.provider)} {...rest} />
      ))}
    </ul>
  );
}

function Card({ connection, provider, mayManage, onDelete }: ConfigurationRow) {
  const t = useTranslations('connections');
  const actions = useConnectionActions(connection, mayManage);
  return (
    <li className={classes['card']}>
      <div className={classes['head']}>
        <div className={classes['name']}>
          <ConnectionName connection={connection} />
        </div>
        <ConnectionStatus connection={connection} isTesting={actions.isTesting} />
      </div>
      <dl className={classes['facts']}>
        <dt>{t('provider')}</dt>
        <dd>{provider ?? connection.provider}</dd>
        <dt>{t('model')}</dt>
        <dd>
          <ConnectionModel model={connection.defaultModel} />
        </dd>
        <dt>{t('apiKey')}</dt>
        <dd>
          <ConnectionKey mask={connection.apiKey} />
        </dd>
      </dl>
      <ConnectionButtons connection={connection} actions={actions} onDelete={onDelete} />
      {(actions.isTesting || actions.result !== null || actions.fault !== null) && <TestResult name={connection.name} actions={actions} />}
    </li>
  );
}
