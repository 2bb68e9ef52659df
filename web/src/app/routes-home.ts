/** The first page: what people see after signing in. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { latestQuery, weekQuery } from '../features/overview/api/figures.ts';
import { meQuery } from '../features/session/api/me.ts';
import { files } from './page-files.ts';
import { ahead, shell } from './routes-root.tsx';

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/',
  loader: ({ context }) => {
    ahead(context, latestQuery);
    const me = context.queries.getQueryData(meQuery.queryKey);
    if (me) ahead(context, weekQuery(me.timeZone));
  },
  component: lazyRouteComponent(files.OverviewPage, 'OverviewPage'),
});

export const homeRoutes = [overview] as const;
