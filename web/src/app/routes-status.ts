/** The status page, and the one that is read with a link and without signing in. Each is a lazy route. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { root, shell } from './routes-root.tsx';

const status = createRoute({
  getParentRoute: () => shell,
  path: '/status',
  component: lazyRouteComponent(files.StatusPage, 'StatusPage'),
});

const shared = createRoute({
  getParentRoute: () => root,
  path: '/status/$token',
  component: lazyRouteComponent(files.SharedStatusPage, 'SharedStatusPage'),
});

export const statusRoutes = [status] as const;
export const sharedStatusRoutes = [shared] as const;
