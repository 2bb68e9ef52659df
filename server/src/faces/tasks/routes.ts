/** `/api/tasks`: long work by its progress. People see their own; administrators may see everybody's. */
import { idParams } from '@patchbay/contract/connections';
import { noBody } from '@patchbay/contract/configurations';
import { taskAnswer, taskDetail, tasksAnswer, tasksQuery, taskStart, taskStarted } from '@patchbay/contract/tasks';
import { testAll, type BulkTestDeps } from '../../control/bulk-test.ts';
import type { Caller } from '../../control/change.ts';
import { noteTaskWish } from '../../control/task-notes.ts';
import { taskView } from '../../control/tasks.ts';
import { Refusal } from '../../domain/errors.ts';
import { isAdministrator, type Actor } from '../../domain/owner.ts';
import type { Task } from '../../domain/task.ts';
import { isUuid } from '../../lib/ids.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { findTask, listTasks } from '../../storage/tasks.ts';
import { pageAnswer } from '../kit/page.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Answer, type Route } from '../kit/route.ts';

export type TaskFaceDeps = BulkTestDeps & PlaneDeps;

/** A task of somebody else answers like one that does not exist (C-50). */
async function mustFindTask(deps: TaskFaceDeps, actor: Actor, id: string): Promise<Task> {
  const task = isUuid(id) ? await findTask(deps.database, id) : undefined;
  if (!task || (task.createdBy.id !== actor.userId && !isAdministrator(actor))) throw new Refusal('NOT_FOUND');
  // What runs here is known here more exactly than the database has it.
  return deps.tasks.running((running) => running.id === id) ?? task;
}

const shown = (deps: TaskFaceDeps, task: Task) => taskView(task, deps.tasks.canPause(task.kind));

async function wish(deps: TaskFaceDeps, caller: Caller, taskId: string, what: 'pause' | 'resume'): Promise<Answer> {
  const { actor } = caller;
  const { id, kind } = await mustFindTask(deps, actor, taskId);
  if (!(await deps.tasks[what](id))) throw new Refusal(what === 'pause' ? 'TASK_NOT_PAUSABLE' : 'TASK_NOT_PAUSED');
  await noteTaskWish(deps, caller, what, { id, kind });
  return ok({ success: true, data: shown(deps, await mustFindTask(deps, actor, id)) });
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
      const { limit, cursor, state, kind } = query;
      const tasks = await listTasks(deps.database, {
        createdBy: query.scope === 'all' ? null : actor.userId,
        limit,
        ...(cursor === undefined ? {} : { cursor }),
        ...(state === undefined ? {} : { state }),
        ...(kind === undefined ? {} : { kind }),
      });
      return ok(
        pageAnswer(
          tasks.map((task) => shown(deps, task)),
          limit,
        ),
      );
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
    summary: 'One task with its progress and what is kept of its way',
    access: 'signed-in',
    params: idParams,
    answers: { 200: taskDetail },
    statuses: [200, 401, 404],
    async handle(deps: TaskFaceDeps, { actor, params }) {
      const task = await mustFindTask(deps, actor, params.id);
      const log = task.log.map(({ atMs, step, text }) => ({ at: isoOf(atMs), step, text }));
      return ok({ success: true, data: { ...shown(deps, task), log } });
    },
  }),
  route({
    method: 'POST',
    path: '/api/tasks/:id/pause',
    summary: 'Ask a task to wait; only where its kind can go on from where it stops',
    access: 'signed-in',
    params: idParams,
    body: noBody,
    answers: { 200: taskAnswer },
    statuses: [200, 400, 401, 404, 409],
    handle: (deps: TaskFaceDeps, { actor, origin, params }) => wish(deps, { actor, origin }, params.id, 'pause'),
  }),
  route({
    method: 'POST',
    path: '/api/tasks/:id/resume',
    summary: 'Let a paused task go on',
    access: 'signed-in',
    params: idParams,
    body: noBody,
    answers: { 200: taskAnswer },
    statuses: [200, 400, 401, 403, 404, 409, 429],
    handle: (deps: TaskFaceDeps, { actor, origin, params }) => wish(deps, { actor, origin }, params.id, 'resume'),
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
    async handle(deps: TaskFaceDeps, { actor, origin, params }) {
      const { id, kind } = await mustFindTask(deps, actor, params.id);
      await deps.tasks.cancel(id);
      await noteTaskWish(deps, { actor, origin }, 'cancel', { id, kind });
      return ok({ success: true, data: shown(deps, await mustFindTask(deps, actor, id)) });
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
