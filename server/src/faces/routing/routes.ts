/** Routing groups over HTTP, and the simulator of what their rules would do. */
import { done } from '@patchbay/contract/people';
import {
  routingGroupAnswer,
  routingGroupChange,
  routingGroupCreate,
  routingGroupParams,
  routingGroupsAnswer,
} from '@patchbay/contract/routing';
import { routingSimulation, simulationAnswer } from '@patchbay/contract/routing-simulation';
import type { ControlDeps } from '../../control/deps.ts';
import {
  changeGroup,
  createGroup,
  findGroupFor,
  isWithin,
  listGroups,
  removeGroup,
  type FoundGroup,
} from '../../control/routing-groups.ts';
import { runSimulation } from '../../control/routing-simulation.ts';
import { unfit } from '../../domain/errors.ts';
import type { Actor, Owner } from '../../domain/owner.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromGroup, fromReport, toPlan } from './dialect.ts';

type Deps = ControlDeps & PlaneDeps & { health: { rank(connectionId: string): number } };

const viewOf = (deps: Deps, found: FoundGroup) =>
  fromGroup(
    { snapshot: deps.keeper.snapshot, isResting: (id) => deps.health.rank(id) > 0, isWithin: (owner, one) => isWithin(deps, owner, one) },
    found,
  );

function ownerOf(actor: Actor, { scope, workspaceId }: { scope: Owner['scope']; workspaceId?: string | null | undefined }): Owner {
  if (scope === 'organization') return { scope, id: actor.organizationId };
  if (scope === 'user') return { scope, id: actor.userId };
  if (!workspaceId) throw unfit({ path: 'workspaceId', code: 'required', message: 'name the workspace' });
  return { scope, id: workspaceId };
}

const groupRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/routing-groups',
    summary: 'The routing groups that the caller may name for a model',
    access: 'signed-in',
    answers: { 200: routingGroupsAnswer },
    statuses: [200, 401],
    async handle(deps: Deps, { actor, origin }) {
      const found = await listGroups(deps, { actor, origin });
      return ok({ success: true, data: found.map((one) => viewOf(deps, one)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/routing-groups',
    summary: 'Make a routing group',
    access: 'signed-in',
    body: routingGroupCreate,
    answers: { 201: routingGroupAnswer },
    statuses: [201, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, reply, body }) {
      const { scope, workspaceId, ...input } = body;
      const found = await createGroup(deps, { actor, origin }, ownerOf(actor, { scope, workspaceId }), input);
      tagged(reply, found.group.revision);
      return created({ success: true, data: viewOf(deps, found) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/routing-groups/:id',
    summary: 'One routing group',
    access: 'signed-in',
    params: routingGroupParams,
    answers: { 200: routingGroupAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, reply, params }) {
      const found = await findGroupFor(deps, { actor, origin }, params.id, 'use', 'routing-group.show');
      tagged(reply, found.group.revision);
      return ok({ success: true, data: viewOf(deps, found) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/routing-groups/:id',
    summary: 'Change a routing group; targets are replaced as a whole',
    access: 'signed-in',
    params: routingGroupParams,
    body: routingGroupChange,
    answers: { 200: routingGroupAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, request, reply, params, body }) {
      const { revision: _revision, ...input } = body;
      const expected = expectedOf(request, body, (found: FoundGroup) => viewOf(deps, found));
      const found = await changeGroup(deps, { actor, origin }, params.id, input, expected);
      tagged(reply, found.group.revision);
      return ok({ success: true, data: viewOf(deps, found) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/routing-groups/:id',
    summary: 'Delete a routing group',
    access: 'signed-in',
    params: routingGroupParams,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      await removeGroup(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];

export const routes: readonly Route<Deps>[] = [
  ...groupRoutes,
  route({
    method: 'POST',
    path: '/api/routing/simulate',
    summary: 'What the rules of routing would make of many requests, if providers behaved as assumed; nobody is asked',
    access: 'signed-in',
    body: routingSimulation,
    answers: { 200: simulationAnswer },
    statuses: [200, 400, 401, 429],
    async handle(deps: Deps, { actor, body }) {
      return ok({ success: true, data: fromReport(await runSimulation(deps, actor.userId, toPlan(body), body.seed)) });
    },
  }),
];
