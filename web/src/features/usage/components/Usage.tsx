/** All of the page below its head: what is asked, the figures, the charts and the table of groups. */
import type { Me } from '@patchbay/contract/people';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { groupsQuery, seriesQuery } from '../api/usage.ts';
import { useFigures } from '../use-figures.ts';
import type { Group, View } from '../view.ts';
import { BudgetChart } from './BudgetChart.tsx';
import { Charts } from './Charts.tsx';
import { GroupTable } from './GroupTable.tsx';
import { Strip } from './Strip.tsx';
import { Tools } from './Tools.tsx';
import classes from './Usage.module.css';

interface UsageProps {
  me: Me;
  view: View;
  onView: (view: View) => void;
  /** The address of the requests of one group; null where it has none. */
  renderLink: (group: Group, key: string | null, name: string) => React.ReactNode;
}

export function Usage({ me, view, onView, renderLink }: UsageProps) {
  const t = useTranslations('usage');
  const series = useQuery(seriesQuery(view));
  const groups = useQuery(groupsQuery(view));
  const figures = useFigures(view.zone);
  const organization = me.organization.name;
  const tools = <Tools view={view} onView={onView} ownZone={me.timeZone} range={series.data ?? null} isWaiting={series.isFetching} />;
  if (series.isError && !series.data)
    return (
      <div className={classes['page']}>
        {tools}
        <Failure error={series.error} organization={organization} onRetry={() => void series.refetch()} />
      </div>
    );
  if (!series.data)
    return (
      <div className={classes['page']}>
        {tools}
        <Loading />
      </div>
    );
  const isFiltered = Object.values(view.filters).some((values) => values.length > 0);
  if (series.data.totals.requests === 0 && series.data.totals.attempts === 0)
    return (
      <div className={classes['page']}>
        {tools}
        <Empty title={t('emptyTitle')} text={t(isFiltered ? 'emptyFiltered' : 'emptyText')} />
      </div>
    );
  return (
    <div className={classes['page']}>
      {tools}
      <Strip series={series.data} figures={figures} />
      <Charts view={view} series={series.data} figures={figures} organization={organization} />
      <BudgetChart view={view} series={series.data} figures={figures} />
      {groups.isError && !groups.data ? (
        <Failure error={groups.error} organization={organization} onRetry={() => void groups.refetch()} />
      ) : groups.data ? (
        <GroupTable view={view} rows={groups.data} figures={figures} onView={onView} renderLink={renderLink} />
      ) : (
        <Loading />
      )}
    </div>
  );
}
