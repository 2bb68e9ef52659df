/** S3's AI LLMs: connections of workspaces. Create and update answer 200 with the id, errors have this face's two own statuses. */
import {
  aiLlmDeleted,
  aiLlmList,
  aiLlmQuery,
  aiLlmSaved,
  aiLlmStatsAnswer,
  aiLlmStatsQuery,
  aiLlmValidated,
  createAiLlm,
  updateAiLlm,
  type AiLlm,
} from '@patchbay/contract/ai-llm';
import { noBody } from '@patchbay/contract/configurations';
import { forceQuery, idParams } from '@patchbay/contract/connections';
import { translate } from '@patchbay/contract/translate';
import { findFor, requireOwner, workspaceIdsOf } from '../../control/connection-access.ts';
import { testSaved } from '../../control/connection-test.ts';
import { totalsOf, type ConnectionUsageDeps } from '../../control/connection-usage.ts';
import { changeConnection, createConnection, deleteConnection, listFor } from '../../control/connections.ts';
import { repositoriesOf } from '../../control/repositories.ts';
import type { Actor, Owner } from '../../domain/owner.ts';
import type { StoredConnection } from '../../storage/connections.ts';
import { expectedOf } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromConnection, fromOutcome, fromTotals, savedMessage, toChange, toNew, words } from './dialect.ts';

type Deps = ConnectionUsageDeps & PlaneDeps;

const dialect = 'ai-llm';
const access = 'signed-in';
const workspaceOwner = (id: string): Owner => ({ scope: 'workspace', id });

/** Each with the repositories that use it, as far as the actor sees those. */
async function viewsOf(deps: Deps, actor: Actor, items: readonly StoredConnection[]): Promise<AiLlm[]> {
  const using = await repositoriesOf(
    deps,
    actor,
    items.map(({ connection }) => connection.id),
  );
  return items.map((stored) => fromConnection(stored, actor.organizationId, using.get(stored.connection.id) ?? []));
}

const listRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/ai/llm',
    summary: 'AI LLMs of one workspace, or of all that the caller may see',
    access,
    dialect,
    query: aiLlmQuery,
    answers: { 200: aiLlmList },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, query }) {
      const caller = { actor, origin };
      if (query.workspaceId !== undefined) await requireOwner(deps, caller, workspaceOwner(query.workspaceId), 'use', 'connection.list');
      const ids = query.workspaceId === undefined ? await workspaceIdsOf(deps, actor) : [query.workspaceId];
      const { items } = await listFor(deps, caller, { owners: ids.map(workspaceOwner) });
      return ok({ success: true, aiLlms: await viewsOf(deps, actor, items) });
    },
  }),
  route({
    method: 'GET',
    path: '/ai/llm/available',
    summary: 'Every AI LLM that is validated, active and open to the caller, newest first',
    access,
    dialect,
    answers: { 200: aiLlmList },
    statuses: [200, 401],
    async handle(deps: Deps, { actor, origin }) {
      const { items } = await listFor(deps, { actor, origin }, { owners: 'usable', isActive: true, testStatus: 'success' });
      return ok({ success: true, aiLlms: await viewsOf(deps, actor, items) });
    },
  }),
  route({
    method: 'GET',
    path: '/ai/llm/stats',
    summary: 'Totals per AI LLM, zeros included',
    access,
    dialect,
    query: aiLlmStatsQuery,
    answers: { 200: aiLlmStatsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, query }) {
      return ok({ success: true, stats: (await totalsOf(deps, { actor, origin }, query.aiLlmId ?? null)).map(fromTotals) });
    },
  }),
];

const changeRoutes: readonly Route<Deps>[] = [
  route({
    method: 'POST',
    path: '/ai/llm',
    summary: 'Make an AI LLM of a workspace',
    access,
    dialect,
    body: createAiLlm,
    answers: { 200: aiLlmSaved },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, request, body }) {
      const { connection } = await createConnection(deps, { actor, origin }, workspaceOwner(body.workspaceId), toNew(body), words);
      return ok({
        success: true,
        aiLlmId: connection.id,
        message: savedMessage('connections.created', body, connection, request.language),
      });
    },
  }),
  route({
    method: 'PUT',
    path: '/ai/llm/:id',
    summary: 'Change the named fields; null clears',
    access,
    dialect,
    params: idParams,
    body: updateAiLlm,
    answers: { 200: aiLlmSaved },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, request, params, body }) {
      const caller = { actor, origin };
      const before = await findFor(deps, caller, params.id, 'manage', 'connection.update');
      const repositories = (await repositoriesOf(deps, actor, [params.id])).get(params.id) ?? [];
      const show = (current: StoredConnection): AiLlm => fromConnection(current, actor.organizationId, repositories);
      const expected = expectedOf(request, body, show);
      const { connection } = await changeConnection(deps, caller, params.id, toChange(body, before.connection), words, expected);
      return ok({
        success: true,
        aiLlmId: connection.id,
        message: savedMessage('connections.updated', body, connection, request.language),
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/ai/llm/:id',
    summary: 'Delete for good, with all credentials',
    access,
    dialect,
    params: idParams,
    query: forceQuery,
    answers: { 200: aiLlmDeleted },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, request, params, query }) {
      await deleteConnection(deps, { actor, origin }, params.id, { isForced: query.force ?? false });
      return ok({ success: true, message: translate(request.language, 'connections.deleted') });
    },
  }),
  route({
    method: 'POST',
    path: '/ai/llm/:id/validate',
    summary: 'Call the provider once; 200 also where it refuses',
    access,
    dialect,
    params: idParams,
    body: noBody,
    answers: { 200: aiLlmValidated },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: Deps, { actor, origin, request, params }) {
      return ok(fromOutcome(await testSaved(deps, { actor, origin }, params.id, { maxAgeS: null }), request.language));
    },
  }),
];

export const routes: readonly Route<Deps>[] = [...listRoutes, ...changeRoutes];
