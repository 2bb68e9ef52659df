/** The page about usage and cost: a lazy route of the shell, whose address says all that it shows. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { meQuery } from '../features/session/api/me.ts';
import { seriesQuery } from '../features/usage/api/usage.ts';
import { usageSearchOf, viewOf, type UsageSearch } from '../features/usage/view.ts';
import { files } from './page-files.ts';
import { ahead, shell } from './routes-root.tsx';

const usage = createRoute({
  getParentRoute: () => shell,
  path: '/usage',
  validateSearch: (search: Record<string, unknown>): UsageSearch => usageSearchOf(search),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    const me = context.queries.getQueryData(meQuery.queryKey);
    if (me) ahead(context, seriesQuery(viewOf(deps, me.timeZone)));
  },
  component: lazyRouteComponent(files.UsagePage, 'UsagePage'),
});

export const usageRoutes = [usage] as const;
