/** The pages that need no session: signing in and the first set-up. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root, textOf, type Search } from './routes-root.tsx';

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Search): { to?: string } => ({ to: textOf(search['to']) }),
  component: lazyRouteComponent(() => import('./SignInPage.tsx'), 'SignInPage'),
});

const setupSteps = ['connection', 'done'] as const;

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search: Search): { token?: string; step?: 'account' | 'connection' | 'done'; demo?: string } => ({
    token: textOf(search['token']),
    step: setupSteps.find((step) => step === search['step']),
    demo: textOf(search['demo']),
  }),
  component: lazyRouteComponent(() => import('./SetupPage.tsx'), 'SetupPage'),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite/$token',
  component: lazyRouteComponent(() => import('./InvitePage.tsx'), 'InvitePage'),
});

export const doorRoutes = [signIn, setup, invite] as const;
