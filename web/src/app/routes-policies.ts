/** The pages about policies. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './routes-root.tsx';

const policies = createRoute({
  getParentRoute: () => shell,
  path: '/policies',
  component: lazyRouteComponent(() => import('./PoliciesPage.tsx'), 'PoliciesPage'),
});

const newPolicy = createRoute({
  getParentRoute: () => shell,
  path: '/policies/new',
  component: lazyRouteComponent(() => import('./PolicyFormPages.tsx'), 'NewPolicyPage'),
});

const policy = createRoute({
  getParentRoute: () => shell,
  path: '/policies/$id',
  component: lazyRouteComponent(() => import('./PolicyFormPages.tsx'), 'EditPolicyPage'),
});

export const policyRoutes = [policies, newPolicy, policy] as const;
