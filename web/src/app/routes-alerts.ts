/** The pages about alerts. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const active = createRoute({
  getParentRoute: () => shell,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./AlertsPages.tsx'), 'ActiveAlertsPage'),
});

const rules = createRoute({
  getParentRoute: () => shell,
  path: '/alerts/rules',
  component: lazyRouteComponent(() => import('./AlertsPages.tsx'), 'AlertRulesPage'),
});

const channels = createRoute({
  getParentRoute: () => shell,
  path: '/alerts/channels',
  component: lazyRouteComponent(() => import('./AlertsPages.tsx'), 'AlertChannelsPage'),
});

const history = createRoute({
  getParentRoute: () => shell,
  path: '/alerts/history',
  component: lazyRouteComponent(() => import('./AlertsPages.tsx'), 'AlertHistoryPage'),
});

export const alertRoutes = [active, rules, channels, history] as const;
