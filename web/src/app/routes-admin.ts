/** The pages of administrators: models, users, workspaces, tasks. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { adminModelsQuery } from '../features/models/api/admin-models.ts';
import { listSearchOf } from '../features/models/list/search.ts';
import { pricesQuery, unpricedQuery } from '../features/prices/api/prices.ts';
import { schemaQuery } from '../features/templates/api/templates.ts';
import { providersQuery, templatesQuery } from '../lib/shared-queries.ts';
import { files } from './page-files.ts';
import { ahead, shell, textOf, type Search } from './routes-root.tsx';

const models = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_models',
  validateSearch: listSearchOf,
  loader: ({ context }) => {
    ahead(context, adminModelsQuery);
    ahead(context, providersQuery);
  },
  component: lazyRouteComponent(files.ModelsPage, 'ModelsPage'),
});

/** The form of a model lies over the list. */
const modelForms = [
  createRoute({
    getParentRoute: () => models,
    path: 'new',
    component: lazyRouteComponent(files.ModelFormPages, 'NewModelPage'),
  }),
  createRoute({
    getParentRoute: () => models,
    path: '$id/edit',
    component: lazyRouteComponent(files.ModelFormPages, 'EditModelPage'),
  }),
] as const;

const tasks = createRoute({
  getParentRoute: () => shell,
  path: '/admin/tasks',
  component: lazyRouteComponent(files.TasksPage, 'TasksPage'),
});

const users = createRoute({
  getParentRoute: () => shell,
  path: '/admin/users',
  component: lazyRouteComponent(files.UsersPage, 'UsersPage'),
});

const workspaces = createRoute({
  getParentRoute: () => shell,
  path: '/admin/workspaces',
  component: lazyRouteComponent(files.WorkspacesPage, 'WorkspacesPage'),
});

const prices = createRoute({
  getParentRoute: () => shell,
  path: '/admin/prices',
  validateSearch: (search: Search): { provider?: string; model?: string } => ({
    provider: textOf(search['provider']),
    model: textOf(search['model']),
  }),
  loader: ({ context }) => {
    ahead(context, pricesQuery);
    ahead(context, unpricedQuery);
    ahead(context, providersQuery);
  },
  component: lazyRouteComponent(files.PricesPage, 'PricesPage'),
});

const templates = createRoute({
  getParentRoute: () => shell,
  path: '/admin/templates',
  validateSearch: (search: Search): { provider?: string } => ({ provider: textOf(search['provider']) }),
  loader: ({ context, location }) => {
    ahead(context, providersQuery);
    const provider = textOf(new URLSearchParams(location.searchStr).get('provider'));
    if (provider === undefined) return;
    ahead(context, templatesQuery(provider));
    ahead(context, schemaQuery(provider));
  },
  component: lazyRouteComponent(files.TemplatesPage, 'TemplatesPage'),
});

export const adminRoutes = [prices, templates, tasks, models.addChildren([...modelForms]), users, workspaces] as const;
