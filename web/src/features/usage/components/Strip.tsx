/** The figures of the range, each with its change against the range before. */
import type { UsageSeries, UsageTotals } from '@patchbay/contract/usage-report';
import { useTranslations } from 'use-intl';
import { dash, type Figures } from '../use-figures.ts';
import classes from './Usage.module.css';

interface StripProps {
  series: UsageSeries;
  figures: Figures;
}

interface Shown {
  name: string;
  value: string;
  note?: string | null;
}

/** A change is worth saying where there was something before. */
function changeOf(totals: UsageTotals, before: UsageTotals | null, of: (totals: UsageTotals) => number, figures: Figures): string | null {
  const was = before === null ? 0 : of(before);
  return was > 0 ? figures.change(of(totals) / was - 1) : null;
}

export function Strip({ series, figures }: StripProps) {
  const t = useTranslations('usage');
  const { totals, before, violations } = series;
  const against = (of: (totals: UsageTotals) => number): string | null => {
    const change = changeOf(totals, before, of, figures);
    return change === null ? null : t('against', { change });
  };
  const cost = Number(totals.costUsd);
  const isUnknown = cost === 0 && totals.unpriced > 0;
  const { times } = totals;
  const first: Shown[] = [
    {
      name: t('cost'),
      value: isUnknown ? dash : figures.money(cost),
      note: isUnknown ? t('noPrice') : against((of) => Number(of.costUsd)),
    },
    {
      name: t('tokens'),
      value: figures.compact(totals.tokensIn + totals.tokensOut),
      note: t('inOut', { in: figures.compact(totals.tokensIn), out: figures.compact(totals.tokensOut) }),
    },
    { name: t('requests'), value: figures.count(totals.requests), note: against((of) => of.requests) },
    {
      name: t('errorRate'),
      value: totals.attempts === 0 ? dash : figures.share(totals.errorRate),
      note: t('failed', { count: totals.failures }),
    },
    {
      name: t('p95'),
      value: figures.ms(times?.latencyMs?.p95),
      note: t('p50p99', { p50: figures.ms(times?.latencyMs?.p50), p99: figures.ms(times?.latencyMs?.p99) }),
    },
    { name: t('firstByteP95'), value: figures.ms(times?.firstByteMs?.p95), note: t('p50', { p50: figures.ms(times?.firstByteMs?.p50) }) },
  ];
  const speed = times?.tokensPerSecond?.p50;
  const second: Shown[] = [
    { name: t('speed'), value: speed === undefined ? dash : t('perSecond', { speed: figures.count(speed) }) },
    { name: t('saved'), value: figures.money(Number(totals.savedUsd)), note: t('hits', { count: totals.cacheHits }) },
    { name: t('estimated'), value: totals.attempts === 0 ? dash : figures.share(totals.estimated / totals.attempts) },
    { name: t('unknown'), value: figures.count(totals.unknowns) },
    { name: t('unpriced'), value: figures.count(totals.unpriced) },
    { name: t('violations'), value: figures.count(violations.violations), note: t('blocked', { count: violations.blocks }) },
  ];
  return (
    <section aria-label={t('figures')} className={classes['strips']}>
      <Row shown={first} isLarge />
      <Row shown={second} />
      <details className={classes['how']}>
        <summary>{t('howTitle')}</summary>
        <p>{t('howSums')}</p>
        <p>{t('howTimes')}</p>
        <p>{t('howWindow', { at: figures.moment(series.asOf) })}</p>
        {(times?.untimed ?? 0) > 0 && <p>{t('untimed', { count: times?.untimed ?? 0 })}</p>}
      </details>
    </section>
  );
}

function Row({ shown, isLarge = false }: { shown: readonly Shown[]; isLarge?: boolean }) {
  return (
    <dl className={classes['strip']} data-large={isLarge || undefined}>
      {shown.map(({ name, value, note }) => (
        <div key={name} className={classes['figure']}>
          <dt>{name}</dt>
          <dd className={classes['value']}>{value}</dd>
          {note !== undefined && note !== null && <dd className={classes['note']}>{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
