/** Every page and who may open it: one file of routes per area, put together here. */
import type { QueryClient } from '@tanstack/react-query';
import { createRouter } from '@tanstack/react-router';
import { meQuery } from '../features/session/api/me.ts';
import { basePath } from '../lib/page.ts';
import { BrokenPage } from './BrokenPage.tsx';
import { adminRoutes } from './routes-admin.ts';
import { auditRoutes } from './routes-audit.ts';
import { alertRoutes } from './routes-alerts.ts';
import { chatRoutes } from './routes-chat.ts';
import { connectionRoutes } from './routes-connections.ts';
import { doorRoutes } from './routes-door.ts';
import { homeRoutes } from './routes-home.ts';
import { keyRoutes } from './routes-keys.ts';
import { operationRoutes } from './routes-operation.ts';
import { peopleRoutes } from './routes-people.ts';
import { policyRoutes } from './routes-policies.ts';
import { requestRoutes } from './routes-requests.ts';
import { repositoryRoutes } from './routes-repositories.ts';
import { ahead, root, settings, shell } from './routes-root.tsx';
import { routingRoutes } from './routes-routing.ts';
import { sharedStatusRoutes, statusRoutes } from './routes-status.ts';
import { settingsRoutes } from './routes-settings.ts';
import { shortRoutes } from './routes-short.ts';
import { usageRoutes } from './routes-usage.ts';
import { useCaseRoutes } from './routes-use-cases.ts';

const behindTheDoor = shell.addChildren([
  ...homeRoutes,
  ...connectionRoutes,
  ...chatRoutes,
  ...keyRoutes,
  ...requestRoutes,
  ...routingRoutes,
  ...repositoryRoutes,
  ...policyRoutes,
  ...statusRoutes,
  ...alertRoutes,
  ...peopleRoutes,
  ...adminRoutes,
  ...operationRoutes,
  ...auditRoutes,
  ...useCaseRoutes,
  ...usageRoutes,
  settings.addChildren([...settingsRoutes]),
]);

const tree = root.addChildren([...doorRoutes, ...sharedStatusRoutes, ...shortRoutes, behindTheDoor]);

export function createPages(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: basePath,
    context: { queries },
    defaultPreload: 'intent',
    defaultErrorComponent: BrokenPage,
    // An address below that of a page is none either, and is told in one way.
    notFoundMode: 'root',
    scrollRestoration: true,
    // Texts stay texts: a code of digits is no number.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const entries = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
      return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
    },
  });
}

/**
 * Asks at once for what the open address needs: the person where it lies behind the door, and the files of its page. Resolves when the
 * page can be drawn; drawn earlier, it would be taken for one that waits, and held back by React for a third of a second.
 */
export function startPage(pages: ReturnType<typeof createPages>): Promise<void> {
  const matches: readonly { routeId: string }[] = pages.matchRoutes(pages.latestLocation);
  const ids = new Set(matches.map(({ routeId }) => routeId));
  const routes = Object.values(pages.routesById).filter(({ id }) => ids.has(id));
  // The answer about the person comes first: browsers take six things at a time over one line.
  // Where nothing is, it decides what the page looks like.
  if (ids.has(shell.id) || ids.size === 1) ahead(pages.options.context, meQuery);
  const isLoaded = pages.load();
  // What fails here fails again where the page asks for it, and is told there.
  for (const route of routes) void Promise.resolve(pages.loadRouteChunk(route)).catch(() => undefined);
  return isLoaded;
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPages>;
  }
}
