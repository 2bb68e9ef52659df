/** Alerts in a table: those going on, with what can be done, and those that are over. */
import type { AlertView } from '@patchbay/contract/alerts';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormatter, useNow, useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { sentQuery } from '../api/alerts.ts';
import { severityTones, stateTones } from './alert-words.ts';
import classes from './alerts.module.css';

export type AlertDeed = { kind: 'acknowledge' | 'resolve' | 'mute'; alert: AlertView };

/** What it says, with what was sent of it beneath, for those who ask. */
function Headline({ alert }: { alert: AlertView }) {
  const t = useTranslations('alerts');
  const format = useFormatter();
  const [isOpen, setOpen] = useState(false);
  const { data } = useQuery(sentQuery(alert.id, isOpen));
  const now = useNow();
  const isMuted = alert.mutedUntil !== null && alert.resolvedAt === null && new Date(alert.mutedUntil) > now;
  return (
    <span className="pb-stack">
      {alert.headline}
      <span className="pb-quiet">{[alert.workspace?.name, alert.ruleName, alert.explanation].filter(Boolean).join(' · ')}</span>
      {isMuted && (
        <span className="pb-quiet">
          {t('mutedUntil', { time: format.dateTime(new Date(alert.mutedUntil!), { dateStyle: 'medium', timeStyle: 'short' }) })}
        </span>
      )}
      <details className={classes['sent']} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t('showSent')}</summary>
        {data?.data.length === 0 && <p className="pb-quiet">{t('sentNone')}</p>}
        <ul>
          {data?.data.map(({ id, channelName, recipient, event, state, attempts, answer, errorCode }) => (
            <li key={id}>
              <Status tone={stateTones[state]} text={t(`stateOf.${state}`)} /> {t(`eventOf.${event}`)} · {channelName}
              {recipient !== '' && ` · ${recipient}`} · {t('attempts', { count: attempts })}
              {state !== 'sent' && (errorCode ?? answer) !== null && <code> {[errorCode, answer].filter(Boolean).join(': ')}</code>}
            </li>
          ))}
        </ul>
      </details>
    </span>
  );
}

const severityColumn = (t: ReturnType<typeof useTranslations<'alerts'>>): Column<AlertView> => ({
  key: 'severity',
  head: t('severity'),
  render: ({ severity }) => <Status tone={severityTones[severity]} text={t(`severityOf.${severity}`)} />,
});

export function ActiveTable({ alerts, onDeed }: { alerts: readonly AlertView[]; onDeed: (deed: AlertDeed) => void }) {
  const t = useTranslations('alerts');
  const columns: Column<AlertView>[] = [
    { key: 'what', head: t('what'), render: (alert) => <Headline alert={alert} /> },
    severityColumn(t),
    { key: 'since', head: t('since'), render: ({ at }) => <When iso={at} /> },
    {
      key: 'who',
      head: t('lookedAfter'),
      render: ({ acknowledgedBy, note }) => (
        <span className="pb-stack">
          {acknowledgedBy?.name ?? t('nobody')}
          {note !== null && <span className="pb-quiet">{note}</span>}
        </span>
      ),
    },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (alert) => alert.canChange && <Deeds alert={alert} onDeed={onDeed} />,
    },
  ];
  return <DataTable label={t('activeTable', { count: alerts.length })} columns={columns} rows={alerts} keyOf={({ id }) => id} />;
}

function Deeds({ alert, onDeed }: { alert: AlertView; onDeed: (deed: AlertDeed) => void }) {
  const t = useTranslations('alerts');
  const name = alert.headline;
  const button = (kind: AlertDeed['kind'], text: string, label: string) => (
    <Button variant="subtle" size="compact-sm" aria-label={label} onClick={() => onDeed({ kind, alert })}>
      {text}
    </Button>
  );
  return (
    <span className="pb-deeds">
      {alert.acknowledgedAt === null && button('acknowledge', t('acknowledge'), t('acknowledgeNamed', { name }))}
      {button('mute', t('mute'), t('muteNamed', { name }))}
      {button('resolve', t('resolve'), t('resolveNamed', { name }))}
    </span>
  );
}

export function HistoryTable({ alerts }: { alerts: readonly AlertView[] }) {
  const t = useTranslations('alerts');
  const columns: Column<AlertView>[] = [
    { key: 'what', head: t('what'), render: (alert) => <Headline alert={alert} /> },
    severityColumn(t),
    { key: 'from', head: t('from'), render: ({ at }) => <When iso={at} /> },
    {
      key: 'to',
      head: t('to'),
      render: ({ resolvedAt, resolvedBy }) => (
        <span className="pb-stack">
          {resolvedAt !== null && <When iso={resolvedAt} />}
          {resolvedBy !== null && <span className="pb-quiet">{t('endedBy', { name: resolvedBy.name })}</span>}
        </span>
      ),
    },
  ];
  return <DataTable label={t('historyTable')} columns={columns} rows={alerts} keyOf={({ id }) => id} />;
}
