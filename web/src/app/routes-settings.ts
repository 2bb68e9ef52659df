/** The personal settings. Each is a lazy route of `settings`, whose frame lists them by settings-entries.ts. */
import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { settings } from './routes-root.tsx';

const home = createRoute({
  getParentRoute: () => settings,
  path: '/settings',
  beforeLoad: () => redirect({ to: '/settings/appearance', replace: true, throw: true }),
});

const appearance = createRoute({
  getParentRoute: () => settings,
  path: '/settings/appearance',
  component: lazyRouteComponent(files.AppearancePage, 'AppearancePage'),
});

const profile = createRoute({
  getParentRoute: () => settings,
  path: '/settings/profile',
  component: lazyRouteComponent(files.ProfilePage, 'ProfilePage'),
});

const security = createRoute({
  getParentRoute: () => settings,
  path: '/settings/security',
  component: lazyRouteComponent(files.SecurityPage, 'SecurityPage'),
});

const tokens = createRoute({
  getParentRoute: () => settings,
  path: '/settings/tokens',
  component: lazyRouteComponent(files.TokensPage, 'TokensPage'),
});

export const settingsRoutes = [home, profile, appearance, security, tokens] as const;
