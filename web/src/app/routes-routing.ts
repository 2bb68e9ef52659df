/** The pages about routing. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { choosableQuery, groupsQuery } from '../features/routing/api/routing.ts';
import { ahead, shell } from './routes-root.tsx';

const routing = createRoute({
  getParentRoute: () => shell,
  path: '/routing',
  loader: ({ context }) => {
    ahead(context, groupsQuery);
    ahead(context, choosableQuery);
  },
  component: lazyRouteComponent(() => import('./RoutingPage.tsx'), 'RoutingPage'),
});

const simulator = createRoute({
  getParentRoute: () => shell,
  path: '/routing/simulator',
  validateSearch: (search: Record<string, unknown>): { group?: string } =>
    typeof search['group'] === 'string' ? { group: search['group'] } : {},
  loader: ({ context }) => ahead(context, groupsQuery),
  component: lazyRouteComponent(() => import('./SimulatorPage.tsx'), 'SimulatorPage'),
});

export const routingRoutes = [routing, simulator] as const;
