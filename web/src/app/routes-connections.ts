/** The pages about connections: the personal list, the wizard, the form, and the details of one. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { listSearchOf } from '../features/models/list/search.ts';
import { shell, textOf, type Search } from './routes-root.tsx';

const connections = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections',
  validateSearch: listSearchOf,
  component: lazyRouteComponent(() => import('./ConnectionsPage.tsx'), 'ConnectionsPage'),
});

const addConnection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections/new',
  validateSearch: (search: Search): { provider?: string } => ({ provider: textOf(search['provider']) }),
  component: lazyRouteComponent(() => import('./AddConnectionPage.tsx'), 'AddConnectionPage'),
});

const editConnection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections/$id/edit',
  component: lazyRouteComponent(() => import('./EditConnectionPage.tsx'), 'EditConnectionPage'),
});

/** One connection: the frame, and within it the open tab. */
const connection = createRoute({
  getParentRoute: () => shell,
  path: '/connections/$id',
  component: lazyRouteComponent(() => import('./ConnectionPage.tsx'), 'ConnectionPage'),
});

const overviewTab = createRoute({
  getParentRoute: () => connection,
  path: '/',
  component: lazyRouteComponent(() => import('./ConnectionPages.tsx'), 'ConnectionOverviewPage'),
});

const modelsTab = createRoute({
  getParentRoute: () => connection,
  path: '/models',
  component: lazyRouteComponent(() => import('./ConnectionPages.tsx'), 'ConnectionModelsPage'),
});

const usageTab = createRoute({
  getParentRoute: () => connection,
  path: '/usage',
  component: lazyRouteComponent(() => import('./ConnectionPages.tsx'), 'ConnectionUsagePage'),
});

const healthTab = createRoute({
  getParentRoute: () => connection,
  path: '/health',
  component: lazyRouteComponent(() => import('./ConnectionPages.tsx'), 'ConnectionHealthPage'),
});

const accessTab = createRoute({
  getParentRoute: () => connection,
  path: '/access',
  component: lazyRouteComponent(() => import('./ConnectionPages.tsx'), 'ConnectionAccessPage'),
});

const editTab = createRoute({
  getParentRoute: () => connection,
  path: '/edit',
  component: lazyRouteComponent(() => import('./ConnectionEditPage.tsx'), 'ConnectionEditPage'),
});

export const connectionRoutes = [
  connections,
  addConnection,
  editConnection,
  connection.addChildren([overviewTab, modelsTab, usageTab, healthTab, accessTab, editTab]),
] as const;
