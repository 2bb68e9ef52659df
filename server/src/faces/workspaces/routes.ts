/** S3's workspaces and their members (D-10). Create answers 200; a workspace in use is not deleted and says 400. */
import { pathId } from '@patchbay/contract/text';
import {
  memberBody,
  memberChange,
  workspaceAnswer,
  workspaceBody,
  workspaceChange,
  workspaceDone,
  workspacesAnswer,
} from '@patchbay/contract/workspaces';
import { z } from 'zod';
import type { ControlDeps } from '../../control/deps.ts';
import {
  addMember,
  changeMember,
  createWorkspace,
  deleteWorkspace,
  listWorkspaces,
  renameWorkspace,
  seeWorkspace,
} from '../../control/workspaces.ts';
import { expectedOf } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromWorkspace } from './dialect.ts';

export type WorkspaceFaceDeps = ControlDeps & PlaneDeps;

const byId = z.object({ id: pathId });
const byMember = z.object({ id: pathId, userId: pathId });

const workspaceRoutes: Route<WorkspaceFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/workspace',
    summary: 'The workspaces that the caller may see',
    access: 'signed-in',
    dialect: 'ai-llm',
    answers: { 200: workspacesAnswer },
    statuses: [200, 401],
    async handle(deps: WorkspaceFaceDeps, { actor }) {
      return ok({ success: true, workspaces: (await listWorkspaces(deps, actor)).map(fromWorkspace) });
    },
  }),
  route({
    method: 'POST',
    path: '/workspace',
    summary: 'Make a workspace; the caller becomes its ADMIN',
    // S3 gives this to its organization roles WORKSPACES and above, which are manager and administrator here.
    access: 'manage_ai_models',
    dialect: 'ai-llm',
    body: workspaceBody,
    answers: { 200: workspaceAnswer },
    statuses: [200, 400, 401, 403],
    async handle(deps: WorkspaceFaceDeps, { actor, origin, body }) {
      return ok({ success: true, workspace: fromWorkspace(await createWorkspace(deps, { actor, origin }, body.name)) });
    },
  }),
  route({
    method: 'GET',
    path: '/workspace/:id',
    summary: 'One workspace',
    access: 'signed-in',
    dialect: 'ai-llm',
    params: byId,
    answers: { 200: workspaceAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: WorkspaceFaceDeps, { actor, params }) {
      return ok({ success: true, workspace: fromWorkspace(await seeWorkspace(deps, actor, params.id)) });
    },
  }),
  route({
    method: 'PUT',
    path: '/workspace/:id',
    summary: 'Rename a workspace',
    access: 'signed-in',
    dialect: 'ai-llm',
    params: byId,
    body: workspaceChange,
    answers: { 200: workspaceAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: WorkspaceFaceDeps, { actor, origin, request, params, body }) {
      const expected = expectedOf(request, body, fromWorkspace);
      return ok({
        success: true,
        workspace: fromWorkspace(await renameWorkspace(deps, { actor, origin }, params.id, body.name, expected)),
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/workspace/:id',
    summary: 'Delete a workspace that holds nothing any more',
    access: 'signed-in',
    dialect: 'ai-llm',
    params: byId,
    answers: { 200: workspaceDone },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: WorkspaceFaceDeps, { actor, origin, params }) {
      await deleteWorkspace(deps, { actor, origin }, params.id);
      return ok({ success: true });
    },
  }),
];

const memberRoutes: Route<WorkspaceFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/workspace/:id/users',
    summary: 'Add a member',
    access: 'signed-in',
    dialect: 'ai-llm',
    params: byId,
    body: memberBody,
    answers: { 200: workspaceAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: WorkspaceFaceDeps, { actor, origin, params, body }) {
      return ok({ success: true, workspace: fromWorkspace(await addMember(deps, { actor, origin }, params.id, body)) });
    },
  }),
  route({
    method: 'PUT',
    path: '/workspace/:id/users/:userId',
    summary: 'Give a member another role',
    access: 'signed-in',
    dialect: 'ai-llm',
    params: byMember,
    body: memberChange,
    answers: { 200: workspaceAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: WorkspaceFaceDeps, { actor, origin, params, body }) {
      const member = { userId: params.userId, role: body.role };
      return ok({ success: true, workspace: fromWorkspace(await changeMember(deps, { actor, origin }, params.id, member)) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/workspace/:id/users/:userId',
    summary: 'Remove a member',
    access: 'signed-in',
    dialect: 'ai-llm',
    params: byMember,
    answers: { 200: workspaceAnswer },
    statuses: [200, 401, 403, 404, 409],
    async handle(deps: WorkspaceFaceDeps, { actor, origin, params }) {
      const member = { userId: params.userId, role: 'NONE' as const };
      return ok({ success: true, workspace: fromWorkspace(await changeMember(deps, { actor, origin }, params.id, member)) });
    },
  }),
];

export const routes: readonly Route<WorkspaceFaceDeps>[] = [...workspaceRoutes, ...memberRoutes];
