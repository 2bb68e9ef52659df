/** What whoever holds a link sees: names, states and strips. */
import type { SharedStatus } from '@patchbay/contract/status';
import { useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { HealthState } from '../../../ui/HealthState.tsx';
import { MiniStrip } from '../../../ui/MiniStrip.tsx';
import classes from './status.module.css';
import { useStatusWords } from './use-words.ts';

type Line = SharedStatus['connections'][number];

export function SharedBoard({ shared }: { shared: SharedStatus }) {
  const t = useTranslations('status');
  const words = useStatusWords();
  const columns: Column<Line>[] = [
    { key: 'name', head: t('name'), render: ({ name }) => name },
    {
      key: 'now',
      head: t('now'),
      render: ({ state, since, isStale }) => (
        <span className={classes['now']}>
          <HealthState state={state} />
          {since !== null && state !== 'unknown' && <span className={classes['beside']}>{t('since', { time: words.time(since) })}</span>}
          {isStale && <span className={classes['stale']}>{t('longAgo')}</span>}
        </span>
      ),
    },
    {
      key: 'strip',
      head: t('history', { range: t('ranges.24h') }),
      render: ({ strip, uptime }) => (
        <span className={classes['strip']}>
          <MiniStrip strip={strip} label={words.strip(strip, uptime)} />
        </span>
      ),
    },
    { key: 'uptime', head: t('uptime'), kind: 'number', render: ({ uptime }) => words.share(uptime) },
  ];
  return (
    <div className={classes['shared']}>
      <p className={classes['stamp']}>{t('asOf', { time: words.clock(shared.at) })}</p>
      {shared.connections.length === 0 ? (
        <p className={classes['quiet']}>{t('sharedEmpty')}</p>
      ) : (
        <DataTable label={t('list')} columns={columns} rows={shared.connections} keyOf={({ name }) => name} />
      )}
    </div>
  );
}
