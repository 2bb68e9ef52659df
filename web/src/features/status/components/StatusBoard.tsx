/** The status of all connections: whether the page is live, what fails, a line for each with its history, and the incidents. */
import { Button, Checkbox, SegmentedControl, TextInput } from '@mantine/core';
import type { StatusRange, StatusRow, StatusView } from '@patchbay/contract/status';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { useProviderName } from '../../../lib/providers.ts';
import { useServerState } from '../../../lib/server-state.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Status } from '../../../ui/Status.tsx';
import { statusQuery } from '../api/status.ts';
import { Incidents } from './Incidents.tsx';
import { IllNotice } from './IllNotice.tsx';
import classes from './status.module.css';
import { StatusTable } from './StatusTable.tsx';
import { useStatusWords } from './use-words.ts';

const ranges: readonly StatusRange[] = ['24h', '7d', '30d', '90d'];
/** Lines of one page; the rest is a click away. */
const shownMax = 50;

interface StatusBoardProps {
  workspaceId: string | undefined;
  organization: string;
  /** The way to a first connection, where there is none. */
  add: ReactNode;
}

export function StatusBoard({ workspaceId, organization, add }: StatusBoardProps) {
  const t = useTranslations('status');
  const [range, setRange] = useState<StatusRange>('24h');
  const status = useQuery(statusQuery(range, workspaceId, useLocale()));
  if (status.isError && !status.data)
    return <Failure error={status.error} organization={organization} onRetry={() => void status.refetch()} />;
  if (!status.data) return <Loading />;
  if (status.data.connections.length === 0)
    return (
      <Empty title={t('emptyTitle')} text={t('emptyText')}>
        {add}
      </Empty>
    );
  return (
    <div className={classes['board']}>
      <Stamp at={status.data.at} isFailing={status.isError} />
      <IllNotice view={status.data} />
      <Lines view={status.data} range={range} onRange={setRange} />
      <Incidents incidents={status.data.incidents} />
    </div>
  );
}

/** What is shown is as old as this says; a page whose server is away says so on the data itself. */
function Stamp({ at, isFailing }: { at: string; isFailing: boolean }) {
  const t = useTranslations('status');
  const { clock } = useStatusWords();
  const { isAway } = useServerState();
  const isOld = isAway || isFailing;
  return (
    <p className={classes['stamp']}>
      <Status tone={isOld ? 'warn' : 'ok'} text={t(isOld ? 'away' : 'live')} />
      <span>{t('asOf', { time: clock(at) })}</span>
    </p>
  );
}

const isWanted = ({ state, isActive, isStale, models }: StatusRow): boolean =>
  isActive && (isStale || models.length > 0 || !['healthy', 'unknown'].includes(state));

function Lines({ view, range, onRange }: { view: StatusView; range: StatusRange; onRange: (range: StatusRange) => void }) {
  const t = useTranslations('status');
  const [text, setText] = useState('');
  const [isOnlyIll, setOnlyIll] = useState(false);
  const [max, setMax] = useState(shownMax);
  const providerOf = useProviderName();
  const wanted = text.trim().toLocaleLowerCase();
  const rows = view.connections.filter(
    (row) =>
      (!isOnlyIll || isWanted(row)) && `${row.name} ${providerOf(row.provider, row.providerName)}`.toLocaleLowerCase().includes(wanted),
  );
  return (
    <section className={classes['lines']} aria-label={t('list')}>
      <div className={classes['tools']}>
        <TextInput
          className={classes['search']}
          aria-label={t('search')}
          placeholder={t('search')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          type="search"
        />
        <Checkbox label={t('onlyIll')} checked={isOnlyIll} onChange={(event) => setOnlyIll(event.currentTarget.checked)} />
        <SegmentedControl
          size="xs"
          aria-label={t('range')}
          value={range}
          onChange={(value) => onRange(value)}
          data={ranges.map((value) => ({ value, label: t(`ranges.${value}`) }))}
        />
      </div>
      {rows.length === 0 ? (
        <p className={classes['quiet']}>{t('noMatch')}</p>
      ) : (
        <StatusTable rows={rows.slice(0, max)} range={view.range} at={view.at} />
      )}
      {rows.length > max && (
        <Button variant="default" size="compact-sm" className={classes['more']} onClick={() => setMax(max + shownMax)}>
          {t('more', { count: Math.min(shownMax, rows.length - max) })}
        </Button>
      )}
      <Legend />
    </section>
  );
}

function Legend() {
  const t = useTranslations('status');
  return (
    <ul className={classes['legend']} aria-label={t('legend')}>
      {(['up', 'partly', 'down', 'none'] as const).map((state) => (
        <li key={state} data-state={state}>
          {t(state)}
        </li>
      ))}
    </ul>
  );
}
