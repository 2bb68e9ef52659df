/** How many requests there were, bar by bar, failed and refused ones apart from those that were answered; a range is chosen by pulling over the bars, or by pressing one. */
import type { RequestBars } from '@patchbay/client/requests';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { dayTime } from '../../../lib/day-time.ts';
import { scaleTop } from '../../../ui/chart-scale.ts';
import { picture } from '../../../ui/picture.ts';
import { usePull } from '../../../ui/use-pull.ts';
import { barsQuery } from '../api/requests.ts';
import type { RequestSearch } from '../filters.ts';
import classes from './requests.module.css';

interface BarsProps {
  search: RequestSearch;
  isLive: boolean;
  onRange: (from: string, to: string) => void;
}

const slot = 10;
const gap = 2;
const barsMax = 200;
/** What scrolls can be reached and moved by keyboard (WCAG 2.1.1). */
const reachable = { tabIndex: 0 };

interface Bar {
  atMs: number;
  requests: number;
  /** Of those that a provider was asked, the ones that were no plain success. */
  failed: number;
  refused: number;
}

/** Bars without a request are drawn too: the axis is time. */
function allBars({ from, to, barMs, bars }: RequestBars): Bar[] {
  const known = new Map(bars.map(({ at, requests, failed, refused }) => [Date.parse(at), { requests, failed: failed - refused, refused }]));
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const count = Math.min(barsMax, Math.max(1, Math.round((toMs - fromMs) / barMs)));
  return Array.from({ length: count }, (_, index) => {
    const atMs = fromMs + index * barMs;
    return { atMs, ...(known.get(atMs) ?? { requests: 0, failed: 0, refused: 0 }) };
  });
}

export function Bars({ search, isLive, onRange }: BarsProps) {
  const t = useTranslations('requests');
  const { data } = useQuery(barsQuery(search, isLive));
  const [isTable, setTable] = useState(false);
  const id = useId();
  return (
    <figure className={classes['figure']} aria-labelledby={id}>
      <figcaption className={classes['figureHead']}>
        <span className={classes['figureTitle']} id={id}>
          {t('bars')}
        </span>
        <span className={classes['legend']} aria-hidden="true">
          <span data-part="ok">{t('answered')}</span>
          <span data-part="refused">{t('refused')}</span>
          <span data-part="failed">{t('failed')}</span>
        </span>
        <Button size="compact-xs" variant="subtle" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          {t(isTable ? 'hideTable' : 'showTable')}
        </Button>
      </figcaption>
      {isTable && data && <BarTable data={data} onRange={onRange} />}
      <div className={classes['drawn']} hidden={isTable}>
        {data && <Chart data={data} onRange={onRange} />}
        {data && data.countedFrom > data.from && <CountedFrom iso={data.countedFrom} />}
      </div>
    </figure>
  );
}

function CountedFrom({ iso }: { iso: string }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  return <p className={classes['hint']}>{t('countedFrom', { time: format.dateTime(new Date(iso), { dateStyle: 'medium', timeStyle: 'short' }) })}</p>;
} // prettier-ignore

function Chart({ data, onRange }: { data: RequestBars; onRange: BarsProps['onRange'] }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const language = useLocale();
  const bars = allBars(data);
  const top = scaleTop(Math.max(0, ...bars.map(({ requests }) => requests)));
  const total = bars.reduce((sum, { requests }) => sum + requests, 0);
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0);
  const refused = bars.reduce((sum, bar) => sum + bar.refused, 0);
  const height = (value: number): number => (value / top) * 100;
  const moment = (ms: number): string => format.dateTime(new Date(ms), dayTime(language));
  const { chosen, handlers } = usePull(bars.length, (from, to) =>
    onRange(new Date(bars[from]!.atMs).toISOString(), new Date(bars[to]!.atMs + data.barMs).toISOString()),
  );
  return (
    <div className={classes['plot']}>
      <div className={classes['scale']} aria-hidden="true">
        <span>{format.number(top)}</span>
        <span>{format.number(0)}</span>
      </div>
      <svg
        className={classes['chart']}
        viewBox={`0 0 ${bars.length * slot} 100`}
        preserveAspectRatio="none"
        {...picture}
        aria-label={t('barsSaid', { count: total, failed, refused })}
        {...handlers}
      >
        {chosen && <rect data-part="chosen" x={chosen[0] * slot} y={0} width={(chosen[1] - chosen[0] + 1) * slot} height={100} />}
        {bars.map((bar, index) => (
          <g key={bar.atMs}>
            <title>{`${moment(bar.atMs)}: ${t('barsSaid', { count: bar.requests, failed: bar.failed, refused: bar.refused })}`}</title>
            <rect data-part="ok" x={index * slot + gap / 2} y={100 - height(bar.requests)} width={slot - gap} height={height(bar.requests - bar.failed - bar.refused)} />
            <rect data-part="refused" x={index * slot + gap / 2} y={100 - height(bar.failed + bar.refused)} width={slot - gap} height={height(bar.refused)} />
            <rect data-part="failed" x={index * slot + gap / 2} y={100 - height(bar.failed)} width={slot - gap} height={height(bar.failed)} />
          </g>
        ))}
      </svg>
      <div className={classes['ends']} aria-hidden="true">
        <span>{moment(Date.parse(data.from))}</span>
        <span>{moment(Date.parse(data.to))}</span>
      </div>
    </div>
  ); // prettier-ignore
}

/** The same figures, and the same choice of a range, for those who do not pull. */
function BarTable({ data, onRange }: { data: RequestBars; onRange: BarsProps['onRange'] }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const rows = allBars(data).filter(({ requests }) => requests > 0);
  if (rows.length === 0) return <p className={classes['hint']}>{t('none')}</p>;
  return (
    <section className={classes['barTable']} {...reachable} aria-label={t('bars')}>
      <table aria-label={t('bars')}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('requests')}</th>
            <th scope="col">{t('refused')}</th>
            <th scope="col">{t('failed')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ atMs, requests, failed, refused }) => (
            <tr key={atMs}>
              <th scope="row">
                <button type="button" onClick={() => onRange(new Date(atMs).toISOString(), new Date(atMs + data.barMs).toISOString())}>
                  {format.dateTime(new Date(atMs), { dateStyle: 'medium', timeStyle: 'short' })}
                </button>
              </th>
              <td>{format.number(requests)}</td>
              <td>{format.number(refused)}</td>
              <td>{format.number(failed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
