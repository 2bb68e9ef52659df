/** The pages about policies. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const policies = createRoute({
  getParentRoute: () => shell,
  path: '/policies',
  component: lazyRouteComponent(files.PoliciesPage, 'PoliciesPage'),
});

const newPolicy = createRoute({
  getParentRoute: () => shell,
  path: '/policies/new',
  component: lazyRouteComponent(files.PolicyFormPages, 'NewPolicyPage'),
});

const policy = createRoute({
  getParentRoute: () => shell,
  path: '/policies/$id',
  component: lazyRouteComponent(files.PolicyFormPages, 'EditPolicyPage'),
});

export const policyRoutes = [policies, newPolicy, policy] as const;
