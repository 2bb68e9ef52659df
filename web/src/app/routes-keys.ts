/** The pages about access keys. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: lazyRouteComponent(() => import('./KeysPage.tsx'), 'KeysPage'),
});

export const keyRoutes = [keys] as const;
