/** The answers of the first page: are my connections well, what did today cost, what failed, what wants doing. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { Me } from '@patchbay/contract/people';
import { useQuery } from '@tanstack/react-query';
import { useLocale, useNow } from 'use-intl';
import { statusSummaryQuery } from '../../../lib/status-summary.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { dateIn, hasKeyQuery, latestQuery, weekQuery } from '../api/figures.ts';
import { attentionOf, countsOf } from '../attention.ts';
import { AttentionList } from './AttentionList.tsx';
import { Checklist } from './Checklist.tsx';
import { CostOfWeek } from './CostOfWeek.tsx';
import { LatestFailures } from './LatestFailures.tsx';
import classes from './Overview.module.css';
import { Strip } from './Strip.tsx';

/** The day may end while the page is open. */
const refreshMs = 60_000;

interface OverviewProps {
  me: Me;
  /** Null while they load. */
  connections: readonly AiConnection[] | null;
}

export function Overview({ me, connections }: OverviewProps) {
  const now = useNow({ updateInterval: refreshMs });
  const week = useQuery(weekQuery(me.timeZone));
  const latest = useQuery(latestQuery);
  const { data: hasKey } = useQuery(hasKeyQuery);
  const { data: status } = useQuery(statusSummaryQuery(useLocale()));
  if (week.isError && !week.data)
    return <Failure error={week.error} organization={me.organization.name} onRetry={() => void week.refetch()} />;
  if (connections === null || !week.data || !latest.data || hasKey === undefined) return <Loading />;
  const todayKey = dateIn(me.timeZone, now);
  const yesterdayKey = dateIn(me.timeZone, new Date(now.getTime() - 86_400_000));
  const today = week.data.find(({ key }) => key === todayKey) ?? null;
  const yesterday = week.data.find(({ key }) => key === yesterdayKey) ?? null;
  const hasAsked = week.data.some(({ requests }) => requests > 0);
  const ill = status?.ill ?? [];
  const counts = countsOf(connections, ill);
  // What has answered once is tested, even where no test says so today.
  const isTested = counts.ok > 0 || hasAsked;
  const isSetUp = counts.all > 0 && isTested && hasKey && hasAsked;
  return (
    <div className={classes['overview']}>
      {!isSetUp && <Checklist hasConnection={counts.all > 0} isTested={isTested} hasKey={hasKey} hasAsked={hasAsked} />}
      {counts.all > 0 && <Strip counts={counts} today={today} yesterday={yesterday} zone={me.timeZone} />}
      {counts.all > 0 && (
        <div className={classes['columns']}>
          <div className={classes['stack']}>
            <AttentionList items={attentionOf(connections, ill, today, now.getTime())} />
            <LatestFailures requests={latest.data} />
          </div>
          <CostOfWeek days={week.data} zone={me.timeZone} nowMs={now.getTime()} />
        </div>
      )}
    </div>
  );
}
