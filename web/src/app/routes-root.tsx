/** The three parents that every page hangs from: the root, the shell behind the door, and the frame of the personal settings. */
import type { FetchQueryOptions, QueryClient, QueryKey } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import { meQuery } from '../features/session/api/me.ts';
import { isUnauthenticated } from '../lib/error-text.ts';
import { NotFoundPage } from './NotFoundPage.tsx';
import { files } from './page-files.ts';
import { Shell } from './Shell.tsx';

export type Search = Readonly<Record<string, unknown>>;

/** A value of the query string as text; undefined where it is missing or empty. */
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet, notFoundComponent: NotFoundPage });

/** Asks for what a page will show while its files are still on their way. Nothing waits for it: the page itself tells what failed. */
export function ahead<Data, Key extends QueryKey>(
  { queries }: { queries: QueryClient },
  query: FetchQueryOptions<Data, Error, Data, Key>,
): void {
  void queries.prefetchQuery(query);
}

/** Whoever is signed in. The person is loaded first; where there is none, the way leads to the door and back. */
export const shell = createRoute({
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
  // How many of them fail is told in the navigation of every page.
  loader: ({ context }) => ahead(context, aiConnectionsQuery),
  component: Shell,
});

/** The personal settings share one heading and one list of their pages. */
export const settings = createRoute({
  getParentRoute: () => shell,
  id: 'settings',
  component: lazyRouteComponent(files.SettingsLayout, 'SettingsLayout'),
});
