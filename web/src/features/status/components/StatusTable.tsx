/** One line per connection: its state with since when and why, its strip, how long it was well, how fast, and the next check. */
import type { StatusRange, StatusRow } from '@patchbay/contract/status';
import { Link } from '@tanstack/react-router';
import { useFormatter, useTranslations } from 'use-intl';
import { useProviderName } from '../../../lib/providers.ts';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { HealthState } from '../../../ui/HealthState.tsx';
import { MiniStrip } from '../../../ui/MiniStrip.tsx';
import { CheckNow } from './CheckNow.tsx';
import classes from './status.module.css';
import { useStatusWords } from './use-words.ts';

interface StatusTableProps {
  rows: readonly StatusRow[];
  range: StatusRange;
  /** When the server said all this. */
  at: string;
}

export function StatusTable({ rows, range, at }: StatusTableProps) {
  const t = useTranslations('status');
  const words = useStatusWords();
  const providerOf = useProviderName();
  const columns: Column<StatusRow>[] = [
    {
      key: 'name',
      head: t('name'),
      render: ({ id, name, provider, providerName }) => (
        <span className={classes['name']}>
          <Link to="/connections/$id/health" params={{ id }}>
            {name}
          </Link>
          <span className={classes['beside']}>{providerOf(provider, providerName)}</span>
        </span>
      ),
    },
    { key: 'now', head: t('now'), render: (row) => <Now row={row} /> },
    {
      key: 'strip',
      head: t('history', { range: t(`ranges.${range}`) }),
      render: ({ strip, uptime }) => (
        <span className={classes['strip']}>
          <MiniStrip strip={strip} label={words.strip(strip, uptime)} />
        </span>
      ),
    },
    { key: 'uptime', head: t('uptime'), kind: 'number', render: ({ uptime }) => words.share(uptime) },
    { key: 'p95', head: t('p95'), kind: 'number', isExtra: true, render: ({ p95Ms }) => words.ms(p95Ms) },
    { key: 'next', head: t('next'), kind: 'number', isExtra: true, render: (row) => <Next row={row} at={at} /> },
    { key: 'deeds', head: t('deeds'), kind: 'actions', render: ({ id, name, isActive }) => isActive && <CheckNow id={id} name={name} /> },
  ];
  return <DataTable label={t('list')} columns={columns} rows={rows} keyOf={({ id }) => id} isQuiet={({ isActive }) => !isActive} />;
}

function Now({ row }: { row: StatusRow }) {
  const t = useTranslations('status');
  const { time } = useStatusWords();
  if (!row.isActive)
    return (
      <span className={classes['now']}>
        <HealthState state="paused" />
        {row.pausedAt !== null && row.pausedBy !== null && (
          <span className={classes['beside']}>{t('pausedBy', { time: time(row.pausedAt), name: row.pausedBy })}</span>
        )}
      </span>
    );
  return (
    <span className={classes['now']}>
      <HealthState state={row.state} reason={row.reasonText} />
      {row.since !== null && row.state !== 'unknown' && <span className={classes['beside']}>{t('since', { time: time(row.since) })}</span>}
      {row.models.map(({ model, state, reasonText }) => (
        <span key={model} className={classes['beside']}>
          {t('modelIll', { model, what: reasonText ?? t(`state.${state}`) })}
        </span>
      ))}
      {row.isStale && row.lastCheckedAt !== null && (
        <span className={classes['stale']}>{t('stale', { time: time(row.lastCheckedAt) })}</span>
      )}
    </span>
  );
}

const soonMs = 5_000;

function Next({ row, at }: { row: StatusRow; at: string }) {
  const t = useTranslations('status');
  const format = useFormatter();
  if (!row.isActive) return '—';
  if (row.everySeconds === 0) return t('checkOff');
  if (row.nextCheckAt === null) return t('checkSoon');
  const asked = new Date(at);
  const next = new Date(row.nextCheckAt);
  // When it was checked last stands beside its state.
  if (row.isStale) return t('overdue');
  return next.getTime() - asked.getTime() < soonMs ? t('checkSoon') : format.relativeTime(next, { now: asked, style: 'short' });
}
