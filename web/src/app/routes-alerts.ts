/** The pages about alerts. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const active = createRoute({
  getParentRoute: () => shell,
  path: '/alerts',
  component: lazyRouteComponent(files.AlertsPages, 'ActiveAlertsPage'),
});

const rules = createRoute({
  getParentRoute: () => shell,
  path: '/alerts/rules',
  component: lazyRouteComponent(files.AlertsPages, 'AlertRulesPage'),
});

const channels = createRoute({
  getParentRoute: () => shell,
  path: '/alerts/channels',
  component: lazyRouteComponent(files.AlertsPages, 'AlertChannelsPage'),
});

const history = createRoute({
  getParentRoute: () => shell,
  path: '/alerts/history',
  component: lazyRouteComponent(files.AlertsPages, 'AlertHistoryPage'),
});

export const alertRoutes = [active, rules, channels, history] as const;
