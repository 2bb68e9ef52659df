/** What can be connected: providers, their models, their forms, their templates. Nothing here is anybody's own. */
import {
  modelList,
  modelsQuery,
  providerList,
  providerParams,
  providerSchema,
  schemaQuery,
  templateList,
  validateProvider,
  validationAnswer,
} from '@patchbay/contract/providers';
import { modelsOfProvider } from '../../control/connection-models.ts';
import { validateConfiguration } from '../../control/configuration-service.ts';
import type { ControlDeps } from '../../control/deps.ts';
import { templatesOf } from '../../control/templates.ts';
import { Refusal } from '../../domain/errors.ts';
import { catalog, providerRow, type ProviderRow } from '../../providers/catalog.ts';
import type { PriceBook } from '../../providers/prices.ts';
import { requestUrlOf } from '../../providers/request-url.ts';
import { schemaOf } from '../../providers/schemas.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromModels, fromRow, fromTemplate } from './dialect.ts';

type Deps = ControlDeps & PlaneDeps & { prices: PriceBook };

const isOffered = (deps: Deps, row: ProviderRow): boolean => !row.isInternal || deps.isDemoOffered;

function mustRow(deps: Deps, name: string): ProviderRow {
  const row = providerRow(name);
  if (!row || !isOffered(deps, row)) throw new Refusal('UNKNOWN_PROVIDER', { values: { provider: name } });
  return row;
}

export const routes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/providers',
    summary: 'Every provider that can be connected',
    access: 'signed-in',
    answers: { 200: providerList },
    statuses: [200, 401],
    handle: (deps: Deps) => ok({ success: true, data: catalog.filter((row) => isOffered(deps, row)).map(fromRow) }),
  }),
  route({
    method: 'GET',
    path: '/api/providers/:name/models',
    summary: 'Models of a provider, live where a connection allows it',
    access: 'signed-in',
    params: providerParams,
    query: modelsQuery,
    answers: { 200: modelList },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: Deps, { actor, origin, params, query }) {
      const options = { connectionId: query.configurationId ?? null, refresh: query.refresh ?? false };
      const models = await modelsOfProvider(deps, { actor, origin }, mustRow(deps, params.name), options);
      return ok({ success: true, data: fromModels(deps, models) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/providers/:name/schema',
    summary: "The provider's settings as JSON Schema and as a list of form fields, and where requests would go",
    access: 'signed-in',
    params: providerParams,
    query: schemaQuery,
    answers: { 200: providerSchema },
    statuses: [200, 400, 401, 404],
    handle(deps: Deps, { params, query }) {
      const row = mustRow(deps, params.name);
      const model = query.model ?? null;
      const data = { provider: row.id, ...schemaOf(row, model), requestUrl: requestUrlOf(row, query.baseUrl ?? null, model) };
      return ok({ success: true, data });
    },
  }),
  route({
    method: 'GET',
    path: '/api/providers/:name/templates',
    summary: 'Starting points for a new configuration',
    access: 'signed-in',
    params: providerParams,
    answers: { 200: templateList },
    statuses: [200, 401, 404],
    async handle(deps: Deps, { actor, params }) {
      const templates = await templatesOf(deps, mustRow(deps, params.name).id, actor.language);
      return ok({ success: true, data: templates.map(fromTemplate) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/providers/:name/validate',
    summary: "Check a configuration against the provider's schema; nobody is called",
    access: 'signed-in',
    params: providerParams,
    body: validateProvider,
    answers: { 200: validationAnswer },
    statuses: [200, 400, 401, 404],
    handle(deps: Deps, { params, body }) {
      const data = validateConfiguration(deps, params.name, body);
      return ok({ success: data.valid, data });
    },
  }),
];
