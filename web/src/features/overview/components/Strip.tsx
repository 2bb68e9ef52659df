/** The figures of today, each with its unit and what it is measured against. */
import type { UsageRow } from '@patchbay/client/usage';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Status } from '../../../ui/Status.tsx';
import type { ConnectionCounts } from '../attention.ts';
import { useFigures } from '../use-figures.ts';
import classes from './Overview.module.css';

interface StripProps {
  counts: ConnectionCounts;
  today: UsageRow | null;
  yesterday: UsageRow | null;
  zone: string;
}

export function Strip({ counts, today, yesterday, zone }: StripProps) {
  const t = useTranslations('overview');
  const { money, count, share, change } = useFigures();
  const cost = Number(today?.costUsd ?? 0);
  const before = Number(yesterday?.costUsd ?? 0);
  const unpriced = today?.unpriced ?? 0;
  const latencyMs = today?.averageLatencyMs ?? null;
  return (
    <section aria-label={t('today')}>
      <dl className={classes['strip']}>
        <div className={classes['figure']}>
          <dt>
            <Link to="/settings/ai-connections" className={classes['link']}>
              {t('connections')}
            </Link>
          </dt>
          <dd className={classes['value']}>{count(counts.all)}</dd>
          <dd className={classes['states']}>
            {counts.failed > 0 && <Status tone="bad" text={t('failed', { count: counts.failed })} />}
            {counts.ok > 0 && <Status tone="ok" text={t('ok', { count: counts.ok })} />}
            {counts.untested > 0 && <Status tone="idle" text={t('untested', { count: counts.untested })} />}
            {counts.off > 0 && <Status tone="off" text={t('off', { count: counts.off })} />}
          </dd>
        </div>
        <Figure name={t('cost')} value={cost === 0 && unpriced > 0 ? '—' : money(cost)}>
          {before > 0 ? t('against', { change: change(cost / before - 1) }) : t('zone', { zone })}
          {unpriced > 0 && <span>{t('unpriced', { count: unpriced })}</span>}
        </Figure>
        <Figure name={t('requests')} value={count(today?.requests ?? 0)}>
          {t('tokens', { count: (today?.tokensIn ?? 0) + (today?.tokensOut ?? 0) })}
        </Figure>
        <Figure name={t('errors')} value={today && today.requests > 0 ? share(today.errorRate) : '—'}>
          {t('failures', { count: today?.failures ?? 0, all: today?.attempts ?? 0 })}
        </Figure>
        <Figure name={t('latency')} value={latencyMs === null ? '—' : t('ms', { ms: count(Math.round(latencyMs)) })}>
          {t('average')}
        </Figure>
      </dl>
    </section>
  );
}

function Figure({ name, value, children }: { name: string; value: string; children: React.ReactNode }) {
  return (
    <div className={classes['figure']}>
      <dt>{name}</dt>
      <dd className={classes['value']}>{value}</dd>
      <dd className={classes['beside']}>{children}</dd>
    </div>
  );
}
