/** S3's repositories (D-11, R-250) and the models that one reaches (D-14). Create and update answer 200 with the id. */
import { idParams } from '@patchbay/contract/connections';
import {
  aiModelsAnswer,
  aiModelsBody,
  createRepo,
  repoAnswer,
  repoDone,
  repoList,
  repoQuery,
  repoSaved,
  repositoryDelete,
  updateRepo,
} from '@patchbay/contract/repositories';
import { translate } from '@patchbay/contract/translate';
import { modelsOfConnection } from '../../control/connection-models.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { Caller } from '../../control/change.ts';
import {
  changeRepository,
  createRepository,
  deleteRepository,
  keysOf,
  listRepositories,
  repositoryFor,
} from '../../control/repositories.ts';
import { unfit } from '../../domain/errors.ts';
import type { Repository } from '../../domain/repository.ts';
import type { RepositoryRecord } from '../../storage/repositories.ts';
import { expectedOf } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { aiModelsOf, connectionIdsOf, fromRepository, words, type ServedModel } from './dialect.ts';

export type RepoFaceDeps = ControlDeps & PlaneDeps;

const dialect = 'ai-llm';
const access = 'signed-in';

const changeRoutes: readonly Route<RepoFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/repo',
    summary: 'Make a repository in a workspace',
    access,
    dialect,
    body: createRepo,
    answers: { 200: repoSaved },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, origin, request, body }) {
      const input = { name: body.name, workspaceId: body.workspaceId, connectionIds: connectionIdsOf(body.repoAiLlms ?? []) };
      const { id } = await createRepository(deps, { actor, origin }, input, words);
      return ok({ success: true, repoId: id, message: translate(request.language, 'repositories.created') });
    },
  }),
  route({
    method: 'PUT',
    path: '/repo/:id',
    summary: 'Rename it, or put another list of AI LLMs in the place of what is attached',
    access,
    dialect,
    params: idParams,
    body: updateRepo,
    answers: { 200: repoSaved },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: RepoFaceDeps, { actor, origin, request, params, body }) {
      const before = await repositoryFor(deps, actor, params.id, 'WRITE');
      if (body.workspaceId !== undefined && body.workspaceId !== before.workspaceId)
        throw unfit({ path: 'workspaceId', code: 'fixed', message: 'the workspace of a repository never changes' });
      const keys = (await keysOf(deps, [before])).get(before.id) ?? [];
      const expected = expectedOf(request, body, (current: RepositoryRecord) => fromRepository(current, keys));
      const change = { name: body.name, connectionIds: body.repoAiLlms && connectionIdsOf(body.repoAiLlms) };
      const { id } = await changeRepository(deps, { actor, origin }, params.id, change, words, expected);
      return ok({ success: true, repoId: id, message: translate(request.language, 'repositories.updated') });
    },
  }),
  route({
    method: 'DELETE',
    path: '/repo/:id',
    summary: 'Delete a repository on which nothing hangs any more; `force` ends its keys with it',
    access,
    dialect,
    params: idParams,
    query: repositoryDelete,
    answers: { 200: repoDone },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, origin, request, params, query }) {
      await deleteRepository(deps, { actor, origin }, params.id, { isForced: query.force ?? false });
      return ok({ success: true, message: translate(request.language, 'repositories.deleted') });
    },
  }),
];

const readRoutes: readonly Route<RepoFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/repo',
    summary: 'Repositories of one workspace, or of all that the caller may see',
    access,
    dialect,
    query: repoQuery,
    answers: { 200: repoList },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, query }) {
      const repositories = await listRepositories(deps, actor, query.workspaceId ?? null);
      const keys = await keysOf(deps, repositories);
      return ok({ success: true, repos: repositories.map((one) => fromRepository(one, keys.get(one.id) ?? [])) });
    },
  }),
  route({
    method: 'GET',
    path: '/repo/:id',
    summary: 'One repository',
    access,
    dialect,
    params: idParams,
    answers: { 200: repoAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, params }) {
      const repository = await repositoryFor(deps, actor, params.id, 'READ');
      const keys = (await keysOf(deps, [repository])).get(repository.id) ?? [];
      return ok({ success: true, repo: fromRepository(repository, keys) });
    },
  }),
  route({
    method: 'POST',
    path: '/ai/models',
    summary: 'Models that the keys of a repository reach, from memory; no provider is waited for',
    access,
    dialect,
    body: aiModelsBody,
    answers: { 200: aiModelsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, origin, body }) {
      const repository = await repositoryFor(deps, actor, body.repoId, 'READ');
      return ok({ success: true, models: aiModelsOf(await servedBy(deps, { actor, origin }, repository), body) });
    },
  }),
];

/** What each attached connection that is switched on serves, in the repository's order. */
async function servedBy(deps: RepoFaceDeps, caller: Caller, repository: Repository): Promise<ServedModel[]> {
  const active = deps.keeper.snapshot.attachedTo(repository.id).filter(({ isActive }) => isActive);
  const lists = await Promise.all(
    active.map(async (connection) => {
      const { models } = await modelsOfConnection(deps, caller, connection.id, { refresh: false, isPatient: false });
      const own = connection.model;
      const isMissing = own !== null && !models.some(({ id }) => id === own);
      return [...(isMissing ? [{ id: own }] : []), ...models].map((model) => ({ connection, model }));
    }),
  );
  return lists.flat();
}

export const routes: readonly Route<RepoFaceDeps>[] = [...readRoutes, ...changeRoutes];
