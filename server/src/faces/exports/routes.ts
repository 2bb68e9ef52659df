/** `/api/exports`: long exports that a task writes, and their files for as long as they are kept. */
import { idParams } from '@patchbay/contract/connections';
import { exportStart } from '@patchbay/contract/exports';
import { taskStarted } from '@patchbay/contract/tasks';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { openExport, removeExport, startExport, type ExportAsked, type ExportDeps } from '../../control/exports.ts';
import { Refusal } from '../../domain/errors.ts';
import { isAdministrator, type Actor } from '../../domain/owner.ts';
import type { Task } from '../../domain/task.ts';
import { isUuid } from '../../lib/ids.ts';
import { findTask } from '../../storage/tasks.ts';
import { filterOf } from '../audit/dialect.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { mediaTypeOf } from '../requests/export.ts';

export type ExportFaceDeps = ExportDeps & PlaneDeps;

const askedOf = ({ format, requests, audit, workspaceId }: z.output<typeof exportStart>): ExportAsked =>
  audit === undefined
    ? { of: 'requests', format, filter: requests ?? {} }
    : { of: 'audit', format, filter: filterOf(audit), workspaceId: workspaceId ?? null };

/** An export of somebody else answers like one that does not exist (C-50); administrators see all tasks. */
async function mustFindTask(deps: ExportFaceDeps, actor: Actor, id: string): Promise<Task> {
  const task = isUuid(id) ? await findTask(deps.database, id) : undefined;
  if (!task || (task.createdBy.id !== actor.userId && !isAdministrator(actor))) throw new Refusal('NOT_FOUND');
  return task;
}

export const routes: readonly Route<ExportFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/api/exports',
    summary: 'Write requests or the audit log into a file, as a task',
    access: 'signed-in',
    body: exportStart,
    answers: { 202: taskStarted },
    statuses: [202, 400, 401, 403, 404, 409, 429],
    async handle(deps: ExportFaceDeps, { actor, origin, body }) {
      const taskId = await startExport(deps, { actor, origin }, askedOf(body));
      return { status: 202, body: { success: true, data: { taskId } } };
    },
  }),
  route({
    method: 'GET',
    path: '/api/exports/:id/file',
    summary: 'The file that a task has written, while it is kept',
    access: 'signed-in',
    params: idParams,
    answers: { 200: z.string() },
    gives: ['text/csv', 'application/x-ndjson'],
    statuses: [200, 401, 403, 404],
    async handle(deps: ExportFaceDeps, { actor, origin, params, request, reply }) {
      const task = await mustFindTask(deps, actor, params.id);
      const { fileName, format, pieces } = await openExport(deps, { actor, origin }, task, request.method !== 'HEAD');
      reply.type(mediaTypeOf(format)).header('content-disposition', `attachment; filename="${fileName}"`);
      const stream = Readable.from(pieces, { objectMode: false });
      // A failure in the middle cuts the line: half a file must not look whole.
      stream.once('error', (error) => deps.log.warn({ err: error, taskId: task.id }, 'an exported file broke off'));
      return ok(stream);
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/exports/:id/file',
    summary: 'Throw away the file that a task has written; the task stays',
    access: 'signed-in',
    params: idParams,
    answers: { 204: z.null() },
    statuses: [204, 401, 404],
    async handle(deps: ExportFaceDeps, { actor, origin, params }) {
      await removeExport(deps, { actor, origin }, await mustFindTask(deps, actor, params.id));
      return { status: 204, body: null };
    },
  }),
];
