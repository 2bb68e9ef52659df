/** The organization's connections for those who manage them: everyone uses them, nobody else reads or changes them here. */
import {
  adminModelAnswer,
  adminModelDeleted,
  adminModelList,
  adminModelTest,
  createAdminModel,
  updateAdminModel,
} from '@patchbay/contract/admin-models';
import { noBody } from '@patchbay/contract/configurations';
import { forceQuery, idParams, pageQuery, testQuery } from '@patchbay/contract/connections';
import { testSaved } from '../../control/connection-test.ts';
import { testView } from '../../control/connection-test-view.ts';
import { changeConnection, createConnection, deleteConnection, listFor, showConnection } from '../../control/connections.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { Actor, Owner } from '../../domain/owner.ts';
import { fromPage, toPage } from '../configurations/dialect.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromConnection, toChange, toNew, words } from './dialect.ts';

type Deps = ControlDeps & PlaneDeps;

const access = 'manage_ai_models';
const organizationOf = (actor: Actor): Owner => ({ scope: 'organization', id: actor.organizationId });

const update = (method: 'PUT' | 'PATCH'): Route<Deps> =>
  route({
    method,
    path: '/api/admin/models/:id',
    summary: 'Change the named fields; null clears',
    access,
    params: idParams,
    body: updateAdminModel,
    answers: { 200: adminModelAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, request, reply, params, body }) {
      const expected = expectedOf(request, body, fromConnection);
      const stored = await changeConnection(deps, { actor, origin }, params.id, toChange(body), words, expected);
      tagged(reply, stored.connection.revision);
      return ok({ success: true, data: fromConnection(stored) });
    },
  });

export const routes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/models',
    summary: "The organization's models, newest first",
    access,
    query: pageQuery,
    answers: { 200: adminModelList },
    statuses: [200, 400, 401, 403],
    async handle(deps: Deps, { actor, origin, query }) {
      const page = toPage(query);
      const filters = { search: query.search, providerId: query.provider, isActive: query.isActive };
      const { items, total } = await listFor(deps, { actor, origin }, { owners: [organizationOf(actor)], page, ...filters });
      return ok({ success: true, data: items.map(fromConnection), ...(page ? { pagination: fromPage(query, total) } : {}) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/models',
    summary: 'Make a model of the organization',
    access,
    body: createAdminModel,
    answers: { 201: adminModelAnswer },
    statuses: [201, 400, 401, 403, 409],
    async handle(deps: Deps, { actor, origin, body }) {
      const stored = await createConnection(deps, { actor, origin }, organizationOf(actor), toNew(body), words);
      return created({ success: true, data: fromConnection(stored) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/models/:id',
    summary: 'One model, its key masked',
    access,
    params: idParams,
    answers: { 200: adminModelAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      return ok({ success: true, data: fromConnection(await showConnection(deps, { actor, origin }, params.id)) });
    },
  }),
  update('PUT'),
  update('PATCH'),
  route({
    method: 'DELETE',
    path: '/api/admin/models/:id',
    summary: 'Delete for good, with all credentials',
    access,
    params: idParams,
    query: forceQuery,
    answers: { 200: adminModelDeleted },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, params, query }) {
      await deleteConnection(deps, { actor, origin }, params.id, { isForced: query.force ?? false });
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/models/:id/test',
    summary: 'Test a model; 200 whenever the test ran',
    access,
    params: idParams,
    query: testQuery,
    body: noBody,
    answers: { 200: adminModelTest },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: Deps, { actor, origin, request, params, query }) {
      const data = testView(await testSaved(deps, { actor, origin }, params.id, { maxAgeS: query.maxAge ?? null }), request.language);
      return ok({ success: data.success, message: data.message, data });
    },
  }),
];
