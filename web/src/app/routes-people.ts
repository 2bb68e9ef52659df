/** The pages about people: the members of a workspace. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const members = createRoute({
  getParentRoute: () => shell,
  path: '/members',
  component: lazyRouteComponent(() => import('./MembersPage.tsx'), 'MembersPage'),
});

export const peopleRoutes = [members] as const;
