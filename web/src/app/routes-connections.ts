/** The pages about connections: the personal list, the wizard, the form, and the details of one. */
import type { QueryClient } from '@tanstack/react-query';
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import {
  accessQuery,
  connectionQuery,
  failuresQuery,
  healthQuery,
  modelsQuery,
  usesQuery,
} from '../features/models/api/connection-detail.ts';
import { lastUsesQuery } from '../features/models/api/last-uses.ts';
import { providerSchemaQuery } from '../features/models/api/provider-schema.ts';
import { providerTemplatesQuery } from '../features/models/api/provider-templates.ts';
import { usageStatsQuery } from '../features/models/api/usage-stats.ts';
import { listSearchOf } from '../features/models/list/search.ts';
import { firstLanguage } from '../lib/catalogue.ts';
import { providersQuery } from '../lib/shared-queries.ts';
import { files } from './page-files.ts';
import { ahead, shell, textOf, type Search } from './routes-root.tsx';

const connections = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections',
  validateSearch: listSearchOf,
  loader: ({ context }) => {
    ahead(context, providersQuery);
    ahead(context, lastUsesQuery);
  },
  component: lazyRouteComponent(files.ConnectionsPage, 'ConnectionsPage'),
});

const addConnection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections/new',
  validateSearch: (search: Search): { provider?: string; template?: string } => ({
    provider: textOf(search['provider']),
    template: textOf(search['template']),
  }),
  loader: ({ context, location }) => {
    ahead(context, providersQuery);
    const provider = textOf(new URLSearchParams(location.searchStr).get('provider'));
    if (provider === undefined) return;
    ahead(context, providerSchemaQuery(provider));
    ahead(context, providerTemplatesQuery(provider));
  },
  component: lazyRouteComponent(files.AddConnectionPage, 'AddConnectionPage'),
});

/** What a form needs: the connection, and the fields that its provider has. */
function formAhead({ queries }: { queries: QueryClient }, id: string): void {
  // The page itself tells what failed.
  void queries.fetchQuery(connectionQuery(id)).then(
    ({ provider }) => queries.prefetchQuery(providerSchemaQuery(provider)),
    () => undefined,
  );
}

const editConnection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/ai-connections/$id/edit',
  loader: ({ context, params }) => {
    ahead(context, providersQuery);
    formAhead(context, params.id);
  },
  component: lazyRouteComponent(files.EditConnectionPage, 'EditConnectionPage'),
});

/** One connection: the frame, and within it the open tab. */
const connection = createRoute({
  getParentRoute: () => shell,
  path: '/connections/$id',
  loader: ({ context, params }) => {
    ahead(context, connectionQuery(params.id));
    ahead(context, providersQuery);
  },
  component: lazyRouteComponent(files.ConnectionPage, 'ConnectionPage'),
});

const overviewTab = createRoute({
  getParentRoute: () => connection,
  path: '/',
  loader: ({ context, params }) => ahead(context, usageStatsQuery(params.id, '30d')),
  component: lazyRouteComponent(files.ConnectionUsagePages, 'ConnectionOverviewPage'),
});

const modelsTab = createRoute({
  getParentRoute: () => connection,
  path: '/models',
  loader: ({ context, params }) => ahead(context, modelsQuery(params.id)),
  component: lazyRouteComponent(files.ConnectionModelsPage, 'ConnectionModelsPage'),
});

const usageTab = createRoute({
  getParentRoute: () => connection,
  path: '/usage',
  loader: ({ context, params }) => {
    ahead(context, usageStatsQuery(params.id, '30d'));
    ahead(context, failuresQuery(params.id));
  },
  component: lazyRouteComponent(files.ConnectionUsagePages, 'ConnectionUsagePage'),
});

const healthTab = createRoute({
  getParentRoute: () => connection,
  path: '/health',
  loader: ({ context, params }) => ahead(context, healthQuery(params.id, '24h', firstLanguage())),
  component: lazyRouteComponent(files.ConnectionHealthPage, 'ConnectionHealthPage'),
});

const accessTab = createRoute({
  getParentRoute: () => connection,
  path: '/access',
  loader: ({ context, params }) => {
    ahead(context, accessQuery(params.id));
    ahead(context, usesQuery(params.id));
  },
  component: lazyRouteComponent(files.ConnectionAccessPage, 'ConnectionAccessPage'),
});

const editTab = createRoute({
  getParentRoute: () => connection,
  path: '/edit',
  loader: ({ context, params }) => formAhead(context, params.id),
  component: lazyRouteComponent(files.ConnectionEditPage, 'ConnectionEditPage'),
});

export const connectionRoutes = [
  connections,
  addConnection,
  editConnection,
  connection.addChildren([overviewTab, modelsTab, usageTab, healthTab, accessTab, editTab]),
] as const;
