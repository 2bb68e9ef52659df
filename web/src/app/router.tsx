/** Every page and who may open it: one file of routes per area, put together here. */
import type { QueryClient } from '@tanstack/react-query';
import { createRouter } from '@tanstack/react-router';
import { basePath } from '../lib/page.ts';
import { BrokenPage } from './BrokenPage.tsx';
import { adminRoutes } from './routes-admin.ts';
import { chatRoutes } from './routes-chat.ts';
import { connectionRoutes } from './routes-connections.ts';
import { doorRoutes } from './routes-door.ts';
import { homeRoutes } from './routes-home.ts';
import { keyRoutes } from './routes-keys.ts';
import { peopleRoutes } from './routes-people.ts';
import { root, settings, shell } from './routes-root.tsx';
import { settingsRoutes } from './routes-settings.ts';
import { shortRoutes } from './routes-short.ts';

const behindTheDoor = shell.addChildren([
  ...homeRoutes,
  ...connectionRoutes,
  ...chatRoutes,
  ...keyRoutes,
  ...peopleRoutes,
  ...adminRoutes,
  settings.addChildren([...settingsRoutes]),
]);

const tree = root.addChildren([...doorRoutes, ...shortRoutes, behindTheDoor]);

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
