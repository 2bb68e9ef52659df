/** The pages about people: the members of a workspace. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const members = createRoute({
  getParentRoute: () => shell,
  path: '/members',
  component: lazyRouteComponent(files.MembersPage, 'MembersPage'),
});

export const peopleRoutes = [members] as const;
