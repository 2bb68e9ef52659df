/** The pages about repositories. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const repositories = createRoute({
  getParentRoute: () => shell,
  path: '/repositories',
  component: lazyRouteComponent(files.RepositoriesPage, 'RepositoriesPage'),
});

const repository = createRoute({
  getParentRoute: () => shell,
  path: '/repositories/$id',
  component: lazyRouteComponent(files.RepositoryPage, 'RepositoryPage'),
});

export const repositoryRoutes = [repositories, repository] as const;
