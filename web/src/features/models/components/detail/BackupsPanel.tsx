/** Who answers in the place of a connection that fails, in order; nothing where it has no backup. */
import type { Configuration } from '@patchbay/contract/configurations';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { aiConnectionsQuery } from '../../api/ai-connections.ts';
import { readBackups } from '../../form/backup-rows.ts';
import classes from './Detail.module.css';

export function BackupsPanel({ connection }: { connection: Configuration }) {
  const t = useTranslations('detail');
  const backups = readBackups(JSON.stringify(connection.configuration['backups'] ?? []));
  const { data: connections } = useQuery({ ...aiConnectionsQuery, enabled: backups.length > 0 });
  if (backups.length === 0 || !connections) return null;
  return (
    <section className={classes['panel']} aria-labelledby="backups-title">
      <h2 id="backups-title">{t('backups')}</h2>
      <p className={classes['text']}>{t('backupsText')}</p>
      <ol className={classes['rows']}>
        {backups.map(({ connectionId, model }) => (
          <li key={`${connectionId} ${model}`} className={classes['model']}>
            <span className={classes['grow']}>{connections.find(({ id }) => id === connectionId)?.name ?? t('backupGone')}</span>
            {model !== '' && <code className={classes['code']}>{model}</code>}
          </li>
        ))}
      </ol>
    </section>
  );
}
