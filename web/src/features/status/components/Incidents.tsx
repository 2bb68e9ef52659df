/** When connections were ill in the last days, of what, and for how long; the newest first. */
import { Button } from '@mantine/core';
import type { StatusIncident } from '@patchbay/contract/status';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { HealthState } from '../../../ui/HealthState.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import classes from './status.module.css';
import { useStatusWords } from './use-words.ts';

const shownMax = 10;

export function Incidents({ incidents }: { incidents: readonly StatusIncident[] }) {
  const t = useTranslations('status');
  const { time, lasted } = useStatusWords();
  const [isAll, setAll] = useState(false);
  const columns: Column<StatusIncident>[] = [
    {
      key: 'name',
      head: t('name'),
      render: ({ connectionId, connectionName, model }) => (
        <span className={classes['name']}>
          <Link to="/connections/$id/health" params={{ id: connectionId }}>
            {connectionName}
          </Link>
          {model !== null && <span className={classes['beside']}>{model}</span>}
        </span>
      ),
    },
    { key: 'what', head: t('what'), render: ({ state, reasonText }) => <HealthState state={state} reason={reasonText} /> },
    { key: 'when', head: t('when'), render: ({ from, until }) => `${time(from)} – ${until === null ? t('ongoing') : time(until)}` },
    { key: 'lasted', head: t('lasted'), kind: 'number', render: ({ from, until }) => lasted(from, until) },
  ];
  const shown = isAll ? incidents : incidents.slice(0, shownMax);
  return (
    <Panel title={t('incidents')} isPlain>
      {incidents.length === 0 ? (
        <p className={classes['quiet']}>{t('noIncidents')}</p>
      ) : (
        <DataTable label={t('incidents')} columns={columns} rows={shown} keyOf={({ id }) => id} isQuiet={({ until }) => until !== null} />
      )}
      {incidents.length > shown.length && (
        <Button variant="default" size="compact-sm" className={classes['more']} onClick={() => setAll(true)}>
          {t('more', { count: incidents.length - shown.length })}
        </Button>
      )}
    </Panel>
  );
}
