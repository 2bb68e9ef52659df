/** Repositories for the page: made, changed with their connections in order, deleted. Their keys are access keys like others. */
import { idParams } from '@patchbay/contract/connections';
import { done } from '@patchbay/contract/people';
import {
  repositoriesAnswer,
  repositoriesQuery,
  repositoryAnswer,
  repositoryChange,
  repositoryCreate,
  repositoryDelete,
  type RepositoryView,
} from '@patchbay/contract/repositories';
import type { ControlDeps } from '../../control/deps.ts';
import {
  changeRepository,
  createRepository,
  deleteRepository,
  listRepositories,
  liveKeyCounts,
  repositoryFor,
} from '../../control/repositories.ts';
import type { Actor } from '../../domain/owner.ts';
import type { RepositoryRecord } from '../../storage/repositories.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromRepository, words } from './dialect.ts';

export type RepositoryFaceDeps = ControlDeps & PlaneDeps;

async function viewsOf(deps: RepositoryFaceDeps, actor: Actor, repositories: readonly RepositoryRecord[]): Promise<RepositoryView[]> {
  const counts = await liveKeyCounts(deps, repositories);
  return repositories.map((one) => fromRepository(one, actor, deps.keeper.snapshot, counts.get(one.id) ?? 0));
}

async function answerOf(deps: RepositoryFaceDeps, actor: Actor, repository: RepositoryRecord): Promise<unknown> {
  return { success: true, data: (await viewsOf(deps, actor, [repository]))[0] };
}

export const routes: readonly Route<RepositoryFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/repositories',
    summary: 'Repositories of one workspace, or of all that the caller may see',
    access: 'signed-in',
    query: repositoriesQuery,
    answers: { 200: repositoriesAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepositoryFaceDeps, { actor, query }) {
      return ok({ success: true, data: await viewsOf(deps, actor, await listRepositories(deps, actor, query.workspaceId ?? null)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/repositories',
    summary: 'Make a repository in a workspace',
    access: 'signed-in',
    body: repositoryCreate,
    answers: { 201: repositoryAnswer },
    statuses: [201, 400, 401, 403, 404, 409],
    async handle(deps: RepositoryFaceDeps, { actor, origin, body, reply }) {
      const { connectionIds = [], ...input } = body;
      const repository = await createRepository(deps, { actor, origin }, { ...input, connectionIds }, words);
      tagged(reply, repository.revision);
      return created(await answerOf(deps, actor, repository));
    },
  }),
  route({
    method: 'GET',
    path: '/api/repositories/:id',
    summary: 'One repository',
    access: 'signed-in',
    params: idParams,
    answers: { 200: repositoryAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: RepositoryFaceDeps, { actor, params, reply }) {
      const repository = await repositoryFor(deps, actor, params.id, 'READ');
      tagged(reply, repository.revision);
      return ok(await answerOf(deps, actor, repository));
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/repositories/:id',
    summary: 'Rename it, or put another list of connections in the place of what is attached',
    access: 'signed-in',
    params: idParams,
    body: repositoryChange,
    answers: { 200: repositoryAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: RepositoryFaceDeps, { actor, origin, request, params, body, reply }) {
      const before = await repositoryFor(deps, actor, params.id, 'WRITE');
      const liveKeys = (await liveKeyCounts(deps, [before])).get(before.id) ?? 0;
      const { revision: _, ...change } = body;
      const show = (current: RepositoryRecord): RepositoryView => fromRepository(current, actor, deps.keeper.snapshot, liveKeys);
      const repository = await changeRepository(deps, { actor, origin }, params.id, change, words, expectedOf(request, body, show));
      tagged(reply, repository.revision);
      return ok({ success: true, data: show(repository) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/repositories/:id',
    summary: 'Delete a repository on which nothing hangs any more; `force` ends its keys with it',
    access: 'signed-in',
    params: idParams,
    query: repositoryDelete,
    answers: { 200: done },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: RepositoryFaceDeps, { actor, origin, params, query }) {
      await deleteRepository(deps, { actor, origin }, params.id, { isForced: query.force ?? false });
      return ok({ success: true, data: null });
    },
  }),
];
