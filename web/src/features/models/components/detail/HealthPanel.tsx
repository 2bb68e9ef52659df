/** How a connection has been doing: a strip of stretches of time, how fast it answers, and each of its last tests step by step. */
import { Button, SegmentedControl } from '@mantine/core';
import type { HealthHistory } from '@patchbay/contract/configuration-details';
import { useState, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { Failure } from '../../../../ui/Failure.tsx';
import { HeartbeatStrip } from '../../../../ui/HeartbeatStrip.tsx';
import { Status } from '../../../../ui/Status.tsx';
import { When } from '../../../../ui/When.tsx';
import { useHealthHistory } from '../../api/connection-detail.ts';
import { TestFindings } from '../TestFindings.tsx';
import classes from './Detail.module.css';
import { HealthNow } from './HealthNow.tsx';
import { Skeleton } from './Skeleton.tsx';
import { useFigures } from './use-figures.ts';

type Range = HealthHistory['range'];
const ranges: readonly Range[] = ['24h', '90d'];
const testsAtOnce = 5;

interface HealthPanelProps {
  id: string;
  organization: string;
  /** How much its provider still allows. */
  limits?: ReactNode;
}

export function HealthPanel({ id, organization, limits }: HealthPanelProps) {
  const t = useTranslations('detail');
  const [range, setRange] = useState<Range>('24h');
  const health = useHealthHistory(id, range, useLocale());
  if (health.isError && !health.data)
    return (
      <div className={`pb-column ${classes['stack']}`}>
        <Failure error={health.error} organization={organization} onRetry={() => void health.refetch()} />
        {limits}
      </div>
    );
  return (
    <div className={`pb-column ${classes['stack']}`}>
      <HealthNow id={id} organization={organization} />
      <section className={classes['panel']} aria-labelledby="health-title">
        <div className={classes['panelHead']}>
          <h2 id="health-title">{t('healthTitle')}</h2>
          <SegmentedControl
            size="xs"
            aria-label={t('period')}
            value={range}
            onChange={(value) => setRange(value)}
            data={ranges.map((value) => ({ value, label: t(value === '24h' ? 'hours24' : 'days90') }))}
          />
        </div>
        {health.data ? <Strip health={health.data} /> : <Skeleton rows={3} />}
      </section>
      {health.data && <Tests tests={health.data.tests} />}
      {limits}
    </div>
  );
}

function Strip({ health }: { health: HealthHistory }) {
  const t = useTranslations('detail');
  const figures = useFigures();
  const [isTable, setTable] = useState(false);
  const { buckets, requests, errors, range, latency } = health;
  const nameOf = range === '24h' ? figures.time : figures.day;
  const used = buckets.filter(({ state }) => state !== 'none');
  const down = used.filter(({ state }) => state === 'down').length;
  const summary =
    requests === 0 ? t('noHealth') : t('healthSummary', { share: figures.share(1 - errors / requests), down, all: used.length, requests });
  const beats = buckets.map(({ at, state, requests: asked, errors: failed }) => ({
    key: at,
    state,
    title: t('beat', { at: nameOf(at), requests: asked, errors: failed }),
  }));
  return (
    <>
      <p className={classes['text']}>{summary}</p>
      <HeartbeatStrip beats={beats} label={summary} from={nameOf(buckets[0]?.at ?? '')} to={t('now')} />
      <div className={classes['tools']}>
        <ul className={classes['legend']} aria-label={t('legend')}>
          {(['ok', 'degraded', 'down', 'none'] as const).map((state) => (
            <li key={state} data-state={state}>
              {t(state)}
            </li>
          ))}
        </ul>
        {used.length > 0 && (
          <Button size="compact-xs" variant="subtle" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
            {t(isTable ? 'hideTable' : 'showTable')}
          </Button>
        )}
      </div>
      {isTable && <Stretches stretches={used} nameOf={nameOf} />}
      <dl className={classes['figures']}>
        <div>
          <dt>{t('p50')}</dt>
          <dd className={classes['value']}>{figures.ms(latency.p50Ms)}</dd>
        </div>
        <div>
          <dt>{t('p95')}</dt>
          <dd className={classes['value']}>{figures.ms(latency.p95Ms)}</dd>
          <dd className={classes['note']}>{t('samples', { n: latency.samples })}</dd>
        </div>
      </dl>
      {range === '90d' && <p className={classes['note']}>{t('utcDays')}</p>}
    </>
  );
}

interface StretchesProps {
  stretches: HealthHistory['buckets'];
  nameOf: (iso: string) => string;
}

function Stretches({ stretches, nameOf }: StretchesProps) {
  const t = useTranslations('detail');
  const figures = useFigures();
  return (
    <div className={classes['frame']}>
      <table aria-label={t('healthTitle')}>
        <thead>
          <tr>
            <th scope="col">{t('when')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('attempts')}</th>
            <th scope="col">{t('errors')}</th>
            <th scope="col">{t('averageHead')}</th>
          </tr>
        </thead>
        <tbody>
          {stretches.toReversed().map(({ at, state, requests, errors, averageMs }) => (
            <tr key={at}>
              <th scope="row">{nameOf(at)}</th>
              <td>{t(state)}</td>
              <td>{figures.count(requests)}</td>
              <td>{figures.count(errors)}</td>
              <td>{figures.ms(averageMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Tests({ tests }: { tests: HealthHistory['tests'] }) {
  const t = useTranslations('detail');
  const words = useTranslations('connections');
  const figures = useFigures();
  const [shownMax, setShownMax] = useState(testsAtOnce);
  return (
    <section className={classes['panel']} aria-labelledby="tests-title">
      <h2 id="tests-title">{t('tests')}</h2>
      {tests.length === 0 && <p className={classes['text']}>{t('noTests')}</p>}
      <ol className={classes['rows']}>
        {tests.slice(0, shownMax).map((test) => (
          <li key={test.testedAt} className={classes['test']}>
            <div className={classes['panelHead']}>
              <Status tone={test.success ? 'ok' : 'bad'} text={words(test.success ? 'connected' : 'failed')} />
              <span className={classes['note']}>
                {figures.ms(test.latencyMs)} · <When iso={test.testedAt} />
              </span>
            </div>
            <TestFindings label={t('testOf', { at: test.testedAt })} result={quiet(test)} isTesting={false} fault={null} />
            {!test.success && <p className={classes['text']}>{test.message}</p>}
          </li>
        ))}
      </ol>
      {tests.length > shownMax && (
        <Button size="compact-sm" variant="default" onClick={() => setShownMax(tests.length)}>
          {t('moreTests', { n: tests.length - shownMax })}
        </Button>
      )}
    </section>
  );
}

/** A test of the past is no alarm: its steps are shown, and what failed is said in one plain line. */
const quiet = (test: HealthHistory['tests'][number]): HealthHistory['tests'][number] => ({ ...test, success: true });
