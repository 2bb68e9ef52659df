/** The pages about routing. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { choosableQuery, groupsQuery } from '../features/routing/api/routing.ts';
import { files } from './page-files.ts';
import { ahead, shell } from './routes-root.tsx';

const routing = createRoute({
  getParentRoute: () => shell,
  path: '/routing',
  loader: ({ context }) => {
    ahead(context, groupsQuery);
    ahead(context, choosableQuery);
  },
  component: lazyRouteComponent(files.RoutingPage, 'RoutingPage'),
});

const simulator = createRoute({
  getParentRoute: () => shell,
  path: '/routing/simulator',
  validateSearch: (search: Record<string, unknown>): { group?: string } =>
    typeof search['group'] === 'string' ? { group: search['group'] } : {},
  loader: ({ context }) => ahead(context, groupsQuery),
  component: lazyRouteComponent(files.SimulatorPage, 'SimulatorPage'),
});

export const routingRoutes = [routing, simulator] as const;
