/** `/api/tasks`: long work by its progress. People see their own; administrators may see everybody's. */
import { idParams } from '@patchbay/contract/connections';
import { noBody } from '@patchbay/contract/configurations';
import { taskAnswer, tasksAnswer, tasksQuery, taskStart, taskStarted } from '@patchbay/contract/tasks';
import { testAll, type BulkTestDeps } from '../../control/bulk-test.ts';
import { taskView } from '../../control/tasks.ts';
import { Refusal } from '../../domain/errors.ts';
import { isAdministrator, type Actor } from '../../domain/owner.ts';
import type { Task } from '../../domain/task.ts';
import { isUuid } from '../../lib/ids.ts';
import { findTask, listTasks } from '../../storage/tasks.ts';
import { pageAnswer } from '../kit/page.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type TaskFaceDeps = BulkTestDeps & PlaneDeps;

/** A task of somebody else answers like one that does not exist (C-50). */
async function mustFindTask(deps: TaskFaceDeps, actor: Actor, id: string): Promise<Task> {
  const task = isUuid(id) ? await findTask(deps.database, id) : undefined;
  if (!task || (task.createdBy.id !== actor.userId && !isAdministrator(actor))) throw new Refusal('NOT_FOUND');
  // What runs here is known here more exactly than the database has it.
  return deps.tasks.running((running) => running.id === id) ?? task;
}

export const routes: readonly Route<TaskFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/tasks',
    summary: 'Tasks, newest first',
    access: 'signed-in',
    query: tasksQuery,
    answers: { 200: tasksAnswer },
    statuses: [200, 400, 401, 403],
    async handle(deps: TaskFaceDeps, { actor, query }) {
      if (query.scope === 'all' && !isAdministrator(actor)) throw new Refusal('FORBIDDEN');
      const { limit, cursor, state } = query;
      const tasks = await listTasks(deps.database, {
        createdBy: query.scope === 'all' ? null : actor.userId,
        limit,
        ...(cursor === undefined ? {} : { cursor }),
        ...(state === undefined ? {} : { state }),
      });
      return ok(pageAnswer(tasks.map(taskView), limit));
    },
  }),
  route({
    method: 'POST',
    path: '/api/tasks',
    summary: 'Begin a task',
    access: 'signed-in',
    body: taskStart,
    answers: { 202: taskStarted },
    statuses: [202, 400, 401, 404, 429],
    async handle(deps: TaskFaceDeps, { actor, origin, body }) {
      const taskId = await testAll(deps, { actor, origin }, body.connectionIds ?? null);
      return { status: 202, body: { success: true, data: { taskId } } };
    },
  }),
  route({
    method: 'GET',
    path: '/api/tasks/:id',
    summary: 'One task with its progress',
    access: 'signed-in',
    params: idParams,
    answers: { 200: taskAnswer },
    statuses: [200, 401, 404],
    async handle(deps: TaskFaceDeps, { actor, params }) {
      return ok({ success: true, data: taskView(await mustFindTask(deps, actor, params.id)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/tasks/:id/cancel',
    summary: 'Ask for the end of a task; one that is over stays as it is',
    access: 'signed-in',
    params: idParams,
    body: noBody,
    answers: { 200: taskAnswer },
    statuses: [200, 400, 401, 404],
    async handle(deps: TaskFaceDeps, { actor, params }) {
      const { id } = await mustFindTask(deps, actor, params.id);
      await deps.tasks.cancel(id);
      return ok({ success: true, data: taskView(await mustFindTask(deps, actor, id)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/configurations/test-all',
    summary: 'Test every connection that is switched on and that the caller may use, as a task',
    access: 'signed-in',
    body: noBody,
    answers: { 202: taskStarted },
    statuses: [202, 400, 401, 429],
    async handle(deps: TaskFaceDeps, { actor, origin }) {
      return { status: 202, body: { success: true, data: { taskId: await testAll(deps, { actor, origin }, null) } } };
    },
  }),
];
