/** The pages that need no session: signing in and the first set-up. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { root, textOf, type Search } from './routes-root.tsx';

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Search): { to?: string } => ({ to: textOf(search['to']) }),
  component: lazyRouteComponent(files.SignInPage, 'SignInPage'),
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
  component: lazyRouteComponent(files.SetupPage, 'SetupPage'),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite/$token',
  component: lazyRouteComponent(files.InvitePage, 'InvitePage'),
});

export const doorRoutes = [signIn, setup, invite] as const;
