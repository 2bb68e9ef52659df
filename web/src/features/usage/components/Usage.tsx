/** All of the page below its head: what is asked, the figures, the charts and the table of groups. */
import type { Me } from '@patchbay/contract/people';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { focusPageTitle } from '../../../lib/focus.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { groupsQuery, seriesQuery } from '../api/usage.ts';
import { useFigures } from '../use-figures.ts';
import { searchOf, type Group, type View } from '../view.ts';
import { BudgetChart } from './BudgetChart.tsx';
import { Charts } from './Charts.tsx';
import { GroupTable } from './GroupTable.tsx';
import { SavedViews, type RenderView } from './SavedViews.tsx';
import { Strip } from './Strip.tsx';
import { Tools } from './Tools.tsx';
import classes from './Usage.module.css';

interface UsageProps {
  me: Me;
  view: View;
  onView: (view: View) => void;
  /** The address of the requests of one group; null where it has none. */
  renderLink: (group: Group, key: string | null, name: string) => React.ReactNode;
  /** A link to another view of this page. */
  renderView: RenderView;
}

/** Zooming and the way back from it, which holds until another range is chosen. */
function useZoom(view: View, onView: (view: View) => void) {
  const unzoomButton = useRef<HTMLButtonElement>(null);
  const [before, setBefore] = useState<View | null>(null);
  const isOf = (other: View): boolean => other.period === view.period && other.from === view.from && other.to === view.to;
  const isZoomed = before !== null && !isOf(before);
  return {
    unzoomButton,
    zoom: (next: View, way: 'pull' | 'press'): void => {
      if (!isZoomed) setBefore(view);
      onView(next);
      // The button that was pressed belongs to the range that is gone.
      if (way === 'press') setTimeout(() => unzoomButton.current?.focus());
    },
    change: (next: View): void => {
      if (!isOf(next)) setBefore(null);
      onView(next);
    },
    onUnzoom: isZoomed
      ? (): void => {
          setBefore(null);
          focusPageTitle();
          onView({ ...view, period: before.period, from: before.from, to: before.to });
        }
      : null,
  };
}

export function Usage({ me, view, onView, renderLink, renderView }: UsageProps) {
  const t = useTranslations('usage');
  const series = useQuery(seriesQuery(view));
  const groups = useQuery(groupsQuery(view));
  const figures = useFigures(view.zone);
  const organization = me.organization.name;
  const { zoom, change, ...unzoom } = useZoom(view, onView);
  const tools = (
    <SavedViews userId={me.id} current={searchOf(view, me.timeZone)} renderView={renderView}>
      {(saveView, savedViews) => (
        <Tools
          view={view}
          onView={change}
          ownZone={me.timeZone}
          range={series.data ?? null}
          isWaiting={series.isFetching}
          saveView={saveView}
          savedViews={savedViews}
          {...unzoom}
        />
      )}
    </SavedViews>
  );
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
    <div className={`pb-column ${classes['page']}`}>
      {tools}
      <Strip series={series.data} figures={figures} />
      <Charts view={view} series={series.data} figures={figures} organization={organization} onZoom={zoom} />
      <BudgetChart view={view} series={series.data} figures={figures} />
      {groups.isError && !groups.data ? (
        <Failure error={groups.error} organization={organization} onRetry={() => void groups.refetch()} />
      ) : groups.data ? (
        <GroupTable view={view} rows={groups.data} figures={figures} onView={change} renderLink={renderLink} />
      ) : (
        <Loading />
      )}
    </div>
  );
}
