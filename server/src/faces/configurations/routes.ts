/** S2's configurations: lists show the caller's own, ids reach every connection that the caller may use. */
import {
  configurationAnswer,
  configurationList,
  createConfiguration,
  deletedAnswer,
  noBody,
  testAnswer,
  testConfiguration,
  updateConfiguration,
} from '@patchbay/contract/configurations';
import { forceQuery, idParams, pageQuery, testQuery } from '@patchbay/contract/connections';
import { withTemplate } from '../../control/configuration-service.ts';
import { testSaved, testUnsaved } from '../../control/connection-test.ts';
import { testView } from '../../control/connection-test-view.ts';
import { changeConnection, createConnection, deleteConnection, listFor, mustFind, showConnection } from '../../control/connections.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { StoredConnection } from '../../storage/connections.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Answer, type Call, type Route } from '../kit/route.ts';
import { fromConnection, fromPage, toInput, toPage, toUnsavedInput, unsavedWords, words } from './dialect.ts';
import { detailRoutes } from './detail-routes.ts';
import { keyRoutes } from './key-routes.ts';

export type ConnectionFaceDeps = ControlDeps & PlaneDeps;

const changed = [200, 400, 401, 403, 404, 409] as const;

/** One field that a route of its own sets. */
const setting = (path: string, summary: string, field: { isActive: boolean } | { isDefault: boolean }): Route<ConnectionFaceDeps> =>
  route({
    method: 'POST',
    path,
    summary,
    access: 'signed-in',
    params: idParams,
    body: noBody,
    answers: { 200: configurationAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: ConnectionFaceDeps, { actor, origin, params }) {
      const stored = await changeConnection(deps, { actor, origin }, params.id, field, words);
      return ok({ success: true, data: fromConnection(stored, actor) });
    },
  });

const update = (method: 'PUT' | 'PATCH'): Route<ConnectionFaceDeps> =>
  route({
    method,
    path: '/api/configurations/:id',
    summary: 'Change the named fields; null clears',
    access: 'signed-in',
    params: idParams,
    body: updateConfiguration,
    answers: { 200: configurationAnswer },
    statuses: changed,
    async handle(deps: ConnectionFaceDeps, { actor, origin, request, reply, params, body }) {
      const expected = expectedOf(request, body, (current: StoredConnection) => fromConnection(current, actor));
      const stored = await changeConnection(deps, { actor, origin }, params.id, toInput({ ...body } as never), words, expected);
      tagged(reply, stored.connection.revision);
      return ok({ success: true, data: fromConnection(stored, actor) });
    },
  });

async function create(
  deps: ConnectionFaceDeps,
  { actor, origin, request, body }: Call<ReturnType<typeof createConfiguration.parse>, unknown, unknown>,
): Promise<Answer> {
  const { validate, templateId, ...fields } = body;
  const caller = { actor, origin };
  const input = templateId === undefined ? toInput(fields) : await withTemplate(deps, toInput(fields), templateId);
  const stored = await createConnection(deps, caller, { scope: 'user', id: actor.userId }, input, words);
  if (!validate) return created({ success: true, data: fromConnection(stored, actor) });
  const test = testView(await testSaved(deps, caller, stored.connection.id, { maxAgeS: null }), request.language);
  return created({ success: true, data: fromConnection(await mustFind(deps, stored.connection.id), actor), test });
}

export const routes: readonly Route<ConnectionFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/configurations',
    summary: "The caller's own configurations, newest first",
    access: 'signed-in',
    query: pageQuery,
    answers: { 200: configurationList },
    statuses: [200, 400, 401],
    async handle(deps: ConnectionFaceDeps, { actor, origin, query }) {
      const page = toPage(query);
      const owners = [{ scope: 'user', id: actor.userId } as const];
      const filters = { search: query.search, providerId: query.provider, isActive: query.isActive };
      const { items, total } = await listFor(deps, { actor, origin }, { owners, page, ...filters });
      const data = items.map((stored) => fromConnection(stored, actor));
      return ok({ success: true, data, ...(page ? { pagination: fromPage(query, total) } : {}) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/configurations',
    summary: 'Make a configuration of the caller',
    access: 'signed-in',
    body: createConfiguration,
    answers: { 201: configurationAnswer },
    statuses: [201, 400, 401, 409, 429],
    handle: create,
  }),
  route({
    method: 'POST',
    path: '/api/configurations/test',
    summary: 'Test settings that are not saved',
    access: 'signed-in',
    body: testConfiguration,
    answers: { 200: testAnswer },
    statuses: [200, 400, 401, 403, 404, 409, 429],
    async handle(deps: ConnectionFaceDeps, { actor, origin, request, body }) {
      const outcome = await testUnsaved(deps, { actor, origin }, body.id ?? null, toUnsavedInput(body), unsavedWords);
      const data = testView(outcome, request.language);
      return ok({ success: data.success, message: data.message, data });
    },
  }),
  route({
    method: 'GET',
    path: '/api/configurations/:id',
    summary: 'One configuration',
    access: 'signed-in',
    params: idParams,
    answers: { 200: configurationAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: ConnectionFaceDeps, { actor, origin, reply, params }) {
      const stored = await showConnection(deps, { actor, origin }, params.id);
      tagged(reply, stored.connection.revision);
      return ok({ success: true, data: fromConnection(stored, actor) });
    },
  }),
  update('PUT'),
  update('PATCH'),
  route({
    method: 'DELETE',
    path: '/api/configurations/:id',
    summary: 'Delete for good, with all credentials',
    access: 'signed-in',
    params: idParams,
    query: forceQuery,
    answers: { 200: deletedAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: ConnectionFaceDeps, { actor, origin, params, query }) {
      await deleteConnection(deps, { actor, origin }, params.id, { isForced: query.force ?? false });
      return ok({ success: true, data: null });
    },
  }),
  setting('/api/configurations/:id/default', 'Make it the default of its owner', { isDefault: true }),
  setting('/api/configurations/:id/activate', 'Let it be used', { isActive: true }),
  setting('/api/configurations/:id/deactivate', 'Keep it, but let nobody use it', { isActive: false }),
  route({
    method: 'POST',
    path: '/api/configurations/:id/test',
    summary: 'Test a saved configuration; 200 whenever the test ran',
    access: 'signed-in',
    params: idParams,
    query: testQuery,
    body: noBody,
    answers: { 200: testAnswer },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: ConnectionFaceDeps, { actor, origin, request, params, query }) {
      const data = testView(await testSaved(deps, { actor, origin }, params.id, { maxAgeS: query.maxAge ?? null }), request.language);
      return ok({ success: data.success, message: data.message, data });
    },
  }),
  ...detailRoutes,
  ...keyRoutes,
];
