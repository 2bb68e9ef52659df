/** Whether a workspace keeps the contents of its requests. */
import { captureAnswer, captureChange } from '@patchbay/contract/requests';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { captureFor, changeCapture, forgetContents } from '../../control/capture.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { CaptureSettings } from '../../domain/capture.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type CaptureFaceDeps = ControlDeps & PlaneDeps;

const byId = z.object({ id: pathId });

export const routes: readonly Route<CaptureFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/workspaces/:id/capture',
    summary: 'Whether the workspace keeps the contents of its requests, and for how long',
    access: 'signed-in',
    params: byId,
    answers: { 200: captureAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: CaptureFaceDeps, { actor, params, reply }) {
      const settings = await captureFor(deps, actor, params.id);
      tagged(reply, settings.revision);
      return ok({ success: true, data: settings });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/workspaces/:id/capture',
    summary: 'Keep the contents of requests from now on, or no longer',
    access: 'signed-in',
    params: byId,
    body: captureChange,
    answers: { 200: captureAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: CaptureFaceDeps, { actor, origin, params, body, request, reply }) {
      const expected = expectedOf(request, body, (current: CaptureSettings) => current);
      const settings = await changeCapture(deps, { actor, origin }, params.id, { isOn: body.isOn, keptDays: body.keptDays }, expected);
      tagged(reply, settings.revision);
      return ok({ success: true, data: settings });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/workspaces/:id/capture/contents',
    summary: 'Throw away all contents that the workspace has kept',
    access: 'signed-in',
    params: byId,
    answers: { 204: z.null() },
    statuses: [204, 401, 403, 404],
    async handle(deps: CaptureFaceDeps, { actor, origin, params }) {
      await forgetContents(deps, { actor, origin }, params.id);
      return { status: 204, body: null };
    },
  }),
];
