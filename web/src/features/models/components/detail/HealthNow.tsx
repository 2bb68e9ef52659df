/** How one connection is doing by checks and traffic: its state and why, how long it was well, its incidents, and its newest checks. */
import { Button, SegmentedControl } from '@mantine/core';
import type { StatusCheck, StatusOne, StatusRange } from '@patchbay/contract/status';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../../lib/error-text.ts';
import { Failure } from '../../../../ui/Failure.tsx';
import { HealthState } from '../../../../ui/HealthState.tsx';
import { HeartbeatStrip } from '../../../../ui/HeartbeatStrip.tsx';
import { Status } from '../../../../ui/Status.tsx';
import { When } from '../../../../ui/When.tsx';
import { useCheckNow, useStatus } from '../../api/connection-detail.ts';
import classes from './Detail.module.css';
import { Skeleton } from './Skeleton.tsx';
import { useFigures } from './use-figures.ts';

const ranges: readonly StatusRange[] = ['24h', '7d', '30d', '90d'];
const checksAtOnce = 5;
const incidentsAtOnce = 5;
const beatOf = { up: 'ok', slow: 'degraded', down: 'down', none: 'none' } as const;

export function HealthNow({ id, organization }: { id: string; organization: string }) {
  const t = useTranslations('status');
  const [range, setRange] = useState<StatusRange>('24h');
  const status = useStatus(id, range, useLocale());
  if (status.isError && !status.data)
    return <Failure error={status.error} organization={organization} onRetry={() => void status.refetch()} />;
  return (
    <>
      <section className={classes['panel']} aria-labelledby="now-title">
        <div className={classes['panelHead']}>
          <h2 id="now-title">{t('nowTitle')}</h2>
          <SegmentedControl
            size="xs"
            aria-label={t('range')}
            value={range}
            onChange={(value) => setRange(value)}
            data={ranges.map((value) => ({ value, label: t(`ranges.${value}`) }))}
          />
        </div>
        {status.data ? <Now status={status.data} /> : <Skeleton rows={4} />}
      </section>
      {status.data && <Past status={status.data} />}
    </>
  );
}

function Now({ status }: { status: StatusOne }) {
  const t = useTranslations('status');
  const figures = useFigures();
  const { connection, buckets, range, uptimes } = status;
  const known = buckets.filter(({ state }) => state !== 'none');
  const count = (state: string): number => buckets.filter((bucket) => bucket.state === state).length;
  const label = t('stripSummary', {
    uptime: connection.uptime === null ? 'none' : figures.share(connection.uptime),
    down: count('down'),
    slow: count('slow'),
    known: known.length,
  });
  const nameOf = range === '24h' ? figures.time : figures.day;
  return (
    <>
      <Line status={status} />
      <HeartbeatStrip
        beats={buckets.map(({ at, state, checks, failures }) => ({
          key: at,
          state: beatOf[state],
          title: `${nameOf(at)}: ${figures.count(checks - failures)} / ${figures.count(checks)}`,
        }))}
        label={label}
        from={nameOf(buckets[0]?.at ?? '')}
        to={t('now')}
      />
      <dl className={classes['figures']} aria-label={t('uptimes')}>
        {ranges.map((one) => (
          <div key={one}>
            <dt>{`${t('uptime')}, ${t(`ranges.${one}`)}`}</dt>
            <dd className={classes['value']}>{uptimes[one] === null ? '—' : figures.share(uptimes[one])}</dd>
          </div>
        ))}
        <div>
          <dt>{t('checkLatency', { range: t(`ranges.${range}`) })}</dt>
          <dd className={classes['value']}>
            <span>{figures.ms(connection.p50Ms)}</span> · <span>{figures.ms(connection.p95Ms)}</span>
          </dd>
        </div>
      </dl>
    </>
  );
}

function Line({ status: { connection, at } }: { status: StatusOne }) {
  const t = useTranslations('status');
  const format = useFormatter();
  const { isActive, state, reasonText, since, consecutiveFailures, lastSuccessAt, nextCheckAt, everySeconds } = connection;
  const next = nextCheckAt === null ? null : format.relativeTime(new Date(nextCheckAt), { now: new Date(at), style: 'short' });
  return (
    <div className={classes['panelHead']}>
      <div className={classes['facts']}>
        <HealthState state={isActive ? state : 'paused'} reason={isActive ? reasonText : null} />
        {isActive && since !== null && state !== 'unknown' && (
          <span className={classes['note']}>
            <When iso={since} />
          </span>
        )}
        {reasonText !== null && <span className={classes['note']}>{t('inRow', { count: consecutiveFailures })}</span>}
        {reasonText !== null && lastSuccessAt !== null && (
          <span className={classes['note']}>{t('lastSuccess', { time: format.relativeTime(new Date(lastSuccessAt), new Date(at)) })}</span>
        )}
        {isActive && (
          <span className={classes['note']}>{`${t('next')}: ${everySeconds === 0 ? t('checkOff') : (next ?? t('checkSoon'))}`}</span>
        )}
      </div>
      {isActive && <CheckNow id={connection.id} name={connection.name} />}
    </div>
  );
}

function CheckNow({ id, name }: { id: string; name: string }) {
  const t = useTranslations('status');
  const figures = useFigures();
  const language = useLocale();
  const check = useCheckNow(id);
  const said = (): string => {
    if (check.isError) return errorText(check.error, language);
    if (!check.data) return '';
    const { outcome, latencyMs, reasonText } = check.data.check;
    if (outcome === 'ok') return t('checked', { name, ms: figures.ms(latencyMs) });
    return t(outcome === 'failed' ? 'checkedBad' : 'checkedSkipped', { name, reason: reasonText ?? '' });
  };
  return (
    <span className={classes['facts']}>
      <output className={classes['note']}>{said()}</output>
      <Button
        size="compact-sm"
        variant="default"
        loading={check.isPending}
        loaderProps={{ 'aria-label': t('checking') }}
        onClick={() => check.mutate()}
      >
        {t('check')}
      </Button>
    </span>
  );
}

function Past({ status: { incidents, checks } }: { status: StatusOne }) {
  const t = useTranslations('status');
  const figures = useFigures();
  const [incidentsMax, setIncidentsMax] = useState(incidentsAtOnce);
  const [checksMax, setChecksMax] = useState(checksAtOnce);
  const moment = (iso: string): string => `${figures.day(iso)} ${figures.time(iso)}`;
  return (
    <>
      <section className={classes['panel']} aria-labelledby="incidents-title">
        <h2 id="incidents-title">{t('incidentsTitle')}</h2>
        {incidents.length === 0 && <p className={classes['text']}>{t('noIncident')}</p>}
        <ol className={classes['rows']}>
          {incidents.slice(0, incidentsMax).map(({ id, state, reasonText, from, until, model }) => (
            <li key={id} className={classes['panelHead']}>
              <HealthState state={state} reason={reasonText} />
              <span className={classes['note']}>
                {`${model === null ? '' : `${model} · `}${moment(from)} – ${until === null ? t('ongoing') : moment(until)}`}
              </span>
            </li>
          ))}
        </ol>
        {incidents.length > incidentsMax && (
          <More count={incidents.length - incidentsMax} onMore={() => setIncidentsMax(incidents.length)} />
        )}
      </section>
      <section className={classes['panel']} aria-labelledby="checks-title">
        <h2 id="checks-title">{t('checksTitle')}</h2>
        {checks.length === 0 && <p className={classes['text']}>{t('noChecks')}</p>}
        <ol className={classes['rows']}>
          {checks.slice(0, checksMax).map((check) => (
            <li key={check.id} className={classes['panelHead']}>
              <Outcome check={check} />
              <span className={classes['note']}>
                {figures.ms(check.latencyMs)} · <When iso={check.at} />
              </span>
            </li>
          ))}
        </ol>
        {checks.length > checksMax && <More count={checks.length - checksMax} onMore={() => setChecksMax(checks.length)} />}
      </section>
    </>
  );
}

function Outcome({ check: { outcome, reasonText } }: { check: StatusCheck }) {
  const t = useTranslations('status');
  if (outcome === 'ok') return <Status tone="ok" text={t('passed')} />;
  return <Status tone={outcome === 'failed' ? 'bad' : 'idle'} text={reasonText ?? t(outcome === 'failed' ? 'state.failing' : 'skipped')} />;
}

function More({ count, onMore }: { count: number; onMore: () => void }) {
  const t = useTranslations('status');
  return (
    <Button size="compact-sm" variant="default" onClick={onMore}>
      {t('more', { count })}
    </Button>
  );
}
