/** `/api/admin/system`: what operators want to know of the installation, and the re-encryption of everything that is sealed. */
import { noBody } from '@patchbay/contract/configurations';
import { systemAnswer, type System } from '@patchbay/contract/system';
import { taskStarted } from '@patchbay/contract/tasks';
import { startReencryption, type ReencryptionDeps } from '../../control/reencryption.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type SystemDeps = PlaneDeps & ReencryptionDeps & { system: { view(): Promise<System> } };

export const routes: readonly Route<SystemDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/system',
    summary: 'Health, encryption, settings in effect (values of secrets left out), network and version of this installation',
    access: 'administrator',
    answers: { 200: systemAnswer },
    statuses: [200, 401, 403],
    async handle(deps: SystemDeps) {
      return ok({ success: true, data: await deps.system.view() });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/system/re-encrypt',
    summary: 'Seal everything under a new master key, or go on with a rotation that was interrupted, as a task',
    access: 'administrator',
    body: noBody,
    answers: { 202: taskStarted },
    statuses: [202, 400, 401, 403, 409, 429],
    async handle(deps: SystemDeps, { actor, origin }) {
      return { status: 202, body: { success: true, data: { taskId: await startReencryption(deps, { actor, origin }) } } };
    },
  }),
];
