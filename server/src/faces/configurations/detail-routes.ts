/** What the page of one configuration asks for besides the configuration itself. None of these waits for a provider, unless told to. */
import {
  accessAnswer,
  configurationModels,
  failuresAnswer,
  healthHistory,
  healthQuery,
  modelsOfQuery,
  modelsSwitched,
  switchModels,
} from '@patchbay/contract/configuration-details';
import { dependantsAnswer } from '@patchbay/contract/configurations';
import { idParams } from '@patchbay/contract/connections';
import { usesOf } from '../../control/connection-dependants.ts';
import { failuresOf, healthOf } from '../../control/connection-health.ts';
import { modelsOfConnection } from '../../control/connection-models.ts';
import { peopleOf } from '../../control/connection-people.ts';
import type { ConnectionUsageDeps } from '../../control/connection-usage.ts';
import { showConnection } from '../../control/connections.ts';
import { hiddenModels, setPreferences } from '../../control/model-preferences.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import type { PriceBook } from '../../providers/prices.ts';
import { fromModels } from '../providers/dialect.ts';

type Deps = ConnectionUsageDeps & PlaneDeps & { prices: PriceBook };

const modelRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/configurations/:id/models',
    summary: 'Its models as they are known, and which the caller sees; `refresh` waits for the provider',
    access: 'signed-in',
    params: idParams,
    query: modelsOfQuery,
    answers: { 200: configurationModels },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: Deps, { actor, origin, params, query }) {
      const caller = { actor, origin };
      const list = await modelsOfConnection(deps, caller, params.id, { refresh: query.refresh ?? false, isPatient: false });
      const hidden = await hiddenModels(deps, caller, list.connectionId);
      const { models, ...source } = fromModels(deps, list);
      const data = { ...source, models: models.map((model) => ({ ...model, isEnabled: !hidden.has(model.id) })) };
      return ok({ success: true, data: { ...data, isRefreshing: list.isRefreshing ?? false } });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/configurations/:id/models',
    summary: "Show or hide models in the caller's lists, all of them where none is named",
    access: 'signed-in',
    params: idParams,
    body: switchModels,
    answers: { 200: modelsSwitched },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params, body }) {
      const caller = { actor, origin };
      const { connection } = await showConnection(deps, caller, params.id);
      const known = async (): Promise<string[]> =>
        (await modelsOfConnection(deps, caller, connection.id, { refresh: false, isPatient: false })).models.map(({ id }) => id);
      const models = body.models ?? (await known());
      await setPreferences(deps, caller, connection.id, models, body.isEnabled);
      return ok({ success: true, data: { switched: models.length } });
    },
  }),
];

export const detailRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/configurations/:id/dependants',
    summary: 'What uses this configuration, and whether it would fail without it',
    access: 'signed-in',
    params: idParams,
    answers: { 200: dependantsAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      const { connection } = await showConnection(deps, { actor, origin }, params.id);
      return ok({ success: true, data: await usesOf(deps, actor, connection) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/configurations/:id/access',
    summary: 'Who may use it, and who may change it',
    access: 'signed-in',
    params: idParams,
    answers: { 200: accessAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      return ok({ success: true, data: await peopleOf(deps, { actor, origin }, params.id) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/configurations/:id/health-history',
    summary: 'How it has been doing: outcomes by quarter-hour or by day, times of answers, the last tests',
    access: 'signed-in',
    params: idParams,
    query: healthQuery,
    answers: { 200: healthHistory },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, request, params, query }) {
      return ok({ success: true, data: await healthOf(deps, { actor, origin }, params.id, query.range ?? '24h', request.language) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/configurations/:id/failures',
    summary: 'The last attempts that failed, among those that the caller may see',
    access: 'signed-in',
    params: idParams,
    answers: { 200: failuresAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, request, params }) {
      return ok({ success: true, data: await failuresOf(deps, { actor, origin }, params.id, request.language) });
    },
  }),
  ...modelRoutes,
];
