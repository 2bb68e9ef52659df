/** The first page: what people see after signing in. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('./OverviewPage.tsx'), 'OverviewPage'),
});

export const homeRoutes = [overview] as const;
