/** Every page and who may open it. The pages behind the door load the person first and lead to the door where there is none. */
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { meQuery } from '../features/session/api/me.ts';
import { isUnauthenticated } from '../lib/error-text.ts';
import { basePath } from '../lib/page.ts';
import { BrokenPage } from './BrokenPage.tsx';
import { NotFoundPage } from './NotFoundPage.tsx';
import { Shell } from './Shell.tsx';

type Search = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet, notFoundComponent: NotFoundPage });

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

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(meQuery);
    } catch (error) {
      if (isUnauthenticated(error))
        redirect({ to: '/login', search: { to: location.href === '/' ? undefined : location.href }, throw: true });
      throw error;
    }
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => redirect({ to: '/settings/ai-connections', replace: true, throw: true }),
});

const connections = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections',
  component: lazyRouteComponent(() => import('./ConnectionsPage.tsx'), 'ConnectionsPage'),
});

const addConnection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections/new',
  validateSearch: (search: Search): { provider?: string } => ({ provider: textOf(search['provider']) }),
  component: lazyRouteComponent(() => import('./AddConnectionPage.tsx'), 'AddConnectionPage'),
});

const editConnection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections/$id/edit',
  component: lazyRouteComponent(() => import('./EditConnectionPage.tsx'), 'EditConnectionPage'),
});

const tree = root.addChildren([signIn, setup, shell.addChildren([home, connections, addConnection, editConnection])]);

export function createPages(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: basePath,
    context: { queries },
    defaultPreload: 'intent',
    defaultErrorComponent: BrokenPage,
    scrollRestoration: true,
    // Texts stay texts: a code of digits is no number.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const entries = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
      return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
    },
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPages>;
  }
}
