/** What a connection did in the last 30 days: four figures, a line, and what failed last. */
import type { UsageMetrics } from '@patchbay/contract/configurations';
import { useTranslations } from 'use-intl';
import { Failure } from '../../../../ui/Failure.tsx';
import { Sparkline } from '../../../../ui/Sparkline.tsx';
import { When } from '../../../../ui/When.tsx';
import { useFailures } from '../../api/connection-detail.ts';
import { useUsageStats } from '../../api/usage-stats.ts';
import classes from './Detail.module.css';
import { Skeleton } from './Skeleton.tsx';
import { lastDays, useFigures } from './use-figures.ts';

const days = 30;

interface UsageDisplayProps {
  id: string;
  organization: string;
}

export function UsageDisplay({ id, organization }: UsageDisplayProps) {
  const usage = useUsageStats(id, '30d');
  if (usage.isError && !usage.data) return <Failure error={usage.error} organization={organization} onRetry={() => void usage.refetch()} />;
  // What stands below waits for what stands above, so that nothing is pushed away.
  if (!usage.data) return <Skeleton rows={4} />;
  return (
    <div className={`pb-column ${classes['stack']}`}>
      <Figures usage={usage.data} />
      <LastFailures id={id} organization={organization} />
    </div>
  );
}

function Figures({ usage }: { usage: UsageMetrics }) {
  const t = useTranslations('detail');
  const figures = useFigures();
  const byDate = new Map(usage.series.map(({ date, requestCount }) => [date, requestCount]));
  const perDay = lastDays(days).map((date) => byDate.get(date) ?? 0);
  const cost = usage.costUSD === 0 && usage.unpricedCount > 0 ? '—' : figures.usd(usage.costUSD);
  const summary = t('sparkline', { n: usage.requestCount, top: figures.count(Math.max(0, ...perDay)) });
  return (
    <section className={classes['panel']} aria-labelledby="usage-title">
      <div className={classes['panelHead']}>
        <h2 id="usage-title">{t('last30')}</h2>
        <span className={classes['note']}>
          {t(usage.lastUsed === null ? 'neverUsed' : 'lastUsed')} {usage.lastUsed !== null && <When iso={usage.lastUsed} />}
        </span>
      </div>
      <dl className={classes['figures']}>
        <Figure name={t('requests')} value={figures.count(usage.requestCount)} />
        <Figure
          name={t('tokens')}
          value={figures.count(usage.tokenCount)}
          note={t('tokensSplit', { in: figures.count(usage.tokensIn), out: figures.count(usage.tokensOut) })}
        />
        <Figure name={t('cost')} value={cost} note={usage.unpricedCount > 0 ? t('unpriced', { n: usage.unpricedCount }) : undefined} />
        <Figure
          name={t('errorRate')}
          value={usage.requestCount === 0 ? '—' : figures.share(usage.errorRate)}
          note={usage.averageLatency === null ? undefined : t('average', { ms: figures.ms(usage.averageLatency) })}
        />
      </dl>
      {usage.requestCount === 0 ? <p className={classes['text']}>{t('noUsage')}</p> : <Sparkline values={perDay} label={summary} />}
    </section>
  );
}

function Figure({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={classes['value']}>{value}</dd>
      {note !== undefined && <dd className={classes['note']}>{note}</dd>}
    </div>
  );
}

function LastFailures({ id, organization }: UsageDisplayProps) {
  const t = useTranslations('detail');
  const figures = useFigures();
  const failures = useFailures(id);
  if (failures.isError && !failures.data)
    return <Failure error={failures.error} organization={organization} onRetry={() => void failures.refetch()} />;
  return (
    <section className={classes['panel']} aria-labelledby="failures-title">
      <h2 id="failures-title">{t('failures')}</h2>
      {!failures.data && <Skeleton rows={2} />}
      {failures.data?.length === 0 && <p className={classes['text']}>{t('noFailures')}</p>}
      {failures.data !== undefined && failures.data.length > 0 && (
        <ul className={classes['failures']}>
          {failures.data.map(({ requestId, attemptNo, at, message, model, status, latencyMs }) => (
            <li key={`${requestId} ${attemptNo}`} className={classes['failure']}>
              <span>{message}</span>
              <code className={classes['code']}>{model}</code>
              <span className={classes['number']}>{status ?? '—'}</span>
              <span className={classes['number']}>{figures.ms(latencyMs)}</span>
              <span className={classes['note']}>
                <When iso={at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
