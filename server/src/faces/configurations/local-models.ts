/** `/api/configurations/:id/ollama`: the models of a connection's own machine. */
import { deletedAnswer } from '@patchbay/contract/configurations';
import { idParams } from '@patchbay/contract/connections';
import { localModelParams, localModelsAnswer, pullBody } from '@patchbay/contract/local-models';
import { taskStarted } from '@patchbay/contract/tasks';
import { installedModels, pullModel, removeModel, type LocalModelDeps } from '../../control/local-models.ts';
import { isoOrNull } from '../../lib/iso-time.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

type Deps = LocalModelDeps & PlaneDeps;

export const routes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/configurations/:id/ollama/models',
    summary: 'Models that are installed on its machine, and which of them are loaded',
    access: 'signed-in',
    params: idParams,
    answers: { 200: localModelsAnswer },
    statuses: [200, 401, 403, 404, 502],
    async handle(deps: Deps, { actor, origin, params }) {
      const models = await installedModels(deps, { actor, origin }, params.id);
      return ok({ success: true, data: models.map(({ modifiedAtMs, ...model }) => ({ ...model, modifiedAt: isoOrNull(modifiedAtMs) })) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/configurations/:id/ollama/pull',
    summary: 'Fetch a model onto its machine, as a task',
    access: 'signed-in',
    params: idParams,
    body: pullBody,
    answers: { 202: taskStarted },
    statuses: [202, 400, 401, 403, 404, 429],
    async handle(deps: Deps, { actor, origin, params, body }) {
      return { status: 202, body: { success: true, data: { taskId: await pullModel(deps, { actor, origin }, params.id, body.model) } } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/configurations/:id/ollama/models/:name',
    summary: 'Delete a model from its machine',
    access: 'signed-in',
    params: localModelParams,
    answers: { 200: deletedAnswer },
    statuses: [200, 401, 403, 404, 502],
    async handle(deps: Deps, { actor, origin, params }) {
      await removeModel(deps, { actor, origin }, params.id, params.name);
      return ok({ success: true, data: null });
    },
  }),
];
