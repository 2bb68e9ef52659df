/** S4's connections: what the caller may use, as a bare array; and the two small lists beside it, models and preferences. */
import {
  aiConnection,
  aiConnectionCreated,
  aiConnectionDone,
  aiConnectionList,
  createAiConnection,
  environmentImported,
  modelOptions,
  modelOptionsQuery,
  preferences,
  preferencesQuery,
  setPreference as preferenceBody,
  updateAiConnection,
} from '@patchbay/contract/ai-connections';
import { noBody } from '@patchbay/contract/configurations';
import { forceQuery, idParams } from '@patchbay/contract/connections';
import { environmentId, modelsOfConnection, modelsOfDefault } from '../../control/connection-models.ts';
import { changeConnection, createConnection, deleteConnection, listFor, showConnection } from '../../control/connections.ts';
import type { ControlDeps } from '../../control/deps.ts';
import { migrateEnvironment } from '../../control/migrate-env.ts';
import { preferencesOf, setPreference, visibleModels } from '../../control/model-preferences.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Owner } from '../../domain/owner.ts';
import type { StoredConnection } from '../../storage/connections.ts';
import { expectedOf } from '../kit/expected.ts';
import { inferProvider, providerRow } from '../../providers/catalog.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromConnection, fromEnvironment, toInput, words } from './dialect.ts';

type Deps = ControlDeps & PlaneDeps;

const done = { success: true } as const;

/** The `.env` connection belongs to whoever runs the server. */
function refuseEnvironment(deps: Deps, id: string): void {
  if (id === environmentId && deps.environment) throw new Refusal('FORBIDDEN');
}

const update = (method: 'PUT' | 'PATCH'): Route<Deps> =>
  route({
    method,
    path: '/api/ai-connections/:id',
    summary: 'Change the named fields; null clears',
    access: 'signed-in',
    params: idParams,
    body: updateAiConnection,
    answers: { 200: aiConnectionDone },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, request, params, body }) {
      refuseEnvironment(deps, params.id);
      const expected = expectedOf(request, body, (current: StoredConnection) => fromConnection(current, actor));
      await changeConnection(deps, { actor, origin }, params.id, toInput(body), words, expected);
      return ok(done);
    },
  });

const connectionRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/ai-connections',
    summary: 'Every connection that the caller may use, newest first',
    access: 'signed-in',
    answers: { 200: aiConnectionList },
    statuses: [200, 401],
    async handle(deps: Deps, { actor, origin, request }) {
      const { items } = await listFor(deps, { actor, origin }, { owners: 'usable' });
      const list = items.map((stored) => fromConnection(stored, actor));
      return ok(deps.environment ? [...list, fromEnvironment(deps.environment, request.language)] : list);
    },
  }),
  route({
    method: 'POST',
    path: '/api/ai-connections',
    summary: 'Make a connection of the caller, or of the organization with the permission for it',
    access: 'signed-in',
    body: createAiConnection,
    answers: { 201: aiConnectionCreated },
    statuses: [201, 400, 401, 403, 409],
    async handle(deps: Deps, { actor, origin, body }) {
      const { scope, ...fields } = body;
      const owner: Owner = scope === 'organization' ? { scope, id: actor.organizationId } : { scope: 'user', id: actor.userId };
      const { connection } = await createConnection(deps, { actor, origin }, owner, toInput(fields), words);
      return created({ success: true, id: connection.id });
    },
  }),
  route({
    method: 'GET',
    path: '/api/ai-connections/:id',
    summary: 'One connection, its key masked',
    access: 'signed-in',
    params: idParams,
    answers: { 200: aiConnection },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, request, params }) {
      if (params.id === environmentId && deps.environment) return ok(fromEnvironment(deps.environment, request.language));
      return ok(fromConnection(await showConnection(deps, { actor, origin }, params.id), actor));
    },
  }),
  update('PATCH'),
  update('PUT'),
  route({
    method: 'DELETE',
    path: '/api/ai-connections/:id',
    summary: 'Delete for good, with all credentials',
    access: 'signed-in',
    params: idParams,
    query: forceQuery,
    answers: { 200: aiConnectionDone },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, params, query }) {
      refuseEnvironment(deps, params.id);
      await deleteConnection(deps, { actor, origin }, params.id, { isForced: query.force ?? false });
      return ok(done);
    },
  }),
];

const importRoute: Route<Deps> = route({
  method: 'POST',
  path: '/api/ai-connections/environment/import',
  summary: "Make the organization's default connection from the server's settings; an address that is there already is left as it is",
  access: 'manage_ai_models',
  body: noBody,
  answers: { 200: environmentImported, 201: environmentImported },
  statuses: [200, 201, 400, 401, 403, 404],
  async handle(deps: Deps, { actor, origin }) {
    const { environment } = deps;
    if (!environment) throw new Refusal('NOT_FOUND');
    const migration = await migrateEnvironment(deps, { actor, origin });
    if (migration.kind === 'missing') {
      const provider = inferProvider(environment.baseUrl);
      throw new Refusal('SECRET_REQUIRED', { values: { provider: providerRow(provider)?.name ?? provider } });
    }
    const { id, name, kind } = migration;
    return kind === 'created' ? created({ success: true, id, name, isNew: true }) : ok({ success: true, id, name, isNew: false });
  },
});

const modelRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/models',
    summary: 'Models of a connection, of the default one where none is named; without those that the caller has hidden',
    access: 'signed-in',
    query: modelOptionsQuery,
    answers: { 200: modelOptions },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: Deps, { actor, origin, query }) {
      const caller = { actor, origin };
      const options = { refresh: query.refresh ?? false };
      const { connectionId, models } = await (query.connectionId === undefined
        ? modelsOfDefault(deps, caller, options)
        : modelsOfConnection(deps, caller, query.connectionId, options));
      const visible = await visibleModels(deps, caller, connectionId, models);
      return ok(visible.map((model) => ({ value: model.id, label: model.name ?? model.id })));
    },
  }),
  route({
    method: 'GET',
    path: '/api/model-preferences',
    summary: 'Which models the caller sees; what is not listed is enabled',
    access: 'signed-in',
    query: preferencesQuery,
    answers: { 200: preferences },
    statuses: [200, 400, 401],
    handle: async (deps: Deps, { actor, origin, query }) => ok(await preferencesOf(deps, { actor, origin }, query.connectionId ?? null)),
  }),
  route({
    method: 'POST',
    path: '/api/model-preferences',
    summary: 'Show or hide a model for the caller',
    access: 'signed-in',
    body: preferenceBody,
    answers: { 200: aiConnectionDone },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, body }) {
      await setPreference(deps, { actor, origin }, body);
      return ok(done);
    },
  }),
];

export const routes: readonly Route<Deps>[] = [...connectionRoutes, importRoute, ...modelRoutes];
