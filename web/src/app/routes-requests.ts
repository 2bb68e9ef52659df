/** The explorer of requests: the list, and each request at an address of its own beside it. Lazy routes of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { requestSearchOf } from '../features/requests/filters.ts';
import { files } from './page-files.ts';
import { shell } from './routes-root.tsx';

const requests = createRoute({
  getParentRoute: () => shell,
  path: '/requests',
  validateSearch: requestSearchOf,
  component: lazyRouteComponent(files.RequestsPage, 'RequestsPage'),
});

// The list stays as it is while one request after the other is opened beside it.
const request = createRoute({ getParentRoute: () => requests, path: '$id' });

export const requestRoutes = [requests.addChildren([request])] as const;
