/** S3's keys of a repository (D-11): the secret is shown once, the list is newest first without deleted ones, the name is all that changes. */
import { createRepoAiApiKey, repoAiApiKeyCreated, repoAiApiKeyList, repoDone, updateRepoAiApiKey } from '@patchbay/contract/repositories';
import { pathId } from '@patchbay/contract/text';
import { translate } from '@patchbay/contract/translate';
import { z } from 'zod';
import { changeAccessKey, createAccessKey, revokeAccessKey } from '../../control/access-keys.ts';
import { keyOf, keysOf, repositoryFor } from '../../control/repositories.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromKey, maskOfKey } from './dialect.ts';
import type { RepoFaceDeps } from './routes.ts';

const byRepo = z.object({ repoId: pathId });
const byKey = z.object({ repoId: pathId, id: pathId });
const dialect = 'ai-llm';
const access = 'signed-in';

export const routes: readonly Route<RepoFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/repo/:repoId/ai/apikey',
    summary: 'The keys of a repository',
    access,
    dialect,
    params: byRepo,
    answers: { 200: repoAiApiKeyList },
    statuses: [200, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, params }) {
      const repository = await repositoryFor(deps, actor, params.repoId, 'READ');
      return ok({ success: true, apiKeys: ((await keysOf(deps, [repository])).get(repository.id) ?? []).map(fromKey) });
    },
  }),
  route({
    method: 'POST',
    path: '/repo/:repoId/ai/apikey',
    summary: 'Make a key that reaches what is attached to the repository; the answer shows its secret once',
    access,
    dialect,
    params: byRepo,
    body: createRepoAiApiKey,
    answers: { 200: repoAiApiKeyCreated },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, origin, request, params, body }) {
      const input = { name: body.name, aiType: body.aiType, workspaceId: null, repositoryId: params.repoId };
      const { key, text } = await createAccessKey(deps, { actor, origin }, input);
      const message = translate(request.language, 'repositories.keyCreated');
      return ok({ success: true, id: key.id, key: maskOfKey(key), secret: text, message });
    },
  }),
  route({
    method: 'PUT',
    path: '/repo/:repoId/ai/apikey/:id',
    summary: 'Rename a key of a repository',
    access,
    dialect,
    params: byKey,
    body: updateRepoAiApiKey,
    answers: { 200: repoDone },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, origin, request, params, body }) {
      const key = await keyOf(deps, actor, params.repoId, params.id);
      await changeAccessKey(deps, { actor, origin }, key.id, { name: body.name });
      return ok({ success: true, message: translate(request.language, 'repositories.keyUpdated') });
    },
  }),
  route({
    method: 'DELETE',
    path: '/repo/:repoId/ai/apikey/:id',
    summary: 'End a key of a repository; the next request with it is refused',
    access,
    dialect,
    params: byKey,
    answers: { 200: repoDone },
    statuses: [200, 401, 403, 404],
    async handle(deps: RepoFaceDeps, { actor, origin, request, params }) {
      const key = await keyOf(deps, actor, params.repoId, params.id);
      await revokeAccessKey(deps, { actor, origin }, key.id);
      return ok({ success: true, message: translate(request.language, 'repositories.keyDeleted') });
    },
  }),
];
