/** The pages about access keys. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: lazyRouteComponent(files.KeysPage, 'KeysPage'),
});

export const keyRoutes = [keys] as const;
