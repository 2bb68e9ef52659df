/** The pages about repositories. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const repositories = createRoute({
  getParentRoute: () => shell,
  path: '/repositories',
  component: lazyRouteComponent(() => import('./RepositoriesPage.tsx'), 'RepositoriesPage'),
});

const repository = createRoute({
  getParentRoute: () => shell,
  path: '/repositories/$id',
  component: lazyRouteComponent(() => import('./RepositoryPage.tsx'), 'RepositoryPage'),
});

export const repositoryRoutes = [repositories, repository] as const;
